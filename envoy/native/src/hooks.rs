//! The functions that Envoy calls.
//!
//! Each catches a panic and fails closed: a configuration is refused, a request answered with 500. `on_…_new` of
//! a stream never returns null, at which Envoy 1.39 crashes.

#![allow(unsafe_code, reason = "a C ABI")]

use core::ffi::{c_char, c_void};
use std::{panic, ptr};

use crate::{
    abi::{self, Configuration, EnvoyBuffer, Level, RawHeader, Stream},
    clock,
    filter::Filter,
    keeper,
    numbers::Number,
    registry, routes,
    worker::{self, Outcome},
};

/// Envoy's pointers to a configuration and to a stream.
type Handle = *mut c_void;
/// What this module returned for one of them: a number.
type Own = *const c_void;

/// `FilterHeadersStatus`; those for trailers are the first two.
const CONTINUE: u32 = 0;
const STOP_ITERATION: u32 = 1;
const STOP_ALL_ITERATION_AND_WATERMARK: u32 = 4;

/// Runs a hook; `None` after a panic.
fn guarded<R>(hook: &str, act: impl FnOnce() -> R) -> Option<R> {
    // What a panic leaves broken is built again or was local.
    match panic::catch_unwind(panic::AssertUnwindSafe(act)) {
        Ok(result) => Some(result),
        Err(_) => {
            worker::report_panic(hook);
            None
        }
    }
}

/// Runs a hook of a stream that decides what becomes of it.
///
/// # Safety
/// `handle` is the one that Envoy gave to the hook.
unsafe fn decided(
    hook: &str,
    handle: Handle,
    number: Number,
    act: impl FnOnce(Stream<'_>) -> Outcome,
) -> u32 {
    // SAFETY: the caller answers for it.
    let Some(stream) = (unsafe { Stream::new(handle) }) else {
        return STOP_ITERATION;
    };
    let outcome = guarded(hook, || act(stream)).unwrap_or_else(|| {
        let _ = guarded(hook, || worker::rebuild(number));
        worker::refuse(stream)
    });
    match outcome {
        Outcome::Pass => CONTINUE,
        Outcome::Stop => STOP_ITERATION,
        Outcome::Wait => STOP_ALL_ITERATION_AND_WATERMARK,
    }
}

/// The module was loaded; main thread. Null has Envoy refuse it.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    match abi::load() {
        Ok(version) => {
            // The place alone: a message could quote what a client sent.
            panic::set_hook(Box::new(|panic| {
                let place = panic
                    .location()
                    .map_or_else(String::new, ToString::to_string);
                let line = format!("portcullis: defect at {place}, please report it");
                abi::log(Level::Critical, &line);
            }));
            version.as_ptr()
        }
        Err(_) => ptr::null(),
    }
}

/// A configuration; main thread. Null has Envoy refuse it and keep the one before.
///
/// # Safety
/// Envoy calls it, with buffers that are alive during the call.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    handle: Handle,
    name: EnvoyBuffer,
    config: EnvoyBuffer,
) -> Own {
    let load = || {
        // SAFETY: Envoy's promise.
        let (configuration, name, config) =
            unsafe { (Configuration::new(handle)?, name.octets(), config.octets()) };
        let (filter, gauges) = Filter::load(&configuration, name, config)?;
        let number = filter.number;
        registry::add(filter.clone());
        if guarded("config_new", || {
            keeper::start(&filter, gauges, &configuration);
        })
        .is_none()
        {
            discard(number);
            return None;
        }
        Some(number)
    };
    guarded("config_new", load)
        .flatten()
        .map_or(ptr::null(), Number::as_pointer)
}

/// A configuration has ended, and all its streams; usually the main thread.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(own: Own) {
    let _ = guarded("config_destroy", || discard(Number::from_pointer(own)));
}

fn discard(number: Number) {
    clock::unregister(number);
    let removed = registry::remove(number);
    keeper::stop(number);
    if let Some(filter) = removed {
        filter.release();
    }
}

/// A route's policy; main thread. Null has Envoy refuse the route table.
///
/// # Safety
/// Envoy calls it, with buffers that are alive during the call.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_new(
    _name: EnvoyBuffer,
    config: EnvoyBuffer,
) -> Own {
    // SAFETY: Envoy's promise.
    let load = || routes::load(unsafe { config.octets() });
    guarded("per_route_config_new", load)
        .flatten()
        .map_or(ptr::null(), Number::as_pointer)
}

/// A route has ended.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_destroy(own: Own) {
    let _ = guarded("per_route_config_destroy", || {
        routes::remove(Number::from_pointer(own));
    });
}

/// A stream; its worker. What is returned is the configuration's number, so nothing is allocated.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_new(own: Own, _stream: Handle) -> Own {
    own
}

/// The request's headers; the stream's worker.
///
/// # Safety
/// Envoy calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    stream: Handle,
    own: Own,
    _is_end: bool,
) -> u32 {
    let number = Number::from_pointer(own);
    let act = |stream: Stream<'_>| worker::on_request(number, stream);
    // SAFETY: Envoy's promise.
    unsafe { decided("request_headers", stream, number, act) }
}

/// The request's body. It is not shown to this module while the request waits.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_request_body(
    _stream: Handle,
    _own: Own,
    _is_end: bool,
) -> u32 {
    CONTINUE
}

/// Handles the trailers of a request, on the worker of its stream.
///
/// # Safety
/// Envoy calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_trailers(
    stream: Handle,
    own: Own,
) -> u32 {
    let number = Number::from_pointer(own);
    let act = |stream: Stream<'_>| worker::on_trailers(number, stream);
    // SAFETY: Envoy's promise.
    unsafe { decided("request_trailers", stream, number, act) }
}

/// The stream has ended, or its client has left; its worker.
///
/// # Safety
/// Envoy calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_stream_complete(
    stream: Handle,
    _own: Own,
) {
    // SAFETY: Envoy's promise.
    if let Some(stream) = unsafe { Stream::new(stream) } {
        let _ = guarded("stream_complete", || worker::on_stream_end(stream));
    }
}

/// A request that waits was woken; its worker.
///
/// # Safety
/// Envoy calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_scheduled(
    stream: Handle,
    own: Own,
    _event: u64,
) {
    let number = Number::from_pointer(own);
    let act = |stream: Stream<'_>| {
        worker::on_wake(stream);
        Outcome::Pass
    };
    // SAFETY: Envoy's promise.
    let _ = unsafe { decided("scheduled", stream, number, act) };
}

/// The clock or a worker called for the keeper; main thread.
///
/// # Safety
/// Envoy calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_scheduled(
    handle: Handle,
    own: Own,
    _event: u64,
) {
    // SAFETY: Envoy's promise.
    if let Some(configuration) = unsafe { Configuration::new(handle) } {
        let _ = guarded("config_scheduled", || {
            keeper::tick(Number::from_pointer(own), &configuration);
        });
    }
}

/// A call has ended; main thread.
///
/// # Safety
/// Envoy calls it, with arrays that are alive during the call.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_http_callout_done(
    handle: Handle,
    own: Own,
    call: u64,
    result: u32,
    headers: *const RawHeader,
    header_count: usize,
    chunks: *const EnvoyBuffer,
    chunk_count: usize,
) {
    const SUCCESS: u32 = 0;
    // SAFETY: Envoy's promise.
    let Some(configuration) = (unsafe { Configuration::new(handle) }) else {
        return;
    };
    let _ = guarded("config_http_callout_done", || {
        let (headers, body) = match result {
            // SAFETY: Envoy's promise.
            SUCCESS => unsafe { abi::response(headers, header_count, chunks, chunk_count) },
            _ => Default::default(),
        };
        let number = Number::from_pointer(own);
        keeper::on_response(number, &configuration, call, headers, body);
    });
}

/// What Envoy demands of every module and this one has no use for.
macro_rules! unused {
    ($($(#[$doc:meta])* $name:ident($($argument:ty),*) $(-> $result:literal)?;)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        extern "C" fn $name($(_: $argument),*) $(-> unused!(@type $result))? {
            $($result)?
        }
    )*};
    (@type $result:literal) => { u32 };
}

unused! {
    /// The stream's memory is freed. It has none here.
    envoy_dynamic_module_on_http_filter_destroy(Own);
    /// The response goes through.
    envoy_dynamic_module_on_http_filter_response_headers(Handle, Own, bool) -> 0;
    /// The response goes through.
    envoy_dynamic_module_on_http_filter_response_body(Handle, Own, bool) -> 0;
    /// The response goes through.
    envoy_dynamic_module_on_http_filter_response_trailers(Handle, Own) -> 0;
    /// No stream makes calls.
    envoy_dynamic_module_on_http_filter_http_callout_done(Handle, Own, u64, u32, *const RawHeader, usize, *const EnvoyBuffer, usize);
    /// No stream makes calls.
    envoy_dynamic_module_on_http_filter_http_stream_headers(Handle, Own, u64, *const RawHeader, usize, bool);
    /// No stream makes calls.
    envoy_dynamic_module_on_http_filter_http_stream_data(Handle, Own, u64, *const EnvoyBuffer, usize, bool);
    /// No stream makes calls.
    envoy_dynamic_module_on_http_filter_http_stream_trailers(Handle, Own, u64, *const RawHeader, usize);
    /// No stream makes calls.
    envoy_dynamic_module_on_http_filter_http_stream_complete(Handle, Own, u64);
    /// No stream makes calls.
    envoy_dynamic_module_on_http_filter_http_stream_reset(Handle, Own, u64, u32);
    /// The module writes no body.
    envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(Handle, Own);
    /// The module writes no body.
    envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(Handle, Own);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_in_its_hook() {
        assert_eq!(guarded::<u8>("first", || panic!("a defect")), None);
        assert_eq!(guarded("second", || 1), Some(1));
    }

    /// A stopped request gets no further; one that continues would reach the service.
    #[test]
    fn a_stream_without_envoy_is_stopped() {
        let number = Number::from_pointer(ptr::null());
        // SAFETY: no hook is running, and nothing is loaded that would use the handle.
        let status = unsafe {
            decided("request_headers", ptr::null_mut(), number, |_| {
                Outcome::Pass
            })
        };
        assert_eq!(status, STOP_ITERATION);
    }
}

//! The functions that Envoy calls.
//!
//! Each function catches panics and fails closed: the configuration is rejected, or the request is
//! answered with 500. `on_http_filter_new` never returns null, because a null result would crash
//! Envoy 1.39.

#![allow(unsafe_code, reason = "a C ABI")]

use core::{
    cell::Cell,
    ffi::{c_char, c_void},
};
use std::{panic, ptr};

use portcullis::gate::Verdict;

use crate::{
    abi::{self, Configuration, EnvoyBuffer, RawHeader, Stream},
    clock, keeper, load,
    log::write_defect,
    numbers::Number,
    registry, routes, worker,
};

/// A pointer from Envoy to a configuration or to a stream.
type Handle = *mut c_void;
/// The pointer that this module returned to Envoy for a configuration or a stream. The pointer
/// contains a number instead of an address.
type Own = *const c_void;

/// Values of Envoy's `FilterHeadersStatus`. Hooks for trailers return the first two values, with
/// the same meaning.
const CONTINUE: u32 = 0;
const STOP_ITERATION: u32 = 1;
const STOP_ALL_ITERATION_AND_WATERMARK: u32 = 4;

/// Runs a hook. Returns `None` if the hook panics.
fn guarded<R>(hook: &str, act: impl FnOnce() -> R) -> Option<R> {
    // Asserting unwind safety is sound here: any state that a panic can break is either local to
    // the hook or rebuilt.
    match panic::catch_unwind(panic::AssertUnwindSafe(act)) {
        Ok(result) => Some(result),
        Err(_) => {
            write_defect(format_args!("in {hook}"));
            None
        }
    }
}

/// Runs a hook for a stream, and converts the verdict to the status that Envoy expects. If the
/// request was answered, the status is `stop`.
///
/// `handle` must be the pointer that Envoy passed to the running hook.
unsafe fn decided(
    hook: &str,
    handle: Handle,
    number: Number,
    stop: u32,
    act: impl FnOnce(Stream<'_>) -> Verdict,
) -> u32 {
    let has_left = Cell::new(false);
    // SAFETY: the caller guarantees that `handle` is valid during the hook.
    let Some(stream) = (unsafe { Stream::new(handle, &has_left) }) else {
        return stop;
    };
    let verdict = guarded(hook, || act(stream)).unwrap_or_else(|| {
        let _ = guarded("worker_rebuild", || worker::rebuild(number));
        // The request is answered below. This step makes sure that nothing decides on it again.
        let _ = guarded("stream_end", || worker::on_stream_end(stream));
        if has_left.get() {
            // The request was answered or resumed before the panic, so the stream may have ended.
            // Envoy must not be called for a stream that has ended.
            return Verdict::Answer;
        }
        let _ = guarded("count_panic", || worker::count_panic(number, stream));
        // This call is not guarded, so a panic in it would end Envoy. The function that it calls
        // must therefore do nothing that can panic.
        worker::refuse_unread(stream)
    });
    match verdict {
        Verdict::Pass => CONTINUE,
        Verdict::Answer => stop,
        Verdict::Wait => STOP_ALL_ITERATION_AND_WATERMARK,
    }
}

/// Runs a hook of a keeper. If the hook panics, the keeper is rebuilt.
fn kept(hook: &str, number: Number, configuration: &Configuration<'_>, act: impl FnOnce()) {
    if guarded(hook, act).is_none() {
        let _ = guarded("keeper_rebuild", || keeper::rebuild(number, configuration));
    }
}

/// Called on the main thread when the module is loaded. If the result is null, Envoy rejects the
/// module.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    match abi::load() {
        Some(version) => {
            // Only the location of the panic is logged, because the panic's message could contain
            // something that a client sent.
            panic::set_hook(Box::new(|panic| {
                let place = panic
                    .location()
                    .map_or_else(String::new, ToString::to_string);
                write_defect(format_args!("at {place}"));
            }));
            version.as_ptr()
        }
        None => ptr::null(),
    }
}

/// Loads a configuration, on the main thread. If the result is null, Envoy rejects the
/// configuration and keeps the previous one.
///
/// Only Envoy may call this function. The buffers must stay alive until the function returns.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    handle: Handle,
    name: EnvoyBuffer,
    config: EnvoyBuffer,
) -> Own {
    let load = || {
        // SAFETY: Envoy keeps the buffers and the handle alive during the call.
        let (configuration, name, config) =
            unsafe { (Configuration::new(handle)?, name.octets(), config.octets()) };
        let (filter, gauges) = load::load(&configuration, name, config)?;
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

/// Removes a configuration, usually on the main thread. All its streams have already ended.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(own: Own) {
    let _ = guarded("config_destroy", || discard(Number::from_pointer(own)));
}

fn discard(number: Number) {
    clock::unregister(number);
    // The configuration is removed before its keeper is stopped. So it is removed even if stopping
    // the keeper panics.
    if let Some(filter) = registry::remove(number) {
        filter.release();
    }
    keeper::stop(number);
}

/// Loads a route's policy, on the main thread. If the result is null, Envoy rejects the route
/// table.
///
/// Only Envoy may call this function. The buffer must stay alive until the function returns.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_new(
    _name: EnvoyBuffer,
    config: EnvoyBuffer,
) -> Own {
    // SAFETY: Envoy keeps the buffer alive during the call.
    let load = || routes::load(unsafe { config.octets() });
    guarded("per_route_config_new", load)
        .flatten()
        .map_or(ptr::null(), Number::as_pointer)
}

/// Removes a route's policy.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_destroy(own: Own) {
    let _ = guarded("per_route_config_destroy", || {
        routes::remove(Number::from_pointer(own));
    });
}

/// Begins a stream, on its worker. The returned pointer contains the number of the stream's
/// configuration, so nothing is allocated for the stream.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_new(own: Own, _stream: Handle) -> Own {
    own
}

/// Handles the headers of a request, on the worker of its stream.
///
/// Only Envoy may call this function.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    stream: Handle,
    own: Own,
    _is_end: bool,
) -> u32 {
    let number = Number::from_pointer(own);
    let act = |stream: Stream<'_>| worker::on_request(number, stream);
    // If this function returned `STOP_ITERATION`, Envoy would let the headers pass as soon as the
    // body of the request arrived.
    let stop = STOP_ALL_ITERATION_AND_WATERMARK;
    // SAFETY: Envoy keeps the handle alive during the call.
    unsafe { decided("request_headers", stream, number, stop, act) }
}

/// Lets the body continue. Envoy does not call this function while the request waits.
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
/// Only Envoy may call this function.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_trailers(
    stream: Handle,
    own: Own,
) -> u32 {
    let number = Number::from_pointer(own);
    let act = |stream: Stream<'_>| worker::on_trailers(number, stream);
    // SAFETY: Envoy keeps the handle alive during the call.
    unsafe { decided("request_trailers", stream, number, STOP_ITERATION, act) }
}

/// Called on a stream's worker when the stream has ended, for example because its client has gone.
///
/// Only Envoy may call this function.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_stream_complete(
    stream: Handle,
    _own: Own,
) {
    let has_left = Cell::new(true);
    // SAFETY: Envoy keeps the handle alive during the call.
    if let Some(stream) = unsafe { Stream::new(stream, &has_left) } {
        let _ = guarded("stream_complete", || worker::on_stream_end(stream));
    }
}

/// Decides again on a waiting request that was woken. Runs on the request's worker.
///
/// Only Envoy may call this function.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_scheduled(
    stream: Handle,
    own: Own,
    _event: u64,
) {
    let number = Number::from_pointer(own);
    let act = |stream: Stream<'_>| {
        worker::on_wake(stream);
        Verdict::Pass
    };
    // SAFETY: Envoy keeps the handle alive during the call.
    let _ = unsafe { decided("scheduled", stream, number, STOP_ITERATION, act) };
}

/// Called on the main thread after the clock, a worker or another keeper has asked for the keeper
/// to run.
///
/// Only Envoy may call this function.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_scheduled(
    handle: Handle,
    own: Own,
    _event: u64,
) {
    // SAFETY: Envoy keeps the handle alive during the call.
    if let Some(configuration) = unsafe { Configuration::new(handle) } {
        let number = Number::from_pointer(own);
        kept("config_scheduled", number, &configuration, || {
            keeper::tick(number, &configuration);
        });
    }
}

/// Handles the end of an HTTP call to an authorization server, on the main thread.
///
/// Only Envoy may call this function. The arrays must stay alive until the function returns.
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
    // SAFETY: Envoy keeps the handle alive during the call.
    let Some(configuration) = (unsafe { Configuration::new(handle) }) else {
        return;
    };
    let number = Number::from_pointer(own);
    kept("config_http_callout_done", number, &configuration, || {
        let limit = keeper::body_limit(number);
        let (headers, body) = match result {
            // SAFETY: Envoy keeps the arrays alive during the call.
            SUCCESS => unsafe { abi::response(headers, header_count, chunks, chunk_count, limit) },
            _ => Default::default(),
        };
        keeper::on_response(number, &configuration, call, headers, body);
    });
}

/// Functions that every module must export, but that do nothing in this module.
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
    /// A stream has no memory to free.
    envoy_dynamic_module_on_http_filter_destroy(Own);
    /// Responses continue unchanged.
    envoy_dynamic_module_on_http_filter_response_headers(Handle, Own, bool) -> 0;
    /// Responses continue unchanged.
    envoy_dynamic_module_on_http_filter_response_body(Handle, Own, bool) -> 0;
    /// Responses continue unchanged.
    envoy_dynamic_module_on_http_filter_response_trailers(Handle, Own) -> 0;
    /// Never called, because streams make no HTTP calls.
    envoy_dynamic_module_on_http_filter_http_callout_done(Handle, Own, u64, u32, *const RawHeader, usize, *const EnvoyBuffer, usize);
    /// Never called, because streams make no HTTP calls.
    envoy_dynamic_module_on_http_filter_http_stream_headers(Handle, Own, u64, *const RawHeader, usize, bool);
    /// Never called, because streams make no HTTP calls.
    envoy_dynamic_module_on_http_filter_http_stream_data(Handle, Own, u64, *const EnvoyBuffer, usize, bool);
    /// Never called, because streams make no HTTP calls.
    envoy_dynamic_module_on_http_filter_http_stream_trailers(Handle, Own, u64, *const RawHeader, usize);
    /// Never called, because streams make no HTTP calls.
    envoy_dynamic_module_on_http_filter_http_stream_complete(Handle, Own, u64);
    /// Never called, because streams make no HTTP calls.
    envoy_dynamic_module_on_http_filter_http_stream_reset(Handle, Own, u64, u32);
    /// Does nothing, because the module does not stream response bodies.
    envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(Handle, Own);
    /// Does nothing, because the module does not stream response bodies.
    envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(Handle, Own);
    /// Local replies are sent unchanged. The Envoy releases that Portcullis is tested with do not
    /// require this function, but other builds may.
    envoy_dynamic_module_on_http_filter_local_reply(Handle, Own, u32, EnvoyBuffer, bool) -> 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_in_its_hook() {
        assert_eq!(guarded::<u8>("first", || panic!("a defect")), None);
        assert_eq!(guarded("second", || 1), Some(1));
    }

    /// If the request continued, it would reach the upstream without a decision.
    #[test]
    fn a_stream_without_envoy_is_stopped() {
        let number = Number::from_pointer(ptr::null());
        // SAFETY: no hook is running, and Envoy's functions are not loaded, so nothing uses the
        // handle.
        let status = unsafe {
            decided("request_headers", ptr::null_mut(), number, 4, |_| {
                Verdict::Pass
            })
        };
        assert_eq!(status, STOP_ALL_ITERATION_AND_WATERMARK);
    }
}

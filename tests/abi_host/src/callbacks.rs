//! This host's versions of the callbacks, which are the functions that Envoy offers to the library.
//! A callback that takes a handle checks that the library may use this handle at this moment.

use core::ptr;
use std::sync::{Weak, atomic::Ordering, mpsc::Sender};

use crate::{
    abi::{Handle, Header, Octets, Own},
    configuration::Configuration,
    live::{CONFIGURATION_SCHEDULERS, STREAM_SCHEDULERS, die, keep_line},
    requests::{Route, has_token},
    stream::{State, Stream},
    worker::{self, Event},
};

const REQUEST_TRAILERS: u32 = 1;
const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const FROZEN: u32 = 3;

/// Some callbacks fail at random, on average once in this many calls.
const FAILURES: usize = 300;

macro_rules! callbacks {
    ($(fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name($($argument: $kind),*) $(-> $result)? $body
    )*};
}

callbacks! {
    fn envoy_dynamic_module_callback_log(level: u32, line: Octets) {
        let line = line.text();
        if has_token(&line) {
            die("the library logged a token");
        }
        keep_line(format!("{level} {line}"));
    }

    fn envoy_dynamic_module_callback_log_v2(level: u32, line: Octets, _file: Octets, _place: u32) {
        envoy_dynamic_module_callback_log(level, line);
    }

    fn envoy_dynamic_module_callback_is_validation_mode() -> bool {
        false
    }

    fn envoy_dynamic_module_callback_http_get_headers_size(stream: Handle, kind: u32) -> usize {
        let stream = Stream::of(stream);
        lines(&stream, kind).borrow().len()
    }

    fn envoy_dynamic_module_callback_http_get_headers(stream: Handle, kind: u32, out: *mut Header) -> bool {
        let stream = Stream::of(stream);
        if fails(&stream) {
            return false;
        }
        stream.lend_lines(lines(&stream, kind), out);
        true
    }

    fn envoy_dynamic_module_callback_http_set_header(stream: Handle, kind: u32, name: Octets, value: Octets) -> bool {
        let stream = Stream::of(stream);
        let (name, is_removal, value) = (name.copy(), value.is_null(), value.copy());
        stream.take_back();
        if fails(&stream) {
            return false;
        }
        let mut lines = lines(&stream, kind).borrow_mut();
        lines.retain(|(own, _)| *own != name);
        if !is_removal {
            lines.push((name, value));
        }
        true
    }

    fn envoy_dynamic_module_callback_http_send_response(stream: Handle, status: u32, headers: *mut Header, count: usize, body: Octets, details: Octets) {
        let stream = Stream::of(stream);
        for place in 0..count {
            // SAFETY: the library lends this many headers.
            let header = unsafe { headers.add(place).read() };
            let _ = (header.name.text(), header.value.copy());
        }
        let (body, details) = (body.text(), details.text());
        if status < 200 || details.is_empty() || has_token(&body) {
            die("the library sent an answer that is invalid or contains a token");
        }
        if stream.state.replace(State::Answered) == State::Answered {
            die("the library answered a request twice");
        }
        worker::end_some(&stream);
    }

    fn envoy_dynamic_module_callback_http_filter_continue_decoding(stream: Handle) {
        let stream = Stream::of(stream);
        if stream.state.get() != State::Waiting {
            die("the library resumed a request that was not waiting");
        }
        worker::pass(&stream);
        worker::end_some(&stream);
    }

    fn envoy_dynamic_module_callback_http_clear_route_cache(stream: Handle) {
        Stream::of(stream).take_back();
    }

    fn envoy_dynamic_module_callback_get_most_specific_route_config(stream: Handle) -> Own {
        match &Stream::of(stream).request.route {
            Route::Policy(policy) => policy.own(),
            Route::Stale(number) => ptr::without_provenance(*number),
            Route::Plain | Route::InWasmForm => ptr::null(),
        }
    }

    fn envoy_dynamic_module_callback_http_get_metadata_keys_count(stream: Handle, _source: u32, namespace: Octets) -> usize {
        let stream = Stream::of(stream);
        assert_eq!(namespace.text(), "portcullis");
        usize::from(matches!(stream.request.route, Route::InWasmForm))
    }

    fn envoy_dynamic_module_callback_http_set_filter_state_bytes(stream: Handle, name: Octets, value: Octets) -> bool {
        let _ = (name.text(), value.copy());
        !fails(&Stream::of(stream))
    }

    fn envoy_dynamic_module_callback_http_get_filter_state_bytes(stream: Handle, name: Octets, out: *mut Octets) -> bool {
        lend_text(stream, name, out)
    }

    fn envoy_dynamic_module_callback_http_get_filter_state_typed(stream: Handle, name: Octets, out: *mut Octets) -> bool {
        lend_text(stream, name, out)
    }

    fn envoy_dynamic_module_callback_http_has_filter_state(stream: Handle, _name: Octets) -> bool {
        let _ = Stream::of(stream);
        false
    }

    fn envoy_dynamic_module_callback_http_set_dynamic_metadata_struct(stream: Handle, namespace: Octets, message: Octets) {
        let _ = (Stream::of(stream), namespace.text(), message.copy());
    }

    fn envoy_dynamic_module_callback_http_filter_get_attribute_string(stream: Handle, _attribute: u32, _out: *mut Octets) -> bool {
        let _ = Stream::of(stream);
        false
    }

    fn envoy_dynamic_module_callback_http_filter_get_attribute_int(stream: Handle, _attribute: u32, out: *mut u64) -> bool {
        let stream = Stream::of(stream);
        // SAFETY: the library passes an address to which the host may write the number.
        unsafe { out.write(stream.number / 3) };
        true
    }

    fn envoy_dynamic_module_callback_http_filter_config_define_counter(configuration: Handle, name: Octets, _labels: *const Octets, _count: usize, number: *mut usize) -> u32 {
        define(configuration, name, number)
    }

    fn envoy_dynamic_module_callback_http_filter_config_define_gauge(configuration: Handle, name: Octets, _labels: *const Octets, _count: usize, number: *mut usize) -> u32 {
        define(configuration, name, number)
    }

    fn envoy_dynamic_module_callback_http_filter_increment_counter(stream: Handle, number: usize, _labels: *const Octets, _count: usize, _by: u64) -> u32 {
        write_metric(&Stream::perhaps_ended(stream).configuration, number)
    }

    fn envoy_dynamic_module_callback_http_filter_set_gauge(stream: Handle, number: usize, _labels: *const Octets, _count: usize, _value: u64) -> u32 {
        write_metric(&Stream::perhaps_ended(stream).configuration, number)
    }

    fn envoy_dynamic_module_callback_http_filter_config_increment_counter(configuration: Handle, number: usize, _labels: *const Octets, _count: usize, _by: u64) -> u32 {
        write_metric(&Configuration::of(configuration), number)
    }

    fn envoy_dynamic_module_callback_http_filter_config_set_gauge(configuration: Handle, number: usize, _labels: *const Octets, _count: usize, _value: u64) -> u32 {
        write_metric(&Configuration::of(configuration), number)
    }

    fn envoy_dynamic_module_callback_http_filter_scheduler_new(stream: Handle) -> Handle {
        let stream = Stream::of(stream);
        if fails(&stream) {
            return ptr::null_mut();
        }
        let scheduler: StreamScheduler = (stream.number, worker::events());
        let scheduler = Box::into_raw(Box::new(scheduler));
        STREAM_SCHEDULERS.add(scheduler.addr());
        scheduler.cast()
    }

    fn envoy_dynamic_module_callback_http_filter_scheduler_commit(scheduler: Handle, _event: u64) {
        STREAM_SCHEDULERS.expect(scheduler.addr());
        // SAFETY: the scheduler is alive, as the line above checks.
        let (number, events) = unsafe { &*scheduler.cast::<StreamScheduler>() };
        // Sending fails if the worker has ended.
        let _ = events.send(Event::Scheduled(*number));
    }

    fn envoy_dynamic_module_callback_http_filter_scheduler_delete(scheduler: Handle) {
        STREAM_SCHEDULERS.remove(scheduler.addr());
        // SAFETY: the line above checks that the scheduler was alive, and removes its handle, so
        // nothing uses the scheduler again.
        drop(unsafe { Box::from_raw(scheduler.cast::<StreamScheduler>()) });
    }

    fn envoy_dynamic_module_callback_http_filter_config_scheduler_new(configuration: Handle) -> Handle {
        let configuration = Configuration::of(configuration);
        let scheduler: ConfigurationScheduler = (configuration.weak(), configuration.main.clone());
        let scheduler = Box::into_raw(Box::new(scheduler));
        CONFIGURATION_SCHEDULERS.add(scheduler.addr());
        scheduler.cast()
    }

    fn envoy_dynamic_module_callback_http_filter_config_scheduler_commit(scheduler: Handle, _event: u64) {
        CONFIGURATION_SCHEDULERS.expect(scheduler.addr());
        // SAFETY: the scheduler is alive, as the line above checks.
        let (configuration, main) = unsafe { &*scheduler.cast::<ConfigurationScheduler>() };
        let _ = main.send(Weak::clone(configuration));
    }

    fn envoy_dynamic_module_callback_http_filter_config_scheduler_delete(scheduler: Handle) {
        CONFIGURATION_SCHEDULERS.remove(scheduler.addr());
        // SAFETY: the line above checks that the scheduler was alive, and removes its handle, so
        // nothing uses the scheduler again.
        drop(unsafe { Box::from_raw(scheduler.cast::<ConfigurationScheduler>()) });
    }

    fn envoy_dynamic_module_callback_http_filter_config_http_callout(configuration: Handle, number: *mut u64, cluster: Octets, headers: *mut Header, count: usize, body: Octets, _timeout: u64) -> u32 {
        let configuration = Configuration::of(configuration);
        // SAFETY: the library lends this many headers.
        let names = (0..count).map(|place| unsafe { headers.add(place).read() }.name.text());
        let names: Vec<_> = names.collect();
        if !names.iter().any(|name| name == ":path") || !cluster.text().starts_with("login") || !body.is_null() {
            die("the library made an invalid call to an authorization server");
        }
        // SAFETY: the library passes an address to which the host may write the number.
        configuration.call(unsafe { &mut *number })
    }
}

/// The number of a stream, and the channel to the stream's worker.
type StreamScheduler = (u64, Sender<Event>);
/// A configuration, and a channel to the main thread. For each configuration that the channel
/// receives, the main thread calls the hook `http_filter_config_scheduled`.
type ConfigurationScheduler = (Weak<Configuration>, Sender<Weak<Configuration>>);

fn lines(stream: &Stream, kind: u32) -> &core::cell::RefCell<Vec<crate::requests::Line>> {
    match kind {
        REQUEST_TRAILERS => &stream.trailers,
        _ => &stream.headers,
    }
}

/// Decides at random whether a callback fails. After a failure, the request must be refused.
fn fails(stream: &Stream) -> bool {
    let fails = worker::once_in(FAILURES);
    if fails {
        stream.has_failed.set(true);
    }
    fails
}

fn lend_text(stream: Handle, name: Octets, out: *mut Octets) -> bool {
    let stream = Stream::of(stream);
    let _ = name.text();
    let is_there = worker::once_in(2);
    if is_there {
        // SAFETY: the library passes an address to which the host may write the value.
        unsafe { out.write(stream.lend(b"a value")) };
    }
    is_there
}

fn define(configuration: Handle, name: Octets, number: *mut usize) -> u32 {
    let configuration = Configuration::of(configuration);
    if !configuration.is_loading.load(Ordering::Acquire) {
        return FROZEN;
    }
    let _ = name.text();
    let next = configuration.metrics.fetch_add(1, Ordering::Relaxed) + 1;
    // SAFETY: the library passes an address to which the host may write the number.
    unsafe { number.write(next) };
    OK
}

fn write_metric(configuration: &Configuration, number: usize) -> u32 {
    match (1..=configuration.metrics.load(Ordering::Relaxed)).contains(&number) {
        true => OK,
        false => NOT_FOUND,
    }
}

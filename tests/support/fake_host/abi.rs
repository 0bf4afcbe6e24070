//! The Proxy-Wasm ABI 0.2.1 between the module and the fake host, as native functions.
//!
//! The SDK declares the `proxy_*` host calls as C functions and exports the `proxy_on_*` callbacks.
//! This file implements the host calls and declares the callbacks. Both sides are linked into one
//! test binary, so the module runs natively. A host call that the fake host does not implement
//! prints its name and aborts the test binary.
#![expect(
    unsafe_code,
    reason = "the ABI consists of exported symbols and raw pointers"
)]

use std::{
    io::{self, Write},
    process, ptr, slice,
    time::Duration,
};

use proxy_wasm::types::Status;

use super::{
    local_reply::LocalResponse,
    state::dotted,
    stream::Act,
    vm::{host_call, is_vm},
};
use crate::http::{Headers, Message};

// SAFETY: these signatures match the exports of proxy-wasm 0.2.5 (`dispatcher.rs`, `allocator.rs`,
// `main!`). The functions take only plain numbers, so no argument makes a call unsound.
unsafe extern "C" {
    #[link_name = "_initialize"]
    pub safe fn initialize();
    safe fn proxy_on_memory_allocate(size: usize) -> *mut u8;
    pub safe fn proxy_on_context_create(context: u32, root: u32);
    pub safe fn proxy_on_vm_start(context: u32, size: usize) -> bool;
    pub safe fn proxy_on_configure(context: u32, size: usize) -> bool;
    pub safe fn proxy_on_tick(context: u32);
    pub safe fn proxy_on_request_headers(context: u32, count: usize, end: bool) -> u32;
    pub safe fn proxy_on_request_body(context: u32, size: usize, end: bool) -> u32;
    pub safe fn proxy_on_request_trailers(context: u32, count: usize) -> u32;
    pub safe fn proxy_on_response_headers(context: u32, count: usize, end: bool) -> u32;
    pub safe fn proxy_on_http_call_response(
        context: u32,
        token: u32,
        headers: usize,
        body: usize,
        trailers: usize,
    );
    pub safe fn proxy_on_log(context: u32);
    pub safe fn proxy_on_done(context: u32) -> bool;
    pub safe fn proxy_on_delete(context: u32);
}

/// Copies the module's bytes, so that no borrow outlives the call.
fn bytes(data: *const u8, size: usize) -> Vec<u8> {
    if data.is_null() || size == 0 {
        return Vec::new();
    }
    // SAFETY: the module passes the pointer and the length of a slice that it borrows during the
    // call.
    unsafe { slice::from_raw_parts(data, size) }.to_vec()
}

fn text(data: *const u8, size: usize) -> String {
    String::from_utf8_lossy(&bytes(data, size)).into_owned()
}

/// Passes a value to the module, in memory that the module allocates. An empty value is passed as
/// null, as in Envoy.
fn give(value: &[u8], to: *mut *mut u8, size: *mut usize) -> Status {
    let mut memory = ptr::null_mut();
    if !value.is_empty() {
        memory = proxy_on_memory_allocate(value.len());
        // SAFETY: the SDK has just allocated `value.len()` bytes there, and nothing else points to
        // them.
        unsafe { ptr::copy_nonoverlapping(value.as_ptr(), memory, value.len()) };
    }
    put(memory, to);
    put(value.len(), size)
}

fn put<T>(value: T, to: *mut T) -> Status {
    // SAFETY: `to` points to a local variable of the module, and the module expects this write.
    unsafe { to.write(value) };
    Status::Ok
}

fn or_status(outcome: Result<Status, Status>) -> Status {
    outcome.unwrap_or_else(|status| status)
}

/// Defines host calls. Each host call has the arguments that the ABI defines, and a body that
/// changes the process and the VM.
macro_rules! host_calls {
    ($(
        fn $name:ident($($argument:ident: $kind:ty),* $(,)?)
            |$process:pat_param, $vm:pat_param| $body:block
    )*) => {$(
        // SAFETY: only the host's side of the ABI defines this name, so no other item of the binary
        // has it.
        #[unsafe(no_mangle)]
        extern "C" fn $name($($argument: $kind),*) -> u32 {
            host_call(stringify!($name), |$process, $vm| $body)
        }
    )*};
}

host_calls! {
    fn proxy_get_log_level(level: *mut u32) |_, _| { put(0, level) }

    fn proxy_get_current_time_nanoseconds(time: *mut u64) |process, _| {
        put(process.now.as_nanos() as u64, time)
    }

    fn proxy_set_tick_period_milliseconds(period: u32) |process, vm| {
        let Some(root) = vm.roots.get_mut(&vm.current) else { return Status::BadArgument };
        root.tick_period = Duration::from_millis(period.into());
        root.last_tick = process.now;
        Status::Ok
    }

    fn proxy_get_buffer_bytes(
        kind: u32, start: usize, max: usize, to: *mut *mut u8, size: *mut usize,
    ) |process, vm| {
        let Some(buffer) = vm.buffer(process, kind) else { return Status::NotFound };
        let start = start.min(buffer.len());
        give(&buffer[start..buffer.len().min(start.saturating_add(max))], to, size)
    }

    fn proxy_get_header_map_pairs(map: u32, to: *mut *mut u8, size: *mut usize) |_, vm| {
        or_status(vm.map(map).map(|headers| give(&headers.serialized(), to, size)))
    }

    fn proxy_set_header_map_pairs(map: u32, data: *const u8, size: usize) |_, vm| {
        or_status(vm.map(map).map(|headers| {
            *headers = Headers::deserialized(&bytes(data, size));
            Status::Ok
        }))
    }

    fn proxy_get_header_map_value(
        map: u32, name: *const u8, name_size: usize, to: *mut *mut u8, size: *mut usize,
    ) |_, vm| {
        or_status(vm.map(map).map(|headers| match headers.bytes(bytes(name, name_size)).first() {
            Some(value) => give(value, to, size),
            None => Status::NotFound,
        }))
    }

    fn proxy_add_header_map_value(
        map: u32, name: *const u8, name_size: usize, value: *const u8, size: usize,
    ) |_, vm| {
        or_status(vm.map(map).map(|headers| {
            headers.add(bytes(name, name_size), bytes(value, size));
            Status::Ok
        }))
    }

    fn proxy_replace_header_map_value(
        map: u32, name: *const u8, name_size: usize, value: *const u8, size: usize,
    ) |_, vm| {
        or_status(vm.map(map).map(|headers| {
            headers.replace(bytes(name, name_size), bytes(value, size));
            Status::Ok
        }))
    }

    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) |_, vm| {
        or_status(vm.map(map).map(|headers| {
            headers.remove(bytes(name, name_size));
            Status::Ok
        }))
    }

    fn proxy_get_property(
        path: *const u8, path_size: usize, to: *mut *mut u8, size: *mut usize,
    ) |process, vm| {
        let path = dotted(&bytes(path, path_size));
        if path == "plugin_vm_id" {
            return give(process.vm_id.as_bytes(), to, size);
        }
        let Some(stream) = vm.stream() else { return Status::NotFound };
        let key = path.strip_prefix("filter_state.wasm.").unwrap_or(&path);
        let written = stream.filter_state.get(key);
        let value = written.or_else(|| stream.properties.get(&path));
        value.map_or(Status::NotFound, |value| give(value, to, size))
    }

    fn proxy_set_property(
        path: *const u8, path_size: usize, value: *const u8, size: usize,
    ) |_, vm| {
        let Some(stream) = vm.stream() else { return Status::NotFound };
        stream.filter_state.insert(dotted(&bytes(path, path_size)), bytes(value, size));
        Status::Ok
    }

    fn proxy_get_shared_data(
        key: *const u8, key_size: usize, to: *mut *mut u8, size: *mut usize, cas: *mut u32,
    ) |process, _| {
        let Some((value, current)) = process.shared_data.read(&bytes(key, key_size)) else {
            return Status::NotFound;
        };
        put(current, cas);
        give(value, to, size)
    }

    fn proxy_set_shared_data(
        key: *const u8, key_size: usize, value: *const u8, size: usize, cas: u32,
    ) |process, _| {
        process.shared_data.write(&bytes(key, key_size), &bytes(value, size), cas)
    }

    fn proxy_continue_stream(stream: u32) |_, vm| {
        match stream {
            0 => vm.act(Act::Continue),
            _ => Status::Ok, // the fake host never pauses responses
        }
    }

    fn proxy_send_local_response(
        status: u32, details: *const u8, details_size: usize, body: *const u8, body_size: usize,
        headers: *const u8, headers_size: usize, grpc_status: i32,
    ) |_, vm| {
        vm.act(Act::Respond(LocalResponse {
            status,
            details: text(details, details_size),
            headers: Headers::deserialized(&bytes(headers, headers_size)),
            body: bytes(body, body_size),
            grpc_status,
        }))
    }

    fn proxy_http_call(
        cluster: *const u8, cluster_size: usize, headers: *const u8, headers_size: usize,
        body: *const u8, body_size: usize, _trailers: *const u8, _trailers_size: usize,
        timeout: u32, token: *mut u32,
    ) |process, vm| {
        let headers = Headers::deserialized(&bytes(headers, headers_size));
        let request = Message::request(headers, bytes(body, body_size));
        let call = vm.call(process, &text(cluster, cluster_size), request, timeout);
        or_status(call.map(|id| put(id, token)))
    }

    fn proxy_set_effective_context(context: u32) |_, vm| { vm.set_effective(context) }

    fn proxy_define_metric(
        kind: u32, name: *const u8, size: usize, id: *mut u32,
    ) |process, _| {
        let metric = process.metrics.define(kind, &text(name, size));
        or_status(metric.map(|defined| put(defined, id)))
    }

    fn proxy_get_metric(id: u32, value: *mut u64) |process, _| {
        or_status(process.metrics.read(id).map(|current| put(current, value)))
    }

    fn proxy_record_metric(id: u32, value: u64) |process, _| {
        process.metrics.record(id, value)
    }

    fn proxy_increment_metric(id: u32, offset: i64) |process, _| {
        process.metrics.increment(id, offset)
    }
}

/// The SDK's logger serves the whole binary, so threads without a VM may also call this function.
// SAFETY: only the host's side of the ABI defines this name, so no other item of the binary has it.
#[unsafe(no_mangle)]
extern "C" fn proxy_log(level: u32, data: *const u8, size: usize) -> u32 {
    let line = text(data, size);
    if !is_vm() {
        eprintln!("{line}");
        return Status::Ok as u32;
    }
    host_call("proxy_log", |process, _| {
        process.log.push((level, line));
        Status::Ok
    })
}

/// Runs the foreign function without holding the process's lock, because a test can provide a
/// function that takes this lock.
// SAFETY: only the host's side of the ABI defines this name, so no other item of the binary has it.
#[unsafe(no_mangle)]
extern "C" fn proxy_call_foreign_function(
    name: *const u8,
    name_size: usize,
    arguments: *const u8,
    arguments_size: usize,
    to: *mut *mut u8,
    size: *mut usize,
) -> u32 {
    let mut function = None;
    let status = host_call("proxy_call_foreign_function", |process, _| {
        let name = text(name, name_size);
        function = process.foreign_functions.get(&name).cloned();
        process.foreign_calls.push(name);
        function.as_ref().map_or(Status::NotFound, |_| Status::Ok)
    });
    let Some(function) = function else {
        return status;
    };
    let result = function(&bytes(arguments, arguments_size));
    or_status(result.map(|value| give(&value, to, size))) as u32
}

macro_rules! not_modelled {
    ($($name:ident)*) => {$(
        // SAFETY: no other item of the binary has this name, and the arguments are not read.
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> u32 {
            let _ = writeln!(
                io::stderr(),
                "the fake host does not implement the host call {}",
                stringify!($name)
            );
            process::abort()
        }
    )*};
}

not_modelled! {
    proxy_set_buffer_bytes proxy_close_stream proxy_done proxy_get_status
    proxy_register_shared_queue proxy_resolve_shared_queue proxy_enqueue_shared_queue
    proxy_dequeue_shared_queue proxy_grpc_call proxy_grpc_stream proxy_grpc_send
    proxy_grpc_cancel proxy_grpc_close
}

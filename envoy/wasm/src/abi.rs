//! Wrappers for the proxy-wasm host calls that requests depend on.
//!
//! The SDK's own wrappers panic on an unexpected status or byte, and a panic in this module ends
//! every stream of the worker. The functions in this file return a [`Status`] instead.
//!
//! This is the only file of the module that may contain `unsafe` code. The addresses that the host
//! gets come from live references, so they are valid during the call. The host stores its results
//! in memory that it gets from this module's allocator. The functions in this file take ownership
//! of that memory.
//!
//! ABI: proxy-wasm 0.2.1.

#![expect(
    unsafe_code,
    reason = "host calls pass addresses; see the module's documentation"
)]

use core::ptr::null_mut;

use proxy_wasm::types::{BufferType, MapType, MetricType};

use portcullis::gate::{LogLevel, MetricId};

/// The status that a failed host call returned, as the ABI defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(u32);

impl Status {
    /// The host has nothing with this name.
    pub(super) const NOT_FOUND: Self = Self(1);
    /// The version of the entry is not the expected version.
    pub(super) const CAS_MISMATCH: Self = Self(8);
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(
        buffer: u32,
        start: usize,
        max_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_get_property(
        path: *const u8,
        path_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_property(
        path: *const u8,
        path_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        arguments: *const u8,
        arguments_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        cas: u32,
    ) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, offset: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
    fn proxy_get_metric(id: u32, value: *mut u64) -> u32;
}

/// Writes a line to the proxy's log. Envoy begins each line with the plugin's name, `root_id` and
/// `vm_id`. If none of them contains `portcullis`, this function begins the message with
/// `portcullis:`.
pub(super) fn log(level: LogLevel, message: &str) {
    let names = ["plugin_name", "plugin_root_id", "plugin_vm_id"];
    let is_named = names.iter().any(|name| {
        let name = property(name).unwrap_or_default();
        String::from_utf8_lossy(&name).contains("portcullis")
    });
    if is_named {
        write(level, message);
    } else {
        write(level, &format!("portcullis: {message}"));
    }
}

fn write(level: LogLevel, message: &str) {
    let level = match level {
        LogLevel::Info => 2,
        LogLevel::Warn => 3,
        LogLevel::Error => 4,
    };
    // SAFETY: the address and the size belong to a live string.
    unsafe { proxy_log(level, message.as_ptr(), message.len()) };
}

/// The time of the host's wall clock, in nanoseconds since the Unix epoch.
pub(super) fn current_time_nanoseconds() -> Result<u64, Status> {
    let mut time = 0;
    // SAFETY: the host writes eight bytes to the address of a live `u64`.
    check(unsafe { proxy_get_current_time_nanoseconds(&raw mut time) })?;
    Ok(time)
}

/// Sets the period, in milliseconds, at which the host calls `on_tick` of the current root context.
/// A period of 0 stops the calls.
pub(super) fn set_tick_period_milliseconds(period: u32) -> Result<(), Status> {
    // SAFETY: the call passes no address.
    check(unsafe { proxy_set_tick_period_milliseconds(period) })
}

/// Reads at most `max_size` bytes of a buffer.
pub(super) fn buffer(buffer: BufferType, max_size: usize) -> Result<Vec<u8>, Status> {
    receive(|data, size| {
        // SAFETY: the host writes an address and a size to two live variables.
        unsafe { proxy_get_buffer_bytes(buffer_number(buffer), 0, max_size, data, size) }
    })
}

/// Returns all headers of a map, in the ABI's serialization (see [`super::pairs`]).
pub(super) fn header_map(map: MapType) -> Result<Vec<u8>, Status> {
    receive(|data, size| {
        // SAFETY: the host writes an address and a size to two live variables.
        unsafe { proxy_get_header_map_pairs(map_number(map), data, size) }
    })
}

/// Replaces all request headers called `name` with one header.
pub(super) fn replace_request_header(name: &str, value: &str) -> Result<(), Status> {
    // SAFETY: the addresses and sizes belong to live strings.
    check(unsafe {
        proxy_replace_header_map_value(
            map_number(MapType::HttpRequestHeaders),
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// Removes all headers called `name` from a map.
pub(super) fn remove_from(map: MapType, name: &str) -> Result<(), Status> {
    let map = map_number(map);
    // SAFETY: the address and the size belong to a live string.
    check(unsafe { proxy_remove_header_map_value(map, name.as_ptr(), name.len()) })
}

/// Reads a property of the request or connection. The segments of `path` are separated by NUL.
pub(super) fn property(path: &str) -> Result<Vec<u8>, Status> {
    receive(|data, size| {
        // SAFETY: the path's address and size belong to a live string; the host writes an address
        // and a size to two live variables.
        unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) }
    })
}

/// Sets the property `name` of the request. Envoy stores the property in the filter state, as the
/// entry `wasm.<name>`.
pub(super) fn set_property(name: &str, value: &[u8]) -> Result<(), Status> {
    // SAFETY: the addresses and sizes belong to a live string and a live slice.
    check(unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Calls a foreign function, that is, a function that the proxy provides in addition to the ABI.
pub(super) fn call_foreign_function(name: &str, arguments: &[u8]) -> Result<Vec<u8>, Status> {
    receive(|data, size| {
        // SAFETY: the addresses and sizes belong to a live string and a live slice; the host writes
        // an address and a size to two live variables.
        unsafe {
            proxy_call_foreign_function(
                name.as_ptr(),
                name.len(),
                arguments.as_ptr(),
                arguments.len(),
                data,
                size,
            )
        }
    })
}

/// Reads an entry of the proxy's shared data. Returns its value and its version.
pub(super) fn shared_data(key: &str) -> Result<(Vec<u8>, u32), Status> {
    let mut cas = 0;
    let value = receive(|data, size| {
        // SAFETY: the key's address and size belong to a live string; the host writes an address, a
        // size and a number to three live variables.
        unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas) }
    })?;
    Ok((value, cas))
}

/// Writes an entry of the proxy's shared data if the entry's version is `cas`.
pub(super) fn set_shared_data(key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
    // SAFETY: the addresses and sizes belong to a live string and a live slice.
    check(unsafe {
        proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas)
    })
}

/// Resumes the paused request of the current context.
pub(super) fn continue_request() -> Result<(), Status> {
    const REQUEST: u32 = 0;
    // SAFETY: the call passes no address.
    check(unsafe { proxy_continue_stream(REQUEST) })
}

/// Answers the request of the current context. `headers` are in the ABI's serialization. If the
/// request is gRPC, the proxy converts `status` to a gRPC status.
pub(super) fn send_local_response(
    status: u16,
    details: &str,
    headers: &[u8],
    body: &str,
) -> Result<(), Status> {
    const MAP_HTTP_STATUS: i32 = -1;
    // SAFETY: the addresses and sizes belong to live strings and a live slice.
    check(unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            MAP_HTTP_STATUS,
        )
    })
}

/// Makes `context` the current context. The host calls that follow act on the current context. If
/// this call fails, the *previous* context stays current. A caller that continued would then act on
/// another client's request.
pub(super) fn set_effective_context(context: u32) -> Result<(), Status> {
    // SAFETY: the call passes no address.
    check(unsafe { proxy_set_effective_context(context) })
}

/// Defines a metric, or finds an existing metric of this name.
pub(super) fn define_metric(kind: MetricType, name: &str) -> Result<MetricId, Status> {
    let kind = match kind {
        MetricType::Gauge => 1,
        // This is a counter, the only other kind of metric that this module defines. The arm is a
        // wildcard because the SDK's enumeration is non-exhaustive.
        _ => 0,
    };
    let mut id = 0;
    // SAFETY: the name's address and size belong to a live string; the host writes four bytes to
    // the address of a live `u32`.
    check(unsafe { proxy_define_metric(kind, name.as_ptr(), name.len(), &raw mut id) })?;
    Ok(MetricId(id))
}

/// Adds to a counter.
pub(super) fn increment_metric(id: MetricId, by: u64) -> Result<(), Status> {
    let offset = i64::try_from(by).unwrap_or(i64::MAX);
    // SAFETY: the call passes no address.
    check(unsafe { proxy_increment_metric(id.0, offset) })
}

/// Sets a gauge.
pub(super) fn record_metric(id: MetricId, value: u64) -> Result<(), Status> {
    // SAFETY: the call passes no address.
    check(unsafe { proxy_record_metric(id.0, value) })
}

/// The value of a counter or gauge. All workers share this value.
pub(super) fn metric(id: MetricId) -> Result<u64, Status> {
    let mut value = 0;
    // SAFETY: the host writes eight bytes to the address of a live `u64`.
    check(unsafe { proxy_get_metric(id.0, &raw mut value) })?;
    Ok(value)
}

const fn check(status: u32) -> Result<(), Status> {
    if status == 0 {
        Ok(())
    } else {
        Err(Status(status))
    }
}

/// Runs a call that returns bytes, and takes ownership of these bytes. The host has written the
/// bytes to memory from this module's allocator.
fn receive(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, Status> {
    let mut data: *mut u8 = null_mut();
    let mut size = 0;
    check(call(&raw mut data, &raw mut size))?;
    if data.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the host got this memory from `proxy_on_memory_allocate`, in which the SDK allocates
    // a `Vec` of exactly `size` bytes. The host has filled the memory and no longer uses it.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// The number of a map in the ABI. The SDK offers no conversion.
const fn map_number(map: MapType) -> u32 {
    match map {
        MapType::HttpRequestTrailers => 1,
        MapType::HttpCallResponseHeaders => 6,
        // This is the map of the request's headers, the only other map that this module reads. The
        // arm is a wildcard because the SDK's enumeration is non-exhaustive.
        _ => 0,
    }
}

const fn buffer_number(buffer: BufferType) -> u32 {
    match buffer {
        BufferType::HttpCallResponseBody => 4,
        // This is the buffer with the configuration, the only other buffer that this module reads.
        _ => 7,
    }
}

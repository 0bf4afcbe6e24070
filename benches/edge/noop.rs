//! The smallest possible filter: Envoy calls it for each request, and it returns "continue".
//!
//! `make bench` builds this file as a separate module, without the SDK. The cost of this filter is
//! what Envoy itself spends on any Wasm filter.

/// Memory for data from Envoy. Envoy never writes to it, because the filter requests no data.
static mut HEAP: [u8; 65_536] = [0; 65_536];

#[unsafe(no_mangle)]
pub extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
pub extern "C" fn malloc(_size: usize) -> *mut u8 {
    &raw mut HEAP as *mut u8
}

#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_request_headers(_context: u32, _headers: u32, _end: u32) -> u32 {
    0
}

//! The smallest possible filter: Envoy calls it for each request, and it returns "continue".
//!
//! `make bench` builds this file as a separate module, without the SDK. Its cost is what Envoy
//! itself spends on any Wasm filter.

/// Memory that Envoy may write to. Envoy never does, because the filter asks for nothing.
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

//! The least that a filter can be: Envoy calls it for each request, and it says "go on".
//!
//! Built by `make bench` as a module of its own, without the SDK: what it costs is what Envoy's
//! side of any such filter costs.

/// Memory that Envoy may write to. It never does: nothing is asked for.
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

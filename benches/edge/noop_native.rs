//! The smallest possible dynamic module: Envoy calls it for each request, and it returns
//! "continue".
//!
//! `make bench` builds this file as a separate library. The cost of this module is what Envoy
//! itself spends on any dynamic module.

use std::ffi::{c_char, c_void};

type Pointer = *const c_void;

#[repr(C)]
pub struct Buffer {
    octets: *const c_char,
    length: usize,
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    c"v0.2.0".as_ptr()
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    _configuration: Pointer,
    _name: Buffer,
    _text: Buffer,
) -> Pointer {
    // Any pointer except null will do, because Envoy never dereferences it.
    1 as Pointer
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_new(
    _name: Buffer,
    _text: Buffer,
) -> Pointer {
    1 as Pointer
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_new(own: Pointer, _stream: Pointer) -> Pointer {
    own
}

/// Defines functions that do nothing. A function with a result returns 0, which means "continue".
macro_rules! nothing {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {$(
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($(_: $argument),*) $(-> $result)? {
            $(<$result>::default())?
        }
    )*};
}

nothing! {
    envoy_dynamic_module_on_http_filter_config_destroy(Pointer);
    envoy_dynamic_module_on_http_filter_per_route_config_destroy(Pointer);
    envoy_dynamic_module_on_http_filter_request_headers(Pointer, Pointer, bool) -> u32;
    envoy_dynamic_module_on_http_filter_request_body(Pointer, Pointer, bool) -> u32;
    envoy_dynamic_module_on_http_filter_request_trailers(Pointer, Pointer) -> u32;
    envoy_dynamic_module_on_http_filter_response_headers(Pointer, Pointer, bool) -> u32;
    envoy_dynamic_module_on_http_filter_response_body(Pointer, Pointer, bool) -> u32;
    envoy_dynamic_module_on_http_filter_response_trailers(Pointer, Pointer) -> u32;
    envoy_dynamic_module_on_http_filter_stream_complete(Pointer, Pointer);
    envoy_dynamic_module_on_http_filter_destroy(Pointer);
    envoy_dynamic_module_on_http_filter_scheduled(Pointer, Pointer, u64);
    envoy_dynamic_module_on_http_filter_http_callout_done(Pointer, Pointer, u64, u32, Pointer, usize, Pointer, usize);
    envoy_dynamic_module_on_http_filter_http_stream_headers(Pointer, Pointer, u64, Pointer, usize, bool);
    envoy_dynamic_module_on_http_filter_http_stream_data(Pointer, Pointer, u64, Pointer, usize, bool);
    envoy_dynamic_module_on_http_filter_http_stream_trailers(Pointer, Pointer, u64, Pointer, usize);
    envoy_dynamic_module_on_http_filter_http_stream_complete(Pointer, Pointer, u64);
    envoy_dynamic_module_on_http_filter_http_stream_reset(Pointer, Pointer, u64, u32);
    envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(Pointer, Pointer);
    envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(Pointer, Pointer);
}

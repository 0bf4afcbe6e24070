//! The dynamic module with a stopwatch. For each request, this library runs the hook of the dynamic
//! module that handles request headers, and counts the cycles until the hook returns.
//!
//! `make bench` builds this file as a separate library, and links it with the library that it has
//! just built for Envoy. So the measured code is the code that ships. Envoy looks up each hook in
//! this library first, and then in the libraries that this one is linked with. This library only
//! defines one hook, so Envoy finds all others in the dynamic module.

// Other processors have no counter of this kind.
#![cfg(target_arch = "x86_64")]

use std::{
    arch::x86_64::_rdtsc,
    ffi::{CStr, c_char, c_void},
    mem,
    sync::{LazyLock, Mutex, PoisonError},
};

type Pointer = *const c_void;
type Hook = unsafe extern "C" fn(Pointer, Pointer, bool) -> u32;

const NAME: &CStr = c"envoy_dynamic_module_on_http_filter_request_headers";

/// The number of requests after which the library writes their median to Envoy's log.
const WINDOW: usize = 4096;

/// `RTLD_NEXT`: makes `dlsym` search the libraries that come after the one that calls it.
const NEXT: *mut c_void = -1_isize as *mut c_void;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The hook of the dynamic module.
static HOOK: LazyLock<Hook> = LazyLock::new(|| {
    // SAFETY: the name ends in a null byte.
    let found = unsafe { dlsym(NEXT, NAME.as_ptr()) };
    assert!(
        !found.is_null(),
        "this library is not linked with the dynamic module"
    );
    // SAFETY: Envoy's ABI gives the function with this name this type.
    unsafe { mem::transmute::<*mut c_void, Hook>(found) }
});

/// The cycles of the requests since the last line in the log.
static CYCLES: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// Runs the hook of the dynamic module, and counts the cycles.
///
/// # Safety
///
/// Only Envoy may call this function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    stream: Pointer,
    own: Pointer,
    is_end: bool,
) -> u32 {
    let hook = *HOOK;
    // SAFETY: every x86_64 processor has this counter, and the arguments come from Envoy.
    let (status, cycles) = unsafe {
        let start = _rdtsc();
        let status = hook(stream, own, is_end);
        (status, _rdtsc() - start)
    };
    let mut all = CYCLES.lock().unwrap_or_else(PoisonError::into_inner);
    all.push(cycles);
    if all.len() == WINDOW {
        all.sort_unstable();
        // `hook.rs` reads this line.
        eprintln!("cycles in the request hook: {}", all[WINDOW / 2]);
        all.clear();
    }
    status
}

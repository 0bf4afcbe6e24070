//! Unit tests as wasm under Node, with nothing but the standard test harness.
//!
//! The harness runs on `wasm32-unknown-unknown`, but the standard library has neither arguments nor an output
//! there. Each test therefore tells `run.mjs` its name, and gets back whether it is wanted. A panic tells its
//! message and traps, which ends the run.

use std::{panic, sync::Once};

pub use wasm_tests_macros::wasm_bindgen_test;

#[link(wasm_import_module = "tests")]
unsafe extern "C" {
    fn begin(name: *const u8, length: usize) -> bool;
    fn fail(message: *const u8, length: usize);
}

/// Reports that the test of that name begins. Returns whether it should run.
pub fn begins(name: &str) -> bool {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|panic| {
            let message = panic.to_string();
            // SAFETY: `run.mjs` reads that many octets during the call.
            unsafe { fail(message.as_ptr(), message.len()) }
        }));
    });
    // SAFETY: as above.
    unsafe { begin(name.as_ptr(), name.len()) }
}

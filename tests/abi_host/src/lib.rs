//! A host for the dynamic module that plays the role of Envoy in one process.
//!
//! Envoy itself hides memory errors of the library: it brings its own allocator, and it calls the
//! library's hooks (the functions that a dynamic module exports) in only a few of the allowed
//! orders. This host loads the library, calls its hooks on a main thread and on workers in random
//! orders, and checks each call that the library makes: the handles must be alive, and must be used
//! on the right thread during the right hook. Streams end in every state, even while the library
//! answers or resumes them. Memory that the host lends to the library is freed as soon as Envoy
//! might free it.
//!
//! The host also checks that no request passes that must be refused, that no request waits forever,
//! and that the library releases everything.
//!
//! Thread timing makes each run different, even with the same seed.

mod abi;
mod callbacks;
mod configuration;
mod library;
mod life;
mod live;
mod policy;
mod requests;
mod stream;
mod worker;

pub use life::Plan;

use std::{env, path::PathBuf};

/// The path of the library that was built with defects for this package's tests. Cargo puts it next
/// to the test program; otherwise, `PORTCULLIS_DEFECTIVE` contains the path.
pub fn built_for_tests() -> PathBuf {
    let named = env::var_os("PORTCULLIS_DEFECTIVE").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let program = env::current_exe().unwrap();
        program.with_file_name("libportcullis_native.so")
    })
}

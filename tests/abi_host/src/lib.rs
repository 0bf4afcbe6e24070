//! A host for the dynamic module that plays Envoy in one process.
//!
//! Envoy itself hides memory errors of the library: it brings its own allocator, and it calls the
//! hooks in few of the orders that it allows. This host loads the library, calls its hooks on a
//! main thread and on workers in random orders, and checks each call that the library makes: the
//! handles must be alive, and used on the right thread during the right hook. Streams end in every
//! state, also while the library answers or resumes them. What the host lends is freed as soon as
//! Envoy may free it.
//!
//! It also checks that no request passes that must not, that no request waits for ever, and that
//! the library releases everything.
//!
//! The threads make each run different, even with one seed.

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

/// The library that was built for the tests of this package, with defects. Cargo puts it next to
/// the test program; if it does not, `PORTCULLIS_DEFECTIVE` names it.
pub fn built_for_tests() -> PathBuf {
    let named = env::var_os("PORTCULLIS_DEFECTIVE").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let program = env::current_exe().unwrap();
        program.with_file_name("libportcullis_native.so")
    })
}

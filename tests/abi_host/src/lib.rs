//! A host that plays the role of Envoy for the dynamic module, in the test's own process.
//!
//! Memory errors of the dynamic module (the library) can go unnoticed in Envoy. Envoy has its own
//! allocator. The functions that a dynamic module exports are called hooks, and Envoy calls the
//! hooks in only a few of the allowed orders. This host loads the library and calls its hooks on a
//! main thread and on workers, in random orders. It checks each call that the library makes: the
//! handles must be alive, and must be used on the right thread during the right hook. The host ends
//! streams in every state, even while the library answers or resumes them. Whenever Envoy might
//! free memory that it lent to the library, this host frees it.
//!
//! The host also checks three other things: every request that must be refused is refused, no
//! request waits forever, and the library releases everything.
//!
//! Even with the same seed, each run is different, because threads run with different timing.

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

/// Returns the path of the library in which tests can cause panics. The environment variable
/// `PORTCULLIS_DEFECTIVE` names this path. The default is the file that Cargo puts next to the test
/// program.
pub fn built_for_tests() -> PathBuf {
    let named = env::var_os("PORTCULLIS_DEFECTIVE").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let program = env::current_exe().unwrap();
        program.with_file_name("libportcullis_native.so")
    })
}

//! Panics that tests cause on purpose.
//!
//! Only builds with the feature `defects` contain this code, and an optimised build with this
//! feature does not compile. So a released library contains nothing that makes it panic on request.

#[cfg(all(feature = "defects", not(debug_assertions)))]
compile_error!("the feature `defects` is for tests: build the library without it");

/// Panics if the folder in the environment variable `PORTCULLIS_DEFECTS` contains a file with the
/// name `place`. A test creates the file. This function deletes it, so each file causes one panic.
#[cfg(feature = "defects")]
#[expect(clippy::panic, reason = "a test asks for this panic")]
pub(super) fn trip(place: &str) {
    let folder = std::env::var_os("PORTCULLIS_DEFECTS");
    let file = folder.map(|folder| std::path::Path::new(&folder).join(place));
    if file.is_some_and(|file| std::fs::remove_file(file).is_ok()) {
        panic!("a test asked for a panic");
    }
}

/// Does nothing.
#[cfg(not(feature = "defects"))]
pub(super) const fn trip(_place: &str) {}

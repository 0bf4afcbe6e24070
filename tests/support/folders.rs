//! The project's folder, and a folder that tests may write to.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's folder.
///
/// # Panics
/// Never: this package is a folder in it.
#[must_use]
pub fn project() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap()
}

/// A folder for the files of tests.
///
/// # Panics
///
/// If it cannot be created.
#[must_use]
pub fn temporary() -> PathBuf {
    let folder = project().join("target/tmp");
    fs::create_dir_all(&folder).unwrap();
    folder
}

//! Where the project is, and where tests may write.

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

/// A folder for what tests write.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn temporary() -> PathBuf {
    let folder = project().join("target/tmp");
    fs::create_dir_all(&folder).unwrap();
    folder
}

//! The project's folder, and a folder that tests may write to.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// The project's root folder.
#[must_use]
pub fn project() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap()
}

/// A folder for files that tests write.
///
/// # Panics
///
/// Panics if the folder cannot be created.
#[must_use]
pub fn temporary() -> PathBuf {
    let folder = project().join("target/tmp");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes a file in a subfolder of [`temporary`]. The file is replaced atomically, because other
/// tests may read or write the same file at the same time.
///
/// # Panics
///
/// Panics if the file cannot be written.
#[must_use]
pub fn write(folder: &str, name: &str, text: &str) -> PathBuf {
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let folder = temporary().join(folder);
    fs::create_dir_all(&folder).unwrap();
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = folder.join(format!("draft-{}-{number}", process::id()));
    let path = folder.join(name);
    fs::write(&draft, text).unwrap();
    fs::rename(draft, &path).unwrap();
    path
}

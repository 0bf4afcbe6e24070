//! Where the public test vectors lie.

use std::path::{Path, PathBuf};

/// The path of a file or collection among the vectors; None, loudly, where there are none. Where
/// `CI` is `true` that is a failure.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    let folder = std::env::var_os("PORTCULLIS_VECTORS").map_or(default, PathBuf::from);
    if folder.is_dir() {
        return Some(folder.join(name));
    }
    let shown = folder.display();
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "no vectors in {shown}"
    );
    eprintln!("SKIPPED, NOTHING TESTED: no vectors in {shown}; set PORTCULLIS_VECTORS");
    None
}

//! The paths of Envoy and of the two builds of the module.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::driver::Build;

/// Returns whether Envoy and the module at this path exist. If a file is missing and the
/// environment variable `CI` is `true`, fails the test. If `CI` is not `true`, prints the path of
/// the missing file.
pub fn is_installed(module: &Path) -> bool {
    let missing: Vec<_> = [binary(), module.to_owned()]
        .into_iter()
        .filter(|path| !path.exists())
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "missing: {missing:?}"
    );
    let _ = writeln!(
        io::stderr(),
        "SKIPPED in Envoy: missing {missing:?}; run `make envoy wasm native`, or `make host-facts` if the probe is missing"
    );
    false
}

/// The path of Envoy.
pub fn binary() -> PathBuf {
    from_environment("PORTCULLIS_ENVOY", ".tools/envoy/envoy")
}

/// Envoy's major and minor version. Some versions behave differently (`docs/hosts.md`).
pub fn version() -> (u32, u32) {
    static VERSION: OnceLock<(u32, u32)> = OnceLock::new();
    *VERSION.get_or_init(ask_version)
}

fn ask_version() -> (u32, u32) {
    let output = Command::new(binary()).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // /path/of/envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL
    let (_, build) = text.split_once("version: ").unwrap();
    let mut numbers = build.split('/').nth(1).unwrap().split('.');
    let mut number = || numbers.next().unwrap().parse().unwrap();
    (number(), number())
}

/// The path of the proxy-wasm module.
pub fn module() -> PathBuf {
    from_environment(
        "PORTCULLIS_WASM",
        "target/wasm32-unknown-unknown/release/portcullis.wasm",
    )
}

/// The path of the dynamic module.
pub fn library() -> PathBuf {
    from_environment("PORTCULLIS_NATIVE", "target/native/libportcullis.so")
}

/// The name by which Envoy finds the library. The library's file is called `lib<name>.so`.
pub fn library_name() -> String {
    let library = library();
    let stem = library.file_stem().and_then(OsStr::to_str).unwrap();
    stem.strip_prefix("lib").unwrap_or(stem).to_owned()
}

/// The build that `PORTCULLIS_BUILD` selects: `native`, or `wasm` by default.
pub fn chosen_build() -> Build {
    match env::var("PORTCULLIS_BUILD").as_deref() {
        Ok("native") => Build::Native,
        _ => Build::Wasm,
    }
}

fn from_environment(variable: &str, default: &str) -> PathBuf {
    let chosen = env::var_os(variable).map(PathBuf::from);
    chosen.unwrap_or_else(|| crate::folders::project().join(default))
}

//! Random lives of the library in a host that checks every call.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use abi_host::Plan;
use support::{envoy, folders};

/// The number of events in a life.
const EVENTS: usize = 10_000;
/// The first seed.
const SEED: u64 = 20_261_127;
/// Where the library looks for panics that a test asks for.
const DEFECTS: &str = "PORTCULLIS_DEFECTS";

/// The library that was built for this test, with defects.
fn built_for_tests() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.with_file_name("libportcullis_native.so")
}

/// Two versions of a library: the second one is a copy.
fn two_versions(library: &Path, folder: &Path) -> [PathBuf; 2] {
    let copy = folder.join("other.so");
    fs::copy(library, &copy).unwrap();
    [library.to_owned(), copy]
}

/// `PORTCULLIS_ABI_SECONDS` repeats the test with other seeds for this long.
#[test]
fn no_order_of_events_breaks_the_library() {
    let seconds = env::var("PORTCULLIS_ABI_SECONDS").ok();
    let seconds = seconds.map_or(0, |seconds| seconds.parse().unwrap());
    let folder = folders::temporary().join(format!("abi-{}", std::process::id()));
    let defects = folder.join("defects");
    fs::create_dir_all(&defects).unwrap();
    // SAFETY: this is the only test of the program, and its other threads start later.
    unsafe { env::set_var(DEFECTS, &defects) };
    let start = Instant::now();
    let for_tests = two_versions(&built_for_tests(), &folder);
    let shipped = envoy::library();
    for seed in SEED.. {
        eprintln!("seed {seed}");
        let plan = Plan {
            libraries: &for_tests,
            defects: Some(&defects),
            seed,
            events: EVENTS,
        };
        plan.live();
        if shipped.exists() {
            Plan {
                libraries: &[shipped.clone()],
                defects: None,
                ..plan
            }
            .live();
        }
        if start.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
    }
    fs::remove_dir_all(folder).unwrap();
}

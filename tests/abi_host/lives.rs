//! Runs the dynamic module (the library) through random sequences of events. A host that plays
//! Envoy checks every call that the library makes.

use std::{
    env, fs,
    path::{Path, PathBuf},
    slice,
    time::{Duration, Instant},
};

use abi_host::{Plan, built_for_tests};
use support::{
    envoy::{self, process},
    folders,
};

/// The number of events in a sequence. Each seed gives one sequence.
const EVENTS: usize = 10_000;
/// The seed of the first sequence.
const SEED: u64 = 20_261_127;

/// Returns the paths of two copies of the library. They play the old and the new version during an
/// upgrade.
fn two_versions(library: &Path, folder: &Path) -> [PathBuf; 2] {
    let copy = folder.join("other.so");
    fs::copy(library, &copy).unwrap();
    [library.to_owned(), copy]
}

/// Runs sequences for as many seconds as the environment variable `PORTCULLIS_ABI_SECONDS` says,
/// each with a new seed. If the variable is not set, the test uses only the first seed.
#[test]
fn no_order_of_events_breaks_the_library() {
    let seconds = env::var("PORTCULLIS_ABI_SECONDS").ok();
    let seconds = seconds.map_or(0, |seconds| seconds.parse().unwrap());
    let folder = folders::temporary().join(format!("abi-{}", std::process::id()));
    let defects = folder.join("defects");
    fs::create_dir_all(&defects).unwrap();
    // SAFETY: this is the program's only test, and it starts other threads only after this line.
    unsafe { env::set_var(process::DEFECTS, &defects) };
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
        if envoy::is_installed(&shipped) {
            Plan {
                libraries: slice::from_ref(&shipped),
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

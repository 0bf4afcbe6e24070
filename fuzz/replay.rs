//! Passes every file of the corpus to its target.

use std::{fs, path::Path};

use portcullis_fuzz::TARGETS;

/// Inputs that once failed are in the corpus, so this test fails if a fault comes back.
#[test]
fn every_target_accepts_its_corpus() {
    for target in TARGETS {
        let folder = corpus().join(target.name);
        let files =
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            // If the target panics, the last line of output names the input.
            println!("{}", path.display());
            (target.check)(&fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{} has no input", folder.display());
    }
}

/// Finds corpus folders whose names are misspelt. Their files would never be passed to a target.
#[test]
fn every_corpus_has_its_target() {
    for folder in fs::read_dir(corpus()).unwrap() {
        let name = folder.unwrap().file_name();
        assert!(
            TARGETS.iter().any(|target| name == target.name),
            "no target is called {name:?}"
        );
    }
}

fn corpus() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

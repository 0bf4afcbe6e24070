//! Runs the policy tests of every example policy. Each example has a file of tests. Together, the
//! tests must reach every rule and every provider of the policy. They show that the policy decides
//! as the text around the example says.
//!
//! For instance, `roles-3.test.yaml` contains the tests for the third example of `docs/roles.md`,
//! and `envoy-demo.test.yaml` contains the tests for `envoy/demo.yaml`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that fails may panic"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use clap::Parser as _;
use portcullis_cli::{Arguments, Exit};
use support::folders::{project, temporary};

fn folder() -> PathBuf {
    project().join("tests/policies")
}

/// Runs the tests in a file. Returns the output if any test fails, or if the tests do not reach
/// every rule and every provider.
fn complaint(file: &Path) -> Option<String> {
    failure_of(&["test", "--fail-under", "100"], file)
}

/// Runs a `portcullis` command on a file. Returns the output if the command does not succeed.
fn failure_of(command: &[&str], file: &Path) -> Option<String> {
    let arguments = ["portcullis"].iter().chain(command).copied();
    let arguments = arguments.chain(file.to_str());
    let arguments = Arguments::try_parse_from(arguments).unwrap();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let exit = portcullis_cli::run(arguments, &mut [].as_slice(), &mut output, &mut errors);
    output.append(&mut errors);
    let said = String::from_utf8_lossy(&output).into_owned();
    (exit != Exit::Done).then_some(said)
}

/// The names of the test files in this folder.
fn written() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| Some(name.strip_suffix(".test.yaml")?.to_owned()))
        .collect()
}

#[test]
fn every_example_of_the_documentation_decides_as_its_tests_say() {
    let copies = temporary().join("policies");
    fs::create_dir_all(&copies).unwrap();
    let mut complaints = Vec::new();
    let mut known = BTreeSet::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for example in support::examples::of_the_documentation() {
        if example.is_refused {
            continue;
        }
        let page = Path::new(&example.file).file_stem().unwrap();
        let page = page.to_str().unwrap().to_owned();
        let count = counts.entry(page.clone()).or_default();
        *count = count.saturating_add(1);
        let name = format!("{page}-{count}");
        let tests = folder().join(format!("{name}.test.yaml"));
        let copy = copies.join(format!("{name}.test.yaml"));
        fs::write(
            copies.join(format!("{name}.json")),
            example.document().to_string(),
        )
        .unwrap();
        let place = example.place();
        let complaint = match fs::copy(&tests, &copy) {
            Ok(_) => complaint(&copy),
            Err(_) => Some(format!("add {}", tests.display())),
        };
        complaints.extend(complaint.map(|complaint| format!("{place}: {complaint}")));
        known.insert(name);
    }
    let stray: Vec<String> = written()
        .into_iter()
        .filter(|name| !known.contains(name) && !name.starts_with("envoy-"))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(stray, Vec::<String>::new(), "tests without an example");
}

#[test]
fn every_example_of_envoy_decides_as_its_tests_say() {
    for (path, _) in support::examples::of_envoy() {
        let name = Path::new(&path).file_stem().unwrap().to_str().unwrap();
        let tests = folder().join(format!("envoy-{name}.test.yaml"));
        assert!(tests.exists(), "add {}", tests.display());
        assert_eq!(complaint(&tests), None, "{path}");
    }
}

#[test]
fn every_folder_of_examples_has_a_page_and_a_policy_that_decides_as_its_tests_say() {
    let folders = fs::read_dir(project().join("examples")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    let mut count = 0_usize;
    for folder in folders.filter(|path| path.is_dir()) {
        let place = folder.display();
        let policy = folder.join("policy.yaml");
        assert!(
            folder.join("README.md").exists(),
            "{place}: there is no README.md"
        );
        assert_eq!(failure_of(&["check", "--strict"], &policy), None, "{place}");
        let tests = folder.join("policy.test.yaml");
        assert_eq!(complaint(&tests), None, "{place}");
        count = count.saturating_add(1);
    }
    assert!(count > 0, "no examples");
}

//! Tests the example configurations in the documentation. Portcullis must accept or reject each one
//! as the info string of its code block says.
//!
//! A fenced block marked `yaml portcullis` or `json portcullis` contains a whole configuration that
//! Portcullis accepts. A block marked `yaml portcullis refused` contains a configuration that
//! Portcullis rejects.

use std::{collections::BTreeSet, fs, path::Path};

use portcullis::config::Config;
use serde_json::Value;
use support::folders;

#[test]
fn every_example_is_accepted_or_refused_as_its_info_string_says() {
    let examples = support::examples::of_the_documentation();
    assert!(
        examples
            .iter()
            .filter(|example| example.file.ends_with("configuration.md"))
            .count()
            > 5,
        "docs/configuration.md has examples"
    );
    for example in examples {
        let place = example.place();
        match Config::parse(example.document().to_string().as_bytes()) {
            Ok(_) => assert!(!example.is_refused, "{place}: accepted"),
            Err(error) => assert!(example.is_refused, "{place}: {error}"),
        }
    }
}

/// Readers copy examples, so no example may have an unreachable rule or an unused provider.
#[test]
fn no_example_has_an_unreachable_rule_or_an_unused_provider() {
    let documented = support::examples::of_the_documentation();
    let documented = documented
        .iter()
        .filter(|example| !example.is_refused)
        .map(|example| (example.place(), example.document()));
    for (place, document) in documented.chain(support::examples::of_envoy()) {
        assert_eq!(in_vain(&document), Vec::<String>::new(), "{place}");
    }
}

fn in_vain(document: &Value) -> Vec<String> {
    let config = Config::parse(document.to_string().as_bytes()).unwrap();
    let warnings = config.reach_warnings();
    warnings.iter().map(ToString::to_string).collect()
}

/// `docs/requirements.md` gives a number to each requirement. The name of a requirement's test
/// begins with that number.
#[test]
fn every_numbered_requirement_has_a_test_and_the_reverse() {
    let page = fs::read_to_string(folders::project().join("docs/requirements.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.filter_map(|row| Some(row.split_once(" |")?.0.to_lowercase()));
    let documented: BTreeSet<_> = rows.filter(|number| is_number(number)).collect();
    assert!(documented.len() > 20, "{documented:?}");

    let mut tested = BTreeSet::new();
    for folder in ["src", "cli/tests", "tests"] {
        collect_numbers(&folders::project().join(folder), &mut tested);
    }
    assert_eq!(documented, tested);
}

/// Collects the requirement numbers at the start of function names, from all files below `path`.
/// For example, the name `r4_m3_names` starts with the numbers `r4` and `m3`.
fn collect_numbers(path: &Path, numbers: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect_numbers(&entry.unwrap().path(), numbers);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let source = fs::read_to_string(path).unwrap();
        for name in source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("fn "))
        {
            let words = name.split('_').take_while(|word| is_number(word));
            numbers.extend(words.map(str::to_owned));
        }
    }
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['c', 'm', 'r', 's', 't']);
    digits.is_some_and(|digits| digits.len() == 1 && digits.as_bytes()[0].is_ascii_digit())
}

//! The module accepts or refuses the example configurations in the documentation, as each of them
//! says.
//!
//! A fenced block marked `yaml portcullis` or `json portcullis` contains a whole configuration that
//! the module accepts. A block marked `yaml portcullis refused` contains one that the module
//! refuses.

use portcullis::config::Config;
use serde_json::Value;

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

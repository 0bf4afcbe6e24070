//! Every example configuration in the documentation is one that the module accepts.
//!
//! A fenced block whose info string is `yaml portcullis` or `json portcullis` is a whole
//! configuration; in `yaml portcullis refused` it is one that must be refused.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test code: a failure should end the test"
)]

use portcullis::config::Config;

#[path = "support/examples.rs"]
mod examples;

#[test]
fn every_example_configuration_is_read_as_it_says() {
    let examples = examples::of_the_documentation();
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

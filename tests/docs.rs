//! Every example configuration in the documentation is one that the module accepts.
//!
//! A fenced block whose info string is `yaml portcullis` or `json portcullis` is a whole
//! configuration; in `yaml portcullis refused` it is one that must be refused.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test code: a failure should end the test"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use portcullis::config::Config;
use serde_json::Value;

/// A configuration in the documentation.
struct Example {
    file: String,
    line: usize,
    language: String,
    is_refused: bool,
    text: String,
}

#[test]
fn every_example_configuration_is_read_as_it_says() {
    let examples: Vec<Example> = pages().iter().flat_map(|page| examples(page)).collect();
    assert!(
        examples
            .iter()
            .filter(|example| example.file.ends_with("configuration.md"))
            .count()
            > 5,
        "docs/configuration.md has examples"
    );
    for example in examples {
        let place = format!("{}:{}", example.file, example.line);
        let document: Value = match example.language.as_str() {
            "json" => serde_json::from_str(&example.text)
                .unwrap_or_else(|error| panic!("{place}: {error}")),
            _ => serde_saphyr::from_str(&example.text)
                .unwrap_or_else(|error| panic!("{place}: {error}")),
        };
        match Config::parse(document.to_string().as_bytes()) {
            Ok(_) => assert!(!example.is_refused, "{place}: accepted"),
            Err(error) => assert!(example.is_refused, "{place}: {error}"),
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "docs/providers"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.retain(|page| page.exists());
    pages
}

fn examples(page: &Path) -> Vec<Example> {
    let text = fs::read_to_string(page).unwrap();
    let mut found: Vec<Example> = Vec::new();
    let mut fence: Option<bool> = None; // inside of a block; whether it is a configuration
    for (index, line) in text.lines().enumerate() {
        let info = line.trim_start().strip_prefix("```");
        match (fence, info) {
            (Some(_), Some(_)) => fence = None,
            (None, Some(info)) => {
                let words: Vec<&str> = info.split_whitespace().collect();
                let is_configuration = matches!(
                    words[..],
                    ["yaml" | "json", "portcullis"] | ["yaml" | "json", "portcullis", "refused"]
                );
                fence = Some(is_configuration);
                if is_configuration {
                    found.push(Example {
                        file: page.display().to_string(),
                        line: index.saturating_add(1),
                        language: words[0].to_owned(),
                        is_refused: words.len() == 3,
                        text: String::new(),
                    });
                }
            }
            (Some(true), None) => {
                let example = found.last_mut().unwrap();
                example.text.push_str(line);
                example.text.push('\n');
            }
            (Some(false) | None, None) => {}
        }
    }
    found
}

//! Tests of `portcullis schema`, `completions` and `man`.

use std::fs;

use serde_json::Value;

use super::{portcullis, stdout};

const COMMANDS: [&str; 9] = [
    "check",
    "client-secret",
    "completions",
    "decide",
    "explain",
    "man",
    "migrate",
    "schema",
    "test",
];

/// `docs/command-line.md` describes every command, and shows the program's own output.
#[test]
fn the_documentation_describes_every_command() {
    let page = include_str!("../../../docs/command-line.md");
    for command in COMMANDS {
        assert!(
            page.contains(&format!("`portcullis {command}")),
            "{command}"
        );
    }
    assert!(page.contains(include_str!("explain/wrong_audience.txt")));
    let (_, request) = include_str!("explain/allowed.txt")
        .split_once("accepted\n")
        .unwrap();
    assert!(page.contains(request), "{request}");
    let help = stdout(&portcullis(&["explain", "--help"], ""));
    for option in help
        .split_whitespace()
        .filter(|word| word.starts_with("--"))
    {
        let option = option.trim_end_matches([',', '.']);
        assert!(option == "--help" || page.contains(option), "{option}");
    }
}

#[test]
fn prints_a_schema() {
    let output = portcullis(&["schema"], "");
    assert_eq!(output.status.code(), Some(0));
    let schema: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(schema, portcullis::config::schema());
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let skew = &schema["$defs"]["Provider"]["properties"]["clock_skew_seconds"];
    assert_eq!(skew["default"], 60);
    assert!(skew["description"].is_string());
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = portcullis(&["completions", shell], "");
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = stdout(&output);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} {command}");
        }
    }
}

#[test]
fn every_command_has_a_page() {
    let folder = support::folders::temporary().join("cli/man");
    let output = portcullis(&["man", folder.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(0));
    assert!(folder.join("portcullis.1").exists());
    for command in COMMANDS {
        let page = fs::read_to_string(folder.join(format!("portcullis-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
    }
}

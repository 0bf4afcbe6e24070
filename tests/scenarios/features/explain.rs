//! Z18: why a token fails, told on the command line without the token.
//!
//! What is printed is compared word for word in `cli/tests/program/explain/`.

use std::fs;

use portcullis_cli::Exit;
use serde_json::{Value, json};

use crate::{
    program,
    world::{configuration, remote_provider, signer},
};

/// `portcullis explain` at the time `now`: the exit code, and what it prints.
fn explain(token: &str, extra: &[&str]) -> (Exit, String) {
    let folder = support::folders::temporary().join("z18");
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let config = file(
        "config.json",
        &configuration(&remote_provider()).to_string(),
    );
    let key_set = file("keys.json", &signer().jwks().to_string());
    let token = file("token", token);
    let key_set = format!("login={key_set}");
    let mut arguments = vec!["explain", "--config", &config, "--token", &token];
    arguments.extend(["--jwks", &key_set, "--now", "1700000000"]);
    arguments.extend(extra);
    program::run(&arguments, "")
}

#[test]
fn z18_explain() {
    let provider = remote_provider();
    let claims = |exp: u64| {
        json!({
            "iss": provider["issuer"], "aud": provider["audiences"][0], "sub": "alice",
            "scope": "orders.read", "exp": exp,
        })
    };
    for (exp, code, failing) in [
        (1_700_000_060, Exit::Done, None),
        (1_699_990_000, Exit::Findings, Some("expiry")),
    ] {
        let token = signer().sign_claims(&claims(exp));
        let (exit, text) = explain(&token, &[]);
        assert_eq!(exit, code, "{text}");
        for part in ["header\n", "claims\n", "\"alice\"", "provider login\n"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let (_, json) = explain(&token, &["--json"]);
        let report: Value = serde_json::from_str(&json).unwrap();
        let checks = report["providers"][0]["checks"].as_array().unwrap();
        let failed = checks.iter().find(|step| step["outcome"] == "failed");
        assert_eq!(failed.and_then(|step| step["check"].as_str()), failing);
        for said in [text, json] {
            assert!(token.split('.').all(|part| !said.contains(part)), "{said}");
        }
    }
}

//! Z11: checking before saving, with the program that brings the module's own reader.

use std::{fs, path::PathBuf};

use portcullis_cli::Exit;
use serde_json::{Value, json};

use crate::{
    program,
    world::{configuration, remote_provider, signer},
};
use support::signer::Signer;

fn file(name: &str, content: &Value) -> PathBuf {
    let folder = support::folders::temporary().join("z11");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content.to_string()).unwrap();
    path
}

/// `portcullis check`: the exit code, and what it says.
fn check(name: &str, config: &Value, key_set: &Value) -> (Exit, String) {
    let config = file(&format!("{name}.json"), config);
    let key_set = file(&format!("{name}.jwks"), key_set);
    let key_set = format!("login={}", key_set.display());
    program::run(
        &["check", &config.display().to_string(), "--jwks", &key_set],
        "",
    )
}

#[test]
fn z11_validate_before_save() {
    let good = configuration(&remote_provider());
    let key_set = signer().jwks();
    assert_eq!(check("good", &good, &key_set), (Exit::Done, String::new()));

    let mut bad_url = good.clone();
    bad_url["providers"]["login"]["remote_jwks"]["http_uri"]["uri"] = json!("login.example.com");
    let (code, said) = check("url", &bad_url, &key_set);
    assert_eq!(code, Exit::Findings);
    let place = "error: providers.login.remote_jwks.http_uri.uri: ";
    assert!(said.starts_with(place), "{said}");

    let mut encrypting = signer().jwk();
    encrypting["use"] = json!("enc");
    let secret = Signer::new(portcullis::jose::Algorithm::Hs256).jwk();
    for (name, keys, told) in [
        ("empty", json!([]), "no key"),
        ("enc", json!([encrypting]), "key 0"),
        ("oct", json!([signer().jwk(), secret]), "key 1"),
    ] {
        let (code, said) = check(name, &good, &json!({ "keys": keys }));
        assert_eq!(code, Exit::Findings, "{name}: {said}");
        assert!(said.contains("error: jwks of login: "), "{name}: {said}");
        assert!(said.contains(told), "{name}: {said}");
    }
}

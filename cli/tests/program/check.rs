//! Tests of `portcullis check`.

use std::path::Path;

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use super::{CONFIG, file, portcullis, stdout};
use support::signer::Signer;

#[test]
fn checks_configurations_and_key_sets() {
    let good = file("good.yaml", CONFIG);
    let wrong = file(
        "wrong.yaml",
        &CONFIG.replace("provider_name", "provder_name"),
    );
    let weak = file(
        "weak.yaml",
        &CONFIG.replace("audiences: [orders]", "allow_any_audience: true"),
    );
    let evaded = file(
        "evaded.yaml",
        &CONFIG.replace("\nrules:\n", "\nrules:\n- match: { prefix: / }\n"),
    );
    let fetched = "remote_jwks:
      http_uri: { uri: 'https://idp.example.com/keys', cluster: idp, timeout: 5s }";
    let certificate =
        json!({"pem": [include_str!("../../../tests/support/keys/pem/p256_cert_expired.pem")]});
    let expired = file(
        "expired.yaml",
        &CONFIG.replace(fetched, &format!("public_keys: {certificate}")),
    );
    let key = Signer::new(Algorithm::Es256).jwk();
    let mut encryption = key.clone();
    encryption["use"] = json!("enc");
    let secret = json!({ "kty": "oct", "kid": "s", "alg": "HS256", "k": "A".repeat(43) });
    let sets = |name: &str, keys: Value| {
        format!(
            "idp={}",
            file(name, &json!({ "keys": keys }).to_string()).display()
        )
    };
    let usable = sets("usable.jwks", json!([key, encryption]));
    let mut nameless = key.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    let crowd = sets("crowd.jwks", json!(vec![&nameless; 17]));
    let unusable = sets("unusable.jwks", json!([encryption]));
    let published_secret = sets("secret.jwks", json!([key, secret]));
    for (config, key_set, code, expected) in [
        (&good, None, 0, "ok: 1 provider, 2 rules"),
        (&weak, None, 0, "warning: providers.idp"),
        (
            &evaded,
            None,
            0,
            "warning: rules[2]: no request reaches this rule, because rules[0] comes first and requires no token",
        ),
        (
            &wrong,
            None,
            1,
            r#"rules[1].requires: unknown field "provder_name", did you mean "provider_name"?"#,
        ),
        (
            &expired,
            None,
            0,
            "warning: providers.idp.public_keys: the certificate of key 0 has expired",
        ),
        (&good, Some(&usable), 0, "ok: 1 provider, 2 rules"),
        (
            &good,
            Some(&crowd),
            0,
            "crowd.jwks: warning: jwks of idp: 17 keys have no kid: only some of them are tried",
        ),
        (&good, Some(&unusable), 1, "error: jwks of idp: "),
        (&good, Some(&published_secret), 1, "error: jwks of idp: "),
    ] {
        let mut arguments = vec!["check", config.to_str().unwrap()];
        arguments.extend(key_set.into_iter().flat_map(|set| ["--jwks", set.as_str()]));
        let output = portcullis(&arguments, "");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stdout(&output)
        );
        assert!(
            stdout(&output).contains(expected),
            "{expected}: {}",
            stdout(&output)
        );
    }
}

/// An accepted configuration that has every weak choice at once.
const WEAK: &str = "
unmatched: allow
providers:
  idp:
    issuer: http://idp.example.com
    allow_any_audience: true
    require_expiration: false
    forward: true
    discovery: { cluster: idp }
rules:
- match: { prefix: /orders }
  requires: { provider_name: idp }
";

#[test]
fn warnings_are_failures_only_with_strict() {
    let weak = file("all-weak.yaml", WEAK);
    let weak = weak.to_str().unwrap();
    let good = file("not-weak.yaml", CONFIG);
    let good = good.to_str().unwrap();
    let keys = Signer::new(Algorithm::Es256).jwks().to_string();
    let jwks = format!("idp={}", file("not-weak.jwks", &keys).display());
    for (arguments, code, lines) in [
        (&["check", weak][..], 0, 5),
        (&["check", "--strict", weak], 1, 5),
        (&["check", "--strict", good, "--jwks", &jwks], 0, 1),
    ] {
        let output = portcullis(arguments, "");
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), lines, "{said}");
        assert!(
            said.lines()
                .all(|line| line.contains(": warning: ") || line == "ok: 1 provider, 2 rules")
        );
    }
    let said = stdout(&portcullis(&["check", weak], ""));
    for place in [
        "providers.idp.allow_any_audience: ",
        "providers.idp.require_expiration: ",
        "providers.idp.forward: ",
        "providers.idp.discovery: ",
        "unmatched: ",
    ] {
        assert!(said.contains(place), "{place}: {said}");
    }
}

#[test]
fn reads_the_standard_input() {
    let output = portcullis(&["check", "-"], CONFIG);
    assert_eq!(output.status.code(), Some(0));
    let output = portcullis(&["check", "-"], "rules: 7");
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).starts_with("-:1:1: error: rules: "));
}

/// If keys cannot be used, every command that reads them names the provider, the file, the fault
/// and the remedy.
#[test]
fn names_the_file_and_the_remedy_of_bad_keys() {
    let config = file("bad-keys.yaml", CONFIG);
    let config = config.to_str().unwrap();
    let mut encryption = Signer::new(Algorithm::Es256).jwk();
    encryption["use"] = json!("enc");
    let secret = json!({ "kty": "oct", "kid": "s", "alg": "HS256", "k": "A".repeat(43) });
    let set = |name: &str, keys: Value| file(name, &json!({ "keys": keys }).to_string());
    for (path, expected) in [
        (set("empty.jwks", json!([])), "the key set has no keys"),
        (
            set("only-enc.jwks", json!([encryption])),
            "key 0 (kid \"ES256-1\"): \"use\" must be \"sig\" or absent",
        ),
        (
            set("only-oct.jwks", json!([secret])),
            "key 0 (kid \"s\"): a shared secret in a fetched key set is not used",
        ),
        (file("no.jwks", "[]"), "not a JWK Set"),
    ] {
        let jwks = format!("idp={}", path.display());
        for arguments in [
            &["check", config, "--jwks", &jwks][..],
            &["decide", "--config", config, "--jwks", &jwks],
            &[
                "explain", "--config", config, "--token", "-", "--jwks", &jwks,
            ],
        ] {
            let output = portcullis(arguments, "a.b.c");
            let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
            for part in ["idp", path.to_str().unwrap(), expected, "; give the JWKS"] {
                assert!(said.contains(part), "{part}: {said}");
            }
        }
    }
    let missing = Path::new("/no/such/file.jwks");
    let unknown = format!("other={}", missing.display());
    let output = portcullis(&["check", config, "--jwks", &unknown], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("the configuration has no such provider; its providers are idp"),
        "{said}"
    );
}

/// Keycloak publishes an encryption key in every realm, so such a key must not cause a warning.
#[test]
fn only_keys_that_look_like_signing_keys_are_missed() {
    let config = file("realm.yaml", CONFIG);
    let signing = Signer::new(Algorithm::Es256).jwk();
    let with = |field: &str, value: &str| {
        let mut key = Signer::new(Algorithm::Rs256).jwk();
        key["kid"] = json!("other");
        key[field] = json!(value);
        json!({ "keys": [signing, key] })
    };
    for (name, keys, expected) in [
        ("enc", with("use", "enc"), None),
        (
            "unknown-use",
            with("use", "signature"),
            Some("\"use\" must be \"sig\" or absent"),
        ),
        (
            "unknown-alg",
            with("alg", "RS255"),
            Some("\"alg\" must be one of"),
        ),
    ] {
        let path = file(&format!("realm-{name}.jwks"), &keys.to_string());
        let jwks = format!("idp={}", path.display());
        let arguments = [
            "check",
            "--strict",
            config.to_str().unwrap(),
            "--jwks",
            &jwks,
        ];
        let output = portcullis(&arguments, "");
        let said = stdout(&output);
        match expected {
            None => assert_eq!(said, "ok: 1 provider, 2 rules\n", "{name}"),
            Some(expected) => {
                let warning = format!("warning: jwks of idp: key 1 (kid \"other\"): {expected}");
                assert!(said.contains(&warning), "{name}: {said}");
            }
        }
        assert_eq!(output.status.success(), expected.is_none(), "{name}");
    }
}

#[test]
fn names_the_place_of_a_bad_url() {
    let text = CONFIG.replace("'https://idp.example.com/keys'", "'idp.example.com/keys'");
    let config = file("bad-url.yaml", &text);
    let output = portcullis(&["check", config.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    assert!(
        said.contains(".yaml:9:19: error: providers.idp.remote_jwks.http_uri.uri: "),
        "{said}"
    );
}

/// A secret may be on the line with the fault or on an adjacent line, so the message must not quote
/// these lines.
#[test]
fn does_not_repeat_the_lines_around_a_yaml_fault() {
    for (name, text) in [
        (
            "quote",
            "shared_secrets:\n- kid: a\n  secret: \"hidden\nend: 1\n",
        ),
        ("alias", "shared_secrets:\n- secret: hidden\n  kid: *none\n"),
        ("bracket", "secret_hashes: [hidden\nend: }\n"),
    ] {
        let path = file(&format!("fault-{name}.yaml"), text);
        let output = portcullis(&["check", path.to_str().unwrap()], "");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(".yaml:") && !said.contains("hidden"),
            "{said}"
        );
    }
}

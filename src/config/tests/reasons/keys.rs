//! Tests of the reasons to reject keys.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{check, okta};
use crate::config::tests::{ED25519_KEY, ED25519_PEM, SECRET, key_set, oct_key};

pub(super) fn fetched() -> BTreeSet<String> {
    let uri = |uri: &str| vec![("remote_jwks.http_uri.uri", json!(uri))];
    let mut refusals = vec![
        (
            vec![("remote_jwks", json!({}))],
            r#"remote_jwks: missing field "http_uri"; add "http_uri""#,
        ),
        (
            vec![("remote_jwks.http_uri.timeout", json!("0s"))],
            "remote_jwks.http_uri.timeout: not between 1 and 3600000 milliseconds; choose a value in this range",
        ),
        (
            vec![("remote_jwks.http_uri.timeout", json!("3600.001s"))],
            "remote_jwks.http_uri.timeout: not between 1 and 3600000 milliseconds; choose a value in this range",
        ),
        (
            vec![("remote_jwks.http_uri.cluster", json!(""))],
            "remote_jwks.http_uri.cluster: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("remote_jwks.unknown_kid_cooldown", json!("0s"))],
            "remote_jwks.unknown_kid_cooldown: not between 1 and 315360000000 milliseconds; choose a value in this range",
        ),
        (
            vec![("remote_jwks.unknown_kid_answer", json!(404))],
            "remote_jwks.unknown_kid_answer: expected 401 or 503, found 404",
        ),
        (
            vec![(
                "remote_jwks.retry_policy.retry_back_off",
                json!({"base_interval": "2s", "max_interval": "1s"}),
            )],
            "remote_jwks.retry_policy.retry_back_off.max_interval: not between 2000 and 315360000000 milliseconds; choose a value in this range",
        ),
        (
            vec![("algorithms", json!(["RS256", "HS256"]))],
            r#"algorithms: HS256 requires a shared secret, but these keys are public; remove the algorithm, or put the secret into "shared_secrets""#,
        ),
        (
            vec![("algorithms", json!(["none"]))],
            r#"algorithms[0]: unknown value "none"; use one of these values: "EdDSA", "Ed25519", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512""#,
        ),
        (
            vec![("algorithms", json!([]))],
            "algorithms: empty; write a value, or remove the entry if it is optional",
        ),
    ];
    let texts: Vec<(String, String)> = [
        ("idp.example/keys", "idp.example/keys"),
        ("ftp://idp/keys", "ftp://idp/keys"),
        ("https:///keys", "https:///keys"),
        // A user, a password or a query may be secret.
        ("https://svc:hunter2@idp/keys", "https://"),
        ("svc:hunter2@idp/keys", ""),
        ("svc:hunter2@idp//keys", ""),
        ("svc:hunter2@idp/keys?u=https://idp", ""),
        ("https://idp/#a", "https://idp/"),
        ("https://idp/a b?key=hunter2", "https://idp/a b"),
        ("https://idp/a b", "https://idp/a b"),
        ("https://idp:0/", "https://idp:0/"),
        ("https://idp:65536/", "https://idp:65536/"),
        ("https://:443/", "https://:443/"),
        ("https://[::1/", "https://[::1/"),
        ("https://idp:+1/", "https://idp:+1/"),
    ]
    .iter()
    .map(|(uri, shown)| {
        let text = format!(
            "remote_jwks.http_uri.uri: expected a URL such as https://host/path, without a user or a fragment, found \"{shown}\""
        );
        ((*uri).to_owned(), text)
    })
    .collect();
    refusals.extend(
        texts
            .iter()
            .map(|(written, text)| (uri(written), text.as_str())),
    );
    let discovery = |issuer: &str, discovery: Value| {
        vec![
            ("remote_jwks", json!(null)),
            ("discovery", discovery),
            ("issuer", json!(issuer)),
            ("allow_any_tenant", json!(issuer.contains('{'))),
        ]
    };
    let cluster = || json!({"cluster": "idp"});
    for issuer in [
        "idp.example",
        "ftp://idp.example",
        "https://idp.example/?a=b",
        "https://idp.example/#a",
        "https://{tid}/",
        "https://idp.example/a{tid}",
        "https://idp.example/{tid}b",
    ] {
        refusals.push((
            discovery(issuer, cluster()),
            "discovery: the URL of the metadata cannot be derived from the issuer; make \
             \"issuer\" a URL in which each {claim} is a whole segment of the path, or use \
             \"remote_jwks\"",
        ));
    }
    let mut any_issuer = discovery("", cluster());
    any_issuer.push(("allow_any_issuer", json!(true)));
    refusals.extend([
        (
            any_issuer,
            "discovery: the URL of the metadata cannot be derived from the issuer; make \
             \"issuer\" a URL in which each {claim} is a whole segment of the path, or use \
             \"remote_jwks\"",
        ),
        (
            discovery("https://idp.example", json!({})),
            r#"discovery: missing field "cluster"; add "cluster""#,
        ),
        (
            discovery("https://idp.example", json!({"cluster": ""})),
            "discovery.cluster: empty; write a value, or remove the entry if it is optional",
        ),
        (
            discovery(
                "https://idp.example",
                json!({"cluster": "idp", "jwks_cluster": ""}),
            ),
            "discovery.jwks_cluster: empty; write a value, or remove the entry if it is optional",
        ),
        (
            discovery(
                "https://idp.example",
                json!({"cluster": "idp", "timeout": "0s"}),
            ),
            "discovery.timeout: not between 1 and 3600000 milliseconds; choose a value in this range",
        ),
    ]);
    okta(refusals)
}

pub(super) fn written() -> BTreeSet<String> {
    let local = |keys: Value, algorithms: Value| {
        vec![
            ("remote_jwks", json!(null)),
            ("local_jwks", keys),
            ("algorithms", algorithms),
        ]
    };
    let inline = |keys: &[&str]| json!({"inline_string": key_set(keys)});
    let secrets = |secret: &str, algorithms: Value| {
        vec![
            ("remote_jwks", json!(null)),
            ("shared_secrets", json!([{"kid": "a", "secret": secret}])),
            ("algorithms", algorithms),
        ]
    };
    let pem = |texts: Value, algorithms: Value| {
        vec![
            ("remote_jwks", json!(null)),
            ("public_keys.pem", texts),
            ("algorithms", algorithms),
        ]
    };
    let whole = vec![(
        vec![("providers.okta.remote_jwks", json!(null))],
        r#"providers.okta: exactly one of "remote_jwks", "discovery", "local_jwks", "public_keys", "shared_secrets", "client_secrets" is required, found none; add one of these fields"#,
    )];
    let mut seen = check("", whole);
    seen.extend(okta(vec![
        (
            local(json!({"filename": "/keys.json"}), json!(null)),
            r#"local_jwks: "filename" cannot be read: a module has no access to files or environment variables; write the content into "inline_string" (`portcullis migrate` does this)"#,
        ),
        (
            local(json!({"environmentVariable": "KEYS"}), json!(null)),
            r#"local_jwks: "environment_variable" cannot be read: a module has no access to files or environment variables; write the content into "inline_string" (`portcullis migrate` does this)"#,
        ),
        (
            local(json!({"inline_bytes": "!"}), json!(null)),
            r#"local_jwks.inline_bytes: not base64; encode the key set with base64, or use "inline_string""#,
        ),
        (
            local(json!({"inline_string": "{}"}), json!(null)),
            r#"local_jwks.inline_string: not a JWK Set: give a JSON object with an array "keys""#,
        ),
        (
            local(inline(&[&oct_key()]), json!(null)),
            r#"local_jwks: no key fits any of the accepted algorithms; list the algorithms of the keys in "algorithms""#,
        ),
        (
            local(inline(&[ED25519_KEY]), json!(["HS256"])),
            r#"algorithms: HS256 requires a shared secret, but these keys are public; remove the algorithm, or put the secret into "shared_secrets""#,
        ),
        (
            pem(json!([ED25519_PEM, "-----BEGIN RSA PRIVATE KEY-----"]), json!(null)),
            "public_keys.pem[1]: a private key is a secret and does not belong here: write the public key instead, and make a new key pair if others could have read the private key",
        ),
        (
            pem(json!([ED25519_PEM, format!("{ED25519_PEM}{}", ED25519_PEM.replace("PUBLIC", "DH"))]), json!(null)),
            "public_keys.pem[1]: block 2: the label must be PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE",
        ),
        (
            pem(json!([ED25519_KEY]), json!(null)),
            r#"public_keys.pem[0]: no PEM block: start with a line such as "-----BEGIN PUBLIC KEY-----""#,
        ),
        (
            pem(json!([]), json!(null)),
            "public_keys.pem: empty; write a value, or remove the entry if it is optional",
        ),
        (
            pem(json!([ED25519_PEM.repeat(65)]), json!(null)),
            "public_keys.pem: the key set has more than 64 keys: raise limits.jwks_keys",
        ),
        (
            pem(json!([ED25519_PEM]), json!(["EdDSA", "HS256"])),
            r#"algorithms: HS256 requires a shared secret, but these keys are public; remove the algorithm, or put the secret into "shared_secrets""#,
        ),
        (
            pem(json!([ED25519_PEM]), json!(["RS256"])),
            r#"public_keys: no key fits any of the accepted algorithms; list the algorithms of the keys in "algorithms""#,
        ),
        (
            pem(json!("-----BEGIN PRIVATE KEY-----\nMC4C"), json!(null)),
            "public_keys.pem: expected a list, found a string",
        ),
        (
            vec![("key_issuer", json!("exact"))],
            r#"key_issuer: unknown value "exact"; use one of these values: "ignore", "match""#,
        ),
        (
            secrets(SECRET, json!(["RS256"])),
            "algorithms: RS256 requires a public key, but these keys are shared secrets; list only HS256, HS384 and HS512",
        ),
        (
            secrets(SECRET, json!(["HS512"])),
            r#"shared_secrets: no key fits any of the accepted algorithms; list the algorithms of the keys in "algorithms""#,
        ),
        (secrets("c2hvcnQ", json!(null)), r#"shared_secrets: no key can be used; key 0 (kid "a"): the secret has 5 octets: use at least 32 octets"#),
    ]));
    seen
}

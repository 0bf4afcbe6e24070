//! Tests of warnings about weak settings.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{ED25519_KEY, ED25519_PEM, SECRET_HASH, base_with, key_set, parse, warnings};
use crate::time::UnixSeconds;

const DAY: i64 = 86_400;

#[test]
fn strict_configuration_has_no_warning() {
    assert_eq!(warnings(&[]), Vec::<String>::new());
    assert_eq!(
        warnings(&[(
            "providers.okta.remote_jwks.http_uri.uri",
            json!("http://idp/keys")
        )]),
        Vec::<String>::new(),
        "a mesh encrypts by itself"
    );
}

#[test]
fn warns_of_every_weak_choice() {
    let okta = |field: &str| format!("providers.okta.{field}");
    let tenant = "https://idp.example/{tid}";
    for (changes, expected) in [
        (
            vec![
                (okta("issuer"), json!(null)),
                (okta("allow_any_issuer"), json!(true)),
            ],
            "providers.okta.allow_any_issuer: a token with any \"iss\" is accepted, if the provider's keys verify the token",
        ),
        (
            vec![
                (okta("audiences"), json!([])),
                (okta("allow_any_audience"), json!(true)),
            ],
            "providers.okta.allow_any_audience: tokens that were issued for another service \
             are accepted",
        ),
        (
            vec![
                (okta("issuer"), json!(tenant)),
                (okta("allow_any_tenant"), json!(true)),
            ],
            "providers.okta.allow_any_tenant: tokens of every tenant of the issuer are accepted",
        ),
        (
            vec![(okta("clock_skew_seconds"), json!(301))],
            "providers.okta.clock_skew_seconds: a token is accepted for more than five minutes \
             after it expired",
        ),
        (
            vec![(okta("forward"), json!(true))],
            "providers.okta.forward: a token in the query reaches the upstream and the upstream's access log",
        ),
        (
            vec![(okta("require_expiration"), json!(false))],
            "providers.okta.require_expiration: a token without \"exp\" is accepted forever",
        ),
        (
            vec![(okta("remote_jwks.unknown_kid_cooldown"), json!("0.5s"))],
            "providers.okta.remote_jwks: unknown_kid_cooldown is so short that anyone can \
             cause more than one key fetch per second",
        ),
        (
            vec![(okta("allow_future_iat"), json!(true))],
            "providers.okta.allow_future_iat: a token is accepted even if its \"iat\" is in the future",
        ),
        (
            vec![(okta("token_types"), json!(["*"]))],
            "providers.okta.token_types: tokens of other kinds, such as ID tokens, are accepted",
        ),
        (
            vec![(
                "rules.0.requires".to_owned(),
                json!({"extract_only_without_validation": {}}),
            )],
            "rules[0].requires: this requirement forwards claims that anyone can make up",
        ),
        (
            vec![(
                "requirement_map.open".to_owned(),
                json!({"extract_only_without_validation": {"verification_status_header": "-"}}),
            )],
            "requirement_map.open: this requirement forwards claims that anyone can make up, and no header says that they are unverified",
        ),
        (
            vec![("mode".to_owned(), json!("shadow"))],
            "mode: in shadow mode, no rule blocks a request",
        ),
        (
            vec![("path_policy".to_owned(), json!("raw"))],
            "path_policy: a request can evade the rules if the upstream reads the path, method or host differently",
        ),
        (
            vec![("unmatched".to_owned(), json!("allow"))],
            "unmatched: requests that no rule matches pass without a token",
        ),
        (
            vec![(
                "status".to_owned(),
                json!({"path": "/status", "unprotected": true}),
            )],
            "status: anyone can see which authorization servers are configured, and the state of their keys",
        ),
        (
            vec![
                ("strip_failure_response".to_owned(), json!(true)),
                (
                    "protected_resources".to_owned(),
                    json!([{"resource": "https://api.example"}]),
                ),
            ],
            "strip_failure_response: refused requests get no challenge, so clients cannot find the metadata of the protected resources",
        ),
    ] {
        let changes: Vec<_> = changes
            .iter()
            .map(|(path, value)| (path.as_str(), value.clone()))
            .collect();
        assert_eq!(warnings(&changes), [expected]);
    }
}

#[test]
fn warns_of_each_key_that_is_left_out() {
    let keys = key_set(&[
        r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
        ED25519_KEY,
        r#"{"kty":"x"}"#,
    ]);
    let found = warnings(&[
        ("providers.okta.remote_jwks", json!(null)),
        ("providers.okta.local_jwks.inline_string", json!(keys)),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
    for (warning, index) in found.iter().zip([0, 2]) {
        let start = format!("providers.okta.local_jwks.keys[{index}]: this key is not used: ");
        assert!(
            warning.starts_with(&start) && warning.len() > start.len(),
            "{warning}"
        );
    }
}

#[test]
fn warns_of_a_certificate_outside_or_near_the_end_of_its_validity() {
    // The certificate is valid from 2020-01-01 to 2021-01-01.
    const CERTIFICATE: &str = include_str!("../../../tests/support/keys/pem/p256_cert_expired.pem");
    let (start, end) = (1_577_836_800, 1_609_459_200);
    let config = parse(&base_with(&[
        ("providers.okta.remote_jwks", json!(null)),
        (
            "providers.okta.public_keys.pem",
            json!([ED25519_PEM, CERTIFICATE]),
        ),
    ]))
    .unwrap();
    for (now, text) in [
        (
            start - 1,
            Some("is not valid yet, so tokens signed with this key are refused"),
        ),
        (start, None),
        (end - 30 * DAY, None),
        (end - 30 * DAY + 1, Some("expires in 29 days")),
        (end - DAY, Some("expires in 1 day")),
        (end, Some("expires in less than a day")),
        (
            end + 1,
            Some("has expired, so tokens signed with this key are refused"),
        ),
    ] {
        let found = config.warnings_at_load(Some(UnixSeconds::new(now)));
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        let expected =
            text.map(|text| format!("providers.okta.public_keys: the certificate of key 1 {text}"));
        assert_eq!(found, Vec::from_iter(expected), "{now}");
    }
    assert_eq!(config.warnings, []);
}

#[test]
fn does_not_warn_if_another_setting_is_stricter() {
    for changes in [
        [
            ("providers.okta.forward", json!(true)),
            ("providers.okta.from_headers", json!([{"name": "x-token"}])),
        ],
        [
            ("providers.okta.require_expiration", json!(false)),
            ("providers.okta.max_lifetime", json!("3600s")),
        ],
        [
            ("providers.okta.issuer", json!("https://idp.example/{tid}")),
            (
                "providers.okta.require_claims",
                json!([{"claim": "tid", "any_of": ["t1"]}]),
            ),
        ],
    ] {
        assert_eq!(warnings(&changes), Vec::<String>::new(), "{changes:?}");
    }
}

fn clients(client: Value) -> Vec<(&'static str, Value)> {
    vec![
        ("providers.okta.remote_jwks", json!(null)),
        ("providers.okta.issuer", json!(null)),
        ("providers.okta.audiences", json!(null)),
        ("providers.okta.client_secrets.clients.job", client),
    ]
}

#[test]
fn warns_of_secrets_that_reach_the_upstream() {
    let mut changes = clients(json!({"secret_hashes": [SECRET_HASH]}));
    assert_eq!(warnings(&changes), Vec::<String>::new());
    changes.push(("providers.okta.forward", json!(true)));
    assert_eq!(
        warnings(&changes),
        ["providers.okta.forward: the secrets of clients reach the upstream"]
    );
}

#[test]
fn warns_of_a_client_before_and_after_it_expires() {
    let end = 1_801_353_600;
    let client = |end: Value, enabled: bool| {
        clients(json!({"secret_hashes": [SECRET_HASH], "expires_at": end, "enabled": enabled}))
    };
    let text = json!("2027-01-31T00:00:00Z");
    for (changes, now, expected) in [
        (client(text.clone(), true), end - 30 * DAY, None),
        (
            client(text.clone(), true),
            end - 1,
            Some("the client expires in less than a day"),
        ),
        (
            client(json!(end), true),
            end,
            Some("the client has expired, so its secrets are refused"),
        ),
        (client(text, false), end, None),
        (client(json!(null), true), end, None),
    ] {
        let config = parse(&base_with(&changes)).unwrap_or_else(|error| panic!("{error}"));
        let found = config.warnings_at_load(Some(UnixSeconds::new(now)));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        let expected =
            expected.map(|text| format!("providers.okta.client_secrets.clients.job: {text}"));
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{now}");
    }
}

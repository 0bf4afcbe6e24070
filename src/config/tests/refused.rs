//! Tests of configurations that are rejected, and of the error messages.

use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{base_with, parse};
use crate::config::{Config, Fault};

#[test]
fn refuses_unknown_and_ill_typed_fields_with_path_and_nearest_name() {
    for (path, value, text) in [
        (
            "rules.1",
            json!(null),
            "rules[1]: expected an object, found null",
        ),
        (
            "rules.0.requires.provder_name",
            json!("okta"),
            r#"rules[0].requires: unknown field "provder_name", did you mean "provider_name"?"#,
        ),
        (
            "provders",
            json!({}),
            r#"configuration: unknown field "provders", did you mean "providers"?"#,
        ),
        (
            "limits.zzz",
            json!(1),
            r#"limits: unknown field "zzz"; use one of these fields: "header_value_bytes", "jwks_bytes", "jwks_keys", "park_timeout", "parked_requests", "path_bytes", "token_bytes""#,
        ),
        (
            "providers.okta.clock_skew_seconds",
            json!("x"),
            r#"providers.okta.clock_skew_seconds: expected an unsigned integer, found string "x""#,
        ),
        (
            "providers.okta.clock_skew_seconds",
            json!(-1),
            "providers.okta.clock_skew_seconds: expected an unsigned integer, found -1",
        ),
        (
            "providers.okta.clock_skew_seconds",
            json!(1.5),
            "providers.okta.clock_skew_seconds: expected an unsigned integer, found 1.5",
        ),
        (
            "providers.okta.forward",
            json!("yes"),
            r#"providers.okta.forward: expected a boolean, found string "yes""#,
        ),
        (
            "providers.okta.audiences",
            json!("api"),
            r#"providers.okta.audiences: expected a list, found string "api""#,
        ),
        (
            "providers.okta.audiences",
            json!([1]),
            "providers.okta.audiences[0]: expected a string, found 1",
        ),
        (
            "providers",
            json!([]),
            "providers: expected an object, found a list",
        ),
        (
            "rules.0.requires",
            json!(["okta"]),
            "rules[0].requires: expected an object, found a list",
        ),
        (
            "rules.0.requires.allow_missing",
            json!(true),
            "rules[0].requires.allow_missing: expected an empty object, found true",
        ),
        (
            "rules.0.requires.allow_missing.zzz",
            json!(1),
            "rules[0].requires.allow_missing: unknown field \"zzz\"; remove the field",
        ),
        (
            "mode",
            json!({}),
            "mode: expected a string, found an object",
        ),
        (
            "mode",
            json!("shadw"),
            r#"mode: unknown value "shadw", did you mean "shadow"?"#,
        ),
        (
            "providers.okta.remote_jwks.cache_duration",
            json!("10m"),
            r#"providers.okta.remote_jwks.cache_duration: expected a duration in seconds such as "600s" or "0.5s", at most ten years, found string "10m""#,
        ),
        (
            "providers.okta.client_id_claims",
            json!([[]]),
            "providers.okta.client_id_claims[0]: expected the name of a claim, or a list of the names on the path to it, found an empty list",
        ),
        (
            "providers.okta.require_claims",
            json!([{"claim": "a", "any_of": [null]}]),
            "providers.okta.require_claims[0].any_of[0]: expected a string, a number or a boolean, found null",
        ),
        (
            "rules.0.match.headers",
            json!([{"name": "a", "range_match": {"start": "x"}}]),
            r#"rules[0].match.headers[0].range_match.start: expected an integer, found string "x""#,
        ),
    ] {
        let error = parse(&base_with(&[(path, value)])).unwrap_err();
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn refuses_text_that_is_not_strict_json() {
    for (text, expected) in [
        (
            r#"{"realm":"a","realm":"b"}"#,
            "configuration: a name occurs twice in one object: remove one of the two members before line 1, column ",
        ),
        (
            "",
            "configuration: not a single JSON value, or nested deeper than 128 levels: correct line 1, column 0",
        ),
        (
            "providers: {}",
            "configuration: not a single JSON value, or nested deeper than 128 levels: correct line 1",
        ),
        ("[]", "configuration: expected an object, found a list"),
        ("null", "configuration: expected an object, found null"),
    ] {
        let error = Config::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn never_repeats_a_secret() {
    for (path, value) in [
        ("shared_secrets", json!("hunter2")),
        ("shared_secrets", json!(["hunter2"])),
        (
            "shared_secrets",
            json!([{"kid": "a", "secret": ["hunter2"]}]),
        ),
        ("shared_secrets", json!([{"kid": "a", "secret": "hunter2"}])),
        ("shared_secrets", json!([{"secret": 73_311_337}])),
        (
            "client_secrets.clients.a",
            json!({"secret_hashes": [73_311_337]}),
        ),
        ("client_secrets", json!("hunter2")),
        ("client_secrets.clients", json!(["hunter2"])),
        (
            "client_secrets.clients.a",
            json!({"secret_hashes": "hunter2"}),
        ),
        (
            "client_secrets.clients.a",
            json!({"secret_hashes": ["hunter2"]}),
        ),
        (
            "client_secrets.clients.a",
            json!({"secret_hashes": ["sha256:hunter2:hunter2"]}),
        ),
        (
            "client_secrets.clients.a",
            json!({"secret_hashes": [], "expires_at": "hunter2"}),
        ),
        ("local_jwks", json!("hunter2")),
        (
            "local_jwks.inline_string",
            json!("{\"keys\":[{\"kty\":\"oct\",\"k\":\"hunter2\"}]}"),
        ),
        ("local_jwks.inline_bytes", json!("hunter2!")),
    ] {
        let path = format!("providers.okta.{path}");
        let changes = [("providers.okta.remote_jwks", json!(null)), (&path, value)];
        let error = parse(&base_with(&changes)).unwrap_err();
        for secret in ["hunter2", "73311337"] {
            assert!(!error.to_string().contains(secret), "{error}");
            assert!(!format!("{error:?}").contains(secret), "{error:?}");
        }
    }
}

#[test]
fn names_of_other_versions_are_not_reported_as_unknown() {
    for (path, field) in [
        ("rules.0.match.", "runtime_fraction"),
        ("rules.0.match.", "path_match_policy"),
        ("providers.okta.subjects.", "custom"),
        ("providers.okta.remote_jwks.retry_policy.", "retry_priority"),
    ] {
        let path = format!("{path}{field}");
        let error = parse(&base_with(&[(&path, json!({}))])).unwrap_err();
        assert!(
            matches!(error.reason(), Fault::NotAvailable { .. }),
            "{path}: {error}"
        );
        assert!(
            error
                .to_string()
                .contains("\" is not available in this version of Portcullis; "),
            "{error}"
        );
    }
    // No version of Portcullis has a field `revoked` in `limits`, so the error says that the field
    // is unknown.
    let error = parse(&base_with(&[("limits.revoked", json!({}))])).unwrap_err();
    assert!(
        matches!(error.reason(), Fault::UnknownField { .. }),
        "{error}"
    );
}

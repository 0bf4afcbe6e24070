//! Which rule a request meets.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn chooses_the_first_rule_and_denies_what_none_is_for() {
    let engine = engine(json!({"rules": [
        {"match": {"path": "/health"}},
        {"match": {"prefix": "/a", "methods": ["POST"]}, "requires": {"provider_name": "a"}},
    ]}));
    assert_eq!(label(&decide(&engine, "/health?x", &[])), "not_required");
    assert_eq!(
        label(&decide(&engine, "/healthz", &[])),
        "missing_credential"
    );
    let value = format!("Bearer {}", token("a", json!({})));
    let authorization = [("authorization", value.as_str())];
    assert_eq!(label(&decide(&engine, "/a", &authorization)), "unmatched");
    assert_eq!(
        label(&decide(&engine, "/a", &[("authorization", "Basic x")])),
        "missing_credential"
    );
}

#[test]
fn refuses_ambiguous_paths_before_any_rule() {
    let engine = engine(json!({"rules": [
        {"match": {"path": "/public"}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    for path in [
        "/x/../public",
        "/x/..;/public",
        "/public%2f",
        "/public;x",
        "//public",
    ] {
        assert_eq!(
            label(&decide(&engine, path, &[])),
            "ambiguous_path",
            "{path}"
        );
    }
    assert_eq!(label(&decide(&engine, "/a;v=1", &[])), "missing_credential");
}

#[test]
fn refuses_encodings_that_change_which_rule_applies() {
    let engine = engine(json!({"rules": [
        {"match": {"prefix": "/admin"}, "requires": {"provider_name": "a"}},
        {"match": {"path_separated_prefix": "/@ops"}, "requires": {"provider_name": "a"}},
        {"match": {"path": "/caf%c3%a9%20x"}, "requires": {"provider_name": "a"}},
        {"match": {"safe_regex": {"regex": "/v[0-9]+"}}, "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/"}},
    ]}));
    for (path, expected) in [
        ("/%61dmin", "ambiguous_path"),
        ("/%40ops/x", "ambiguous_path"),
        ("/v%31", "ambiguous_path"),
        ("/caf%C3%A9%20x", "missing_credential"),
        ("/caf%c3%a9%20x", "missing_credential"),
        ("/%63af%c3%a9%20x", "ambiguous_path"),
        ("/admin/%61", "missing_credential"),
        ("/x%3b/..%3b/admin", "ambiguous_path"),
        ("/%7Euser/a%20b%", "not_required"),
    ] {
        assert_eq!(label(&decide(&engine, path, &[])), expected, "{path}");
    }
}

/// Such a header is taken away before anything is decided.
#[test]
fn chooses_no_rule_by_a_header_of_its_own() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    let engine = engine(json!({"providers": {"a": own}, "rules": [
        {"match": {"prefix": "/", "headers": [{"name": "x-user"}]}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    let decision = decide(&engine, "/", &[("x-user", "root")]);
    assert_eq!(label(&decision), "missing_credential");
}

#[test]
fn records_but_does_not_block_in_shadow_mode() {
    let engine = engine(json!({"mode": "shadow"}));
    let decision = decide(&engine, "/", &[]);
    let Decision::Permit(permit) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(permit.reason.shadowed(), Some(Reason::MissingCredential));
    assert_eq!(label(&decide(&engine, "/a/../b", &[])), "ambiguous_path");
}

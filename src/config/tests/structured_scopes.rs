//! Tests of scopes that contain roles.

use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::provider;
use crate::policy::StructuredScopes;

fn scopes(template: &str, fixed: &[(&str, &str)]) -> StructuredScopes {
    let fixed: serde_json::Map<_, _> = fixed
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let written = json!({"template": template, "where": fixed});
    provider(&[("structured_scopes", written)])
        .structured_scopes
        .unwrap()
}

#[test]
fn only_a_matching_scope_yields_a_role() {
    let fixed = [("cloud", "zscalerbeta.net"), ("org", "272378")];
    let scopes = scopes("{cloud}::{org}::{role}", &fixed);
    for (scope, role) in [
        ("zscalerbeta.net::272378::sampleRole", Some("sampleRole")),
        // The role is copied byte for byte: case is kept, and nothing is decoded.
        ("zscalerbeta.net::272378::SAMPLEROLE", Some("SAMPLEROLE")),
        ("zscalerbeta.net::272378::a b", Some("a b")),
        ("zscalerbeta.net::272378::%3A%3A", Some("%3A%3A")),
        ("zscalerbeta.net::272378::r\u{f4}le", Some("r\u{f4}le")),
        ("zscalerbeta.net::272378::{role}", Some("{role}")),
        ("zscalerbeta.net::272378::a:b", Some("a:b")),
        // Scopes of another organisation or of another cloud.
        ("zscalerbeta.net::272379::sampleRole", None),
        ("zscaler.net::272378::sampleRole", None),
        ("zscalerbeta.net::2723780::sampleRole", None),
        ("xzscalerbeta.net::272378::sampleRole", None),
        ("ZSCALERBETA.NET::272378::sampleRole", None),
        // Scopes with two parts, with four parts, or with an empty part.
        ("zscalerbeta.net::272378", None),
        ("zscalerbeta.net::sampleRole", None),
        ("zscalerbeta.net::272378::sampleRole::admin", None),
        ("zscalerbeta.net::272378::sampleRole::", None),
        ("zscalerbeta.net::272378::", None),
        ("zscalerbeta.net::272378:: ::", None),
        ("::272378::sampleRole", None),
        ("zscalerbeta.net::::sampleRole", None),
        ("", None),
        // Scopes that can be split at `::` in more than one way.
        ("zscalerbeta.net::272378:::sampleRole", None),
        ("zscalerbeta.net::272378::::", None),
        // Encoded colons, and characters that look like colons, letters or digits.
        ("zscalerbeta.net%3A%3A272378%3A%3AsampleRole", None),
        (
            "zscalerbeta.net\u{ff1a}\u{ff1a}272378\u{ff1a}\u{ff1a}r",
            None,
        ),
        ("zscalerb\u{435}ta.net::272378::sampleRole", None),
        ("zscalerbeta.net::27237\u{ff18}::sampleRole", None),
        ("zscalerbeta.net::272378::\u{0}", Some("\u{0}")),
        ("{cloud}::{org}::sampleRole", None),
    ] {
        assert_eq!(scopes.role(scope), role, "{scope:?}");
    }
}

#[test]
fn role_may_be_anywhere_in_the_template() {
    for (template, fixed, scope, role) in [
        ("{role}", &[][..], "reader", Some("reader")),
        ("api:{role}", &[], "api:reader", Some("reader")),
        ("api:{role}", &[], "api:api:reader", None),
        ("{role}@{org}", &[("org", "7")], "reader@7", Some("reader")),
        ("{role}@{org}", &[("org", "7")], "reader@7@7", None),
        ("{role}::{org}", &[("org", "7")], "reader:::7", None),
        (
            "{a}/{role}.{b}",
            &[("a", "x"), ("b", "y")],
            "x/r.y",
            Some("r"),
        ),
        ("{a}/{role}.{b}", &[("a", "x"), ("b", "y")], "x/.y", None),
        ("{a}/{role}.{b}", &[("a", "x"), ("b", "y")], "x/y", None),
        ("{a}/{role}.{b}", &[("a", "x"), ("b", "y")], "x/r.r.y", None),
    ] {
        assert_eq!(
            scopes(template, fixed).role(scope),
            role,
            "{template} {scope}"
        );
    }
}

/// Values in `where` are literal text, so braces in a value are not placeholders.
#[test]
fn braces_in_values_are_literal() {
    let scopes = scopes("{a}-{role}", &[("a", "{role}")]);
    assert_eq!(scopes.role("{role}-reader"), Some("reader"));
    assert_eq!(scopes.role("x-reader"), None);
}

#[test]
fn roles_come_only_from_scopes() {
    let provider = provider(&[(
        "structured_scopes",
        json!({"template": "a:{r}", "role": "r"}),
    )]);
    assert!(provider.role_claims.is_empty());
    assert_eq!(provider.scope_claims.len(), 2);
}

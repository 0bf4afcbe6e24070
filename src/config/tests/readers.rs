//! Tests of which providers' credentials are read for a requirement.

use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{base, base_with, parse};
use crate::policy::Audiences;

#[test]
fn reads_the_named_providers_and_all_others_if_a_member_applies_to_them() {
    let (a, lenient) = (json!({"provider_name": "a"}), json!({"allow_missing": {}}));
    let okta_for = |audience: &str| json!({"provider_and_audiences": {"provider_name": "okta", "audiences": [audience]}});
    let of = |kind: &str, members: &[&serde_json::Value]| json!({kind: {"requirements": members}});
    let (any, all) = ("requires_any", "requires_all");
    for (requires, expected) in [
        (a.clone(), vec![("a", "own")]),
        (lenient.clone(), vec![("a", "own"), ("okta", "api")]),
        (okta_for("x"), vec![("okta", "x")]),
        (
            of(any, &[&okta_for("x"), &a, &okta_for("y"), &okta_for("x")]),
            vec![("okta", "x"), ("a", "own"), ("okta", "y")],
        ),
        (of(any, &[&a, &lenient]), vec![("a", "own")]),
        (
            of(all, &[&a, &lenient]),
            vec![("a", "own"), ("okta", "api")],
        ),
        (
            of(all, &[&okta_for("x"), &lenient]),
            vec![("okta", "x"), ("a", "own")],
        ),
    ] {
        let mut other = base()["providers"]["okta"].clone();
        other["audiences"] = json!(["own"]);
        let config = parse(&base_with(&[
            ("providers.a", other),
            ("rules.0.requires", requires.clone()),
        ]));
        let config = config.unwrap();
        let found = config.providers_read_for(config.rules[0].requirement().unwrap());
        let found: Vec<_> = found
            .map(|(id, audiences)| (&*config.provider(id).unwrap().name, audiences.clone()))
            .collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(name, audience)| (name, Audiences::AnyOf(vec![audience.to_owned()])))
            .collect();
        assert_eq!(found, expected, "{requires}");
    }
}

//! Presets in whole configurations.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{base_with, parse, provider};
use crate::{
    config::Preset,
    policy::Audiences,
    verification::{KeyIssuer, TokenTypes},
};

const NAMES: [&str; 10] = [
    "auth0",
    "cognito",
    "entra-v1",
    "entra-v2",
    "generic",
    "keycloak",
    "okta",
    "ping-federate",
    "private-key-jwt",
    "rfc9068",
];

fn refusal(changes: &[(&str, Value)]) -> String {
    parse(&base_with(changes)).unwrap_err().to_string()
}

fn warnings(changes: &[(&str, Value)]) -> Vec<String> {
    let config = parse(&base_with(changes)).unwrap_or_else(|error| panic!("{error}"));
    config.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn each_is_accepted_and_adds_nothing_weak() {
    for name in NAMES {
        let changes = [
            ("providers.okta.preset", json!(name)),
            ("providers.okta.client_ids", json!(["c"])),
        ];
        let config = parse(&base_with(&changes)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let provider = &config.providers[0];
        assert_ne!(provider.trust.audiences, Audiences::Any, "{name}");
        assert_ne!(provider.trust.token_types, TokenTypes::Any, "{name}");
        assert!(provider.trust.times.require_expiration, "{name}");
        let is_entra = matches!(provider.preset, Preset::EntraV1 | Preset::EntraV2);
        assert_eq!(
            provider.trust.key_issuer == KeyIssuer::Match,
            is_entra,
            "{name}"
        );
    }
}

#[test]
fn unknown_one_is_refused_with_the_nearest_name() {
    let refused = refusal(&[("providers.okta.preset", json!("keyclock"))]);
    assert!(
        refused.starts_with(
            "providers.okta.preset: unknown value \"keyclock\", did you mean \"keycloak\"?"
        ),
        "{refused}"
    );
}

#[test]
fn none_makes_up_an_audience_or_lets_in_every_tenant() {
    for name in NAMES.iter().filter(|name| **name != "cognito") {
        let refused = refusal(&[
            ("providers.okta.preset", json!(name)),
            ("providers.okta.audiences", json!(null)),
        ]);
        assert!(
            refused.contains("tokens meant for anyone"),
            "{name}: {refused}"
        );
    }
    for name in ["entra-v1", "entra-v2"] {
        let tenants = |value: Value| {
            [
                ("providers.okta.preset", json!(name)),
                ("providers.okta.issuer", json!(null)),
                ("providers.okta.require_claims", value),
            ]
        };
        let refused = refusal(&tenants(json!(null)));
        assert!(
            refused.contains("any \"tid\" would be accepted"),
            "{refused}"
        );
        let listed = json!([{ "claim": "tid", "any_of": ["t-1"] }]);
        assert_eq!(warnings(&tenants(listed)), Vec::<String>::new());
    }
}

#[test]
fn cognito_asks_for_clients_where_it_has_no_audience() {
    let preset = ("providers.okta.preset", json!("cognito"));
    let no_audience = ("providers.okta.audiences", json!(null));
    let refused = refusal(&[preset.clone(), no_audience.clone()]);
    assert_eq!(
        refused,
        "providers.okta: missing field \"client_ids\"; add \"client_ids\""
    );
    let clients = ("providers.okta.client_ids", json!(["c"]));
    let changes = [preset.clone(), no_audience.clone(), clients];
    assert_eq!(warnings(&changes), Vec::<String>::new());
    let open = ("providers.okta.allow_any_audience", json!(true));
    assert_eq!(warnings(&[preset, no_audience, open]).len(), 1);
    assert_eq!(
        provider(&[("preset", json!("cognito"))]).trust.audiences,
        Audiences::AnyOf(vec!["api".into()])
    );
}

#[test]
fn issuer_with_the_wrong_end_is_told_of() {
    for (name, issuer, expected) in [
        ("auth0", "https://t.auth0.example/", None),
        (
            "auth0",
            "https://t.auth0.example",
            Some("this preset's issuers end in \"/\": no token will fit"),
        ),
        (
            "entra-v1",
            "https://sts.windows.net/t-1",
            Some("this preset's issuers end in \"/\": no token will fit"),
        ),
        (
            "okta",
            "https://o.okta.example/oauth2/a/",
            Some("this preset's issuers do not end in \"/\": no token will fit"),
        ),
        ("ping-federate", "https://pf.example/", None),
        ("generic", "https://as.example", None),
    ] {
        let found = warnings(&[
            ("providers.okta.preset", json!(name)),
            ("providers.okta.issuer", json!(issuer)),
        ]);
        let expected = expected.map(|text| format!("providers.okta.issuer: {text}"));
        assert_eq!(found, Vec::from_iter(expected), "{name} {issuer}");
    }
}

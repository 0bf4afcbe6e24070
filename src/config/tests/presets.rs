//! Tests of presets in whole configurations.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{base_with, parse, provider, trust, warnings};
use crate::{
    config::{
        Preset,
        raw::describe::{Definitions, Describe as _},
    },
    jose::{ClaimPath, JwkAlgorithm},
    policy::Audiences,
    verification::{KeyIssuer, TokenTypes},
};

/// Reads the names of all presets from the schema.
fn names() -> Vec<String> {
    let listed = Preset::describe(&mut Definitions::default());
    serde_json::from_value(listed["enum"].clone()).unwrap()
}

/// Returns the fields that `preset` requires in addition to those of the base configuration.
fn needs(preset: &str) -> Vec<(&'static str, Value)> {
    match preset {
        "spiffe" => vec![("providers.okta.trust_domain", json!("example.org"))],
        _ => Vec::new(),
    }
}

fn refusal(changes: &[(&str, Value)]) -> String {
    parse(&base_with(changes)).unwrap_err().to_string()
}

#[test]
fn every_preset_is_accepted_and_strict() {
    for name in &names() {
        let changes = [
            ("providers.okta.preset", json!(name)),
            ("providers.okta.client_ids", json!(["c"])),
        ];
        let changes = [&changes[..], &needs(name)].concat();
        let config = parse(&base_with(&changes)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let provider = &config.providers[0];
        assert_ne!(trust(provider).audiences, Audiences::Any, "{name}");
        assert_ne!(trust(provider).token_types, TokenTypes::Any, "{name}");
        assert!(trust(provider).times.require_expiration, "{name}");
        let is_entra = matches!(provider.preset, Preset::EntraV1 | Preset::EntraV2);
        assert_eq!(
            trust(provider).key_issuer == KeyIssuer::Match,
            is_entra,
            "{name}"
        );
    }
}

#[test]
fn unknown_preset_is_refused_with_the_nearest_name() {
    let refused = refusal(&[("providers.okta.preset", json!("keyclock"))]);
    assert!(
        refused.starts_with(
            "providers.okta.preset: unknown value \"keyclock\", did you mean \"keycloak\"?"
        ),
        "{refused}"
    );
}

#[test]
fn no_preset_sets_an_audience_or_admits_every_tenant() {
    for name in names().iter().filter(|name| *name != "cognito") {
        let changes = [
            ("providers.okta.preset", json!(name)),
            ("providers.okta.audiences", json!(null)),
        ];
        let refused = refusal(&[&changes[..], &needs(name)].concat());
        assert!(
            refused.contains("tokens for any audience"),
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
            refused.contains("any value of the claim \"tid\" would be accepted"),
            "{refused}"
        );
        let listed = json!([{ "claim": "tid", "any_of": ["t-1"] }]);
        assert_eq!(warnings(&tenants(listed)), Vec::<String>::new());
    }
}

#[test]
fn cognito_requires_clients_if_there_is_no_audience() {
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
        trust(&provider(&[("preset", json!("cognito"))])).audiences,
        Audiences::AnyOf(vec!["api".into()])
    );
}

#[test]
fn warns_of_a_missing_or_superfluous_final_slash_of_an_issuer() {
    for (name, issuer, expected) in [
        ("auth0", "https://t.auth0.example/", None),
        (
            "auth0",
            "https://t.auth0.example",
            Some(
                "the issuers of this preset end in \"/\", so no token will match; add the final \"/\"",
            ),
        ),
        (
            "entra-v1",
            "https://sts.windows.net/t-1",
            Some(
                "the issuers of this preset end in \"/\", so no token will match; add the final \"/\"",
            ),
        ),
        (
            "okta",
            "https://o.okta.example/oauth2/a/",
            Some(
                "the issuers of this preset do not end in \"/\", so no token will match; remove the final \"/\"",
            ),
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

/// Applies `changes` to the provider of [`base`](super::base). Returns the resulting values of all
/// fields that presets can set.
fn fields(changes: &[(&str, Value)]) -> Value {
    let own = provider(changes);
    let claims = |paths: &[ClaimPath]| -> Vec<String> {
        let joined = |path: &ClaimPath| path.segments().collect::<Vec<_>>().join("/");
        paths.iter().map(joined).collect()
    };
    let required = trust(&own).require_claims.iter().map(|required| {
        let claim = claims(std::slice::from_ref(&required.claim)).join("");
        json!([claim, required.any_of])
    });
    let token_types = match &trust(&own).token_types {
        TokenTypes::Any => json!("*"),
        TokenTypes::OneOf { names, absent } => json!([names, absent]),
    };
    json!({
        "issuer": trust(&own).issuer.as_written(),
        "clients": claims(&trust(&own).client_id_claims),
        "scopes": claims(&own.scope_claims),
        "roles": claims(&own.role_claims),
        "required": required.collect::<Vec<_>>(),
        "token_types": token_types,
        "algorithms": trust(&own).algorithms.iter().map(|own| own.name()).collect::<Vec<_>>(),
        "max_lifetime": trust(&own).times.max_lifetime.map(|span| span.as_secs()),
        "family": trust(&own).jwk_algorithm == JwkAlgorithm::Family,
        "key_issuer": trust(&own).key_issuer == KeyIssuer::Match,
    })
}

fn of_preset(name: &str, changes: &[(&str, Value)]) -> Value {
    let needs = needs(name).into_iter().map(|(path, value)| {
        let field = path.strip_prefix("providers.okta.").unwrap();
        (field, value)
    });
    let preset: Vec<_> = needs.chain([("preset", json!(name))]).collect();
    fields(&[&preset, changes].concat())
}

/// Returns the expected result of [`fields`]: the values of a provider without a preset, overridden
/// by `changes`.
fn unlike_generic(changes: &Value) -> Value {
    let mut fields = json!({
        "issuer": "https://idp.example",
        "clients": ["client_id", "cid", "azp", "appid"],
        "scopes": ["scope", "scp"],
        "roles": ["roles"],
        "required": [],
        "token_types": [["at+jwt", "jwt"], true],
        "algorithms": [
            "EdDSA", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
        ],
        "max_lifetime": null,
        "family": false,
        "key_issuer": false,
    });
    for (field, value) in changes.as_object().unwrap() {
        fields[field] = value.clone();
    }
    fields
}

#[test]
fn every_preset_sets_the_fields_of_its_product() {
    let jwt_or_at = json!([["jwt", "at+jwt"], false]);
    let none_or_at = json!([["at+jwt"], true]);
    let products = [
        ("generic", json!({})),
        (
            "auth0",
            json!({
                "clients": ["azp", "client_id"], "scopes": ["scope"], "roles": ["permissions"],
                "token_types": jwt_or_at,
            }),
        ),
        (
            "cognito",
            json!({
                "clients": ["client_id"], "scopes": ["scope"], "roles": ["cognito:groups"],
                "required": [["token_use", ["access"]]], "token_types": none_or_at,
            }),
        ),
        (
            "entra-v1",
            json!({
                "clients": ["appid"], "scopes": ["scp"], "required": [["appid", null]],
                "key_issuer": true, "token_types": jwt_or_at,
            }),
        ),
        (
            "entra-v2",
            json!({
                "clients": ["azp"], "scopes": ["scp"], "required": [["azp", null]],
                "key_issuer": true, "token_types": jwt_or_at,
            }),
        ),
        (
            "github-actions",
            json!({
                "clients": ["sub"], "scopes": [], "roles": [], "algorithms": ["RS256"],
                "required": [["sub", null], ["repository", null]], "token_types": [["jwt"], false],
            }),
        ),
        (
            "google",
            json!({
                "clients": ["azp"], "scopes": [], "roles": [], "algorithms": ["RS256"],
                "required": [["sub", null]], "token_types": [["jwt"], false],
            }),
        ),
        (
            "kubernetes",
            json!({
                "clients": ["sub"], "scopes": [], "roles": [],
                "required": [["sub", null], ["kubernetes.io", null]],
                "token_types": [["jwt"], true],
            }),
        ),
        (
            "spiffe",
            json!({
                "clients": ["sub"], "scopes": [], "roles": [],
                "algorithms": [
                    "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
                ],
                "required": [["sub", null], ["aud", null], ["exp", null]],
                "token_types": [["jwt", "jose"], true],
            }),
        ),
        (
            "keycloak",
            json!({
                "clients": ["azp", "client_id"], "scopes": ["scope"],
                "roles": ["realm_access/roles"], "required": [["typ", ["Bearer"]]],
                "token_types": jwt_or_at,
            }),
        ),
        (
            "okta",
            json!({
                "clients": ["cid"], "scopes": ["scp"], "roles": ["groups"],
                "required": [["cid", null]], "token_types": none_or_at,
            }),
        ),
        (
            "ping-federate",
            json!({
                "clients": ["client_id"], "family": true,
                "token_types": [["jwt", "at+jwt"], true],
            }),
        ),
        (
            "private-key-jwt",
            json!({
                "clients": ["iss", "sub"], "scopes": [], "roles": [], "required": [["sub", null]],
                "max_lifetime": 600, "token_types": [["jwt", "client-authentication+jwt"], true],
            }),
        ),
        (
            "rfc9068",
            json!({
                "clients": ["client_id"], "scopes": ["scope"],
                "required": [["sub", null], ["client_id", null], ["iat", null], ["jti", null]],
                "token_types": [["at+jwt"], false],
            }),
        ),
    ];
    assert_eq!(products.len(), names().len());
    for (name, expected) in products {
        assert_eq!(of_preset(name, &[]), unlike_generic(&expected), "{name}");
    }
}

#[test]
fn presets_of_public_issuers_set_the_issuer() {
    for (name, issuer) in [
        (
            "github-actions",
            json!("https://token.actions.githubusercontent.com"),
        ),
        ("google", json!("https://accounts.google.com")),
        ("spiffe", json!(null)),
    ] {
        let unwritten = of_preset(name, &[("issuer", json!(null))]);
        assert_eq!(unwritten["issuer"], issuer, "{name}");
        let written = of_preset(name, &[("issuer", json!("https://ghes.example/_services"))]);
        assert_eq!(
            written["issuer"], "https://ghes.example/_services",
            "{name}"
        );
    }
}

#[test]
fn warns_if_anyone_can_get_tokens_that_are_accepted() {
    for name in [
        "generic",
        "github-actions",
        "google",
        "kubernetes",
        "spiffe",
    ] {
        let preset = || {
            let preset = vec![("providers.okta.preset", json!(name))];
            [preset, needs(name)].concat()
        };
        let found = warnings(&preset());
        let is_open = ["github-actions", "google"].contains(&name);
        let expected = is_open.then(|| {
            "providers.okta.require_claims: anyone can get a token for any audience from \
             this issuer; restrict whose tokens are accepted, here or in \"subjects\""
                .to_owned()
        });
        let expected: Vec<String> = expected.into_iter().collect();
        assert_eq!(found, expected, "{name}");
        for (field, value) in [
            ("providers.okta.subjects", json!({ "prefix": "repo:acme/" })),
            ("providers.okta.client_ids", json!(["117"])),
            (
                "providers.okta.require_claims",
                json!([{ "claim": "repository_owner_id", "any_of": ["65"] }]),
            ),
            (
                "rules.0.authorize.claims",
                json!([{ "claim": "repository_owner_id", "any_of": ["65"] }]),
            ),
        ] {
            let selective = [preset(), vec![(field, value)]].concat();
            assert_eq!(warnings(&selective), Vec::<String>::new(), "{name} {field}");
        }
    }
}

#[test]
fn warns_if_anyone_can_get_a_token_for_a_rule_without_a_provider() {
    let scopes = json!({ "scopes": { "any_of": ["read"] } });
    for (authorize, is_open) in [(json!(null), false), (scopes, true)] {
        let found = warnings(&[
            ("providers.okta.preset", json!("github-actions")),
            ("rules.0.requires", json!({ "allow_missing": {} })),
            ("rules.0.authorize", authorize.clone()),
        ]);
        let expected = "providers.okta.require_claims: anyone can get a token";
        let is_warned = found.iter().any(|one| one.starts_with(expected));
        assert_eq!(is_warned, is_open, "{authorize} {found:?}");
    }
}

#[test]
fn warns_if_anyone_can_get_a_token_for_the_status_page() {
    let claims = json!({ "claims": [{ "claim": "repository_owner_id", "any_of": ["65"] }] });
    let clients = json!({ "client_ids": ["117"] });
    let scopes = json!({ "scopes": { "any_of": ["status"] } });
    for (authorize, is_open) in [
        (json!(null), true),
        (scopes, true),
        (claims, false),
        (clients, false),
    ] {
        let found = warnings(&[
            ("providers.okta.preset", json!("github-actions")),
            ("rules", json!([])),
            ("requirement_map.none", json!({ "allow_missing": {} })),
            ("status.path", json!("/status")),
            ("status.requires.provider_name", json!("okta")),
            ("status.authorize", authorize.clone()),
        ]);
        let expected = "providers.okta.require_claims: anyone can get a token";
        let is_warned = found.iter().any(|one| one.starts_with(expected));
        assert_eq!(is_warned, is_open, "{authorize} {found:?}");
    }
}

#[test]
fn presets_of_entra_set_the_issuer() {
    let required = json!([{ "claim": "tid", "any_of": ["t-1"] }]);
    for (name, issuer) in [
        ("entra-v1", "https://sts.windows.net/{tid}/"),
        ("entra-v2", "https://login.microsoftonline.com/{tid}/v2.0"),
    ] {
        let unwritten = [
            ("issuer", json!(null)),
            ("require_claims", required.clone()),
        ];
        assert_eq!(of_preset(name, &unwritten)["issuer"], issuer);
    }
}

#[test]
fn written_fields_replace_those_of_the_preset() {
    let written = [
        ("require_claims", json!([])),
        ("token_types", json!(["JWT"])),
        ("algorithms", json!(["ES256"])),
        ("scope_claims", json!([])),
        ("client_id_claims", json!(["azp"])),
        ("key_issuer", json!("ignore")),
        ("jwk_algorithm", json!("exact")),
        ("max_lifetime", json!("60s")),
        ("role_claims", json!(["r"])),
    ];
    for name in &names() {
        assert_eq!(of_preset(name, &written), fields(&written), "{name}");
    }
    let camel = [("maxLifetime", json!("60s"))];
    assert_eq!(of_preset("private-key-jwt", &camel)["max_lifetime"], 60);
}

#[test]
fn null_does_not_replace_a_field_of_the_preset() {
    let mut document = base_with(&[("providers.okta.preset", json!("okta"))]);
    for field in ["scope_claims", "client_id_claims"] {
        document["providers"]["okta"][field] = json!(null);
    }
    let provider = parse(&document).unwrap().providers.remove(0);
    let segments = |claims: &[ClaimPath]| claims[0].segments().collect::<Vec<_>>().join("/");
    assert_eq!(segments(&provider.scope_claims), "scp");
    assert_eq!(segments(&trust(&provider).client_id_claims), "cid");
}

#[test]
fn required_claims_are_added_to_those_of_the_preset() {
    let own = json!({ "claim": "tid", "any_of": ["t-1"] });
    let (tid, typ) = (json!(["tid", ["t-1"]]), json!(["typ", ["Bearer"]]));
    for (written, expected) in [
        (json!([own]), json!([tid, typ])),
        (json!([{ "claim": "typ" }]), json!([["typ", null]])),
        (json!([{ "claim": ["typ"] }]), json!([["typ", null]])),
        (json!([]), json!([])),
    ] {
        let keycloak = of_preset("keycloak", &[("require_claims", written)]);
        assert_eq!(keycloak["required"], expected);
    }
}

#[test]
fn alternative_fields_replace_those_of_the_preset() {
    let open = of_preset(
        "entra-v2",
        &[("issuer", json!(null)), ("allow_any_issuer", json!(true))],
    );
    assert_eq!(open["issuer"], json!(null));
    let undecided = refusal(&[
        ("providers.okta.preset", json!("entra-v2")),
        ("providers.okta.issuer", json!(null)),
        ("providers.okta.allow_any_issuer", json!(false)),
    ]);
    assert!(undecided.contains("tokens of any issuer"), "{undecided}");
    let structured = json!({ "template": "{org}::{role}", "where": { "org": "acme" } });
    let scopes = of_preset("okta", &[("structured_scopes", structured)]);
    assert_eq!(scopes["roles"], json!([]));
}

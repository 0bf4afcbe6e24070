//! Required claims and scopes, in all the forms that authorization servers use.

use serde_json::{Value, json};

use crate::world::{
    a_path_for_each, configuration, get, local_provider, signer, start, token_with,
};
use support::{
    driver::{Driver, Setup},
    objects::with,
    on_every_driver,
};

on_every_driver!(
    audience_issuer_and_client_must_match_if_the_provider_sets_them,
    the_client_is_named_by_any_of_four_claims,
    scopes_are_read_in_every_form,
);

/// Audience, issuer and client are optional settings of a provider. A token needs one of these
/// claims only if the provider has the corresponding setting.
fn audience_issuer_and_client_must_match_if_the_provider_sets_them<D: Driver>() {
    let signer = signer();
    let provider = |changes: Value| {
        let lenient = json!({
            "issuer": null, "audiences": null, "allow_any_issuer": true, "allow_any_audience": true,
        });
        with(with(local_provider(&signer), &lenient), &changes)
    };
    let gate: D = start(&Setup::new(a_path_for_each(&json!({
        "none": provider(json!({})),
        "aud": provider(json!({ "allow_any_audience": null, "audiences": ["orders", "bills"] })),
        "iss": provider(json!({ "allow_any_issuer": null, "issuer": "https://as.example" })),
        "client": provider(json!({ "client_ids": ["c-1", "c-2"] })),
    }))));
    for (name, claim, right) in [
        ("aud", "aud", json!(["x", "bills"])),
        ("iss", "iss", json!("https://as.example")),
        ("client", "client_id", json!("c-2")),
    ] {
        let of = |value: &Value| token_with(&gate, &signer, &json!({ claim: value }));
        let (missing, wrong) = (of(&Value::Null), of(&json!("other")));
        for token in [&missing, &wrong] {
            assert_eq!(get(&gate, "/none", token).status, 200, "{claim} is not set");
            let refused = get(&gate, &format!("/{name}"), token);
            assert_eq!(refused.outcome().0, 401, "{claim}");
            let challenge = refused.headers.value("www-authenticate").unwrap();
            assert!(challenge.contains(r#"error="invalid_token""#), "{claim}");
        }
        assert_eq!(
            get(&gate, &format!("/{name}"), &of(&right)).status,
            200,
            "{claim}"
        );
    }
}

/// Authorization servers use different claims to name the client. A token that names two clients is
/// refused.
fn the_client_is_named_by_any_of_four_claims<D: Driver>() {
    let signer = signer();
    let mut provider = local_provider(&signer);
    provider["client_ids"] = json!(["app"]);
    let gate: D = start(&Setup::new(configuration(&provider)));
    let sent = |claims: Value| {
        let token = token_with(&gate, &signer, &claims);
        let exchange = get(&gate, "/", &token);
        let (status, reason) = exchange.outcome();
        (status, reason.to_owned())
    };
    let refused = (401, "client".to_owned());
    for claim in ["client_id", "cid", "azp", "appid"] {
        assert_eq!(sent(json!({ claim: "app" })).0, 200, "{claim}");
        assert_eq!(sent(json!({ claim: "other" })), refused, "{claim}");
    }
    assert_eq!(sent(json!({ "azp": "app", "client_id": "app" })).0, 200);
    assert_eq!(sent(json!({ "azp": "app", "client_id": "b" })), refused);
    assert_eq!(sent(json!({ "azp": "b", "client_id": "app" })), refused);
    assert_eq!(sent(json!({})), refused, "none at all");
}

/// Okta, Entra ID and PingFederate write scopes differently. For a rule, all forms mean the same
/// set of scopes.
fn scopes_are_read_in_every_form<D: Driver>() {
    let signer = signer();
    let mut provider = local_provider(&signer);
    provider["scope_claims"] = json!(["scope", "scp", "roles"]);
    let rule = |path: &str, scopes: Value| {
        json!({
            "match": { "path": path },
            "requires": { "provider_name": "login" },
            "authorize": { "scopes": scopes },
        })
    };
    let mut config = configuration(&provider);
    config["rules"] = json!([
        rule("/both", json!({ "all_of": ["read", "write"] })),
        rule("/one", json!({ "any_of": ["delete", "write"] })),
        rule("/more", json!({ "all_of": ["read", "write", "delete"] })),
        rule("/part", json!({ "any_of": ["rea", "readwrite"] })),
    ]);
    let gate: D = start(&Setup::new(config));
    for (form, claims) in [
        ("Okta", json!({ "scp": ["read", "write"] })),
        ("Entra, delegated", json!({ "scp": "read write" })),
        ("Entra, application", json!({ "roles": ["read", "write"] })),
        ("PingFederate", json!({ "scope": ["read", "write"] })),
        ("PingFederate, delimited", json!({ "scope": "read write" })),
        (
            "scopes in two claims",
            json!({ "scope": "read", "scp": ["write"] }),
        ),
    ] {
        let token = token_with(&gate, &signer, &claims);
        for (path, expected) in [
            ("/both", 200),
            ("/one", 200),
            ("/more", 403),
            ("/part", 403),
        ] {
            assert_eq!(get(&gate, path, &token).status, expected, "{form}: {path}");
        }
    }
    // A scope cannot contain a space, so the list element `read write` grants nothing.
    let joined = token_with(&gate, &signer, &json!({ "scp": ["read write"] }));
    assert_eq!(get(&gate, "/one", &joined).status, 403);
}

//! Z1 to Z5: the record of an authorization server, and what each of its fields demands.

use serde_json::{Value, json};

use super::{one_path_each, outcome, status, token_with};
use crate::world::{
    JWKS_PATH, configuration, get, local_provider, publishing, remote_provider, signer, start,
    token,
};
use support::{
    driver::{Driver, Setup},
    on_both_drivers,
};

on_both_drivers!(
    z01_provider_record,
    z02_disabled_provider,
    z03_audience_issuer_and_client_if_set_must_match,
    z04_client_id_of_any_of_four_claims,
    z05_scopes_in_any_form,
);

/// Name and description have bounds, and a refusal says where.
fn z01_provider_record<D: Driver>() {
    let signer = signer();
    let mut record = local_provider(&signer);
    record["description"] = json!("d".repeat(256));
    record["enabled"] = json!(true);
    record["client_ids"] = json!(["c-1", "c-2"]);
    let named = |name: &str, record: &Value| {
        let mut config = configuration(record);
        config["providers"] = json!({ name: record });
        config["rules"][0]["requires"] = json!({ "provider_name": name });
        Setup::new(config)
    };
    let longest = "n".repeat(64);
    let gate: D = start(&named(&longest, &record));
    let token = token_with(&gate, &signer, &json!({ "client_id": "c-2" }));
    assert_eq!(get(&gate, "/", &token).status, 200);
    let mut wordy = record.clone();
    wordy["description"] = json!("d".repeat(257));
    for (name, record, place) in [
        ("a b", &record, "providers[\"a b\"]: "),
        (&"n".repeat(65), &record, &format!("providers.n{longest}: ")),
        ("login", &wordy, "providers.login.description: "),
    ] {
        let Err(refused) = D::start(&named(name, record)) else {
            panic!("accepted {name}")
        };
        assert!(refused.0.contains(place), "{place}: {}", refused.0);
    }
}

/// Its tokens are refused and its keys not fetched; it comes back without a restart.
fn z02_disabled_provider<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    let mut config = configuration(&remote_provider());
    config["providers"]["login"]["enabled"] = json!(false);
    let gate: D = start(&Setup::new(config.clone()).cluster("login", &server));
    let token = token(&gate, &signer, "alice");
    let refused = get(&gate, "/", &token);
    assert_eq!(outcome(&refused), (401, "provider_disabled"));
    let challenge = r#"Bearer realm="api", error="invalid_token""#;
    assert_eq!(
        refused.headers.value("www-authenticate").as_deref(),
        Some(challenge)
    );
    assert_eq!(server.fetches(JWKS_PATH), 0);
    config["providers"]["login"]["enabled"] = json!(true);
    gate.reconfigure(&config).unwrap();
    gate.wait_until("the provider is back", || {
        get(&gate, "/", &token).status == 200
    });
}

/// Each is optional; where it is set, the token must say so.
fn z03_audience_issuer_and_client_if_set_must_match<D: Driver>() {
    let signer = signer();
    let record = |changes: Value| {
        let mut record = local_provider(&signer);
        record["issuer"] = Value::Null;
        record["audiences"] = Value::Null;
        record["allow_any_issuer"] = json!(true);
        record["allow_any_audience"] = json!(true);
        for (name, value) in changes.as_object().unwrap() {
            record[name] = value.clone();
        }
        record
    };
    let gate: D = start(&Setup::new(one_path_each(&json!({
        "none": record(json!({})),
        "aud": record(json!({ "allow_any_audience": null, "audiences": ["orders", "bills"] })),
        "iss": record(json!({ "allow_any_issuer": null, "issuer": "https://as.example" })),
        "client": record(json!({ "client_ids": ["c-1", "c-2"] })),
    }))));
    for (provider, claim, right) in [
        ("aud", "aud", json!(["x", "bills"])),
        ("iss", "iss", json!("https://as.example")),
        ("client", "client_id", json!("c-2")),
    ] {
        let with = |value: &Value| token_with(&gate, &signer, &json!({ claim: value }));
        let (missing, wrong) = (with(&Value::Null), with(&json!("other")));
        for token in [&missing, &wrong] {
            assert_eq!(status(&gate, "none", token), 200, "{claim} is not set");
            let refused = get(&gate, &format!("/{provider}"), token);
            assert_eq!(outcome(&refused).0, 401, "{claim}");
            let challenge = refused.headers.value("www-authenticate").unwrap();
            assert!(challenge.contains(r#"error="invalid_token""#), "{claim}");
        }
        assert_eq!(status(&gate, provider, &with(&right)), 200, "{claim}");
    }
}

/// One configuration for four servers; a token that names two clients is nobody's.
fn z04_client_id_of_any_of_four_claims<D: Driver>() {
    let signer = signer();
    let mut record = local_provider(&signer);
    record["client_ids"] = json!(["app"]);
    let gate: D = start(&Setup::new(configuration(&record)));
    let sent = |claims: Value| {
        let token = token_with(&gate, &signer, &claims);
        let exchange = get(&gate, "/", &token);
        (exchange.status, exchange.details)
    };
    let refused = (401, "portcullis_denied{client}".to_owned());
    for claim in ["client_id", "cid", "azp", "appid"] {
        assert_eq!(sent(json!({ claim: "app" })).0, 200, "{claim}");
        assert_eq!(sent(json!({ claim: "other" })), refused, "{claim}");
    }
    assert_eq!(sent(json!({ "azp": "app", "client_id": "app" })).0, 200);
    assert_eq!(sent(json!({ "azp": "app", "client_id": "b" })), refused);
    assert_eq!(sent(json!({ "azp": "b", "client_id": "app" })), refused);
    assert_eq!(sent(json!({})), refused, "none at all");
}

/// As Okta, Entra and PingFederate write them: the same set.
fn z05_scopes_in_any_form<D: Driver>() {
    let signer = signer();
    let mut record = local_provider(&signer);
    record["scope_claims"] = json!(["scope", "scp", "roles"]);
    let rule = |path: &str, scopes: Value| {
        json!({
            "match": { "path": path },
            "requires": { "provider_name": "login" },
            "authorize": { "scopes": scopes },
        })
    };
    let mut config = configuration(&record);
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
        ("united", json!({ "scope": "read", "scp": ["write"] })),
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
    // What stands in a list with a space is no scope.
    let joined = token_with(&gate, &signer, &json!({ "scp": ["read write"] }));
    assert_eq!(get(&gate, "/one", &joined).status, 403);
}

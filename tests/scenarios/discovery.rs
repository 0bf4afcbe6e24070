//! Keys that Portcullis finds through the issuer's metadata.

use serde_json::json;

use crate::world::{ISSUER, JWKS_PATH, claims, configuration, get, provider, signer, start, token};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Setup},
    on_every_driver,
};

const OPENID: &str = "/.well-known/openid-configuration";

on_every_driver!(
    finds_keys_through_the_issuer_s_metadata,
    ignores_the_metadata_of_another_issuer,
    understands_metadata_that_tenants_share,
    keeps_the_last_keys_while_metadata_fails,
);

fn metadata(issuer: &str) -> Answer {
    let uri = format!("https://keys.example.com{JWKS_PATH}");
    Answer::json(json!({ "issuer": issuer, "jwks_uri": uri }).to_string())
}

/// A gate that fetches metadata through one cluster and keys through another.
fn discovering<D: Driver>(
    metadata: &AuthorizationServer,
    keys: &AuthorizationServer,
    changes: &[(&str, serde_json::Value)],
) -> D {
    let mut provider = provider();
    provider["discovery"] = json!({
        "cluster": "login", "jwks_cluster": "keys", "timeout": "2s",
        "async_fetch": { "failed_refetch_duration": "0.2s" },
    });
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        provider.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    let setup = Setup::new(configuration(&provider));
    start(&setup.cluster("login", metadata).cluster("keys", keys))
}

fn publishing_keys() -> AuthorizationServer {
    crate::world::publishing(&signer())
}

fn finds_keys_through_the_issuer_s_metadata<D: Driver>() {
    let (login, keys) = (AuthorizationServer::new(), publishing_keys());
    login.answer(OPENID, metadata(ISSUER));
    let gate: D = discovering(&login, &keys, &[]);
    let token = token(&gate, &signer(), "alice");
    gate.wait_until("keys", || get(&gate, "/", &token).status == 200);
    assert_eq!((login.fetches(OPENID), keys.fetches(JWKS_PATH)), (1, 1));
    // In the request for keys, the host comes from the metadata document, and the cluster comes
    // from the configuration.
    let asked = keys.requests().remove(0).headers.value("host");
    assert_eq!(
        asked.as_deref().unwrap_or("keys.example.com"),
        "keys.example.com"
    );
}

fn ignores_the_metadata_of_another_issuer<D: Driver>() {
    let (login, keys) = (AuthorizationServer::new(), publishing_keys());
    login.answer(OPENID, metadata("https://login.example.org"));
    let gate: D = discovering(&login, &keys, &[]);
    let token = token(&gate, &signer(), "alice");
    assert_eq!(get(&gate, "/", &token).status, 503);
    assert_eq!(keys.fetches(JWKS_PATH), 0);
    let said = |line: &String| line.contains("the metadata names an issuer other than");
    assert!(gate.log().iter().any(said), "{:?}", gate.log());
}

fn understands_metadata_that_tenants_share<D: Driver>() {
    let (login, keys) = (AuthorizationServer::new(), publishing_keys());
    let place = format!("/common/v2.0{OPENID}");
    login.answer(&place, metadata(&format!("{ISSUER}/{{tenantid}}/v2.0")));
    let gate: D = discovering(
        &login,
        &keys,
        &[
            ("/issuer", json!(format!("{ISSUER}/{{tid}}/v2.0"))),
            (
                "/require_claims",
                json!([{ "claim": "tid", "any_of": ["t-1"] }]),
            ),
        ],
    );
    let token_of = |tenant: &str| {
        let mut claims = claims(&gate, "alice");
        claims["iss"] = json!(format!("{ISSUER}/{tenant}/v2.0"));
        claims["tid"] = json!(tenant);
        signer().sign_claims(&claims)
    };
    let (own, other) = (token_of("t-1"), token_of("t-2"));
    gate.wait_until("keys", || get(&gate, "/", &own).status == 200);
    assert_eq!(get(&gate, "/", &other).status, 401);
}

fn keeps_the_last_keys_while_metadata_fails<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let (login, keys) = (AuthorizationServer::new(), publishing_keys());
    login.answer(OPENID, metadata(ISSUER));
    let gate: D = discovering(&login, &keys, &[("/discovery/cache_duration", json!("1s"))]);
    let token = token(&gate, &signer(), "alice");
    gate.wait_until("keys", || get(&gate, "/", &token).status == 200);
    let failed = || {
        gate.metric("portcullis.provider.login.jwks.fetch_failed")
            .unwrap_or(0)
    };
    for answer in [Answer::status(500), Answer::json("<html>"), Answer::reset()] {
        let before = failed();
        login.answer(OPENID, answer);
        gate.wait_until("a failed fetch", || failed() > before);
        assert_eq!(get(&gate, "/", &token).status, 200);
    }
}

//! A header with an identity that Portcullis builds from claims. No client can set this header.

use serde_json::{Value, json};

use crate::{
    roles::{claims_for_the_page as claims, page_with_keys_of},
    world::{signer, start},
};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    envoy::Envoy,
    in_envoy, on_every_driver,
};

on_every_driver!(
    the_upstream_learns_who_is_calling,
    no_client_sets_its_identity,
);
in_envoy!(the_access_log_says_who_is_calling);

const HEADER: &str = "x-api-user";
const STATE: &str = "portcullis.api-user";

/// A gate with a configuration from `docs/roles.md`.
fn gate<D: Driver>(configuration: Value) -> D {
    start(&Setup {
        filter_state: vec![STATE.to_owned()],
        logged: vec![HEADER.to_owned()],
        ..Setup::new(configuration)
    })
}

/// The identity in the header that the upstream received. Fails if the filter state has another
/// value.
fn identity(exchange: &Exchange) -> Vec<String> {
    let seen = exchange.upstream.as_ref().unwrap().headers.values(HEADER);
    let exported: Vec<_> = exchange.filter_state.values().cloned().collect();
    assert_eq!(seen, exported);
    exported
}

fn the_upstream_learns_who_is_calling<D: Driver>() {
    let signer = signer();
    let gate: D = gate(page_with_keys_of(&signer));
    for (scopes, role) in [
        ("zscalerbeta.net::272378::Auditor", "Auditor"),
        // If several roles satisfy the rule, the header names the role that comes first in the
        // token.
        (
            "zscalerbeta.net::272378::Other zscalerbeta.net::272378::Auditor \
             zscalerbeta.net::272378::NetworkAdmin",
            "Auditor",
        ),
        (
            "zscalerbeta.net::272378::NetworkAdmin zscalerbeta.net::272378::Auditor",
            "NetworkAdmin",
        ),
    ] {
        let token = signer.sign_claims(&claims(&gate, &json!(scopes)));
        for _ in 0..2 {
            let exchange = gate.send(&Request::get("/api/v1/rules").bearer(&token));
            let expected = format!("oauth-{role}$@272378.zscalerbeta.net");
            assert_eq!(identity(&exchange), [expected], "{scopes}");
        }
    }
    // `Auditor` does not satisfy the rule for writing, so the header names `NetworkAdmin`.
    let scopes = "zscalerbeta.net::272378::Auditor zscalerbeta.net::272378::NetworkAdmin";
    let token = signer.sign_claims(&claims(&gate, &json!(scopes)));
    let exchange = gate.send(&Request::new("POST", "/api/v1/rules").bearer(&token));
    assert_eq!(
        identity(&exchange),
        ["oauth-NetworkAdmin$@272378.zscalerbeta.net"]
    );
}

fn no_client_sets_its_identity<D: Driver>() {
    let signer = signer();
    let mut configuration = page_with_keys_of(&signer);
    // These rules are for paths that need no role, and for paths that need no token.
    let rules = configuration["rules"].as_array_mut().unwrap();
    rules.insert(0, json!({ "match": { "path": "/open" } }));
    rules.insert(
        1,
        json!({
            "match": { "path": "/known" }, "requires": { "provider_name": "idp" },
        }),
    );
    rules.insert(
        2,
        json!({
            "match": { "path": "/lenient" }, "requires": { "allow_missing_or_failed": {} },
        }),
    );
    let gate: D = gate(configuration);
    let spoofed = |path: &str| {
        let mut request = Request::get(path);
        for name in ["x-api-user", "X-Api-User", "x_api_user", "X-API_USER"] {
            request = request.header(name, "oauth-NetworkAdmin$@272378.zscalerbeta.net");
        }
        request
    };
    let nobody = signer.sign_claims(&claims(&gate, &json!("openid")));
    let mut stale = claims(&gate, &json!("zscalerbeta.net::272378::NetworkAdmin"));
    stale["exp"] = json!(gate.now() - 600);
    for request in [
        spoofed("/open"),
        spoofed("/known").bearer(&nobody),
        spoofed("/lenient"),
        spoofed("/lenient").bearer(signer.sign_claims(&stale)),
    ] {
        let exchange = gate.send(&request);
        assert_eq!(exchange.status, 200);
        let seen = exchange.upstream.as_ref().unwrap();
        for name in ["x-api-user", "x_api_user", "x-api_user"] {
            assert!(seen.headers.values(name).is_empty(), "{} {name}", seen.path);
        }
        assert!(exchange.filter_state.is_empty());
    }
    let auditor = claims(&gate, &json!("zscalerbeta.net::272378::Auditor"));
    let exchange = gate.send(&spoofed("/api/v1/rules").bearer(signer.sign_claims(&auditor)));
    assert_eq!(
        identity(&exchange),
        ["oauth-Auditor$@272378.zscalerbeta.net"]
    );
    let seen = exchange.upstream.unwrap();
    assert!(seen.headers.values("x_api_user").is_empty());
}

fn the_access_log_says_who_is_calling() {
    let signer = signer();
    let gate: Envoy = gate(page_with_keys_of(&signer));
    let scopes = json!("zscalerbeta.net::272378::Auditor");
    let token = signer.sign_claims(&claims(&gate, &scopes));
    let request = Request::get("/api/v1/rules")
        .header(HEADER, "root")
        .bearer(token);
    let identity = "oauth-Auditor$@272378.zscalerbeta.net";
    let exchange = gate.send(&request);
    assert_eq!(
        exchange.logged.get(HEADER).map(String::as_str),
        Some(identity)
    );
    let state = exchange.filter_state.get(STATE);
    assert_eq!(state.map(String::as_str), Some(identity));
    let refused = gate.send(&Request::get("/api/v1/rules").header(HEADER, "root"));
    assert_eq!(refused.status, 401);
    assert!(refused.filter_state.is_empty());
    assert!(
        !refused
            .logged
            .values()
            .any(|logged| logged.contains("oauth"))
    );
}

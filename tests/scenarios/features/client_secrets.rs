//! An API client authenticates by keys that are published, by a key that is written down, or by a
//! secret; a role says what it may do, whichever way it came.

use portcullis::jose::Algorithm;
use serde_json::json;

use super::outcome;
use crate::{
    client_secrets::{hash, with_secret},
    world::{publishing, start},
};
use support::{
    driver::{Driver, Request, Setup},
    on_both_drivers,
    signer::{Pair, Signer, public_pem},
};

on_both_drivers!(api_client_in_three_ways);

fn api_client_in_three_ways<D: Driver>() {
    let (published, written) = (Signer::new(Algorithm::Es256), Signer::new(Algorithm::Rs256));
    let server = publishing(&published);
    let signing = |issuer: &str| json!({ "issuer": issuer, "audiences": ["api"] });
    let (mut by_url, mut by_key) = (signing("by-url"), signing("by-key"));
    by_url["remote_jwks"] = json!({ "http_uri": {
        "uri": "https://client.example/jwks", "cluster": "client", "timeout": "5s",
    } });
    by_key["public_keys"] = json!({ "pem": [public_pem(Algorithm::Rs256)] });
    let by_secret = json!({ "client_secrets": { "clients": {
        "full": { "secret_hashes": [hash("s1")], "roles": ["full"] },
        "viewer": { "secret_hashes": [hash("s2")], "roles": ["view-only"] },
    } } });
    let any = json!({ "requires_any": { "requirements": [
        { "provider_name": "by-url" }, { "provider_name": "by-key" }, { "provider_name": "by-secret" },
    ] } });
    let rule = |methods: &[&str], roles: &[&str]| {
        json!({
            "match": { "prefix": "/", "methods": methods },
            "requires": any,
            "authorize": { "roles": { "any_of": roles } },
        })
    };
    let config = json!({
        "providers": { "by-url": by_url, "by-key": by_key, "by-secret": by_secret },
        "rules": [rule(&["GET"], &["full", "view-only"]), rule(&["POST"], &["full"])],
    });
    let gate: D = start(&Setup::new(config).cluster("client", &server));
    let token = |signer: &Signer, issuer: &str, role: &str| {
        let claims = json!({
            "iss": issuer, "sub": issuer, "aud": "api", "roles": [role], "exp": gate.now() + 300,
        });
        Request::get("/").bearer(signer.sign_claims(&claims))
    };
    let forger = Signer::with_pair(Algorithm::Es256, Pair::Other);
    for (case, sent, get, post) in [
        ("url", token(&published, "by-url", "full"), 200, 200),
        (
            "url, view",
            token(&published, "by-url", "view-only"),
            200,
            403,
        ),
        ("url, forged", token(&forger, "by-url", "full"), 401, 401),
        ("key", token(&written, "by-key", "full"), 200, 200),
        (
            "another's key",
            token(&published, "by-key", "full"),
            401,
            401,
        ),
        ("secret", with_secret("/", "full:s1"), 200, 200),
        ("secret, view", with_secret("/", "viewer:s2"), 200, 403),
        ("another's secret", with_secret("/", "full:s2"), 401, 401),
        ("none", Request::get("/"), 401, 401),
    ] {
        let write = Request {
            method: "POST".to_owned(),
            ..sent.clone()
        };
        assert_eq!(outcome(&gate.send(&sent)).0, get, "{case}");
        assert_eq!(outcome(&gate.send(&write)).0, post, "{case}");
    }
}

//! Z7, Z9, Z13: roles, their order after the signature, exemptions.

use serde_json::{Value, json};

use super::{outcome, token_with};
use crate::world::{
    claims, configuration, forwarded_user, get, local_provider, signer, start, token,
};
use support::{
    driver::{Driver, Request, Setup},
    on_both_drivers,
    signer::{Pair, Signer},
};

on_both_drivers!(
    z07_role_to_method_and_path,
    z09_signature_before_authorization,
    z13_bypass_and_preflight,
);

/// Full, view only, none.
fn z07_role_to_method_and_path<D: Driver>() {
    let signer = signer();
    let mut config = configuration(&local_provider(&signer));
    let rule = |route: Value, roles: Value| {
        json!({
            "match": route,
            "requires": { "provider_name": "login" },
            "authorize": { "roles": { "any_of": roles } },
        })
    };
    config["rules"] = json!([
        rule(
            json!({ "path_separated_prefix": "/policies", "methods": ["GET", "HEAD"] }),
            json!(["Full", "ViewOnly"]),
        ),
        rule(
            json!({ "path_separated_prefix": "/policies" }),
            json!(["Full"]),
        ),
        rule(
            json!({ "path_separated_prefix": "/users" }),
            json!(["UserAdmin"])
        ),
    ]);
    let gate: D = start(&Setup::new(config));
    let token_of = |role: &str| token_with(&gate, &signer, &json!({ "roles": [role] }));
    for (role, [read, write, elsewhere]) in [
        ("Full", [200, 200, 403]),
        ("ViewOnly", [200, 403, 403]),
        ("UserAdmin", [403, 403, 200]),
        ("None", [403, 403, 403]),
    ] {
        let token = token_of(role);
        for (method, path, expected) in [
            ("GET", "/policies/1", read),
            ("HEAD", "/policies/1", read),
            ("POST", "/policies", write),
            ("DELETE", "/policies/1", write),
            ("GET", "/users", elsewhere),
        ] {
            let exchange = gate.send(&Request::new(method, path).bearer(&token));
            assert_eq!(exchange.status, expected, "{role}: {method} {path}");
            if expected == 403 {
                let challenge = exchange.headers.value("www-authenticate");
                let challenge = challenge.unwrap();
                assert!(challenge.contains(r#"error="insufficient_scope""#));
            }
        }
    }
    assert_eq!(gate.send(&Request::get("/policies")).status, 401);
}

/// Who cannot sign does not learn what a token would have to say.
fn z09_signature_before_authorization<D: Driver>() {
    let signer = signer();
    let mut config = configuration(&local_provider(&signer));
    config["rules"][0]["authorize"] = json!({
        "scopes": { "all_of": ["admin"] },
        "roles": { "any_of": ["admin"] },
        "client_ids": ["admin"],
    });
    let gate: D = start(&Setup::new(config));
    let forger = Signer::with_pair(signer.alg, Pair::Other);
    for claims in [
        json!({}),
        json!({ "scope": "none" }),
        json!({ "scope": "admin", "roles": ["admin"], "client_id": "admin" }),
    ] {
        let forged = get(&gate, "/", &token_with(&gate, &forger, &claims));
        assert_eq!(outcome(&forged), (401, "bad_signature"), "{claims}");
        assert!(!String::from_utf8_lossy(&forged.body).contains("scope"));
    }
    let honest = get(&gate, "/", &token_with(&gate, &signer, &json!({})));
    assert_eq!(outcome(&honest), (403, "insufficient_scope"));
}

/// A rule that requires nothing looks at no token: a bad one passes as none does, and lends nobody
/// an identity.
fn z13_bypass_and_preflight<D: Driver>() {
    let signer = signer();
    let mut config = configuration(&local_provider(&signer));
    config["bypass_cors_preflight"] = json!(true);
    let exempt = json!({ "match": { "path": "/healthz", "methods": ["GET"] } });
    config["rules"].as_array_mut().unwrap().insert(0, exempt);
    let gate: D = start(&Setup::new(config));
    assert_eq!(gate.send(&Request::get("/healthz")).status, 200);
    assert_eq!(gate.send(&Request::new("POST", "/healthz")).status, 401);
    let good = token(&gate, &signer, "alice");
    let expired = signer.sign_claims(&{
        let mut claims = claims(&gate, "alice");
        claims["exp"] = json!(gate.now() - 600);
        claims
    });
    for token in [good.as_str(), &expired, "junk"] {
        let request = Request::get("/healthz").bearer(token);
        let exchange = gate.send(&request.header("x-user", "root"));
        assert_eq!(exchange.status, 200);
        assert_eq!(forwarded_user(&exchange), None);
    }
    let preflight = Request::new("OPTIONS", "/orders")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PUT");
    assert_eq!(gate.send(&preflight).status, 200);
    assert_eq!(gate.send(&Request::new("OPTIONS", "/orders")).status, 401);
    assert_eq!(gate.send(&Request::get("/orders")).status, 401);
}

//! Compares two gates. The first has `jwt_authn` followed by Envoy's RBAC filter. In the second,
//! rules of Portcullis replace both filters. The configurations are examples from
//! `docs/jwt_authn.md`.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::gates::{Gates, Pair, Side, module_filter, now};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::Request,
    envoy,
    signer::{Pair as KeyPair, Signer},
};

const PAGE: &str = include_str!("../../docs/jwt_authn.md");

#[test]
fn rules_decide_as_rbac_behind_jwt_authn_does() {
    if !envoy::is_installed(&envoy::module()) {
        return;
    }
    let signer = Signer::new(Algorithm::Es256);
    let idp = AuthorizationServer::new();
    idp.answer("/keys", Answer::json(signer.jwks().to_string()));
    let (rbac, portcullis) = examples();
    let pair = Pair {
        native: serde_json::from_value(rbac).unwrap(),
        ours: vec![module_filter(&portcullis)],
    };
    let gates = Gates::start(&[pair], &idp);
    let (mut native, mut ours) = (
        gates.client(Side::JwtAuthn, 0),
        gates.client(Side::Portcullis, 0),
    );
    let mut counts = [0, 0, 0];
    for (method, path, is_dry) in requests() {
        for (name, token) in tokens(&signer) {
            let mut request = Request::new(method, path);
            if is_dry {
                request = request.header("x-dry-run", "1");
            }
            if let Some(token) = &token {
                request = request.bearer(token);
            }
            let [expected, found] = [native.send(&request), ours.send(&request)];
            let case = format!("{method} {path} (dry: {is_dry}) with {name}");
            assert_eq!(expected.seen.is_some(), found.seen.is_some(), "{case}");
            // If no rule matches a request, Portcullis does not verify the request's token. So a
            // forged token gets 403 from Portcullis, but 401 from `jwt_authn`.
            if name != "a forged one" || expected.status == found.status {
                assert_eq!(expected.status, found.status, "{case}");
            } else {
                assert_eq!((expected.status, found.status), (401, 403), "{case}");
            }
            counts[match found.status {
                200 => 0,
                401 => 1,
                _ => 2,
            }] += 1;
        }
    }
    gates.check();
    let [allowed, unauthenticated, forbidden] = counts;
    println!(
        "RBAC: {allowed} allowed, {unauthenticated} without a good token, {forbidden} forbidden"
    );
    assert!(counts.iter().all(|count| *count > 20));
}

/// Two examples in `docs/jwt_authn.md`: the one with the RBAC filter, and the configuration of
/// Portcullis that replaces it.
fn examples() -> (Value, Value) {
    let (_, section) = PAGE.split_once("```yaml rbac\n").unwrap();
    let (rbac, rest) = section.split_once("```\n").unwrap();
    let (_, rest) = rest.split_once("```yaml portcullis\n").unwrap();
    let (portcullis, _) = rest.split_once("```\n").unwrap();
    let read = |text: &str| serde_saphyr::from_str(text).unwrap();
    (read(rbac), read(portcullis))
}

fn requests() -> Vec<(&'static str, &'static str, bool)> {
    let mut requests = Vec::new();
    for path in [
        "/healthz",
        "/healthz/x",
        "/orders",
        "/orders/7?x=1",
        "/admin",
        "/admin/users",
        "/tenants/acme",
        "/tenants/acme/x",
        "/tenants/other",
        "/",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT"] {
            requests.push((method, path, false));
        }
        requests.push(("POST", path, true));
    }
    requests
}

fn tokens(signer: &Signer) -> Vec<(&'static str, Option<String>)> {
    let claims = |more: &Value| {
        let mut claims = json!({
            "iss": "https://login.example.com", "aud": "orders", "sub": "alice",
            "exp": now() + 300, "client_id": "web",
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    };
    let mut tokens: Vec<(&str, Option<String>)> = [
        ("no rights", json!({})),
        ("read", json!({ "scope": "orders.read" })),
        ("write", json!({ "scope": "orders.write" })),
        (
            "read and write",
            json!({ "scope": "openid orders.write orders.read" }),
        ),
        (
            "scopes that only resemble the required ones",
            json!({ "scope": "orders.readers xorders.write" }),
        ),
        ("the role", json!({ "roles": ["clerk", "admin"] })),
        ("another role", json!({ "roles": ["administrator"] })),
        (
            "the role in a batch",
            json!({ "roles": ["admin"], "client_id": "batch" }),
        ),
        (
            "the role on a phone",
            json!({ "roles": ["admin"], "client_id": "mobile" }),
        ),
        ("the tenant", json!({ "tenant": { "name": "acme" } })),
        ("another tenant", json!({ "tenant": { "name": "acme2" } })),
        ("no tenant name", json!({ "tenant": "acme" })),
    ]
    .map(|(name, more)| (name, Some(signer.sign_claims(&claims(&more)))))
    .into();
    let forger = Signer::with_pair(Algorithm::Es256, KeyPair::Other);
    tokens.push((
        "a forged one",
        Some(forger.sign_claims(&claims(&json!({ "scope": "orders.read" })))),
    ));
    tokens.push(("none", None));
    tokens
}

//! Z6 and Z7: scopes that name a cloud, an organisation and a role, and what a role may do.
//!
//! The configuration is that of `docs/roles.md`, with keys that the test has: what the page says,
//! holds.

use portcullis::config::Config;
use serde_json::{Value, json};

use crate::world::{signer, start};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    on_both_drivers,
    signer::Signer,
};

on_both_drivers!(
    z06_a_scope_names_cloud_organisation_and_role,
    z07_roles_are_full_view_only_or_none_as_the_page_says,
);

/// The first configuration of `docs/roles.md`.
pub(super) fn documented() -> Value {
    let page = include_str!("../../../docs/roles.md");
    let (_, rest) = page.split_once("```yaml portcullis\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    serde_saphyr::from_str(example).unwrap()
}

/// The same with the signer's keys in place of those of its authorization server.
pub(super) fn with_keys_of(signer: &Signer) -> Value {
    let mut configuration = documented();
    let provider = &mut configuration["providers"]["idp"];
    provider["remote_jwks"] = Value::Null;
    provider["local_jwks"] = json!({ "inline_string": signer.jwks().to_string() });
    configuration
}

/// Claims that the page's provider accepts.
pub(super) fn claims(gate: &impl Driver, scopes: &Value) -> Value {
    json!({
        "iss": "https://idp.example.com", "aud": "https://api.example.com", "sub": "client-1",
        "client_id": "client-1", "iat": gate.now(), "exp": gate.now() + 600, "scope": scopes,
    })
}

/// What `method path` gets with these scopes.
fn ask(
    gate: &impl Driver,
    signer: &Signer,
    (method, path): (&str, &str),
    scopes: &Value,
) -> Exchange {
    let token = signer.sign_claims(&claims(gate, scopes));
    gate.send(&Request::new(method, path).bearer(token))
}

fn z06_a_scope_names_cloud_organisation_and_role<D: Driver>() {
    let signer = signer();
    let gate: D = start(&Setup::new(with_keys_of(&signer)));
    let ours = "zscalerbeta.net::272378::Auditor";
    for (scopes, status) in [
        (json!(ours), 200),
        (json!([ours]), 200),
        // Any of several wins.
        (
            json!(format!("openid {ours} zscalerbeta.net::272378::Other")),
            200,
        ),
        (
            json!(format!("zscalerbeta.net::1::Auditor {ours} {ours}")),
            200,
        ),
        // Another organisation, another cloud, two parts, four parts, no role.
        (json!("zscalerbeta.net::272379::Auditor"), 403),
        (json!("zscaler.net::272378::Auditor"), 403),
        (json!("zscalerbeta.net::Auditor"), 403),
        (json!("zscalerbeta.net::272378::Auditor::x"), 403),
        (json!("x::zscalerbeta.net::272378::Auditor"), 403),
        (json!("zscalerbeta.net::272378::"), 403),
        (json!("zscalerbeta.net::272378"), 403),
        (json!(""), 403),
        // Not quite ours.
        (json!("zscalerbeta.net::272378::auditor"), 403),
        (json!("ZSCALERBETA.NET::272378::Auditor"), 403),
        (json!("zscalerbeta.net:::272378::Auditor"), 403),
        (json!("zscalerbeta.net%3A%3A272378%3A%3AAuditor"), 403),
        (json!("zscalerbeta.net::272378::\u{410}uditor"), 403),
        (json!([format!("x {ours}")]), 403),
        (json!({ "scope": ours }), 403),
        (json!("Auditor"), 403),
    ] {
        let exchange = ask(&gate, &signer, ("GET", "/api/v1/rules"), &scopes);
        assert_eq!(exchange.status, status, "{scopes}");
        assert_eq!(exchange.upstream.is_some(), status == 200, "{scopes}");
    }
    // Roles come from scopes alone.
    let mut by_claim = claims(&gate, &json!("openid"));
    by_claim["roles"] = json!(["Auditor", ours]);
    let request = Request::get("/api/v1/rules").bearer(signer.sign_claims(&by_claim));
    assert_eq!(gate.send(&request).status, 403);
}

fn z07_roles_are_full_view_only_or_none_as_the_page_says<D: Driver>() {
    let signer = signer();
    let gate: D = start(&Setup::new(with_keys_of(&signer)));
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let everything = [200; 6];
    let view_only = [200, 200, 403, 403, 403, 403];
    let nothing = [403; 6];
    for (role, area, expected) in [
        ("NetworkAdmin", "/api/v1/rules", everything),
        ("NetworkAdmin", "/api/v1/rules/7", everything),
        ("NetworkAdmin", "/api/v1/users", nothing),
        ("UserAdmin", "/api/v1/rules", view_only),
        ("UserAdmin", "/api/v1/users", everything),
        ("Auditor", "/api/v1/rules", view_only),
        ("Auditor", "/api/v1/users/3", view_only),
        ("Other", "/api/v1/rules", nothing),
        ("Other", "/api/v1/users", nothing),
        // No rule is for it.
        ("NetworkAdmin", "/api/v2/rules", nothing),
        ("NetworkAdmin", "/api/v1/rulesets", nothing),
    ] {
        let scopes = json!(format!("zscalerbeta.net::272378::{role}"));
        for (method, status) in methods.into_iter().zip(expected) {
            let exchange = ask(&gate, &signer, (method, area), &scopes);
            assert_eq!(exchange.status, status, "{role}: {method} {area}");
            if status == 403 {
                let challenge = exchange.headers.value("www-authenticate").unwrap();
                let expected = "Bearer realm=\"api\", error=\"insufficient_scope\"";
                assert_eq!(challenge, expected, "{role}: {method} {area}");
                assert!(exchange.upstream.is_none());
            }
        }
    }
    // Some servers take the method from a header.
    let scopes = json!("zscalerbeta.net::272378::Auditor");
    let token = signer.sign_claims(&claims(&gate, &scopes));
    for name in [
        "x-http-method-override",
        "X-HTTP-Method",
        "x-method-override",
    ] {
        let request = Request::get("/api/v1/rules")
            .header(name, "DELETE")
            .bearer(&token);
        assert_eq!(gate.send(&request).status, 403, "{name}");
    }
    assert_eq!(gate.send(&Request::get("/api/v1/rules")).status, 401);
}

#[test]
fn the_page_s_configuration_is_the_module_s() {
    let text = documented().to_string();
    let config = Config::parse(text.as_bytes()).unwrap();
    assert_eq!(config.providers.len(), 1);
    assert!(config.providers[0].structured_scopes.is_some());
    assert!(config.warnings.is_empty());
}

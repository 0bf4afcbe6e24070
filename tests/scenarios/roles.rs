//! Tests the rights of each role in the configuration of `docs/roles.md`.
//!
//! The engine's own tests cover how the engine reads roles from scopes.

use portcullis::config::Config;
use serde_json::{Value, json};

use crate::world::{signer, start};
use support::{
    driver::{Driver, Request, Setup},
    on_every_driver,
    signer::Signer,
};

on_every_driver!(roles_have_full_view_only_or_no_access_as_the_page_says);

/// The first configuration of `docs/roles.md`.
pub(crate) fn configuration_of_the_page() -> Value {
    let page = include_str!("../../docs/roles.md");
    let (_, rest) = page.split_once("```yaml portcullis\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    serde_saphyr::from_str(example).unwrap()
}

/// The page's configuration with the signer's keys in place of those of an authorization server.
pub(crate) fn page_with_keys_of(signer: &Signer) -> Value {
    let mut configuration = configuration_of_the_page();
    let provider = &mut configuration["providers"]["idp"];
    provider["remote_jwks"] = Value::Null;
    provider["local_jwks"] = json!({ "inline_string": signer.jwks().to_string() });
    configuration
}

/// Claims that the page's provider accepts.
pub(crate) fn claims_for_the_page(gate: &impl Driver, scopes: &Value) -> Value {
    json!({
        "iss": "https://idp.example.com", "aud": "https://api.example.com", "sub": "client-1",
        "client_id": "client-1", "iat": gate.now(), "exp": gate.now() + 600, "scope": scopes,
    })
}

fn roles_have_full_view_only_or_no_access_as_the_page_says<D: Driver>() {
    let signer = signer();
    let gate: D = start(&Setup::new(page_with_keys_of(&signer)));
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
        // No rule matches these paths.
        ("NetworkAdmin", "/api/v2/rules", nothing),
        ("NetworkAdmin", "/api/v1/rulesets", nothing),
    ] {
        let scopes = json!(format!("zscalerbeta.net::272378::{role}"));
        let token = signer.sign_claims(&claims_for_the_page(&gate, &scopes));
        for (method, status) in methods.into_iter().zip(expected) {
            let exchange = gate.send(&Request::new(method, area).bearer(&token));
            assert_eq!(exchange.status, status, "{role}: {method} {area}");
            if status == 403 {
                let challenge = exchange.headers.value("www-authenticate").unwrap();
                let expected = "Bearer realm=\"api\", error=\"insufficient_scope\"";
                assert_eq!(challenge, expected, "{role}: {method} {area}");
                assert!(exchange.upstream.is_none());
            }
        }
    }
    // Some servers take the method from one of the headers below. The rules must use the real
    // method.
    let scopes = json!("zscalerbeta.net::272378::Auditor");
    let token = signer.sign_claims(&claims_for_the_page(&gate, &scopes));
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
fn the_module_accepts_the_page_without_a_warning() {
    let text = configuration_of_the_page().to_string();
    let config = Config::parse(text.as_bytes()).unwrap();
    assert_eq!(config.providers.len(), 1);
    assert!(config.providers[0].structured_scopes.is_some());
    assert!(config.warnings.is_empty());
}

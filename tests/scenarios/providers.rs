//! Tokens like those that major identity providers issue. One gate accepts all these tokens, each
//! with the preset of its provider, and fetches all keys from one server. `tests/providers/` tests
//! each provider in detail.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Request, Setup},
    identity_providers::{
        configurations::provider_for,
        fixtures::{self, Fixture},
    },
    objects::with,
    on_every_driver,
};

use crate::world::start;

on_every_driver!(decides_on_the_tokens_of_every_identity_provider);

/// A value that no fixture contains as a scope, a role or a client.
const NOBODY: &str = "nobody:has-this";

fn decides_on_the_tokens_of_every_identity_provider<D: Driver>() {
    let (made_at, fixtures) = fixtures::all();
    let server = AuthorizationServer::new();
    let mut providers = Map::new();
    let mut rules = Vec::new();
    for fixture in &fixtures {
        providers.insert(fixture.id.clone(), provider(fixture, &server));
        rules.extend(asked_of(fixture).into_iter().map(|(name, authorize)| {
            let rule = json!({
                "match": { "path": format!("/{}/{name}", fixture.id) },
                "requires": { "provider_name": fixture.id },
            });
            with(rule, &json!({ "authorize": authorize }))
        }));
    }
    let configuration = json!({ "providers": providers, "rules": rules });
    let gate: D = start(&Setup::new(configuration).cluster("idp", &server));
    for fixture in &fixtures {
        let fixture = later(fixture, gate.now() - made_at);
        let is_refused = fixture.expect.contains_key("reject");
        for (name, _) in asked_of(&fixture) {
            let path = format!("/{}/{name}", fixture.id);
            let send = |token: &str| gate.send(&Request::get(&path).bearer(token));
            let expected = match name {
                _ if is_refused => 401,
                "nothing" | "own" => 200,
                _ => 403,
            };
            let exchange = send(&fixture.token());
            assert_eq!(exchange.status, expected, "{path}: {}", exchange.details);
            assert_eq!(exchange.upstream.is_some(), expected == 200, "{path}");
            assert_eq!(send(&fixture.forged()).status, 401, "{path}: forged");
        }
    }
}

/// The fixture with `seconds` added to each of its times.
fn later(fixture: &Fixture, seconds: u64) -> Fixture {
    let mut fixture = fixture.clone();
    for name in ["auth_time", "exp", "iat", "nbf"] {
        if let Some(time) = fixture.claims.get_mut(name) {
            *time = json!(time.as_u64().unwrap() + seconds);
        }
    }
    fixture
}

/// Returns the `authorize` setting of each of the fixture's rules. The key of a setting is the last
/// segment of the rule's path.
fn asked_of(fixture: &Fixture) -> BTreeMap<&'static str, Value> {
    let mut own = Map::new();
    let words = |name: &str| {
        let words = fixture
            .expect
            .get(name)
            .filter(|words| **words != json!([]));
        words.cloned()
    };
    if let Some(scopes) = words("scopes") {
        own.insert("scopes".to_owned(), json!({ "all_of": scopes }));
    }
    if let Some(roles) = words("roles") {
        own.insert("roles".to_owned(), json!({ "any_of": roles }));
    }
    if let Some(client) = words("client_id") {
        own.insert("client_ids".to_owned(), json!([client]));
    }
    let mut asked = BTreeMap::from([
        ("nothing", Value::Null),
        ("scope", json!({ "scopes": { "any_of": [NOBODY] } })),
        ("role", json!({ "roles": { "any_of": [NOBODY] } })),
        ("client", json!({ "client_ids": [NOBODY] })),
        (
            "group",
            json!({ "claims": [{ "claim": "groups", "any_of": [NOBODY, "src1"] }] }),
        ),
    ]);
    if !own.is_empty() {
        asked.insert("own", Value::Object(own));
    }
    asked
}

/// The provider for a fixture's tokens. The server publishes each provider's key set at its own
/// path.
fn provider(fixture: &Fixture, server: &AuthorizationServer) -> Value {
    let mut provider = provider_for(&fixture.id);
    let keys = fixture.jwks().to_string();
    let path = format!("/{}/keys", fixture.id);
    match provider.pointer_mut("/remote_jwks/http_uri/uri") {
        Some(uri) => {
            *uri = json!(format!("https://idp.example{path}"));
            server.answer(&path, Answer::json(keys));
        }
        None => provider["local_jwks"] = json!({ "inline_string": keys }),
    }
    provider
}

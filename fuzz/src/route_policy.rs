//! Route metadata: if a route's metadata cannot be parsed, requests are denied. Requests without a
//! token pass only if the metadata has `disabled` or names the requirement `lenient`.

use std::cell::LazyCell;

use portcullis::{
    config::Config,
    connection::NoConnection,
    decision::{Decision, PermitReason},
    engine::{Engine, Patience},
    http::Request,
    json,
    policy::RoutePolicy,
};
use portcullis_wasm::protobuf;
use serde_json::{Value, json};

use crate::issuer::{self, AUDIENCE, ISSUER, NOW};

const NAMESPACE: &str = "portcullis";

thread_local! {
    static ENGINE: LazyCell<Engine> = LazyCell::new(|| {
        let provider = json!({
            "issuer": ISSUER,
            "audiences": [AUDIENCE],
            "local_jwks": { "inline_string": issuer::jwks().to_string() },
        });
        let config = json!({
            "providers": { "idp": provider },
            "requirement_map": {
                "strict": { "provider_name": "idp" },
                "lenient": { "allow_missing": {} },
            },
            "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "idp" } }],
        });
        Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
    });
}

/// Reads the input as a route policy if it is JSON. Otherwise, reads the input as the whole
/// metadata of a route, encoded as protobuf.
pub fn check(input: &[u8]) {
    match json::parse(input) {
        Ok(value) => check_policy(&value),
        Err(_) => {
            if let Ok(Some(value)) = protobuf::metadata(input, NAMESPACE) {
                check_policy(&value);
            }
        }
    }
    check_namespace(input);
}

/// Checks that metadata in other namespaces has no effect, and that a repeated namespace is
/// refused.
fn check_namespace(input: &[u8]) {
    let entry = |name: &str| {
        let entry = protobuf::message(&[name.as_bytes(), input]);
        protobuf::message(&[&entry])
    };
    let own = protobuf::metadata(&entry(NAMESPACE), NAMESPACE);
    match protobuf::structure(input) {
        Some(value) => assert_eq!(own, Ok(Some(value))),
        None => assert!(own.is_err(), "no Struct is read: {own:?}"),
    }
    assert_eq!(protobuf::metadata(&entry("other"), NAMESPACE), Ok(None));
    let both = [entry("other"), entry(NAMESPACE)].concat();
    assert_eq!(protobuf::metadata(&both, NAMESPACE), own);
    let twice = [entry(NAMESPACE), entry(NAMESPACE)].concat();
    assert!(protobuf::metadata(&twice, NAMESPACE).is_err());
}

fn check_policy(metadata: &Value) {
    ENGINE.with(|engine| {
        let policy = engine.config().route_policy(metadata);
        let is_disabled = *metadata == json!({ "disabled": true });
        assert_eq!(policy == RoutePolicy::Disabled, is_disabled, "{metadata}");
        let names = ["requirement_name", "requirementName"];
        let is_lenient = names.iter().any(|name| metadata[name] == "lenient");

        let bare = reason(engine, &policy, None);
        match &bare {
            None => assert!(!is_disabled, "{metadata}"),
            Some(PermitReason::NotRequired) => assert!(is_disabled, "{metadata}"),
            Some(PermitReason::Lenient) => assert!(is_lenient, "{metadata}"),
            Some(other) => panic!("{other:?}: {metadata}"),
        }
        let with_token = reason(engine, &policy, Some(&issuer::GOOD));
        if policy == RoutePolicy::Unreadable {
            assert_eq!((bare, with_token), (None, None), "{metadata}");
        }
    });
}

/// Returns the reason why a request passes, or `None` if it is refused.
fn reason(engine: &Engine, policy: &RoutePolicy, token: Option<&str>) -> Option<PermitReason> {
    let authorization = token.map(|token| format!("Bearer {token}"));
    let mut headers: Vec<(&[u8], &[u8])> = vec![(b":method", b"GET"), (b":path", b"/")];
    headers.extend(
        authorization
            .iter()
            .map(|value| (&b"authorization"[..], value.as_bytes())),
    );
    let request = Request::new(headers);
    match engine
        .decide(
            &request,
            Some(policy),
            NOW,
            Patience::Waiting,
            &NoConnection,
        )
        .decision
    {
        Decision::Permit(permit) => Some(permit.reason),
        _ => None,
    }
}

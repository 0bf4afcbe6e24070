//! The policy under test, and a simple model that predicts the policy's decisions.

use portcullis::verification::SecretHash;
use serde_json::{Value, json};

use super::credentials::{Made, SECRET};
use crate::world::{NOW, provider, with};

pub(super) fn configuration() -> Value {
    let hash = |secret: &str| SecretHash::new([5; 16], secret.as_bytes()).to_string();
    let client = |rest: Value| {
        let client = json!({"secret_hashes": [hash("other"), hash(SECRET)], "scopes": ["read"]});
        with(client, &rest)
    };
    let tokens = json!({
        "clock_skew_seconds": 0,
        "from_headers": [
            {"name": "Authorization", "value_prefix": "Bearer "}, {"name": "x-token"},
        ],
        "from_params": ["access_token"],
        "structured_scopes": {"template": "{cloud}::{org}::{role}",
            "where": {"cloud": "net", "org": "7"}},
        "identity_header": {"header_name": "x-caller", "template": "{role}@{sub}"},
        "revoked": {"jti": ["gone"], "client_ids": ["dead"],
            "issued_before": {"bob": NOW - 100}},
        "jwt_cache_config": {"jwt_cache_size": 4},
    });
    let (people, jobs) = (
        json!({"provider_name": "people"}),
        json!({"provider_name": "jobs"}),
    );
    let rule = |path: &str, requires: Value, authorize: Value| json!({"match": {"path": path}, "requires": requires, "authorize": authorize});
    let admin = json!({"roles": {"any_of": ["admin"]}});
    let read = json!({"scopes": {"all_of": ["read"]}});
    let of_both = json!({"requirements": [people, jobs]});
    json!({
        "providers": {
            "people": with(provider("https://people.example"), &tokens),
            "jobs": {
                "client_secrets": {"clients": {
                    "batch": client(json!({})),
                    "off": client(json!({"enabled": false})),
                    "ended": client(json!({"expires_at": NOW})),
                }},
                "claim_to_headers": [{"header_name": "x-client", "claim_name": "client_id"}],
            },
        },
        "rules": [
            rule("/admin", people.clone(), admin.clone()),
            rule("/read", people.clone(), read.clone()),
            rule("/jobs", jobs, read.clone()),
            rule("/either", json!({"requires_any": of_both}), read.clone()),
            rule("/both", json!({"requires_all": of_both}), read.clone()),
            rule("/both_or_none", json!({"requires_any": {"requirements": [
                {"requires_all": of_both}, {"allow_missing": {}},
            ]}}), read),
            rule("/lenient", json!({"allow_missing_or_failed": {}}), admin.clone()),
            {"match": {"path": "/revocable"}, "requires": people},
        ],
        "status": {"path": "/status", "requires": people, "authorize": admin},
    })
}

/// Returns whether a request with these good credentials may pass on this path.
pub(super) fn may(path: &str, method: &str, good: &[&Made]) -> bool {
    let any = |holds: &dyn Fn(&Made) -> bool| good.iter().any(|made| holds(made));
    let people = |made: &Made| made.provider == "people";
    let admin = |made: &Made| people(made) && made.roles().contains(&"admin");
    let jobs = |made: &Made| made.provider == "jobs";
    match path {
        _ if method == "get" => false, // a standard method in lower case is refused
        "/admin" | "/lenient" => any(&admin),
        "/read" => any(&|made| people(made) && made.reads()),
        "/jobs" => any(&jobs),
        "/either" => any(&|made| made.reads()),
        "/both" | "/both_or_none" => any(&people) && any(&jobs),
        "/revocable" => any(&people),
        "/status" => any(&admin) && ["GET", "HEAD"].contains(&method),
        _ => false,
    }
}

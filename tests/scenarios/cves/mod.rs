//! Known vulnerabilities of other software, tried against this module. The name of each test
//! contains the vulnerability's number. Most of the vulnerabilities were in Envoy (`jwt_authn`,
//! RBAC, `ext_authz`, paths, headers, asynchronous calls), some were in Istio, and one was in a
//! JOSE library. Each test repeats the attack on its vulnerability.

mod keys;
mod requests;
mod tokens;

use serde_json::{Value, json};

use crate::world::{configuration, forwarded_user, get, local_provider, signer, start, token};
use support::driver::{Driver, Exchange, Setup};

/// A gate with these rules, and with a provider `login` whose keys are part of the configuration.
pub(super) fn ruled<D: Driver>(rules: Value) -> D {
    let mut config = configuration(&local_provider(&signer()));
    config["rules"] = rules;
    config["unmatched"] = json!("allow");
    start(&Setup::new(config))
}

pub(super) fn requires() -> Value {
    json!({ "provider_name": "login" })
}

pub(super) fn any(lenient: &str) -> Value {
    json!({ "requires_any": { "requirements": [requires(), { lenient: {} }] } })
}

pub(super) fn assert_refused(exchange: &Exchange, statuses: &[u16], what: &str) {
    assert!(
        statuses.contains(&exchange.status),
        "{what}: {}",
        exchange.status
    );
    assert!(exchange.upstream.is_none(), "{what}");
}

pub(super) fn assert_still_serves(gate: &impl Driver) {
    let good = token(gate, &signer(), "alice");
    assert_eq!(
        forwarded_user(&get(gate, "/", &good)).as_deref(),
        Some("alice")
    );
}

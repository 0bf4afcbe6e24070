//! Tests what happens when the server changes its keys or stops.

use serde_json::json;

use crate::{
    oidc_provider::{self, OidcProvider},
    world::{configuration, fetches, gate, get, good_token},
};
use support::{envoy::InEnvoy, on_both_builds};

on_both_builds!(
    learns_the_keys_of_a_restarted_server,
    keeps_serving_with_known_keys_when_the_server_stops,
);

fn learns_the_keys_of_a_restarted_server<D: InEnvoy>() {
    if !oidc_provider::is_installed() {
        return;
    }
    let mut server = OidcProvider::start();
    let gate: D = gate(&server, configuration(&server));
    let old = good_token(&server, "ES256");
    assert_eq!(get(&gate, "/", &old).status, 200);
    assert_eq!(fetches(&gate), 1);
    server.restart();
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let new = good_token(&server, algorithm);
        assert_eq!(get(&gate, "/", &new).status, 200, "{algorithm}");
    }
    assert_eq!(fetches(&gate), 2, "one more fetch, for the unknown kid");
    let withdrawn = get(&gate, "/", &old);
    let refused = (401, "unknown_key");
    assert_eq!(withdrawn.outcome(), refused, "its key is withdrawn");
}

fn keeps_serving_with_known_keys_when_the_server_stops<D: InEnvoy>() {
    if !oidc_provider::is_installed() {
        return;
    }
    let mut server = OidcProvider::start();
    let mut config = configuration(&server);
    config["providers"]["login"]["remote_jwks"]["cache_duration"] = json!("1s");
    let gate: D = gate(&server, config);
    let (es, rs) = (good_token(&server, "ES256"), good_token(&server, "RS256"));
    assert_eq!(get(&gate, "/", &es).status, 200);
    server.stop();
    gate.wait_until("a failed fetch", || {
        let failed = gate.metric("portcullis.provider.login.jwks.fetch_failed");
        failed.is_some_and(|count| count > 0)
    });
    assert_eq!(get(&gate, "/", &es).status, 200);
    assert_eq!(get(&gate, "/", &rs).status, 200, "seen for the first time");
    let other = OidcProvider::start();
    let foreign = get(&gate, "/", &good_token(&other, "ES256"));
    assert_eq!(foreign.outcome(), (401, "issuer"));
}

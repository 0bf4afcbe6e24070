//! Filter state for other filters, which replaces the dynamic metadata of `jwt_authn`.

use proxy_wasm::types::Status;
use serde_json::{Value, json};

use crate::world::{ISSUER, claims, configuration, get, local_provider, signer, start, token};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    fake_host::FakeHost,
    on_both_builds, on_every_driver,
};

on_every_driver!(
    exports_the_verified_token_to_other_filters,
    exports_the_reason_of_a_failure_only_for_operators,
);

on_both_builds!(refuses_exports_where_envoy_takes_none);

/// Makes a provider export everything.
fn exporting(provider: &mut Value) {
    provider["payload_in_metadata"] = json!("jwt");
    provider["header_in_metadata"] = json!("jwt.header");
    provider["failed_status_in_metadata"] = json!("failure");
    provider["normalize_payload_in_metadata"] = json!({ "space_delimited_claims": ["scope"] });
    provider["clear_route_cache"] = json!(true);
}

/// A gate whose access log shows the exported filter state.
fn watched(configuration: Value) -> Setup {
    let keys = ["jwt", "jwt.header", "failure"];
    Setup {
        filter_state: keys.map(|key| format!("portcullis.{key}")).into(),
        ..Setup::new(configuration)
    }
}

fn exported(exchange: &Exchange, key: &str) -> Option<Value> {
    let text = exchange.filter_state.get(&format!("portcullis.{key}"))?;
    Some(serde_json::from_str(text).unwrap())
}

fn refuses_exports_where_envoy_takes_none<D: Driver>() {
    let mut provider = local_provider(&signer());
    exporting(&mut provider);
    let started = D::start(&watched(configuration(&provider)));
    match D::takes_nested_metadata() {
        true => assert!(started.is_ok()),
        false => {
            let refused = started.err().unwrap().0;
            assert!(refused.contains("use Envoy 1.40 or later"), "{refused}");
        }
    }
}

fn exports_the_verified_token_to_other_filters<D: Driver>() {
    if !D::takes_nested_metadata() {
        return;
    }
    let signer = signer();
    let mut provider = local_provider(&signer);
    exporting(&mut provider);
    let gate: D = start(&watched(configuration(&provider)));
    let mut claims = claims(&gate, "Z\u{fc}rich \"quoted\"");
    claims["scope"] = json!("orders:read orders:write");
    claims["address"] = json!({ "city": "Bern", "scope": "a b" });
    let exchange = get(&gate, "/", &signer.sign_claims(&claims));
    assert_eq!(exchange.status, 200);
    claims["scope"] = json!(["orders:read", "orders:write"]);
    assert_eq!(exported(&exchange, "jwt"), Some(claims));
    let header = exported(&exchange, "jwt.header").unwrap();
    assert_eq!(header["alg"], "ES256");
    assert_eq!(exported(&exchange, "failure"), None);
}

fn exports_the_reason_of_a_failure_only_for_operators<D: Driver>() {
    if !D::takes_nested_metadata() {
        return;
    }
    let signer = signer();
    let mut provider = local_provider(&signer);
    exporting(&mut provider);
    let gate: D = start(&watched(configuration(&provider)));
    let mut stale = claims(&gate, "alice");
    stale["exp"] = json!(gate.now() - 600);
    let expired = get(&gate, "/", &signer.sign_claims(&stale));
    let expected = json!({ "code": 3, "message": "expired" });
    assert_eq!(exported(&expired, "failure"), Some(expected));
    let missing = gate.send(&Request::get("/"));
    assert_eq!(exported(&missing, "failure"), None);
    for refused in [expired, missing] {
        assert_eq!(refused.status, 401);
        assert_eq!(exported(&refused, "jwt"), None);
        assert_eq!(exported(&refused, "jwt.header"), None);
    }
}

/// Filters behind the module would otherwise decide without the payload.
#[test]
fn refuses_a_request_whose_payload_the_host_does_not_store() {
    let signer = signer();
    let mut provider = local_provider(&signer);
    exporting(&mut provider);
    let gate: FakeHost = start(&watched(configuration(&provider)));
    let good = token(&gate, &signer, "alice");
    gate.force("proxy_set_property", Status::InternalFailure);
    let exchange = get(&gate, "/", &good);
    assert_eq!((exchange.status, exchange.upstream), (503, None));
}

/// Editing a header clears the route cache too. Without an edit, only the host's function does.
#[test]
fn asks_the_host_for_a_new_route_only_if_configured() {
    let signer = signer();
    for (clears, forwards, host, status) in [
        (true, false, Status::Ok, 200),
        (true, false, Status::NotFound, 200),
        (true, true, Status::NotFound, 503),
        (false, true, Status::NotFound, 200),
    ] {
        let mut provider = local_provider(&signer);
        exporting(&mut provider);
        provider["clear_route_cache"] = json!(clears);
        provider["forward"] = json!(forwards);
        provider["claim_to_headers"] = json!(null);
        let gate: FakeHost = start(&watched(configuration(&provider)));
        let good = token(&gate, &signer, "alice");
        if host != Status::Ok {
            gate.process().foreign_functions.clear();
        }
        assert_eq!(get(&gate, "/", &good).status, status, "{ISSUER}");
        let process = gate.process();
        let calls = process.foreign_calls.iter();
        let calls = calls.filter(|name| *name == "clear_route_cache").count();
        assert_eq!(calls, usize::from(clears));
    }
}

//! What Portcullis exports for other filters. Both builds of the module write filter state. The
//! dynamic module also writes the same dynamic metadata as `jwt_authn`.

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

on_both_builds!(
    refuses_exports_where_envoy_takes_none,
    the_dynamic_module_writes_the_metadata_that_jwt_authn_writes,
);

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

/// The namespace that these tests configure for dynamic metadata.
const NAMESPACE: &str = "com.example.gate";

/// A filter that copies dynamic metadata into headers for the service. Metadata in `NAMESPACE` goes
/// into headers `x-ours-…`, and metadata of `jwt_authn` goes into headers `x-theirs-…`.
fn showing_metadata() -> Value {
    let mut mutations = Vec::new();
    for (whose, namespace) in [("ours", NAMESPACE), ("theirs", JWT_AUTHN)] {
        for key in ["jwt", "head", "failure"] {
            mutations.push(json!({ "append": {
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                "header": {
                    "key": format!("x-{whose}-{key}"),
                    "value": format!("%DYNAMIC_METADATA({namespace}:{key})%"),
                },
            } }));
        }
    }
    json!({
        "name": "envoy.filters.http.header_mutation",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            "mutations": { "request_mutations": mutations },
        },
    })
}

/// The name of Envoy's own filter for JWTs. This name is also the filter's namespace for dynamic
/// metadata.
const JWT_AUTHN: &str = "envoy.filters.http.jwt_authn";

/// The dynamic module writes the same metadata as `jwt_authn`, so filters that read this metadata
/// keep working. The proxy-wasm module accepts the same configuration but writes no metadata.
fn the_dynamic_module_writes_the_metadata_that_jwt_authn_writes<D: Driver>() {
    if !D::takes_nested_metadata() {
        return;
    }
    let signer = signer();
    let mut provider = local_provider(&signer);
    for (field, key) in [
        ("payload_in_metadata", "jwt"),
        ("header_in_metadata", "head"),
        ("failed_status_in_metadata", "failure"),
    ] {
        provider[field] = json!(key);
    }
    provider["forward"] = json!(true);
    provider["normalize_payload_in_metadata"] = json!({ "space_delimited_claims": ["scope"] });
    let requires = json!({ "requires_any": { "requirements": [
        { "provider_name": "login" }, { "allow_missing_or_failed": {} },
    ] } });
    let rules = json!([{ "match": { "prefix": "/" }, "requires": requires }]);
    let mut ours = configuration(&provider);
    ours["rules"] = rules.clone();
    ours["metadata_namespace"] = json!(NAMESPACE);
    provider["claim_to_headers"] = json!([]);
    let theirs = json!({
        "name": JWT_AUTHN,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": { "login": provider },
            "rules": rules,
        },
    });
    let setup = Setup {
        filters_ahead: vec![theirs],
        filters_behind: vec![showing_metadata()],
        ..Setup::new(ours)
    };
    let gate: D = start(&setup);
    let mut claims = claims(&gate, "Z\u{fc}rich \"quoted\"");
    claims["scope"] = json!("orders:read orders:write");
    claims["address"] = json!({ "city": "Bern", "numbers": [1, 2.5, null, true] });
    let shown = |exchange: &Exchange, name: &str| {
        let headers = &exchange.upstream.as_ref().unwrap().headers;
        serde_json::from_str::<Value>(&headers.value(name)?).ok()
    };
    let good = get(&gate, "/", &signer.sign_claims(&claims));
    claims["exp"] = json!(gate.now() - 600);
    let expired = get(&gate, "/", &signer.sign_claims(&claims));
    for (exchange, key) in [(&good, "jwt"), (&good, "head")] {
        let theirs = shown(exchange, &format!("x-theirs-{key}"));
        assert!(theirs.is_some(), "{key}: {exchange:?}");
        let ours = shown(exchange, &format!("x-ours-{key}"));
        assert_eq!(ours, theirs.filter(|_| D::IS_NATIVE), "{key}");
    }
    let theirs = shown(&expired, "x-theirs-failure").unwrap();
    let ours = shown(&expired, "x-ours-failure");
    assert_eq!(ours.is_some(), D::IS_NATIVE, "{ours:?}");
    if let Some(ours) = ours {
        // The two filters word the message differently.
        assert_eq!(ours["code"], theirs["code"]);
        assert_eq!(ours["message"], "expired");
    }
}

/// If the host does not store the payload, filters after Portcullis would decide without it. So the
/// request is refused.
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

/// If `clear_route_cache` is true, the module calls the host's function of that name. If the host
/// lacks the function, the module relies on its edits of headers, because an edit clears the route
/// cache too. If there is nothing to edit, the request is refused.
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
        provider.as_object_mut().unwrap().remove("claim_to_headers");
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

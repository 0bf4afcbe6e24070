//! Answers that depend on the kind of request or on the configuration: gRPC, CORS preflights,
//! shadow mode.
//!
//! The module `refusals` tests the answers to requests that are refused.

use serde_json::json;

use crate::world::{
    configuration, forwarded_user, get, local_provider, publishing, remote_provider, signer, start,
    token, with_local_keys,
};
use support::{
    driver::{Driver, Request, Setup},
    envoy::Envoy,
    in_envoy, on_every_driver,
    upstream::{BODY, STATUS},
};

on_every_driver!(
    refuses_a_grpc_call_with_a_grpc_status,
    strips_the_failure_response_on_request,
    lets_preflight_requests_pass,
    only_records_in_shadow_mode,
    makes_no_request_wait_in_shadow_mode,
);
in_envoy!(answers_of_the_service_pass_unchanged);

fn refuses_a_grpc_call_with_a_grpc_status<D: Driver>() {
    let gate: D = with_local_keys(&signer());
    let call = Request::new("POST", "/pkg.Service/Call").header("content-type", "application/grpc");
    let exchange = gate.send(&call);
    assert_eq!(exchange.status, 200);
    // The gRPC status 16 is UNAUTHENTICATED.
    assert_eq!(exchange.headers.value("grpc-status").as_deref(), Some("16"));
    assert!(exchange.upstream.is_none());
}

fn strips_the_failure_response_on_request<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    config["strip_failure_response"] = json!(true);
    let gate: D = start(&Setup::new(config));
    let exchange = gate.send(&Request::get("/").bearer("junk"));
    assert_eq!((exchange.status, exchange.body.as_slice()), (401, &b""[..]));
    assert_eq!(exchange.headers.value("www-authenticate"), None);
}

fn lets_preflight_requests_pass<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    config["bypass_cors_preflight"] = json!(true);
    let gate: D = start(&Setup::new(config));
    let preflight = Request::new("OPTIONS", "/")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("x-user", "root");
    let exchange = gate.send(&preflight);
    assert_eq!(exchange.status, 200);
    assert_eq!(
        forwarded_user(&exchange),
        None,
        "an identity that nobody verified"
    );
    let options = Request::new("OPTIONS", "/").header("origin", "https://app.example");
    assert_eq!(gate.send(&options).status, 401, "not a preflight request");
    assert_eq!(gate.send(&Request::new("OPTIONS", "/")).status, 401);
    assert_eq!(gate.send(&Request::get("/")).status, 401);
}

fn only_records_in_shadow_mode<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    config["mode"] = json!("shadow");
    let gate: D = start(&Setup::new(config));
    let exchange = gate.send(&Request::get("/").bearer("junk").header("x_user", "root"));
    assert_eq!(exchange.status, 200);
    let seen = exchange.upstream.unwrap();
    assert_eq!(
        seen.headers.value("x_user"),
        None,
        "it is sanitized in shadow mode too"
    );
    gate.wait_for_count("portcullis.shadow_denied.malformed_token", 1);
    assert_eq!(
        gate.send(&Request::get("/a%2f..%2fb")).status,
        400,
        "shadow mode refuses ambiguous paths"
    );
}

fn makes_no_request_wait_in_shadow_mode<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let mut config = configuration(&remote_provider());
    config["mode"] = json!("shadow");
    let gate: D = start(&Setup::new(config).cluster("login", &server));
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    gate.wait_for_count("portcullis.shadow_denied.keys_unavailable", 1);
    server.release();
}

/// If the protected service itself refuses a request, its answer reaches the client unchanged.
fn answers_of_the_service_pass_unchanged() {
    let signer = signer();
    let gate: Envoy = with_local_keys(&signer);
    let token = token(&gate, &signer, "alice");
    let plain = get(&gate, "/", &token);
    for status in ["401", "403", "429", "503"] {
        let request = Request::get("/").bearer(&token).header(STATUS, status);
        let exchange = gate.send(&request);
        assert_eq!(exchange.status.to_string(), status);
        assert_eq!(exchange.headers.value("retry-after").as_deref(), Some("7"));
        assert_eq!(exchange.body, BODY);
        for name in ["www-authenticate", "cache-control", "content-type"] {
            let own = plain.headers.value(name);
            assert_eq!(exchange.headers.value(name), own, "{status}: {name}");
        }
        assert_eq!(exchange.details, "via_upstream");
    }
    gate.wait_for_count("portcullis.allowed", 5);
}

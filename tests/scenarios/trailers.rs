//! Request trailers, which some servers merge into the headers.

use proxy_wasm::types::Status;
use serde_json::{Value, json};

use crate::world::{
    configuration, forwarded_user, local_provider, publishing, remote_provider, signer, start,
    token,
};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    fake_host::FakeHost,
    http::Headers,
    on_every_driver,
};

on_every_driver!(
    removes_identities_and_tokens_from_the_trailers_of_every_request,
    removes_identities_from_the_trailers_of_a_request_that_waited,
    trailers_of_a_refused_request_do_not_pass,
);

/// An upload with trailers that claim an identity and contain a token. Some servers turn the names
/// of trailers into variables, in the same way as the names of headers.
fn upload(path: &str) -> Request {
    Request::new("POST", path)
        .body("data")
        .trailer("x-user", "root")
        .trailer("X_User", "root")
        .trailer("x.user", "root")
        .trailer("authorization", "Bearer a.b.c")
        .trailer("x-checksum", "kept")
}

/// A configuration in which `/open` and all paths without a rule are open.
fn rules(configuration: Value) -> Value {
    let mut configuration = configuration;
    configuration["rules"] = json!([
        { "match": { "prefix": "/open" } },
        { "match": { "prefix": "/lenient" }, "requires": { "allow_missing": {} } },
        { "match": { "prefix": "/api" }, "requires": { "provider_name": "login" } },
    ]);
    configuration["unmatched"] = json!("allow");
    configuration
}

fn trailers(exchange: &Exchange) -> &Headers {
    &exchange.upstream.as_ref().unwrap().trailers
}

fn only_the_clients_own() -> Headers {
    let mut headers = Headers::default();
    headers.add("x-checksum", "kept");
    headers
}

fn removes_identities_and_tokens_from_the_trailers_of_every_request<D: Driver>() {
    let signer = signer();
    for mode in ["enforce", "shadow"] {
        let mut configuration = rules(configuration(&local_provider(&signer)));
        configuration["mode"] = json!(mode);
        let gate: D = start(&Setup::new(configuration));
        for path in ["/open", "/unmatched", "/lenient"] {
            let exchange = gate.send(&upload(path));
            assert_eq!(trailers(&exchange), &only_the_clients_own(), "{path}");
        }
        let verified = gate.send(&upload("/api").bearer(token(&gate, &signer, "alice")));
        assert_eq!(trailers(&verified), &only_the_clients_own());
        assert_eq!(forwarded_user(&verified).as_deref(), Some("alice"));
        assert_eq!(verified.upstream.unwrap().body, b"data");
    }
}

fn removes_identities_from_the_trailers_of_a_request_that_waited<D: Driver>() {
    for stops_headers_alone in [false, true] {
        let signer = signer();
        let server = publishing(&signer);
        server.hold();
        let mut setup =
            Setup::new(rules(configuration(&remote_provider()))).cluster("login", &server);
        setup.stops_headers_alone = stops_headers_alone;
        let gate: D = start(&setup);
        let pending = gate.begin(&upload("/api").bearer(token(&gate, &signer, "alice")));
        gate.wait_until("a waiting request", || gate.in_flight() == 1);
        server.release();
        let exchange = gate.finish(pending);
        assert_eq!(trailers(&exchange), &only_the_clients_own());
        assert_eq!(forwarded_user(&exchange).as_deref(), Some("alice"));
    }
}

fn trailers_of_a_refused_request_do_not_pass<D: Driver>() {
    let gate: D = start(&Setup::new(rules(configuration(
        &local_provider(&signer()),
    ))));
    let exchange = gate.send(&upload("/api"));
    assert_eq!((exchange.status, exchange.upstream), (401, None));
}

/// If the host does not return the trailers of a request, or refuses to edit them, the request must
/// not pass.
#[test]
fn lets_no_trailers_pass_that_it_could_not_sanitize() {
    for call in [
        "proxy_get_header_map_pairs",
        "proxy_remove_header_map_value",
    ] {
        let signer = signer();
        let server = publishing(&signer);
        server.hold();
        let setup = Setup::new(rules(configuration(&remote_provider()))).cluster("login", &server);
        let gate: FakeHost = start(&setup);
        let token = token(&gate, &signer, "alice");
        // The host accepts this call for the headers, and refuses it for the trailers.
        gate.fail_on_trailers(call, Status::InternalFailure);
        let pending = gate.begin(&upload("/api").bearer(&token));
        server.release();
        let exchange = gate.finish(pending);
        assert_eq!((exchange.status, exchange.upstream), (503, None), "{call}");
        assert_eq!(gate.in_flight(), 0);
        let open = gate.send(&upload("/open"));
        assert_eq!((open.status, open.upstream), (503, None), "{call}");
    }
}

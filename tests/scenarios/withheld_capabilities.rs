//! A host that withholds some of its functions from the module. The module must not trap. If it
//! needs a withheld function to check a request, it must refuse the request.

use proxy_wasm::types::Status;
use serde_json::json;

use crate::world::{
    configuration, get, local_provider, publishing, remote_provider, signer, start, token,
};
use support::{
    driver::{Driver, Request, Setup},
    fake_host::FakeHost,
    on_every_driver,
};

on_every_driver!(works_with_the_capabilities_of_the_example);

/// The capabilities in `envoy/demo.yaml`.
pub(crate) fn example_capabilities() -> Vec<String> {
    include_str!("../../envoy/demo.yaml")
        .lines()
        .map(str::trim)
        .filter_map(|line| line.strip_suffix(": {}"))
        .filter(|name| name.starts_with("proxy_"))
        .map(str::to_owned)
        .collect()
}

fn works_with_the_capabilities_of_the_example<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let capabilities = example_capabilities();
    assert!(capabilities.len() > 10);
    let setup = Setup::new(configuration(&remote_provider()))
        .cluster("login", &server)
        .capabilities(capabilities);
    let gate: D = start(&setup);
    let pending = gate.begin(&Request::get("/").bearer(token(&gate, &signer, "alice")));
    gate.wait_until("a waiting request", || gate.in_flight() == 1);
    server.release();
    assert_eq!(gate.finish(pending).status, 200);
    assert_eq!(gate.send(&Request::get("/")).status, 401);
}

/// The module needs each of these calls to check a request. The test makes the host refuse one call
/// at a time.
#[test]
fn lets_nothing_pass_if_the_host_refuses_a_call() {
    for call in [
        "proxy_get_current_time_nanoseconds",
        "proxy_get_header_map_pairs",
        "proxy_remove_header_map_value",
        "proxy_replace_header_map_value",
    ] {
        let signer = signer();
        let gate: FakeHost = start(&Setup::new(configuration(&local_provider(&signer))));
        let good = token(&gate, &signer, "alice");
        assert_eq!(get(&gate, "/", &good).status, 200);
        gate.force(call, Status::InternalFailure);
        let exchange = get(&gate, "/", &good);
        assert_eq!((exchange.status, exchange.upstream), (503, None), "{call}");
    }
}

/// Without metrics, the status page still works, but shows no counts.
#[test]
fn shows_the_status_without_metrics() {
    let signer = signer();
    let mut configuration = configuration(&local_provider(&signer));
    configuration["status"] = json!({ "path": "/status", "unprotected": true });
    let gate: FakeHost = start(&Setup::new(configuration));
    let page = || {
        let page = gate.send(&Request::get("/status").header("accept", "text/html"));
        assert_eq!(page.status, 200);
        String::from_utf8(page.body).unwrap()
    };
    assert!(!page().contains("does not provide"));
    gate.force("proxy_get_metric", Status::InternalFailure);
    assert!(page().contains("The proxy does not provide the metrics."));
}

/// The module can check requests without these calls. The test makes the host refuse one call at a
/// time. Without shared data, each worker fetches the keys itself.
#[test]
fn decides_without_shared_data_metrics_and_log() {
    for call in [
        "proxy_get_shared_data",
        "proxy_set_shared_data",
        "proxy_define_metric",
        "proxy_increment_metric",
        "proxy_record_metric",
        "proxy_log",
    ] {
        let signer = signer();
        let server = publishing(&signer);
        let setup = Setup::new(configuration(&remote_provider())).cluster("login", &server);
        let gate: FakeHost = start(&setup);
        gate.force(call, Status::InternalFailure);
        assert_eq!(
            get(&gate, "/", &token(&gate, &signer, "alice")).status,
            200,
            "{call}"
        );
        assert_eq!(gate.send(&Request::get("/")).status, 401, "{call}");
    }
}

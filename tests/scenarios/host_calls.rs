//! The host calls that the module makes for the most frequent kinds of requests. Each call costs
//! more than the decision itself, so the module must not make any unnecessary call.

use serde_json::json;

use crate::world::{configuration, local_provider, signer, start, token};
use support::{
    driver::{Driver as _, Request, Setup},
    fake_host::FakeHost,
};

const HEADERS: &str = "proxy_get_header_map_pairs";
const TIME: &str = "proxy_get_current_time_nanoseconds";
const ROUTE: &str = "proxy_get_property";
const COUNT: &str = "proxy_increment_metric";
const SET: &str = "proxy_replace_header_map_value";
const REMOVE: &str = "proxy_remove_header_map_value";
const ANSWER: &str = "proxy_send_local_response";

/// The host calls that the module makes while it handles a request's headers.
fn calls(gate: &FakeHost, request: &Request) -> Vec<String> {
    gate.process().recorded = Some(Vec::new());
    let pending = gate.begin(request);
    let calls = gate.process().recorded.take().unwrap();
    gate.finish(pending);
    calls
}

/// For a request with a cached token, the module makes seven calls. One call asks for the route's
/// policy, and one call sets the header with a claim.
#[test]
fn frequent_requests_make_no_call_more_than_they_need() {
    let signer = signer();
    let mut configuration = configuration(&local_provider(&signer));
    for (asks, route) in [("on", &[ROUTE][..]), ("off", &[])] {
        configuration["route_policies"] = json!(asks);
        let gate: FakeHost = start(&Setup::new(configuration.clone()));
        let good = Request::get("/").bearer(token(&gate, &signer, "alice"));
        for request in [&good, &Request::get("/")] {
            gate.send(request);
        }
        let decided = [&[HEADERS, TIME][..], route].concat();
        let cached = [&decided[..], &[COUNT, SET, REMOVE, COUNT]].concat();
        assert_eq!(calls(&gate, &good), cached, "route_policies: {asks}");
        let refused = [&decided[..], &[COUNT, ANSWER]].concat();
        assert_eq!(calls(&gate, &Request::get("/")), refused, "{asks}");
    }
}

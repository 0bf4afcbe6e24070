//! The host calls that the module makes for the most frequent kinds of requests. Each call costs
//! more than the decision itself, so the module must not make any unnecessary call.

use std::time::Duration;

use portcullis::jose::Algorithm;
use serde_json::json;

use crate::{
    withheld_capabilities::example_capabilities,
    world::{configuration, local_provider, publishing, remote_provider, signer, start, token},
};
use support::{
    driver::{Driver as _, Request, Setup},
    fake_host::FakeHost,
    signer::{Pair, Signer},
};

const HEADERS: &str = "proxy_get_header_map_pairs";
const TIME: &str = "proxy_get_current_time_nanoseconds";
const ROUTE: &str = "proxy_get_property";
const COUNT: &str = "proxy_increment_metric";
const SET: &str = "proxy_replace_header_map_value";
const FOREIGN: &str = "proxy_call_foreign_function";
const REMOVE: &str = "proxy_remove_header_map_value";
const ANSWER: &str = "proxy_send_local_response";
const ALLOWED: &str = "portcullis.allowed";

/// After this time, a worker has ticked at least once.
const TICK: Duration = Duration::from_millis(120);

/// The host calls that the module makes while it handles a request's headers.
fn calls(gate: &FakeHost, request: &Request) -> Vec<String> {
    let mut pending = None;
    let calls = recorded(gate, || pending = Some(gate.begin(request)));
    gate.finish(pending.unwrap());
    calls
}

/// The host calls that the module makes while `act` runs.
fn recorded(gate: &FakeHost, act: impl FnOnce()) -> Vec<String> {
    gate.process().recorded = Some(Vec::new());
    act();
    gate.process().recorded.take().unwrap()
}

/// For a request with a cached token, the module reads the headers and the time, asks for the
/// route's policy unless `route_policies` is `off`, copies a claim into a header, and removes the
/// token. It adds the request to the metrics only on its next tick.
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
        gate.pass(TICK);
        let decided = [&[HEADERS, TIME][..], route].concat();
        let cached = [&decided[..], &[SET, REMOVE]].concat();
        assert_eq!(calls(&gate, &good), cached, "route_policies: {asks}");
        let refused = [&decided[..], &[ANSWER]].concat();
        assert_eq!(calls(&gate, &Request::get("/")), refused, "{asks}");
    }
}

/// A forged token costs an attacker only one request, so refusing the token must not cost the proxy
/// much.
#[test]
fn refused_tokens_make_no_call_more_than_they_need() {
    let signer = Signer::new(Algorithm::Rs256);
    let other = Signer::with_pair(Algorithm::Rs256, Pair::Other);
    let server = publishing(&signer);
    let mut configuration = configuration(&remote_provider());
    configuration["route_policies"] = json!("off");
    let gate: FakeHost = start(&Setup::new(configuration).cluster("login", &server));
    let request = |signer: &Signer| Request::get("/").bearer(token(&gate, signer, "alice"));
    let forged = request(&other);
    let unknown = request(&signer.clone().named(Some("unknown")));
    // The first unknown `kid` causes a fetch. During the cool-down that follows, unknown `kid`s
    // cause no fetch.
    for (request, status) in [
        (request(&signer), 200),
        (forged.clone(), 401),
        (unknown.clone(), 401),
    ] {
        assert_eq!(gate.send(&request).status, status);
    }
    gate.pass(TICK);
    assert_eq!(calls(&gate, &forged), [HEADERS, TIME, FOREIGN, ANSWER]);
    // For an unknown `kid`, the module reads the keys in shared memory again, but at most once
    // every 20 ms.
    gate.send(&unknown);
    gate.pass(Duration::from_millis(15));
    assert_eq!(calls(&gate, &unknown), [HEADERS, TIME, ANSWER]);
}

/// On each tick, the module adds the requests since the last tick to the metrics. If there were no
/// requests, the module writes nothing.
#[test]
fn ticks_count_the_requests_since_the_last_tick() {
    let signer = signer();
    let gate: FakeHost = start(&Setup::new(configuration(&local_provider(&signer))));
    let good = Request::get("/").bearer(token(&gate, &signer, "alice"));
    gate.send(&good);
    assert_eq!(gate.metric(ALLOWED), Some(1), "before the first tick");
    gate.pass(TICK);
    (0..5).for_each(|_| drop(gate.send(&good)));
    assert_eq!(gate.metric(ALLOWED), Some(1));
    let counts = |calls: Vec<String>| calls.iter().filter(|call| *call == COUNT).count();
    // One call adds to `allowed`, and one adds to `cache.hit`.
    assert_eq!(counts(recorded(&gate, || gate.tick(1))), 2);
    assert_eq!(gate.metric(ALLOWED), Some(6));
    assert_eq!(counts(recorded(&gate, || gate.tick(1))), 0);
}

/// No counts are lost when a configuration is replaced between two ticks.
#[test]
fn a_configuration_writes_its_last_counts_when_it_ends() {
    let signer = signer();
    let mut configuration = configuration(&local_provider(&signer));
    let gate: FakeHost = start(&Setup::new(configuration.clone()));
    gate.pass(TICK);
    gate.send(&Request::get("/").bearer(token(&gate, &signer, "alice")));
    assert_eq!(gate.metric(ALLOWED), Some(0));
    configuration["realm"] = json!("next");
    gate.reconfigure(&configuration).unwrap();
    assert_eq!(gate.metric(ALLOWED), Some(1));
}

/// If the host gives the module no ticks, the module writes each count at once.
#[test]
fn counts_without_ticks() {
    for withheld in ["proxy_on_tick", "proxy_set_tick_period_milliseconds"] {
        let signer = signer();
        let allowed = example_capabilities();
        let allowed = allowed.into_iter().filter(|name| name != withheld);
        let setup = Setup::new(configuration(&local_provider(&signer))).capabilities(allowed);
        let gate: FakeHost = start(&setup);
        gate.pass(TICK);
        for count in 1..3 {
            gate.send(&Request::get("/").bearer(token(&gate, &signer, "alice")));
            assert_eq!(gate.metric(ALLOWED), Some(count), "{withheld}");
        }
    }
}

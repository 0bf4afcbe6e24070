//! Tests of requests that wait for keys: which requests wait, when they are resumed, and how the
//! wait ends.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn holds_a_request_until_its_keys_arrive() {
    let mut world = World::new(json!({}));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Wait);
    assert!(world.gate.has_waiting());
    assert!(!world.fetch_due(at(0)));
    assert_eq!(world.gate.ready(at(0)), [], "no keys yet");
    assert!(world.receive(200, &jwks(), at(100)));
    assert_eq!(world.gate.ready(at(100)), [StreamId(1)]);
    assert_eq!(world.proxy.take_done(), [""; 0], "nothing was decided yet");
    assert_eq!(world.resume(1, KID, at(100)), Verdict::Pass);
    assert!(!world.gate.has_waiting());
    assert_eq!(world.gate.ready(at(100)), [], "resumed once only");
}

#[test]
fn refuses_requests_that_waited_too_long() {
    let mut world = World::new(json!({"limits": {"park_timeout": "2s"}}));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Wait);
    assert_eq!(world.gate.ready(at(1999)), []);
    assert_eq!(world.resume(1, KID, at(1999)), Verdict::Wait);
    assert_eq!(world.gate.ready(at(2000)), [StreamId(1)]);
    assert_eq!(world.resume(1, KID, at(2000)), Verdict::Answer);
    let done = world.proxy.take_done();
    assert_eq!(done[1], "answer 503 portcullis_denied{keys_unavailable}");
    assert!(!world.gate.has_waiting());
}

#[test]
fn refuses_at_once_if_too_many_requests_wait() {
    let mut world = World::new(json!({"limits": {"parked_requests": 1}}));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Wait);
    assert_eq!(world.bearer(2, KID, at(0)), Verdict::Answer);
    let done = world.proxy.take_done();
    assert_eq!(done[1], "answer 503 portcullis_denied{overloaded}");
    let counted = world.proxy.counted();
    assert!(counted.contains(&("denied.overloaded".to_owned(), 1)));
    world.gate.on_stream_end(StreamId(1));
    assert_eq!(world.bearer(3, KID, at(0)), Verdict::Wait);
}

/// In shadow mode, the status page is protected as in enforce mode, but no request waits. So a
/// request for the page is refused although the list of waiting requests is empty.
#[test]
fn a_mode_without_waiting_is_not_an_overload() {
    let mut world = World::new(json!({
        "mode": "shadow",
        "status": {"path": "/status", "requires": {"provider_name": "a"}},
    }));
    let value = bearer(KID);
    let headers = [
        (":method", "GET"),
        (":path", "/status"),
        ("authorization", &*value),
    ];
    let request = Request::new(header_bytes(&headers));
    let proxy = &world.proxy;
    let verdict = arrive(&mut world.gate, 1, &request, at(0), proxy).verdict;
    assert_eq!(verdict, Verdict::Answer);
    let done = world.proxy.take_done();
    assert_eq!(done[1], "answer 503 portcullis_denied{keys_unavailable}");
    let counted = world.proxy.counted();
    let denied: Vec<_> = counted
        .iter()
        .filter(|(name, _)| name.starts_with("denied"))
        .collect();
    assert_eq!(denied, [&("denied.keys_unavailable".to_owned(), 1)]);
}

#[test]
fn a_stream_that_ended_no_longer_waits() {
    let mut world = World::new(json!({}));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Wait);
    world.gate.on_stream_end(StreamId(1));
    assert!(!world.gate.has_waiting());
    world.gate.on_news(News::Ended);
    assert_eq!(world.gate.ready(at(0)), []);
    assert_eq!(world.resume(1, KID, at(0)), Verdict::Answer);
    assert_eq!(world.proxy.take_done(), [""; 0], "no answer is sent");
}

#[test]
fn refuses_a_waiting_request_if_the_host_does_not_return_the_time() {
    let mut world = World::new(json!({}));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Wait);
    let request = Request::new(head(&[]));
    let mut resume = || {
        let head = SettledHead::of(Some(&request));
        (world.gate).resume(StreamId(1), head, Err(Refused), &world.proxy)
    };
    assert_eq!(resume(), Verdict::Answer.into());
    // The request was answered, so it is not answered again.
    assert_eq!(resume(), Verdict::Answer.into());
    let done = world.proxy.take_done();
    let answer = "answer 503 portcullis_denied{host_failure}";
    assert_eq!(done, ["encode", answer]);
    let counted = world.proxy.counted();
    assert!(counted.contains(&("denied.host_failure".to_owned(), 1)));
    assert!(!world.gate.has_waiting());
}

/// Another worker wrote the keys after this worker last read the records.
#[test]
fn decides_again_with_keys_of_another_worker_before_refusing() {
    let mut other = World::with_keys(json!({}));
    for rest in [json!({}), json!({"mode": "shadow"})] {
        let mut world = World::new(rest);
        let keys = other.proxy.keys.0.borrow().clone();
        world.proxy.keys.0.replace(keys);
        assert_eq!(world.bearer(1, KID, at(0)), Verdict::Pass);
        let counted = world.proxy.counted();
        assert!(counted.contains(&("allowed".to_owned(), 1)), "{counted:?}");
    }
    // This worker fetches a key set that lacks the key of the token. It must not fetch again yet,
    // because its last fetch is too recent. It accepts the token only after the other worker's key
    // set is in the shared record.
    let mut world = World::new(json!({}));
    assert!(!world.fetch_due(at(0)));
    let older = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "older",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
    assert!(world.receive(200, &older.to_string(), at(0)));
    world.gate.ready(at(0));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Wait);
    assert!(!world.fetch_due(at(0)));
    assert!(world.receive(200, &older.to_string(), at(1)));
    assert_eq!(world.resume(1, KID, at(1)), Verdict::Answer);
    let done = world.proxy.take_done();
    assert_eq!(done[1], "answer 401 portcullis_denied{unknown_key}");
    let keys = other.proxy.keys.0.borrow().clone();
    let newer = keys.map(|(record, _)| (record, 1_000));
    world.proxy.keys.0.replace(newer);
    assert_eq!(world.bearer(2, KID, at(21)), Verdict::Pass);
    world.proxy.take_done();
    assert_eq!(other.bearer(1, KID, at(21)), Verdict::Pass);
}

#[test]
fn returns_the_missing_keys_with_the_verdict() {
    let mut world = World::with_keys(json!({}));
    let values = [KID, UNKNOWN_KID].map(bearer);
    let [known, unknown] = values
        .each_ref()
        .map(|value| Request::new(head(&[("authorization", value)])));
    let proxy = &world.proxy;
    let mut ask = |stream, request| arrive(&mut world.gate, stream, request, at(0), proxy);
    assert_eq!(ask(1, &known), Verdict::Pass.into());
    let Handled { verdict, wanted } = ask(2, &unknown);
    assert_eq!(verdict, Verdict::Wait);
    assert_eq!(wanted.unwrap().cause, FetchCause::UnknownKid);
    let resumed = world.gate.resume(
        StreamId(2),
        SettledHead::of(Some(&unknown)),
        Ok(at(0)),
        proxy,
    );
    assert_eq!(resumed.verdict, Verdict::Wait);
    assert_eq!(resumed.wanted, wanted);
}

/// A request that cannot wait is refused, but its keys must be fetched for later requests.
#[test]
fn returns_the_missing_keys_of_a_refused_request() {
    let mut world = World::with_keys(json!({"limits": {"parked_requests": 1}}));
    assert_eq!(world.bearer(1, UNKNOWN_KID, at(0)), Verdict::Wait);
    let value = bearer(UNKNOWN_KID);
    let request = Request::new(head(&[("authorization", &value)]));
    let proxy = &world.proxy;
    let handled = arrive(&mut world.gate, 2, &request, at(0), proxy);
    assert_eq!(handled.verdict, Verdict::Answer);
    assert_eq!(handled.wanted.unwrap().cause, FetchCause::UnknownKid);
}

/// On a host with threads, the keeper has its own key store.
#[test]
fn follows_a_keeper_with_its_own_key_store() {
    let mut keeping = World::new(json!({}));
    let (mut gate, _) = gate_and_keeper(json!({}), &keeping.proxy);
    let value = bearer(KID);
    let request = Request::new(head(&[("authorization", &value)]));
    let proxy = &keeping.proxy;
    let handled = arrive(&mut gate, 1, &request, at(0), proxy);
    assert_eq!(handled.verdict, Verdict::Wait);
    gate.follow(0);
    assert_eq!(gate.ready(at(0)), []);
    assert_eq!(keeping.run_keeper(at(0)), News::Leased);
    assert!(keeping.receive(200, &jwks(), at(1)));
    gate.follow(0);
    assert_eq!(gate.ready(at(1)), [], "the epoch has not changed");
    gate.follow(1);
    assert_eq!(gate.ready(at(1)), [StreamId(1)]);
    let handled = gate.resume(
        StreamId(1),
        SettledHead::of(Some(&request)),
        Ok(at(1)),
        &keeping.proxy,
    );
    assert_eq!(handled.verdict, Verdict::Pass);
}

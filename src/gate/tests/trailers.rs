//! Tests of trailers, which must not carry a forged identity to the upstream.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn world() -> World {
    let header = json!({"header_name": "x-user", "claim_name": "sub"});
    let mut world = World::new(json!({"providers": {"a": {"claim_to_headers": [header]}}}));
    world.proxy.trailers = vec![("x-user", "root"), ("x-checksum", "1")];
    world
}

#[test]
fn removes_headers_that_only_portcullis_may_set() {
    let mut world = world();
    let verdict = world.gate.on_trailers(Some(StreamId(1)), &world.proxy);
    assert_eq!(verdict, Verdict::Pass);
    let done = world.proxy.take_done();
    assert_eq!(done, ["read trailers", "remove trailer x-user"]);
}

/// A server that merges trailers into headers would read an unverified token from the trailers,
/// even if Portcullis sets no header of its own.
#[test]
fn removes_tokens_if_portcullis_sets_no_headers() {
    let mut world = World::new(json!({"providers": {"a": {}}}));
    world.proxy.trailers = vec![("authorization", "Bearer a.b.c"), ("x-checksum", "1")];
    let verdict = world.gate.on_trailers(Some(StreamId(1)), &world.proxy);
    assert_eq!(verdict, Verdict::Pass);
    let done = world.proxy.take_done();
    assert_eq!(done, ["read trailers", "remove trailer authorization"]);
}

#[test]
fn refuses_a_request_whose_trailers_cannot_be_cleaned() {
    for effect in [Effect::Trailers, Effect::RemoveTrailer] {
        let mut world = world();
        assert_eq!(world.bearer(1, KID, at(0)), Verdict::Wait);
        world.proxy.refuses.set(Some(effect));
        let verdict = world.gate.on_trailers(Some(StreamId(1)), &world.proxy);
        assert_eq!(verdict, Verdict::Answer, "{effect:?}");
        assert!(!world.gate.has_waiting(), "{effect:?}");
        let done = world.proxy.take_done();
        assert_eq!(
            done.last().unwrap(),
            "answer 503 portcullis_denied{host_failure}"
        );
    }
}

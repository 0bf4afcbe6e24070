//! Tests of what the gate does after a decision: how it changes the request, counts metrics, and
//! reacts if the host refuses an operation.

use core::ptr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::verification::SecretHash;

/// A configuration whose provider copies a claim to a header and makes the host choose the route
/// again.
fn forwarding() -> Value {
    json!({"providers": {"a": {
        "claim_to_headers": [{"header_name": "x-user", "claim_name": "sub"}],
        "clear_route_cache": true,
    }}})
}

#[test]
fn carries_out_a_permit_and_counts_it() {
    let mut world = World::with_keys(forwarding());
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Pass);
    let done = world.proxy.take_done();
    assert!(done.contains(&"set x-user: s".to_owned()), "{done:?}");
    assert_eq!(done.last().unwrap(), "clear route cache");
    let counted = world.proxy.counted();
    assert!(counted.contains(&("allowed".to_owned(), 1)), "{counted:?}");
    assert!(counted.contains(&("cache.miss".to_owned(), 1)));
    assert_eq!(world.bearer(2, KID, at(1)), Verdict::Pass);
    assert!(world.proxy.counted().contains(&("cache.hit".to_owned(), 1)));
}

#[test]
fn builds_and_encodes_equal_answers_once() {
    let mut world = World::with_keys(json!({}));
    for expected in [&["encode", "answer"][..], &["answer"]] {
        assert_eq!(world.request(1, &[], at(0)), Verdict::Answer);
        let done = world.proxy.take_done();
        let answer = "answer 401 portcullis_denied{missing_credential}";
        let done: Vec<_> = done
            .iter()
            .map(|what| what.replace(answer, "answer"))
            .collect();
        assert_eq!(done, expected);
    }
    let counted = world.proxy.counted();
    assert!(counted.contains(&("denied.missing_credential".to_owned(), 2)));
}

#[test]
fn refuses_a_request_whose_edits_the_host_refuses() {
    for effect in [Effect::Edit, Effect::Route] {
        let mut world = World::with_keys(forwarding());
        world.proxy.refuses.set(Some(effect));
        assert_eq!(world.bearer(1, KID, at(0)), Verdict::Answer, "{effect:?}");
        let done = world.proxy.take_done();
        assert_eq!(
            done.last().unwrap(),
            "answer 503 portcullis_denied{host_failure}"
        );
        let counted = world.proxy.counted();
        assert!(counted.contains(&("denied.host_failure".to_owned(), 1)));
        let allowed = counted.iter().any(|(name, _)| name == "allowed");
        assert!(!allowed, "{effect:?}: {counted:?}");
    }
}

/// Some hosts clear the route cache after each edit, and have no other way to clear it.
#[test]
fn tolerates_a_failed_route_cache_clear_after_an_edit() {
    let mut world = World::with_keys(forwarding());
    world.proxy.refuses.set(Some(Effect::ClearRouteCache));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Pass);
}

#[test]
fn refuses_a_request_that_the_host_does_not_return() {
    let mut world = World::with_keys(json!({}));
    let value = bearer(KID);
    let request = Request::new(head(&[("authorization", &value)]));
    for (request, now) in [(None, Ok(at(0))), (Some(&request), Err(Refused))] {
        let proxy = &world.proxy;
        let handled = world
            .gate
            .on_request(StreamId(1), SettledHead::of(request), now, proxy);
        assert_eq!(handled.verdict, Verdict::Answer);
        let done = world.proxy.take_done();
        assert_eq!(
            done.last().unwrap(),
            "answer 503 portcullis_denied{host_failure}"
        );
    }
}

#[test]
fn shadow_mode_lets_requests_pass_and_logs_the_reason() {
    let mut world = World::new(json!({"mode": "shadow"}));
    assert_eq!(world.request(1, &[], at(0)), Verdict::Pass);
    // In shadow mode, requests do not wait for keys.
    assert_eq!(world.bearer(2, KID, at(0)), Verdict::Pass);
    assert_eq!(
        world.proxy.log.take(),
        [
            "Info without shadow mode, a request would have been denied: missing_credential",
            "Info without shadow mode, a request would have been denied: keys_unavailable",
        ]
    );
    let counted = world.proxy.counted();
    assert!(counted.contains(&("shadow_denied.missing_credential".to_owned(), 1)));
    assert!(!counted.iter().any(|(name, _)| name.starts_with("denied")));
}

#[test]
fn reads_a_routes_policy_once_per_call() {
    let mut world = World::new(json!({"limits": {"parked_requests": 1}}));
    world.proxy.route.replace(Some(json!({"disabled": true})));
    assert_eq!(world.request(1, &[], at(0)), Verdict::Pass);
    assert_eq!(world.proxy.routes_read.get(), 1);
    // Only one request may wait, and request 2 already does. So the gate decides on request 3
    // twice: first as if the request could wait, then as if it could not.
    world.proxy.route.replace(None);
    let _ = world.bearer(2, KID, at(0));
    world.proxy.routes_read.set(0);
    assert_eq!(world.bearer(3, KID, at(0)), Verdict::Answer);
    assert_eq!(world.proxy.routes_read.get(), 1);
}

#[test]
fn reports_each_malformed_route_policy_once() {
    let mut world = World::with_keys(json!({}));
    let mut ask = |route: &Value| {
        world.proxy.route.replace(Some(route.clone()));
        assert_eq!(world.request(1, &[], at(0)), Verdict::Answer, "{route}");
        let done = world.proxy.take_done();
        let answer = "answer 403 portcullis_denied{route_policy}";
        assert_eq!(done.last().unwrap(), answer);
        world.proxy.log.take()
    };
    let unknown = json!({"requirement_name": "strict"});
    let start = "Error a route's policy is malformed, so requests to this route get 403: ";
    for (route, line) in [
        (
            &json!({}),
            "not one of the three forms of a route's policy; ",
        ),
        (
            &unknown,
            "requirement_name: unknown requirement \"strict\"; ",
        ),
    ] {
        let log = ask(route);
        assert_eq!(log.len(), 1, "{log:?}");
        assert!(log[0].starts_with(&format!("{start}{line}")), "{log:?}");
        assert_eq!(ask(route), [""; 0], "the second time");
    }
    // So many routes empty the list of parsed policies, so policies are parsed again.
    let lines = |range: core::ops::Range<u32>| range.map(|n| json!({"disabled": n}));
    let logged: usize = lines(0..200).map(|route| ask(&route).len()).sum();
    assert_eq!(logged, 126, "two policies were reported before");
    assert_eq!(ask(&unknown), [""; 0]);
    assert!(lines(0..200).all(|route| ask(&route).is_empty()));
}

/// If the bytes encode no policy, the host says why.
#[test]
fn reports_a_route_policy_that_cannot_be_decoded() {
    let world = World::with_keys(json!({}));
    let mut routes = RoutePolicies::new(RouteLookup::Always);
    let config = world.gate.engine().config();
    for expected in [&["Error cannot be decoded"][..], &[]] {
        let policy = routes.current(config, at(0), &Undecodable, &world.proxy);
        assert_eq!(policy.unwrap().as_deref(), Some(&RoutePolicy::Unreadable));
        assert_eq!(world.proxy.log.take(), expected);
    }
}

struct Undecodable;

impl Route for Undecodable {
    fn metadata(&self) -> Result<Option<Vec<u8>>, Refused> {
        Ok(Some(vec![0xff]))
    }

    fn policy(&self, _: &[u8]) -> Result<Option<Value>, Malformed> {
        Err(Malformed("cannot be decoded"))
    }
}

#[test]
fn reports_an_unexpected_route_policy() {
    let mut world = World::with_keys(json!({"route_policies": "off"}));
    world.proxy.route.replace(Some(json!({"disabled": true})));
    for _ in 0..2 {
        assert_eq!(world.request(1, &[], at(0)), Verdict::Pass);
    }
    let log = world.proxy.log.take();
    assert_eq!(log.len(), 1);
    assert!(log[0].starts_with("Error a route has its own policy, but"));
}

/// The shell decides whether `route_policies: off` has an effect. A shell that always asks misses no
/// policy, not even that of a route whose first request follows a request to another route.
#[test]
fn misses_a_policy_only_if_the_shell_lets_the_gate_ask_less_often() {
    let strict = json!({"authorize": {"client_ids": ["nobody"]}});
    for (lookup, expected) in [
        (RouteLookup::Always, Verdict::Answer),
        (RouteLookup::Sampled, Verdict::Pass),
    ] {
        let World { gate, proxy, .. } = World::with_keys(json!({"route_policies": "off"}));
        let Gate {
            engine, metrics, ..
        } = gate;
        let mut gate = Gate::new(engine, None, lookup, metrics);
        let value = bearer(KID);
        let request = Request::new(head(&[("authorization", &value)]));
        let mut ask = || arrive(&mut gate, 1, &request, at(0), &proxy).verdict;
        assert_eq!(ask(), Verdict::Pass);
        proxy.route.replace(Some(strict.clone()));
        assert_eq!(ask(), expected, "{lookup:?}");
        assert_eq!(proxy.log.take(), [""; 0], "{lookup:?}");
    }
}

#[test]
fn the_status_report_has_the_counts_of_all_decisions() {
    let mut world = World::with_keys(json!({"status": {"path": "/status", "unprotected": true}}));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Pass);
    let html = [(&b":method"[..], &b"GET"[..]), (b":path", b"/status")];
    let request = Request::new(html.to_vec());
    let proxy = &world.proxy;
    let verdict = arrive(&mut world.gate, 2, &request, at(0), proxy).verdict;
    assert_eq!(verdict, Verdict::Answer);
    let done = world.proxy.take_done();
    assert_eq!(done.last().unwrap(), "answer 200 portcullis_status");
}

#[test]
fn old_connections_are_refused_what_the_newest_configuration_refuses() {
    let mut policies = Policies::new();
    let proxy = FakeProxy::default();
    let mut gate = |enabled: bool| {
        let config = json!({
            "policy_id": "p",
            "providers": {"a": {"issuer": "https://a.example", "audiences": ["orders"],
                "enabled": enabled, "local_jwks": {"inline_string": jwks()}}},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
        });
        let text = config.to_string();
        let engine = Engine::new(Config::parse(text.as_bytes()).unwrap());
        let config = engine.shared_config();
        let membership =
            Membership::enter(config, ConfigDigest::of(text.as_bytes()), &mut policies);
        let metrics = DecisionMetrics::define(engine.config(), &proxy);
        Gate::new(engine, membership, RouteLookup::Always, metrics)
    };
    let (mut old, mut new) = (gate(true), gate(false));
    let value = bearer(KID);
    let request = Request::new(head(&[("authorization", &value)]));
    let ask = |gate: &mut Gate, connection| {
        proxy.connection.set(connection);
        arrive(gate, 1, &request, at(0), &proxy).verdict
    };
    assert_eq!(ask(&mut old, 1), Verdict::Pass);
    assert_eq!(ask(&mut new, 2), Verdict::Answer);
    assert_eq!(ask(&mut old, 1), Verdict::Answer);
}

/// Like [`forwarding`], and with the requirement `strict`, which a token of `a` does not satisfy.
fn forwarding_with_strict_routes() -> Value {
    let mut rest = forwarding();
    merge(
        &mut rest,
        json!({
            "providers": {"b": {
                "issuer": "https://b.example",
                "audiences": ["orders"],
                "shared_secrets": [{"secret": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}],
            }},
            "requirement_map": {"strict": {"provider_name": "b"}},
        }),
    );
    rest
}

/// A header that is set from claims could lead a request to another route. The policy of that route
/// must apply too.
#[test]
fn the_route_after_the_edits_also_decides() {
    let strict = json!({"requirement_name": "strict"});
    let unchecked = json!({"disabled": true});
    let denied = Some("answer 401 portcullis_denied{algorithm}");
    let unsettled = Some("answer 403 portcullis_denied{unsettled_route}");
    for (next, expected) in [
        (Some(None), None),
        (Some(Some(strict)), denied),
        (Some(Some(unchecked)), unsettled),
        // This host does not report the next route.
        (None, None),
    ] {
        let rest = forwarding_with_strict_routes();
        let mut world = World::with_keys(rest);
        world.proxy.next_route.replace(next.clone());
        let verdict = world.bearer(1, KID, at(0));
        let done = world.proxy.take_done();
        let answer = done.iter().find(|what| what.starts_with("answer"));
        assert_eq!(answer.map(String::as_str), expected, "{next:?}");
        assert_eq!(verdict == Verdict::Pass, expected.is_none(), "{next:?}");
        let counted = world.proxy.counted();
        let allowed = counted.contains(&("allowed".to_owned(), 1));
        assert_eq!(allowed, expected.is_none(), "{counted:?}");
    }
}

/// In shadow mode, the request passes with the edits that were already made, and is counted.
#[test]
fn in_shadow_mode_the_route_after_the_edits_blocks_nothing() {
    let strict = json!({"requirement_name": "strict"});
    let unchecked = json!({"disabled": true});
    for (next, reason) in [(strict, "algorithm"), (unchecked, "unsettled_route")] {
        let mut rest = forwarding_with_strict_routes();
        rest["mode"] = json!("shadow");
        let mut world = World::with_keys(rest);
        world.proxy.next_route.replace(Some(Some(next)));
        assert_eq!(world.bearer(1, KID, at(0)), Verdict::Pass, "{reason}");
        let counted = world.proxy.counted();
        let expected = (format!("shadow_denied.{reason}"), 1);
        assert!(counted.contains(&expected), "{counted:?}");
        assert!(!counted.iter().any(|(name, _)| name == "allowed"));
        assert!(
            world
                .proxy
                .log
                .take()
                .iter()
                .any(|line| line.ends_with(reason))
        );
    }
}

/// Shadow mode does not cover a host that fails.
#[test]
fn in_shadow_mode_an_unknown_route_after_the_edits_is_refused() {
    let mut rest = forwarding();
    rest["mode"] = json!("shadow");
    let mut world = World::with_keys(rest);
    world.proxy.next_route.replace(Some(None));
    world.proxy.refuses.set(Some(Effect::NextRoute));
    assert_eq!(world.bearer(1, KID, at(0)), Verdict::Answer);
    let done = world.proxy.take_done();
    assert_eq!(
        done.last().unwrap(),
        "answer 503 portcullis_denied{host_failure}"
    );
}

/// A gate whose clients have only secrets, or secrets and tokens, does not ask for a scheme that it
/// does not accept.
#[test]
fn the_challenge_after_the_edits_names_an_accepted_scheme() {
    let secret = SecretHash::new([3; 16], b"secret").to_string();
    let jobs = json!({
        "client_secrets": {"clients": {"batch": {"secret_hashes": [secret]}}},
        "claim_to_headers": [{"header_name": "x-client", "claim_name": "client_id"}],
        "clear_route_cache": true,
    });
    let a = json!({"issuer": "https://a.example", "audiences": ["orders"],
        "local_jwks": {"inline_string": jwks()}});
    let bearer = r#"Bearer realm="api", error="insufficient_scope""#;
    for (providers, expected) in [
        (json!({"jobs": jobs}), &[][..]),
        (json!({"jobs": jobs, "a": a}), &[bearer]),
    ] {
        let config = json!({
            "providers": providers,
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "jobs"}}],
        });
        let proxy = FakeProxy::default();
        let engine = Engine::new(Config::parse(config.to_string().as_bytes()).unwrap());
        let metrics = DecisionMetrics::define(engine.config(), &proxy);
        let mut gate = Gate::new(engine, None, RouteLookup::Always, metrics);
        let unchecked = json!({"disabled": true});
        proxy.next_route.replace(Some(Some(unchecked)));
        let authorization = format!("Basic {}", STANDARD.encode("batch:secret"));
        let request = Request::new(head(&[("authorization", &authorization)]));
        let handled = arrive(&mut gate, 1, &request, at(0), &proxy);
        assert_eq!(handled.verdict, Verdict::Answer);
        let done = proxy.take_done();
        let answer = "answer 403 portcullis_denied{unsettled_route}";
        assert_eq!(done.last().unwrap(), answer);
        assert_eq!(*proxy.challenges.borrow(), expected, "{config}");
    }
}

#[test]
fn a_host_that_reports_the_next_route_chooses_it_without_forged_headers() {
    let forged = head(&[("x-user", "root")]);
    let forged = Request::new(forged);
    let world = World::with_keys(forwarding());
    fn is_unchanged(settled: &Settled<'_>, request: &Request<'_>) -> bool {
        let Settled::Head(head) = settled else {
            return false;
        };
        head.request().is_some_and(|head| ptr::eq(head, request))
    }
    fn settle<'r>(world: &World, request: &'r Request<'r>) -> Settled<'r> {
        world.gate.settle(Some(request), &world.proxy)
    }
    assert!(is_unchanged(&settle(&world, &forged), &forged));
    assert_eq!(world.proxy.take_done(), [""; 0]);

    world.proxy.next_route.replace(Some(None));
    assert!(matches!(settle(&world, &forged), Settled::ReadAgain(_)));
    assert_eq!(
        world.proxy.take_done(),
        ["remove x-user", "clear route cache"]
    );
    let honest = head(&[]);
    let honest = Request::new(honest);
    assert!(is_unchanged(&settle(&world, &honest), &honest));
    let unread = world.gate.settle(None, &world.proxy);
    assert!(matches!(unread, Settled::Head(head) if head.request().is_none()));

    for effect in [Effect::Edit, Effect::ClearRouteCache] {
        world.proxy.refuses.set(Some(effect));
        let failed = settle(&world, &forged);
        let refuses = matches!(failed, Settled::Head(head) if head.request().is_none());
        assert!(refuses, "{effect:?}");
    }
}

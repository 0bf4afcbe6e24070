//! Tests of the keeper: when fetches are due, how they end, and what is counted and logged.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const URI: &str = "https://a.example/jwks";

#[test]
fn fetches_once_and_sets_the_gauges() {
    let mut world = World::new(json!({}));
    assert_eq!(world.run_keeper(at(0)), News::Leased);
    assert_eq!(world.run_keeper(at(1)), News::Nothing, "one call");
    assert_eq!(world.caller.calls.len(), 1);
    assert_eq!(world.caller.calls[0].headers()[3], (":path", "/jwks"));
    assert!(world.receive(200, &jwks(), at(2)));
    assert!(!world.fetch_due(at(3)));
    let counted = world.proxy.counted();
    for expected in [
        ("provider.a.keys", 1),
        ("provider.a.jwks.fetch_success", 1),
        ("provider.a.jwks.last_success_seconds", NOW / 1000),
    ] {
        let expected = (expected.0.to_owned(), expected.1);
        assert!(counted.contains(&expected), "{counted:?}");
    }
    let gauges: Vec<String> = world.keeper.gauges().map(str::to_owned).collect();
    let gauges: Vec<&str> = gauges.iter().map(String::as_str).collect();
    world.keeper.clear(&gauges, &world.proxy);
    let counted = world.proxy.counted();
    assert!(!counted.iter().any(|(name, _)| name == "provider.a.keys"));
}

#[test]
fn reports_missing_keys_of_enabled_providers_only() {
    let is_missing = |world: &World| {
        let missing = ("provider.a.keys_missing".to_owned(), 1);
        world.proxy.counted().contains(&missing)
    };
    let mut never = World::new(json!({}));
    assert!(!never.fetch_due(at(0)));
    assert!(is_missing(&never), "before the first fetch");
    assert!(never.receive(500, "", at(1)));
    assert!(!never.fetch_due(at(100_000)));
    assert!(is_missing(&never), "after a failure");
    assert!(never.receive(200, &jwks(), at(100_001)));
    assert!(!never.fetch_due(at(100_002)));
    assert!(!is_missing(&never), "once keys have arrived");

    let mut removed = World::new(json!({}));
    assert!(!removed.fetch_due(at(0)));
    let gauges: Vec<String> = removed.keeper.gauges().map(str::to_owned).collect();
    let gauges: Vec<&str> = gauges.iter().map(String::as_str).collect();
    removed.keeper.clear(&gauges, &removed.proxy);
    assert!(!is_missing(&removed), "after its provider was removed");

    let mut disabled = World::new(json!({"providers": {"a": {"enabled": false}}}));
    assert!(!disabled.fetch_due(at(0)));
    assert!(!is_missing(&disabled), "of a disabled provider");
}

/// Before Envoy 1.39, the dynamic module writes gauges with the next request. The requests that a
/// fetch lets pass may be the last for a while.
#[test]
fn sets_the_gauges_when_a_fetch_ends() {
    let world = World::with_keys(json!({}));
    let counted = world.proxy.counted();
    assert!(
        counted.contains(&("provider.a.keys".to_owned(), 1)),
        "{counted:?}"
    );
}

#[test]
fn logs_failures_and_the_first_success_after_them() {
    let mut world = World::new(json!({}));
    for (second, status) in [(0, 500), (100, 200)] {
        assert!(!world.fetch_due(at(second * 1000)));
        assert!(world.receive(status, &jwks(), at(second * 1000)));
    }
    let keys = format!("keys of \"a\", {URI}:");
    assert_eq!(
        world.proxy.log.take(),
        [
            format!("Warn {keys} the response has status 500"),
            format!("Info {keys} the keys were fetched after 1 failed attempt"),
        ]
    );
    let counted = world.proxy.counted();
    assert!(counted.contains(&("provider.a.jwks.fetch_failed".to_owned(), 1)));
}

/// Configurations share the gauges of providers with the same name. A configuration that is being
/// drained could leave a value that raises an alert.
#[test]
fn sets_gauges_again_that_another_configuration_has_overwritten() {
    for rest in [
        json!({}),
        json!({"providers": {"a": {"remote_jwks": null, "local_jwks": {"inline_string": jwks()}}}}),
    ] {
        let mut world = World::new(rest);
        if !world.fetch_due(at(0)) && !world.caller.calls.is_empty() {
            assert!(world.receive(200, &jwks(), at(0)));
            assert!(!world.fetch_due(at(0)));
        }
        let keys = |world: &World| {
            let mut metrics = world.proxy.metrics.borrow_mut();
            let found = metrics
                .iter_mut()
                .find(|(name, _)| name.ends_with("provider.a.keys"));
            core::mem::replace(&mut found.unwrap().1, 0)
        };
        assert_eq!(keys(&world), 1);
        assert!(!world.fetch_due(at(1)));
        assert_eq!(keys(&world), 0);
        world.keeper.set_gauges_again();
        assert!(!world.fetch_due(at(2)));
        assert_eq!(keys(&world), 1);
    }
}

/// Operators look for the line that an outage has ended, even if there is also a warning.
#[test]
fn logs_the_first_success_even_if_keys_have_no_kid() {
    let mut world = World::new(json!({}));
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let other = key.replace(
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
    );
    let nameless = format!(r#"{{"keys":[{key},{other}]}}"#);
    for (second, status) in [(0, 500), (100, 200)] {
        assert!(!world.fetch_due(at(second * 1000)));
        assert!(world.receive(status, &nameless, at(second * 1000)));
    }
    let log = world.proxy.log.take();
    assert_eq!(log.len(), 3, "{log:?}");
    assert!(log[1].ends_with("the keys were fetched after 1 failed attempt"));
    assert!(log[2].contains("kid"), "{log:?}");
}

#[test]
fn logs_a_failure_that_repeats_at_growing_intervals() {
    let mut world = World::new(json!({}));
    let refused = "upstream connect error or disconnect/reset before headers. reset reason: \
                   remote connection failure";
    let mut logged = Vec::new();
    for attempt in 1..=600 {
        let now = at(attempt * 100_000);
        assert!(!world.fetch_due(now));
        // Attempt 21 fails with another status, so this failure is logged.
        let status = if attempt == 21 { 500 } else { 503 };
        assert!(world.receive(status, refused, now));
        let lines = world.proxy.log.take();
        logged.extend(lines.into_iter().map(|line| (attempt, line)));
    }
    let attempts: Vec<_> = logged.iter().map(|(attempt, _)| *attempt).collect();
    assert_eq!(
        attempts,
        [1, 2, 4, 8, 16, 21, 22, 32, 64, 128, 256, 512],
        "{logged:?}"
    );
    let line = "Warn keys of \"a\", https://a.example/jwks: the proxy cannot connect to the server, \
                or TLS fails; see cluster.as.ssl.connection_error, cluster.as.ssl.fail_verify_error, \
                cluster.as.ssl.fail_verify_san, cluster.as.upstream_cx_connect_fail";
    assert_eq!(logged[0].1, line);
    assert_eq!(logged[1].1, format!("{line} (2 failures in a row)"));
    let other = "the response has status 500 (21 failures in a row)";
    assert!(logged[5].1.ends_with(other), "{logged:?}");
}

#[test]
fn ends_a_fetch_that_the_host_refuses() {
    for (error, line) in [
        (
            CallError::NoCluster,
            "Error keys of \"a\", https://a.example/jwks: the proxy has no cluster named \"as\"; \
             add the cluster, or correct its name in remote_jwks or discovery",
        ),
        (
            CallError::Refused,
            "Warn keys of \"a\", https://a.example/jwks: the proxy refuses to call the cluster; the cluster may have no address, so check its DNS name",
        ),
    ] {
        let mut world = World::new(json!({}));
        world.caller.refuses = Some(error);
        assert_eq!(world.run_keeper(at(0)), News::Ended);
        assert_eq!(world.proxy.log.take(), [line]);
    }
}

#[test]
fn makes_the_calls_of_discovery_in_sequence() {
    let mut world = World::new(json!({"providers": {"a": {
        "remote_jwks": null,
        "discovery": {"cluster": "as", "timeout": "1s"},
    }}}));
    assert!(!world.fetch_due(at(0)));
    let metadata = json!({"issuer": "https://a.example", "jwks_uri": URI}).to_string();
    assert!(
        !world.receive(200, &metadata, at(1)),
        "the next call follows"
    );
    assert_eq!(world.caller.calls[0].endpoint.uri, URI);
    assert!(world.receive(200, &jwks(), at(2)));
    assert_eq!(world.bearer(1, KID, at(2)), Verdict::Pass);
}

#[test]
fn knows_when_the_next_fetch_is_due() {
    let mut world = World::new(json!({}));
    let next = |world: &World, now| world.gate.engine().keys().next_wakeup(now);
    assert!(next(&world, at(0)).unwrap() <= at(0));
    assert!(!world.fetch_due(at(0)));
    // While a fetch is under way, there is nothing to do until its lease ends.
    assert!(next(&world, at(0)).unwrap() > at(1));
    assert!(world.receive(200, &jwks(), at(0)));
    let due = next(&world, at(0)).unwrap();
    assert!(due > at(0));
    let before = UnixMillis::new(due.as_u64() - 1);
    assert!(!world.fetch_due(before) && world.caller.calls.is_empty());
    assert!(!world.fetch_due(due));
    assert_eq!(world.caller.calls.len(), 1);

    let local = World::new(json!({"providers": {"a": {
        "remote_jwks": null,
        "local_jwks": {"inline_string": jwks()},
    }}}));
    assert_eq!(next(&local, at(0)), None);
    assert_eq!(local.proxy.counted(), [("provider.a.keys".to_owned(), 1)]);
}

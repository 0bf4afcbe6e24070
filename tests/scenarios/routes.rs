//! Policies in the metadata of Envoy's routes, and requirements that the filter state selects.

use std::time::Duration;

use proxy_wasm::types::Status;
use serde_json::{Value, json};

use crate::world::{
    claims, configuration, forwarded_user, get, local_provider, signer, start, token,
};
use support::{
    driver::{Driver, Exchange, Request, Route, Setup, VirtualHost},
    fake_host::FakeHost,
    on_both_builds, on_every_driver,
    signer::Signer,
};

on_every_driver!(
    obeys_each_route_of_each_virtual_host,
    refuses_requests_on_a_route_with_a_malformed_policy,
    the_tokens_of_the_rule_need_the_rights_of_the_route,
    no_client_s_header_chooses_the_policy,
    filter_state_chooses_the_requirement_if_no_rule_matches,
    obeys_a_policy_although_route_policies_is_off,
);
on_both_builds!(a_policy_for_the_other_build_refuses_every_request);

/// A gate with these routes and a rule that requires a token on every path.
fn with_routes<D: Driver>(provider: &Value, hosts: Vec<VirtualHost>) -> D {
    let mut configuration = configuration(provider);
    configuration["requirement_map"] = json!({
        "any": { "allow_missing_or_failed": {} },
        "strict": { "provider_name": "login" },
    });
    start(&Setup {
        virtual_hosts: hosts,
        ..Setup::new(configuration)
    })
}

fn at(gate: &impl Driver, host: &str, path: &str) -> Exchange {
    let mut request = Request::get(path);
    request.authority = host.to_owned();
    gate.send(&request)
}

fn obeys_each_route_of_each_virtual_host<D: Driver>() {
    let signer = signer();
    let gate: D = with_routes(
        &local_provider(&signer),
        vec![
            VirtualHost::new(
                "open.example.com",
                [
                    Route::new("/closed"),
                    Route::new("/strict").saying(json!({ "requirement_name": "strict" })),
                    Route::new("/").saying(json!({ "disabled": true })),
                ],
            ),
            VirtualHost::any([
                Route::new("/any").saying(json!({ "requirement_name": "any" })),
                Route::new("/"),
            ]),
        ],
    );
    for (host, path, status) in [
        ("open.example.com", "/", 200),
        ("open.example.com", "/closed", 401),
        ("open.example.com", "/strict", 401),
        ("api.example.com", "/", 401),
        ("api.example.com", "/any", 200),
        ("open.example.com", "//", 400),
    ] {
        // A route's metadata is parsed only once, so the second request uses the cached policy.
        for _ in 0..2 {
            assert_eq!(at(&gate, host, path).status, status, "{host} {path}");
        }
    }
    let good = token(&gate, &signer, "alice");
    let lenient = get(&gate, "/any", &good);
    assert_eq!(forwarded_user(&lenient).as_deref(), Some("alice"));
}

fn refuses_requests_on_a_route_with_a_malformed_policy<D: Driver>() {
    let signer = signer();
    let said = [
        json!({ "requirement_name": "strickt" }),
        json!({ "disabled": "true" }),
        json!({ "requires": { "provider_name": "login" } }),
        json!({}),
    ];
    let routes = said.iter().enumerate();
    let routes = routes.map(|(n, said)| Route::new(&format!("/{n}")).saying(said.clone()));
    let hosts = vec![VirtualHost::any(routes.collect::<Vec<_>>())];
    let gate: D = with_routes(&local_provider(&signer), hosts);
    let good = token(&gate, &signer, "alice");
    for n in 0..said.len() {
        let exchange = get(&gate, &format!("/{n}"), &good);
        assert_eq!(exchange.outcome(), (403, "route_policy"), "{n}");
        assert_eq!(exchange.upstream, None);
    }
    for n in 0..said.len() {
        assert_eq!(get(&gate, &format!("/{n}"), &good).status, 403, "{n}");
    }
    let warns = |line: &&String| line.contains("a route's policy is malformed");
    gate.wait_until("a line for each policy", || {
        gate.log().iter().filter(warns).count() == said.len()
    });
}

fn the_tokens_of_the_rule_need_the_rights_of_the_route<D: Driver>() {
    let signer = signer();
    let rights = json!({ "authorize": { "scopes": { "all_of": ["orders:write"] } } });
    let hosts = vec![VirtualHost::any([Route::new("/").saying(rights)])];
    let gate: D = with_routes(&local_provider(&signer), hosts);
    let mut claims = claims(&gate, "alice");
    claims["scope"] = json!("orders:read orders:write");
    assert_eq!(get(&gate, "/", &signer.sign_claims(&claims)).status, 200);
    claims["scope"] = json!("orders:read");
    let refused = get(&gate, "/", &signer.sign_claims(&claims));
    assert_eq!(refused.status, 403);
    let challenge = refused.headers.value("www-authenticate").unwrap();
    assert!(
        challenge.ends_with(r#"scope="orders:write""#),
        "{challenge}"
    );
}

/// The two builds of the module read route policies from different places. If an operator changes
/// the build but not the routes, the routes must not become open.
fn a_policy_for_the_other_build_refuses_every_request<D: Driver>() {
    let signer = signer();
    let open = Route::new("/").saying(json!({ "disabled": true }));
    let hosts = vec![VirtualHost::any([open.in_wasm_form()])];
    let gate: D = with_routes(&local_provider(&signer), hosts);
    let exchange = get(&gate, "/", &token(&gate, &signer, "alice"));
    if D::IS_NATIVE {
        assert_eq!(exchange.outcome(), (500, "route_policy"));
        assert_eq!(exchange.upstream, None);
        assert_eq!(exchange.headers.value("www-authenticate"), None);
        assert_eq!(at(&gate, "api.example.com", "/").status, 500);
        let warns = |line: &&String| line.contains("a route has its policy in metadata");
        gate.wait_until("a warning", || gate.log().iter().filter(warns).count() == 1);
    } else {
        assert_eq!(exchange.status, 200);
    }
}

/// Envoy chooses a route before the module removes the client's identity headers, and again
/// afterwards. The dynamic module reads the policy of the second route. Envoy does not show the
/// second route to the proxy-wasm module.
fn no_client_s_header_chooses_the_policy<D: Driver>() {
    let signer = signer();
    let open = Route::new("/").with_header("x-user", "root");
    let hosts = vec![VirtualHost::any([
        open.saying(json!({ "disabled": true })),
        Route::new("/").saying(json!({ "requirement_name": "strict" })),
    ])];
    let gate: D = with_routes(&local_provider(&signer), hosts);
    let forged = gate.send(&Request::get("/").header("x-user", "root"));
    let outcome = match D::IS_NATIVE {
        true => (401, "missing_credential"),
        false => (403, "unsettled_route"),
    };
    assert_eq!(forged.outcome(), outcome);
    assert_eq!(forged.upstream, None);
    // The module itself sets `x-user: root` for the verified subject. If Envoy then chooses the
    // route again, it chooses the open route.
    let root = get(&gate, "/", &token(&gate, &signer, "root"));
    if D::IS_NATIVE {
        assert_eq!(root.status, 200);
        return;
    }
    assert_eq!(
        (root.status, root.route),
        (200, Some(json!({ "disabled": true })))
    );
}

fn filter_state_chooses_the_requirement_if_no_rule_matches<D: Driver>() {
    let signer = signer();
    let mut configuration = configuration(&local_provider(&signer));
    configuration["rules"] = json!([{ "match": { "path": "/open" } }]);
    configuration["filter_state_rules"] = json!({ "name": "tenant", "requires": {
        "acme": { "provider_name": "login" },
        "free": { "allow_missing": {} },
    } });
    let gate: D = start(&Setup {
        preset_filter_state: [("tenant".to_owned(), "x-tenant".to_owned())].into(),
        ..Setup::new(configuration)
    });
    let good = token(&gate, &signer, "alice");
    for (path, tenant, with_token, status) in [
        ("/", "acme", false, 401),
        ("/", "acme", true, 200),
        ("/", "free", false, 200),
        ("/", "other", true, 403),
        ("/", "", true, 403),
        ("/", "", false, 401),
        ("/open", "acme", false, 200),
    ] {
        let mut request = Request::get(path);
        if !tenant.is_empty() {
            request = request.header("x-tenant", tenant);
        }
        if with_token {
            request = request.bearer(&good);
        }
        assert_eq!(
            gate.send(&request).status,
            status,
            "{path} {tenant} {with_token}"
        );
    }
}

/// A gate with `route_policies: off`, although `/strict` has a policy.
fn with_route_policies_off<D: Driver>(signer: &Signer) -> D {
    let mut configuration = configuration(&local_provider(signer));
    configuration["route_policies"] = json!("off");
    configuration["rules"] = json!([{ "match": { "prefix": "/" } }]);
    configuration["requirement_map"] = json!({ "strict": { "provider_name": "login" } });
    start(&Setup {
        virtual_hosts: vec![VirtualHost::any([
            Route::new("/strict").saying(json!({ "requirement_name": "strict" })),
            Route::new("/"),
        ])],
        ..Setup::new(configuration)
    })
}

/// The number of log lines that warn that a route has a policy although `route_policies` is `off`.
fn warnings(gate: &impl Driver) -> usize {
    let log = gate.log();
    let warns = |line: &&String| line.contains("but route_policies is \"off\"");
    log.iter().filter(warns).count()
}

/// When a request makes the proxy-wasm module find the policy, the module must apply the policy to
/// this request and to all later ones. The dynamic module looks for the policy of every request's
/// route, so the policy applies at once, even if the first request goes to another route.
fn obeys_a_policy_although_route_policies_is_off<D: Driver>() {
    let signer = signer();
    let gate: D = with_route_policies_off(&signer);
    let mut requests = [("/strict", 401), ("/", 200), ("/strict", 401), ("/", 200)];
    if D::IS_NATIVE {
        requests.rotate_left(1);
    }
    for (path, status) in requests {
        let exchange = gate.send(&Request::get(path));
        assert_eq!(exchange.status, status, "{path}");
    }
    let good = token(&gate, &signer, "alice");
    assert_eq!(get(&gate, "/strict", &good).status, 200);
    match D::IS_NATIVE {
        true => assert_eq!(warnings(&gate), 0),
        false => gate.wait_until("a warning", || warnings(&gate) == 1),
    }
}

/// With `route_policies: off`, the proxy-wasm module looks for a route policy only once a second. So it
/// overlooks a policy for one second at most.
#[test]
fn misses_a_policy_of_a_route_in_use_for_a_second_at_most() {
    let gate: FakeHost = with_route_policies_off(&signer());
    let strict = Request::get("/strict");
    assert_eq!(gate.send(&Request::get("/")).status, 200);
    assert_eq!(gate.send(&strict).status, 200, "the documented gap");
    gate.pass(Duration::from_secs(1));
    for _ in 0..3 {
        assert_eq!(gate.send(&strict).status, 401);
    }
    assert_eq!(warnings(&gate), 1);
}

/// Each worker looks for route policies on its own, and looks again after each new configuration.
#[test]
fn looks_for_policies_on_the_first_request_of_each_worker_and_configuration() {
    let signer = signer();
    let setup = |realm: &str| {
        let mut configuration = configuration(&local_provider(&signer));
        configuration["route_policies"] = json!("off");
        configuration["realm"] = json!(realm);
        configuration
    };
    let gate: FakeHost = start(&Setup::new(setup("a")).workers(2));
    let good = token(&gate, &signer, "alice");
    for realm in ["b", "c"] {
        gate.process().forced.clear();
        for _ in 0..2 {
            assert_eq!(get(&gate, "/", &good).status, 200);
        }
        // Within one second, the module does not look for policies again, so it does not notice
        // that the host refuses the call.
        gate.force("proxy_get_property", Status::InternalFailure);
        for _ in 0..2 {
            assert_eq!(get(&gate, "/", &good).status, 200);
        }
        gate.reconfigure(&setup(realm)).unwrap();
        for _ in 0..4 {
            let exchange = get(&gate, "/", &good);
            assert_eq!((exchange.status, exchange.upstream), (503, None));
        }
    }
}

/// A route's policy may be stricter than the rule, so the module must not decide without the
/// policy.
#[test]
fn lets_nothing_pass_if_the_host_withholds_route_metadata() {
    let signer = signer();
    let gate: FakeHost = with_routes(&local_provider(&signer), vec![]);
    let good = token(&gate, &signer, "alice");
    assert_eq!(get(&gate, "/", &good).status, 200);
    gate.force("proxy_get_property", Status::InternalFailure);
    let exchange = get(&gate, "/", &good);
    assert_eq!((exchange.status, exchange.upstream), (503, None));
}

/// Route metadata that is empty, or that is only for other filters, changes no decision.
#[test]
fn broken_route_metadata_denies_every_request() {
    let signer = signer();
    let gate: FakeHost = with_routes(&local_provider(&signer), vec![]);
    let good = token(&gate, &signer, "alice");
    for (metadata, status) in [
        (&b"\n\x05\n\x03lua"[..], 200),
        (b"", 200),
        (b"\n\xff", 403),
        (b"\n\x0c\n\x0aportcullis", 403),
        (b"\n\x10\n\x0aportcullis\x12\x02\xff\xff", 403),
    ] {
        let property = ("xds.route_metadata".to_owned(), metadata.to_vec());
        gate.process().properties = [property].into();
        assert_eq!(get(&gate, "/", &good).status, status, "{metadata:?}");
    }
}

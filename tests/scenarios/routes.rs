//! What Envoy's routes and its filter state ask for.

use std::time::Duration;

use proxy_wasm::types::Status;
use serde_json::{Value, json};

use crate::world::{
    claims, configuration, forwarded_user, get, local_provider, signer, start, token,
};
use support::{
    driver::{Driver, Exchange, Request, Route, Setup, VirtualHost},
    fake_host::FakeHost,
    on_every_driver,
    signer::Signer,
};

on_every_driver!(
    follows_each_route_of_each_virtual_host,
    refuses_what_a_route_says_that_nobody_understands,
    asks_a_route_s_rights_of_the_rule_s_tokens,
    lets_no_header_of_the_client_s_choose_the_policy,
    chooses_a_requirement_by_filter_state_where_no_rule_matches,
    heeds_a_policy_that_route_policies_off_denied,
);

/// A gate whose rule asks for a token on every path, with these routes.
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

fn follows_each_route_of_each_virtual_host<D: Driver>() {
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
        // Twice: what a route says is read once.
        for _ in 0..2 {
            assert_eq!(at(&gate, host, path).status, status, "{host} {path}");
        }
    }
    let good = token(&gate, &signer, "alice");
    let lenient = get(&gate, "/any", &good);
    assert_eq!(forwarded_user(&lenient).as_deref(), Some("alice"));
}

fn refuses_what_a_route_says_that_nobody_understands<D: Driver>() {
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
        assert_eq!((exchange.status, exchange.upstream), (403, None), "{n}");
        assert_eq!(exchange.details, "portcullis_denied{route_policy}");
    }
}

fn asks_a_route_s_rights_of_the_rule_s_tokens<D: Driver>() {
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

/// Envoy chooses the route before the module takes the client's headers away, and anew after it.
fn lets_no_header_of_the_client_s_choose_the_policy<D: Driver>() {
    let signer = signer();
    let open = Route::new("/").with_header("x-user", "root");
    let hosts = vec![VirtualHost::any([
        open.saying(json!({ "disabled": true })),
        Route::new("/").saying(json!({ "requirement_name": "strict" })),
    ])];
    let gate: D = with_routes(&local_provider(&signer), hosts);
    let forged = gate.send(&Request::get("/").header("x-user", "root"));
    assert_eq!((forged.status, forged.upstream), (403, None));
    assert_eq!(forged.details, "portcullis_denied{unsettled_route}");
    // Whoever is verified to be `root` goes where its header leads.
    let root = get(&gate, "/", &token(&gate, &signer, "root"));
    assert_eq!(
        (root.status, root.route),
        (200, Some(json!({ "disabled": true })))
    );
}

fn chooses_a_requirement_by_filter_state_where_no_rule_matches<D: Driver>() {
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
fn told_of_no_policies<D: Driver>(signer: &Signer) -> D {
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

/// How often the gate has complained about `route_policies`.
fn complaints(gate: &impl Driver) -> usize {
    let log = gate.log();
    let told = |line: &&String| line.contains("although route_policies is off");
    log.iter().filter(told).count()
}

/// The policy decides the request that finds it and all later ones.
fn heeds_a_policy_that_route_policies_off_denied<D: Driver>() {
    let signer = signer();
    let gate: D = told_of_no_policies(&signer);
    for (path, status) in [("/strict", 401), ("/", 200), ("/strict", 401), ("/", 200)] {
        let exchange = gate.send(&Request::get(path));
        assert_eq!(exchange.status, status, "{path}");
    }
    let good = token(&gate, &signer, "alice");
    assert_eq!(get(&gate, "/strict", &good).status, 200);
    gate.wait_until("one complaint", || complaints(&gate) == 1);
}

/// The effect of a wrong `route_policies: off`, and how long it lasts.
#[test]
fn misses_a_policy_for_a_second_at_most_where_its_route_is_in_use() {
    let gate: FakeHost = told_of_no_policies(&signer());
    let strict = Request::get("/strict");
    assert_eq!(gate.send(&Request::get("/")).status, 200);
    assert_eq!(gate.send(&strict).status, 200, "the documented gap");
    gate.pass(Duration::from_secs(1));
    for _ in 0..3 {
        assert_eq!(gate.send(&strict).status, 401);
    }
    assert_eq!(complaints(&gate), 1);
}

/// Each worker finds out by itself, and a new configuration starts over.
#[test]
fn asks_on_the_first_request_of_each_worker_and_configuration() {
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
        // Within the second no request asks, so a host that refuses goes unnoticed.
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

/// What a route says may be the stricter word.
#[test]
fn lets_nothing_pass_when_the_host_withholds_what_a_route_says() {
    let signer = signer();
    let gate: FakeHost = with_routes(&local_provider(&signer), vec![]);
    let good = token(&gate, &signer, "alice");
    assert_eq!(get(&gate, "/", &good).status, 200);
    gate.force("proxy_get_property", Status::InternalFailure);
    let exchange = get(&gate, "/", &good);
    assert_eq!((exchange.status, exchange.upstream), (503, None));
}

/// Bytes that are no metadata, and metadata for others alone.
#[test]
fn takes_a_broken_route_for_one_that_denies() {
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

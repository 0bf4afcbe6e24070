//! Rules and the paths that they see.

use serde_json::json;

use crate::{
    support::{
        driver::{Driver, Request, Setup},
        on_both_drivers,
    },
    world::{configuration, get, local_provider, signer, start, token},
};

on_both_drivers!(
    refuses_paths_that_can_be_read_in_two_ways,
    applies_the_first_rule_that_matches
);

fn rules<D: Driver>() -> D {
    let mut config = configuration(&local_provider(&signer()));
    config["rules"] = json!([
        { "match": { "path": "/public" } },
        { "match": { "path_separated_prefix": "/admin", "methods": ["GET"] },
          "requires": { "provider_name": "login" },
          "authorize": { "roles": { "any_of": ["admin"] } } },
        { "match": { "safe_regex": { "regex": "/v[0-9]+/.*" } },
          "requires": { "provider_name": "login" } },
        { "match": { "prefix": "/beta", "headers": [{ "name": "x-beta", "present_match": true }],
                     "query_parameters": [{ "name": "on", "string_match": { "exact": "1" } }] } },
    ]);
    start(&Setup::new(config))
}

fn refuses_paths_that_can_be_read_in_two_ways<D: Driver>() {
    let gate: D = rules();
    for path in [
        "/admin/%2e%2e/public",
        "/x%2fadmin",
        "/x%5cadmin",
        "/public;a",
        "/a%252fb",
        "/a%00b",
    ] {
        let exchange = gate.send(&Request::get(path));
        assert_eq!((exchange.status, exchange.upstream), (400, None), "{path}");
    }
    assert_eq!(
        gate.send(&Request::get("/public?x=/../%2f")).status,
        200,
        "a query is no path"
    );
}

fn applies_the_first_rule_that_matches<D: Driver>() {
    let gate: D = rules();
    let signer = signer();
    let token = token(&gate, &signer, "alice");
    for (path, status) in [
        ("/admin", 403),
        ("/admin/x", 403),
        ("/v1/x", 200),
        ("/adminx", 403),
    ] {
        assert_eq!(get(&gate, path, &token).status, status, "{path}");
    }
    for (path, status) in [
        ("/public", 200),
        ("/public/x", 401),
        ("/v1", 401),
        ("/", 401),
    ] {
        assert_eq!(gate.send(&Request::get(path)).status, status, "{path}");
    }
    let beta = |path: &str| gate.send(&Request::get(path).header("x-beta", "")).status;
    assert_eq!((beta("/beta?on=1"), beta("/beta?on=0")), (200, 401));
    let post = gate.send(&Request::new("POST", "/admin").bearer(&token).body("x"));
    assert_eq!(
        (post.status, post.details.as_str()),
        (403, "portcullis_denied{unmatched}")
    );
}

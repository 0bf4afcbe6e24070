//! In the real Envoy, the examples in `envoy/` work as their comments say.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::world::{JWKS_PATH, claims, get, publishing, signer, start, token};
use support::{
    driver::{Driver, Request, Route, Setup, VirtualHost},
    envoy::{
        self, Envoy, bootstrap, module,
        process::{EnvoyProcess, new_folder},
    },
    http, in_envoy,
    upstream::Upstream,
};

in_envoy!(
    access_log_and_rbac_read_the_verified_token,
    a_request_that_ends_up_on_another_route_is_refused,
    a_verified_claim_chooses_the_route,
    operators_see_the_keys_of_the_api_on_their_own_listener,
);

/// A gate with the filters and the configuration of an example.
fn example(yaml: &str) -> Setup {
    let example: Value = serde_saphyr::from_str(yaml).unwrap();
    let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    let filters = example.pointer(&format!("{manager}/http_filters")).unwrap();
    let filters = filters.as_array().unwrap();
    let own = filters
        .iter()
        .position(|filter| filter["name"] == "portcullis")
        .unwrap();
    let configuration = &filters[own]["typed_config"]["config"]["configuration"]["value"];
    Setup {
        filters_ahead: filters[..own].to_vec(),
        filters_behind: filters[own + 1..filters.len() - 1].to_vec(),
        ..Setup::new(configuration.clone())
    }
}

fn access_log_and_rbac_read_the_verified_token() {
    const YAML: &str = include_str!("../../envoy/metadata.yaml");
    let keys = ["portcullis.jwt", "portcullis.failure"];
    for key in keys {
        // The example's access log prints filter state in the same format as the access log of
        // these tests.
        assert!(YAML.contains(&format!("\"%FILTER_STATE(wasm.{key}:PLAIN)%\"")));
    }
    let signer = signer();
    let setup = Setup {
        filter_state: keys.map(str::to_owned).into(),
        ..example(YAML).cluster("login", &publishing(&signer))
    };
    let gate: Envoy = start(&setup);
    let good = get(&gate, "/", &token(&gate, &signer, "alice"));
    assert_eq!(good.status, 200);
    assert!(good.filter_state["portcullis.jwt"].contains(r#""sub":"alice""#));
    let banned = get(&gate, "/", &token(&gate, &signer, "mallory"));
    assert_eq!((banned.status, banned.upstream), (403, None));
    assert_eq!(banned.details, "rbac_access_denied_matched_policy[banned]");
    let bad = get(&gate, "/", "x.y.z");
    assert_eq!(bad.status, 401);
    let failure = r#"{"code":4,"message":"malformed_token"}"#;
    assert_eq!(bad.filter_state["portcullis.failure"], failure);
}

fn a_request_that_ends_up_on_another_route_is_refused() {
    let signer = signer();
    let setup = example(include_str!("../../envoy/routes.yaml"));
    let setup = setup.cluster("login", &publishing(&signer));
    let gate: Envoy = start(&Setup {
        virtual_hosts: vec![VirtualHost::any([
            Route::new("/").with_header("x-user", "root").saying(json!({
                "requirement_name": "signed_in", "authorize": { "scopes": { "all_of": ["admin"] } },
            })),
            Route::new("/").saying(json!({ "requirement_name": "optional" })),
        ])],
        ..setup
    });
    assert_eq!(gate.send(&Request::get("/")).status, 200);
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    // The module sets `x-user: root`, so Envoy chooses the first route. That route requires more
    // than the module has checked, so the request is refused.
    let mut claims = claims(&gate, "root");
    claims["scope"] = json!("other");
    let moved = get(&gate, "/", &signer.sign_claims(&claims));
    assert_eq!((moved.status, moved.upstream), (403, None));
    assert_eq!(moved.details, "rbac_access_denied_matched_policy[none]");
}

/// If `clear_route_cache` is true, a claim of the token can decide which route Envoy chooses.
fn a_verified_claim_chooses_the_route() {
    let signer = signer();
    let mut setup = example(include_str!("../../envoy/metadata.yaml"));
    let server = publishing(&signer);
    setup = setup.cluster("login", &server);
    for clears in [false, true] {
        server.hold();
        let login = &mut setup.configuration["providers"]["login"];
        login["clear_route_cache"] = json!(clears);
        // With `forward`, the module edits no header. So Envoy chooses the route again only if the
        // module calls the host's function `clear_route_cache`.
        login["forward"] = json!(true);
        let gate: Envoy = start(&Setup {
            virtual_hosts: vec![VirtualHost::any([
                Route::new("/")
                    .with_filter_state("wasm.portcullis.jwt", r#""sub":"alice""#)
                    .saying(json!({ "disabled": true })),
                Route::new("/"),
            ])],
            ..setup.clone()
        });
        let good = Request::get("/").bearer(token(&gate, &signer, "alice"));
        let waiting = gate.begin(&good);
        gate.wait_until("a waiting request", || gate.in_flight() == 1);
        server.release();
        // If a request has waited for keys, Envoy versions before 1.37 apply `clear_route_cache` to
        // the wrong request.
        let waited = gate.finish(waiting);
        assert_eq!(waited.status, 200);
        let reaches = clears && envoy::version() >= (1, 37);
        assert_eq!(waited.route.is_some(), reaches);
        let passed = gate.send(&good);
        assert_eq!(passed.status, 200);
        assert_eq!(passed.route.is_some(), clears);
    }
}

/// Both listeners of the example work, and the keys are fetched once for both.
fn operators_see_the_keys_of_the_api_on_their_own_listener() {
    let server = publishing(&signer());
    let (upstream, login) = (Upstream::start().unwrap(), server.listen().unwrap());
    let text = include_str!("../../envoy/status.yaml");
    let text = text.replace("/etc/envoy/portcullis.wasm", module().to_str().unwrap());
    let mut whole: Value = serde_saphyr::from_str(&text).unwrap();
    let any_port = || bootstrap::socket(SocketAddr::from(([127, 0, 0, 1], 0)));
    whole["admin"]["address"] = any_port();
    for listener in whole["static_resources"]["listeners"]
        .as_array_mut()
        .unwrap()
    {
        listener["address"] = any_port();
    }
    whole["static_resources"]["clusters"] = json!([
        bootstrap::cluster("api", upstream.address()),
        bootstrap::cluster("login", login.address()),
    ]);
    let process = EnvoyProcess::spawn(new_folder(), &whole, 2);
    let addresses = process.wait_for("both listeners", || {
        let found = process.listeners();
        (found.len() == 2 && process.is_ready()).then_some(found)
    });
    let status = |path: &str| http::get(addresses["ingress"], path).unwrap().0;
    assert_eq!((status("/"), status("/portcullis")), (401, 401));
    process.wait_for("the keys on the page", || {
        let (status, body) = http::get(addresses["operators"], "/portcullis").unwrap();
        assert_eq!(status, 200);
        let page: Value = serde_json::from_slice(&body).unwrap();
        let login = &page["providers"][0];
        (login["health"] == "working" && login["keys"] != json!([])).then_some(())
    });
    assert_eq!(server.fetches(JWKS_PATH), 1);
}

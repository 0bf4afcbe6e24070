//! Tests of the policies of Envoy's routes, and of the rules that the filter state selects.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::connection::Refused;

fn routed() -> Engine {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    engine(json!({
        "providers": {"a": own},
        "requirement_map": {
            "b": {"provider_name": "b"},
            "lenient": {"allow_missing_or_failed": {}},
        },
        "bypass_cors_preflight": true,
        "rules": [
            {"match": {"path": "/open"}},
            {"match": {"path": "/unverified"}, "requires": {"extract_only_without_validation": {}}},
            {
                "match": {"path": "/a"},
                "requires": {"provider_name": "a"},
                "authorize": {"client_ids": ["rule"]},
            },
        ],
    }))
}

/// Decides on a request. `route` is the policy of the request's route.
fn on_route(route: &Value, path: &str, headers: &[(&str, &str)]) -> Decision {
    let engine = routed();
    let policy = engine.config().route_policy(route);
    let mut all = vec![(&b":method"[..], &b"GET"[..]), (b":path", path.as_bytes())];
    all.extend(header_bytes(headers));
    let request = Request::new(all);
    let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
    engine
        .decide(
            &request,
            Some(&policy),
            now,
            Patience::Waiting,
            &NoConnection,
        )
        .decision
}

fn with(token: Option<&str>, route: &Value, path: &str) -> &'static str {
    let value = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = value
        .iter()
        .map(|value| ("authorization", value.as_str()))
        .collect();
    label(&on_route(route, path, &headers))
}

#[test]
fn a_route_policy_takes_precedence_over_the_rules() {
    let (a, b) = (token("a", json!({})), token("b", json!({})));
    let own = token("a", json!({"client_id": "own"}));
    let ruled = token("a", json!({"client_id": "rule"}));
    let named = json!({"requirement_name": "b"});
    let disabled = json!({"disabled": true});
    let authorize = json!({"authorize": {"client_ids": ["own"]}});
    let both = json!({"requirement_name": "b", "authorize": {"client_ids": ["own"]}});
    for (token, route, path, expected) in [
        (None, &named, "/open", "missing_credential"),
        (Some(&a), &named, "/a", "issuer"),
        (Some(&b), &named, "/a", "verified"),
        (Some(&b), &named, "/nowhere", "verified"),
        (None, &disabled, "/a", "not_required"),
        (None, &disabled, "/nowhere", "not_required"),
        (Some(&own), &authorize, "/a", "verified"),
        (Some(&ruled), &authorize, "/a", "insufficient_client"),
        (None, &authorize, "/a", "missing_credential"),
        // The policy requires rights, but no rule says which providers' tokens can grant these
        // rights.
        (Some(&own), &authorize, "/open", "route_policy"),
        (Some(&own), &authorize, "/unverified", "route_policy"),
        (Some(&own), &authorize, "/nowhere", "route_policy"),
        (Some(&b), &both, "/a", "insufficient_client"),
        (
            None,
            &json!({"requirement_name": "lenient"}),
            "/a",
            "lenient",
        ),
    ] {
        let reason = with(token.map(String::as_str), route, path);
        assert_eq!(reason, expected, "{route} {path}");
    }
}

#[test]
fn refuses_a_route_policy_that_cannot_be_parsed() {
    for route in [
        json!({"requirement_name": "c"}),
        json!({}),
        json!({"disabled": "yes"}),
    ] {
        let decision = on_route(&route, "/open", &[]);
        assert_eq!(label(&decision), "route_policy");
        let Decision::Deny(denial) = decision else {
            panic!("passes")
        };
        assert_eq!(routed().response(&denial).status, 403);
    }
}

#[test]
fn no_forged_header_selects_the_route_policy() {
    for (name, value) in [
        ("x-user", "admin"),
        ("x_user", "admin"),
        ("connection", "x-user"),
    ] {
        let decision = on_route(&json!({"disabled": true}), "/a", &[(name, value)]);
        assert_eq!(label(&decision), "unsettled_route", "{name}");
    }
}

#[test]
fn refuses_ambiguous_paths_and_passes_preflight_on_every_route() {
    let disabled = json!({"disabled": true});
    assert_eq!(label(&on_route(&disabled, "//a", &[])), "ambiguous_path");
    let engine = routed();
    let unreadable = engine.config().route_policy(&json!({}));
    let preflight = Request::new(vec![
        (b":method", b"OPTIONS"),
        (b":path", b"/a"),
        (b"origin", b"https://o.example"),
        (b"access-control-request-method", b"POST"),
    ]);
    let decision = engine
        .decide(
            &preflight,
            Some(&unreadable),
            UnixMillis::default(),
            Patience::Waiting,
            &NoConnection,
        )
        .decision;
    assert_eq!(label(&decision), "cors_preflight");
}

/// A fake host. Its filter state has one entry or no entry, or cannot be read.
struct State(Result<Option<&'static str>, Refused>);

impl Connection for State {
    fn filter_state(&self, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        assert_eq!(name, "tenant");
        self.0
            .map(|value| value.map(|value| value.as_bytes().to_vec()))
    }
}

#[test]
fn reads_the_filter_state_only_if_no_rule_matches() {
    let engine = engine(json!({
        "rules": [{"match": {"path": "/open"}}],
        "filter_state_rules": {"name": "tenant", "requires": {
            "strict": {"provider_name": "a"},
            "lenient": {"allow_missing": {}},
        }},
    }));
    for (path, state, expected) in [
        ("/", Ok(Some("strict")), "missing_credential"),
        ("/", Ok(Some("lenient")), "lenient"),
        // No filter-state rule matches, so the setting `unmatched` decides. The token is not
        // verified.
        ("/?access_token=x", Ok(Some("other")), "unmatched"),
        ("/?access_token=x", Ok(None), "unmatched"),
        ("/", Err(Refused), "host_failure"),
        ("/open", Err(Refused), "not_required"),
    ] {
        let request = Request::new(vec![(b":method", b"GET"), (b":path", path.as_bytes())]);
        let decision = engine
            .decide(
                &request,
                None,
                UnixMillis::default(),
                Patience::Waiting,
                &State(state),
            )
            .decision;
        assert_eq!(label(&decision), expected, "{path} {state:?}");
    }
}

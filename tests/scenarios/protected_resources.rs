//! Protected resources (RFC 9728) in a proxy: metadata, challenges, audiences, origins and step-up
//! authentication. Some requests try to get the metadata of another resource, or to use a token
//! that is meant for another resource.

use serde_json::{Value, json};

use crate::world::{claims, local_provider, signer, start};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    envoy::Envoy,
    in_envoy,
    objects::with,
    on_every_driver,
};

on_every_driver!(
    a_client_finds_the_metadata_by_the_challenge,
    a_token_is_bound_to_its_resource,
    no_host_is_answered_with_the_metadata_of_another,
    an_origin_is_checked_however_it_is_sent,
    a_recent_login_is_asked_for_before_rights,
);

in_envoy!(a_second_host_is_refused);

const ORDERS: &str = "https://api.example.com/orders";
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

fn gate<D: Driver>(rest: &Value) -> D {
    let login = with(
        local_provider(&signer()),
        &json!({
            "audiences": ["orders", ORDERS],
            "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        }),
    );
    let configuration = json!({
        "providers": {"login": login},
        "protected_resources": [
            {"resource": ORDERS, "allowed_origins": ["https://app.example.com"]},
            {"resource": "https://api.example.com/billing"},
            {"resource": "https://files.example.com/"},
        ],
        "rules": [{
            "match": {"path": "/orders/pay"},
            "requires": {"provider_name": "login"},
            "authorize": {
                "scopes": {"all_of": ["pay"]},
                "authentication": {"acr_values": ["phr"], "max_age": "300s"},
            },
        }, {
            "match": {"path_separated_prefix": "/orders"},
            "requires": {"provider_name": "login"},
            "authorize": {"scopes": {"all_of": ["read"]}},
        }, {
            "match": {"path_separated_prefix": "/billing"},
            "requires": {"provider_name": "login"},
        }, {
            "match": {"path": "/"},
            "requires": {"provider_name": "login"},
        }],
    });
    start(&Setup::new(with(configuration, rest)))
}

fn at(authority: &str, method: &str, path: &str) -> Request {
    Request {
        authority: authority.to_owned(),
        ..Request::new(method, path)
    }
}

fn token(gate: &impl Driver, changes: &Value) -> String {
    signer().sign_claims(&with(claims(gate, "alice"), changes))
}

fn document(exchange: &Exchange) -> Value {
    assert_eq!(
        (exchange.status, &exchange.upstream),
        (200, &None),
        "{exchange:?}"
    );
    serde_json::from_slice(&exchange.body).unwrap()
}

fn challenge(exchange: &Exchange) -> String {
    exchange
        .headers
        .value("www-authenticate")
        .unwrap_or_default()
}

fn a_client_finds_the_metadata_by_the_challenge<D: Driver>() {
    let gate: D = gate(&json!({"bypass_cors_preflight": true}));
    let refused = gate.send(&Request::get("/orders/7"));
    assert_eq!(refused.status, 401);
    let url = format!("https://api.example.com{WELL_KNOWN}/orders");
    assert_eq!(
        challenge(&refused),
        format!(r#"Bearer realm="api", scope="read", resource_metadata="{url}""#)
    );
    let exposed = refused.headers.value("access-control-expose-headers");
    assert_eq!(exposed.as_deref(), Some("WWW-Authenticate, DPoP-Nonce"));

    let path = format!("{WELL_KNOWN}/orders");
    let found = gate.send(&Request::get(&path));
    assert_eq!(
        document(&found),
        json!({
            "resource": ORDERS,
            "authorization_servers": ["https://login.example.com"],
            "scopes_supported": ["pay", "read"],
            "bearer_methods_supported": ["header"],
        })
    );
    let header = |exchange: &Exchange, name: &str| exchange.headers.value(name);
    assert_eq!(
        header(&found, "content-type").as_deref(),
        Some("application/json")
    );
    assert_eq!(
        header(&found, "cache-control").as_deref(),
        Some("max-age=300")
    );
    assert_eq!(
        header(&found, "access-control-allow-origin").as_deref(),
        Some("*")
    );
    assert_eq!(found.details, "portcullis_resource");

    let head = gate.send(&Request::new("HEAD", &path));
    assert_eq!((head.status, head.body.len()), (200, 0));
    let preflight = Request::new("OPTIONS", &path)
        .header("origin", "https://page.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "mcp-protocol-version");
    let preflight = gate.send(&preflight);
    assert_eq!((preflight.status, &preflight.upstream), (204, &None));
    assert_eq!(
        header(&preflight, "access-control-allow-origin").as_deref(),
        Some("*")
    );
    assert_eq!(
        header(&preflight, "access-control-allow-headers").as_deref(),
        Some("*")
    );
    let post = gate.send(&Request::new("POST", &path).body("x"));
    assert_eq!(post.status, 405);
    assert_eq!(
        header(&post, "allow").as_deref(),
        Some("GET, HEAD, OPTIONS")
    );
}

fn a_token_is_bound_to_its_resource<D: Driver>() {
    let gate: D = gate(&json!({}));
    let billing = json!({"aud": "https://api.example.com/billing", "scope": "read"});
    let orders = json!({"aud": ORDERS, "scope": "read"});
    for (claims, path, status) in [
        (&orders, "/orders", 200),
        (&orders, "/billing", 401),
        (&billing, "/billing", 200),
        (&billing, "/orders", 401),
        (&json!({"scope": "read"}), "/orders", 200),
    ] {
        let token = token(&gate, claims);
        // The second request finds the token in the cache.
        for _ in 0..2 {
            let exchange = gate.send(&Request::get(path).bearer(&token));
            assert_eq!(exchange.status, status, "{claims} {path}");
            let leads = challenge(&exchange).contains(&format!("{WELL_KNOWN}{path}\""));
            assert_eq!(leads, status == 401, "{exchange:?}");
        }
    }
}

fn no_host_is_answered_with_the_metadata_of_another<D: Driver>() {
    let gate: D = gate(&json!({}));
    let path = format!("{WELL_KNOWN}/orders");
    for authority in [
        "api.example.com",
        "API.Example.COM",
        "api.example.com:443",
        "api.example.com.",
    ] {
        let found = document(&gate.send(&at(authority, "GET", &path)));
        assert_eq!(found["resource"], ORDERS, "{authority}");
    }
    for (authority, path, status) in [
        ("evil.example.com", &*path, 401),
        ("api.example.com:8443", &path, 401),
        ("files.example.com", &path, 401),
        ("api.example.com", WELL_KNOWN, 401),
        ("api.example.com,evil.example.com", &path, 400),
        ("evil@api.example.com", &path, 400),
        ("api.example.com", &format!("{path};x"), 400),
        ("api.example.com", &format!("{WELL_KNOWN}/%6frders"), 400),
        ("api.example.com", "/%6frders", 400),
        ("api.example.com", "/orders/..;/billing", 400),
    ] {
        let exchange = gate.send(&at(authority, "GET", path));
        assert_eq!(exchange.status, status, "{authority} {path}");
        assert_eq!(exchange.upstream, None);
        assert!(
            !challenge(&exchange).contains("protected-resource/orders"),
            "{authority} {path}"
        );
    }
    let alone = document(&gate.send(&at("files.example.com", "GET", WELL_KNOWN)));
    assert_eq!(alone["resource"], "https://files.example.com/");
    // Proxies name the original host in these headers. The module must not use them to choose the
    // resource.
    let poisoned = Request::get(&path)
        .header("x-forwarded-host", "files.example.com")
        .header("forwarded", "host=files.example.com");
    assert_eq!(document(&gate.send(&poisoned))["resource"], ORDERS);
}

/// Envoy refuses a request with a second `host` line before the module sees it.
fn a_second_host_is_refused() {
    let gate: Envoy = gate(&json!({}));
    let path = format!("{WELL_KNOWN}/orders");
    let two = gate.send(&Request::get(&path).header("host", "evil.example.com"));
    assert!(two.status == 400, "{two:?}");
}

fn an_origin_is_checked_however_it_is_sent<D: Driver>() {
    let gate: D = gate(&json!({}));
    let good = token(&gate, &json!({"aud": ORDERS, "scope": "read"}));
    for (origins, status) in [
        (&[][..], 200),
        (&["https://app.example.com"], 200),
        (&["https://evil.example.com"], 403),
        (&["null"], 403),
        (
            &["https://app.example.com", "https://evil.example.com"],
            403,
        ),
        (
            &["https://evil.example.com", "https://app.example.com"],
            403,
        ),
        (&["https://app.example.com, https://evil.example.com"], 403),
        (&["https://app.example.com.evil.example"], 403),
    ] {
        let request = Request::new("POST", "/orders").bearer(&good).body("x");
        let request = origins
            .iter()
            .fold(request, |request, own| request.header("Origin", own));
        let exchange = gate.send(&request);
        assert_eq!(exchange.status, status, "{origins:?}");
        if status == 403 {
            assert_eq!(exchange.details, "portcullis_denied{origin}");
            assert!(challenge(&exchange).contains("resource_metadata="));
        }
    }
}

fn a_recent_login_is_asked_for_before_rights<D: Driver>() {
    let gate: D = gate(&json!({}));
    let metadata = format!("resource_metadata=\"https://api.example.com{WELL_KNOWN}/orders\"");
    let now = gate.now();
    let step_up = format!(
        r#"Bearer realm="api", error="insufficient_user_authentication", acr_values="phr", max_age="300", scope="pay", {metadata}"#
    );
    let short =
        format!(r#"Bearer realm="api", error="insufficient_scope", scope="pay", {metadata}"#);
    for (claims, status, expected) in [
        (json!({}), 401, &*step_up),
        (
            json!({"acr": "phr", "auth_time": now - 3600, "scope": "pay"}),
            401,
            &step_up,
        ),
        (
            json!({"acr": "low", "auth_time": now, "scope": "pay"}),
            401,
            &step_up,
        ),
        (json!({"acr": "phr", "auth_time": now}), 403, &short),
        (
            json!({"acr": "phr", "auth_time": now, "scope": "pay"}),
            200,
            "",
        ),
    ] {
        let token = token(&gate, &with(json!({"aud": ORDERS}), &claims));
        let exchange = gate.send(&Request::get("/orders/pay").bearer(&token));
        assert_eq!(
            (exchange.status, &*challenge(&exchange)),
            (status, expected),
            "{claims}"
        );
    }
}

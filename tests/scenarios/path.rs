//! Rules, and the paths, methods, hosts and headers that they match.

use serde_json::{Value, json};

use crate::world::{
    configuration, forwarded_user, get, local_provider, signer, start, token, token_with,
};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    envoy::InEnvoy,
    http2, on_both_builds, on_every_driver,
};

on_every_driver!(
    refuses_ambiguous_paths,
    applies_the_first_rule_that_matches,
    a_rule_without_requirements_ignores_tokens,
    no_spelling_of_a_path_evades_its_rule,
    no_spelling_of_a_host_evades_its_rule,
    an_open_rule_by_host_opens_no_other_virtual_host,
    no_confusable_name_evades_a_condition,
    compares_raw_paths_methods_and_hosts_if_the_policy_is_raw,
);
on_both_builds!(
    no_http_2_request_evades_a_rule_by_its_spelling,
    no_white_space_in_an_http_2_header_evades_a_condition,
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

fn refuses_ambiguous_paths<D: Driver>() {
    let gate: D = rules();
    for path in [
        "/admin/%2e%2e/public",
        "/x%2fadmin",
        "/x%5cadmin",
        "/public;a",
        "/a%252fb",
        "/a%00b",
        "/a%u002fb",
        "/a%c0%afb",
        "/caf%e9",
    ] {
        let exchange = gate.send(&Request::get(path));
        assert_refused(&exchange, 400, "ambiguous_path");
        assert_eq!(exchange.headers.value("www-authenticate"), None, "{path}");
    }
    assert_eq!(
        gate.send(&Request::get("/public?x=/../%2f")).status,
        200,
        "a query is not part of the path"
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
    assert_eq!(post.outcome(), (403, "unmatched"));
}

/// A rule without requirements ignores good and bad tokens alike. On the rule's paths, no client
/// can set an identity header.
fn a_rule_without_requirements_ignores_tokens<D: Driver>() {
    let signer = signer();
    let mut config = configuration(&local_provider(&signer));
    let exempt = json!({ "match": { "path": "/healthz", "methods": ["GET"] } });
    config["rules"].as_array_mut().unwrap().insert(0, exempt);
    let gate: D = start(&Setup::new(config));
    assert_eq!(gate.send(&Request::get("/healthz")).status, 200);
    assert_eq!(gate.send(&Request::new("POST", "/healthz")).status, 401);
    let good = token(&gate, &signer, "alice");
    let expired = token_with(&gate, &signer, &json!({ "exp": gate.now() - 600 }));
    for token in [good.as_str(), &expired, "junk"] {
        let request = Request::get("/healthz").bearer(token);
        let exchange = gate.send(&request.header("x-user", "root"));
        assert_eq!(exchange.status, 200);
        assert_eq!(forwarded_user(&exchange), None);
    }
}

/// A configuration in which rules for some paths, methods and hosts require a token. All other
/// requests need none.
fn strict_rules_before_an_open_one(policy: &str) -> Setup {
    let mut config = configuration(&local_provider(&signer()));
    let strict =
        |matcher: Value| json!({ "match": matcher, "requires": { "provider_name": "login" } });
    let host = json!([{ "name": "host", "string_match": { "exact": "admin.example" } }]);
    config["path_policy"] = json!(policy);
    config["rules"] = json!([
        strict(json!({ "path": "/x%5B1%5D" })),
        strict(json!({ "path": "/y[1]" })),
        strict(json!({ "prefix": "/café" })),
        strict(json!({ "path_separated_prefix": "/a|b" })),
        strict(json!({ "safe_regex": { "regex": "/[a-z]{3}%C3%A9" } })),
        strict(json!({ "prefix": "/m", "methods": ["DELETE", "POST", "PUT", "PATCH"] })),
        strict(json!({ "prefix": "/", "headers": host })),
        strict(json!({ "prefix": "/", "headers": [{ "name": ":method", "prefix_match": "UNLO" }] })),
        { "match": { "prefix": "/" } },
    ]);
    Setup::new(config)
}

fn assert_refused(exchange: &Exchange, status: u16, reason: &str) {
    assert_eq!(exchange.outcome(), (status, reason));
    assert!(
        exchange.upstream.is_none(),
        "the request reached the upstream"
    );
}

/// A request gets 400 if an upstream could read its path as another path.
fn no_spelling_of_a_path_evades_its_rule<D: Driver>() {
    let gate: D = start(&strict_rules_before_an_open_one("reject"));
    for (path, status, reason) in [
        ("/x[1]", 400, "ambiguous_path"),
        ("/x%5b1]", 400, "ambiguous_path"),
        ("/x%5B1%5D", 401, "missing_credential"),
        ("/y%5B1%5D", 401, "missing_credential"),
        ("/y[1]", 401, "missing_credential"),
        ("/y[1]%3Fx", 400, "ambiguous_path"),
        ("/y%5B1%5D%23", 400, "ambiguous_path"),
        ("/open%0a", 400, "ambiguous_path"),
        ("/caf%C3%A9", 401, "missing_credential"),
        ("/%63af%C3%A9", 400, "ambiguous_path"),
        ("/a%7Cb/c", 401, "missing_credential"),
        ("/a|b", 401, "missing_credential"),
        ("/abc%C3%A9", 401, "missing_credential"),
        ("/ab%63%C3%A9", 400, "ambiguous_path"),
    ] {
        assert_refused(&gate.send(&Request::get(path)), status, reason);
    }
    for path in [
        "/open/{id}",
        "/open/%C3%BC%20x",
        "/open;v=1",
        "/open/why%3F",
    ] {
        assert_eq!(gate.send(&Request::get(path)).status, 200, "{path}");
    }
}

fn to(authority: &str, path: &str) -> Request {
    let mut request = Request::get(path);
    request.authority = authority.to_owned();
    request
}

fn no_spelling_of_a_host_evades_its_rule<D: Driver>() {
    let gate: D = start(&strict_rules_before_an_open_one("reject"));
    for (authority, status, reason) in [
        ("admin.example", 401, "missing_credential"),
        ("ADMIN.example", 401, "missing_credential"),
        ("admin.example:80", 400, "authority"),
        ("admin.example.", 400, "authority"),
        ("a.example,admin.example", 400, "authority"),
        ("admin.example;", 400, "authority"),
        (".admin.example", 400, "authority"),
        ("*admin.example", 400, "authority"),
    ] {
        assert_refused(&gate.send(&to(authority, "/")), status, reason);
    }
    gate.wait_for_count("portcullis.denied.authority", 6);
}

/// When Envoy chooses a virtual host, it ignores the letter case of the host name, but no other
/// difference. Any other spelling leads to another virtual host, where the open rule must not
/// apply.
fn an_open_rule_by_host_opens_no_other_virtual_host<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    let host = json!([{ "name": "host", "exact_match": "public.example" }]);
    let open = json!({ "match": { "prefix": "/", "headers": host } });
    config["rules"].as_array_mut().unwrap().insert(0, open);
    let gate: D = start(&Setup::new(config));
    for authority in ["public.example", "PUBLIC.example"] {
        assert_eq!(gate.send(&to(authority, "/")).status, 200, "{authority}");
    }
    for authority in ["public.example:9999", "public.example.", "public.example:"] {
        assert_refused(&gate.send(&to(authority, "/")), 400, "authority");
    }
    let other = gate.send(&to("admin.example:9999", "/"));
    assert_refused(&other, 401, "missing_credential");
}

/// A client with read access must not be able to send a request that the upstream executes as a
/// DELETE.
fn no_confusable_name_evades_a_condition<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    let absent = |name: &str| json!([{ "name": name, "present_match": false }]);
    let open = json!({ "match": {
        "prefix": "/", "methods": ["GET"],
        "headers": absent("x-http-method-override"), "query_parameters": absent("_method"),
    } });
    config["rules"].as_array_mut().unwrap().insert(0, open);
    let gate: D = start(&Setup::new(config));
    assert_eq!(gate.send(&Request::get("/?method=DELETE")).status, 200);
    let overriding = |name: &str| gate.send(&Request::get("/").header(name, "DELETE"));
    let named = overriding("x-http-method-override");
    assert_refused(&named, 401, "missing_credential");
    for twin in ["x_http_method_override", "x.http-method-override"] {
        assert_refused(&overriding(twin), 400, "header");
    }
    let named = gate.send(&Request::get("/?_method=DELETE"));
    assert_refused(&named, 401, "missing_credential");
    for query in [
        ".method=DELETE",
        "%20_method=DELETE",
        "_method[]=DELETE",
        "_Method=DELETE",
        "_method%00=DELETE",
        "a=1;_method=DELETE",
    ] {
        let exchange = gate.send(&Request::get(&format!("/?{query}")));
        assert_refused(&exchange, 400, "ambiguous_path");
    }
    gate.wait_for_count("portcullis.denied.header", 2);
}

fn compares_raw_paths_methods_and_hosts_if_the_policy_is_raw<D: Driver>() {
    let gate: D = start(&strict_rules_before_an_open_one("raw"));
    for (path, status) in [
        ("/x[1]", 200),
        ("/x%5B1%5D", 401),
        ("/y%5B1%5D", 200),
        ("/y[1]", 401),
        ("/a%2fb;c/%00/%ff", 200),
    ] {
        assert_eq!(gate.send(&Request::get(path)).status, status, "{path}");
    }
    for authority in ["ADMIN.example", "admin.example:80", "admin.example."] {
        assert_eq!(gate.send(&to(authority, "/")).status, 200, "{authority}");
    }
}

/// In HTTP/2, a path may contain raw octets, and a method may have any letter case.
fn no_http_2_request_evades_a_rule_by_its_spelling<D: InEnvoy>() {
    let gate: D = start(&strict_rules_before_an_open_one("reject"));
    let send = |method: &str, path: &[u8]| {
        let fields = [
            (&b":method"[..], method.as_bytes()),
            (b":scheme", b"http"),
            (b":authority", b"api.example.com"),
            (b":path", path),
        ];
        http2::status(gate.address(), &fields).unwrap()
    };
    for (method, path, status) in [
        ("GET", &b"/open"[..], 200),
        ("GET", b"/caf\xc3\xa9", 401),
        ("GET", b"/caf%C3%A9", 401),
        ("GET", b"/%63af\xc3\xa9", 400),
        ("GET", b"/abc\xc3\xa9", 400),
        ("GET", b"/abc%C3%A9", 401),
        ("GET", b"/caf\xe9", 400),
        ("GET", b"/a|b", 401),
        ("DELETE", b"/m", 401),
        ("delete", b"/m", 400),
        ("PoST", b"/m", 400),
        ("patch", b"/m", 400),
        ("get", b"/open", 400),
        ("UNLOCK", b"/open", 401),
        ("unlock", b"/open", 400),
        ("purge", b"/open", 200),
    ] {
        let path_text = path.escape_ascii();
        assert_eq!(send(method, path), status, "{method} {path_text}");
    }
    gate.wait_for_count("portcullis.allowed", 2);
    gate.wait_for_count("portcullis.denied.method", 5);
}

/// Envoy forwards white space around a header's value from HTTP/2, and HTTP/1 servers drop it.
fn no_white_space_in_an_http_2_header_evades_a_condition<D: InEnvoy>() {
    let mut config = configuration(&local_provider(&signer()));
    let mode = json!([{ "name": "x-mode", "string_match": { "exact": "admin" } }]);
    config["rules"] = json!([
        { "match": { "prefix": "/", "headers": mode }, "requires": { "provider_name": "login" } },
        { "match": { "prefix": "/" } },
    ]);
    let gate: D = start(&Setup::new(config));
    let send = |values: &[&str]| {
        let mut fields = vec![
            (&b":method"[..], &b"GET"[..]),
            (b":scheme", b"http"),
            (b":authority", b"api.example.com"),
            (b":path", b"/"),
        ];
        fields.extend(
            values
                .iter()
                .map(|value| (&b"x-mode"[..], value.as_bytes())),
        );
        http2::status(gate.address(), &fields).unwrap()
    };
    assert_eq!((send(&["user"]), send(&["admin"])), (200, 401));
    for values in [
        &["admin "][..],
        &[" admin"],
        &["\tadmin\t"],
        &["user", "admin "],
    ] {
        assert_eq!(send(values), 400, "{values:?}");
    }
    gate.wait_for_count("portcullis.denied.header", 4);
}

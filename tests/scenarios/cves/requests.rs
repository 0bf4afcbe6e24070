//! Paths, headers and methods that could slip past a rule.

use serde_json::json;

use super::{any, assert_refused, assert_still_serves, requires, ruled};
use crate::world::{configuration, local_provider, signer, start, token, with_local_keys};
use support::{
    driver::{Driver, Request, Setup},
    on_every_driver,
};

on_every_driver!(
    cve_2019_14993_no_path_makes_a_regular_expression_slow,
    cve_2020_8595_a_query_or_fragment_hides_no_path,
    cve_2020_25017_every_line_of_a_header_counts,
    cve_2021_29492_escaped_slashes_hide_no_path,
    cve_2021_43824_connect_has_no_path_to_match,
    cve_2026_26308_a_second_header_line_evades_no_rule,
    cve_2026_73511_path_parameters_hide_no_path,
    cve_2026_73547_connect_is_denied_without_a_path,
    envoy_46586_no_client_sets_an_identity_where_no_token_is_needed,
);

/// A regular expression engine that uses backtracking would practically never finish this match.
fn cve_2019_14993_no_path_makes_a_regular_expression_slow<D: Driver>() {
    let gate: D = ruled(json!([
        { "match": { "safe_regex": { "regex": "/(a+)+(a|aa)+b" } }, "requires": requires() },
    ]));
    let path = format!("/{}", "a".repeat(8_000)); // within limits.path_bytes
    assert_eq!(gate.send(&Request::get(&path)).status, 200);
    assert_eq!(gate.send(&Request::get(&format!("{path}b"))).status, 401);
}

fn cve_2020_8595_a_query_or_fragment_hides_no_path<D: Driver>() {
    let gate: D = ruled(json!([{ "match": { "path": "/admin" }, "requires": requires() }]));
    for path in [
        "/admin",
        "/admin?",
        "/admin?x=/open",
        "/admin#",
        "/admin#x",
        "/admin?#",
    ] {
        assert_refused(&gate.send(&Request::get(path)), &[400, 401], path);
    }
}

fn cve_2020_25017_every_line_of_a_header_counts<D: Driver>() {
    let gate: D = ruled(json!([{
        "match": { "prefix": "/", "headers": [{ "name": "x-admin", "string_match": { "exact": "1" } }] },
        "requires": requires(),
    }]));
    for lines in [["1", "0"], ["0", "1"]] {
        let request = Request::get("/")
            .header("x-admin", lines[0])
            .header("x-admin", lines[1]);
        assert_refused(&gate.send(&request), &[400], "a rule sees the second line");
    }
    let gate: D = with_local_keys(&signer());
    let good = format!("Bearer {}", token(&gate, &signer(), "alice"));
    for lines in [
        [good.as_str(), "Bearer a.b.c"],
        ["Bearer a.b.c", good.as_str()],
    ] {
        let request = Request::get("/");
        let request = request
            .header("authorization", lines[0])
            .header("authorization", lines[1]);
        assert_refused(&gate.send(&request), &[400], "a second credential");
    }
}

fn cve_2021_29492_escaped_slashes_hide_no_path<D: Driver>() {
    let gate: D = ruled(json!([
        { "match": { "prefix": "/admin" }, "requires": requires() },
        { "match": { "prefix": "/" } },
    ]));
    for path in [
        "/open%2f..%2fadmin",
        "/open%2F..%2Fadmin",
        "/open/..%5cadmin",
        "/x%5C..%5Cadmin",
        "//admin",
        "/%2fadmin",
    ] {
        assert_refused(&gate.send(&Request::get(path)), &[400], path);
    }
}

fn connect() -> Request {
    Request::new("CONNECT", "db.example.com:443")
}

/// A `CONNECT` request has no path that a regular expression could match.
fn cve_2021_43824_connect_has_no_path_to_match<D: Driver>() {
    let gate: D = ruled(json!([
        { "match": { "safe_regex": { "regex": "/.*" } }, "requires": requires() },
        { "match": { "connect_matcher": {} }, "requires": requires() },
    ]));
    assert_refused(&gate.send(&connect()), &[401], "without a token");
    let good = token(&gate, &signer(), "alice");
    assert_eq!(gate.send(&connect().bearer(&good)).status, 200);
    assert_still_serves(&gate);
}

fn cve_2026_26308_a_second_header_line_evades_no_rule<D: Driver>() {
    let gate: D = ruled(json!([
        { "match": { "prefix": "/", "headers": [{ "name": "x-role", "string_match": { "exact": "admin" } }] },
          "requires": requires(), "authorize": { "roles": { "any_of": ["admin"] } } },
        { "match": { "prefix": "/", "headers": [{ "name": "x-env", "string_match": { "prefix": "prod" }, "invert_match": true }] } },
        { "match": { "prefix": "/" }, "requires": requires() },
    ]));
    for (name, lines) in [
        ("x-role", ["admin", "user"]),
        ("x-role", ["user", "admin"]),
        ("x-env", ["dev", "prod"]),
        ("x-env", ["prod", "dev"]),
    ] {
        let request = Request::get("/")
            .header(name, lines[0])
            .header(name, lines[1]);
        assert_refused(&gate.send(&request), &[400], &format!("{name}: {lines:?}"));
    }
}

/// This also tests CVE-2026-73553.
fn cve_2026_73511_path_parameters_hide_no_path<D: Driver>() {
    let gate: D = ruled(json!([
        { "match": { "path": "/admin" }, "requires": requires() },
        { "match": { "path_separated_prefix": "/admin/users" }, "requires": requires() },
        { "match": { "prefix": "/open" } },
    ]));
    for path in [
        "/admin;",
        "/admin;x=1",
        "/admin;a/users",
        "/admin/users;v=1/7",
        "/open/..;/admin",
        "/open/..;a=b/admin/users",
        "/;/admin",
        "/admin%3bx",
    ] {
        assert_refused(&gate.send(&Request::get(path)), &[400, 401], path);
    }
    assert_eq!(gate.send(&Request::get("/open;v=1/x")).status, 200);
}

fn cve_2026_73547_connect_is_denied_without_a_path<D: Driver>() {
    let gate: D = with_local_keys(&signer());
    assert_refused(&gate.send(&connect()), &[401], "without a token");
    let good = token(&gate, &signer(), "alice");
    assert_refused(
        &gate.send(&connect().bearer(&good)),
        &[403],
        "no rule matches CONNECT",
    );
    assert_still_serves(&gate);
}

/// The gate removes a client's identity headers from every request, including requests that match
/// no rule, need no token, are preflights, or pass although their token failed.
fn envoy_46586_no_client_sets_an_identity_where_no_token_is_needed<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    config["bypass_cors_preflight"] = json!(true);
    config["unmatched"] = json!("allow");
    config["rules"] = json!([
        { "match": { "prefix": "/open" } },
        { "match": { "prefix": "/maybe" }, "requires": any("allow_missing_or_failed") },
        { "match": { "prefix": "/admin" }, "requires": requires() },
    ]);
    let gate: D = start(&Setup::new(config));
    let preflight = Request::new("OPTIONS", "/admin")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PUT");
    let failed = Request::get("/maybe").bearer("a.b.c");
    for request in [
        Request::get("/"),
        Request::get("/open"),
        Request::get("/maybe"),
        failed,
        preflight,
    ] {
        let path = request.path.clone();
        let request = request
            .header("X-User", "root")
            .header("x_user", "root")
            .header("x-user", "root");
        let seen = gate.send(&request).upstream.unwrap().headers;
        assert_eq!(
            (seen.values("x-user"), seen.values("x_user")),
            (vec![], vec![]),
            "{path}"
        );
    }
}

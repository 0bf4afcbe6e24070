//! The headers and the path of a request when it reaches the upstream.

use serde_json::json;

use crate::world::{
    claims, configuration, forwarded_user, get, local_provider, signer, start, token,
    with_local_keys,
};
use support::{
    driver::{Driver, Request, Setup},
    on_every_driver,
};

on_every_driver!(
    carries_verified_claims_and_no_header_that_a_client_made_up,
    removes_an_owned_header_under_every_name_that_a_server_folds,
    reads_a_token_under_a_confusable_name_and_takes_it_out,
    refuses_a_second_token_under_a_confusable_name,
    takes_the_token_out_of_every_place,
    forwards_the_token_only_if_configured,
    forwards_the_payload,
    keeps_claims_from_breaking_out_of_a_header,
);

fn carries_verified_claims_and_no_header_that_a_client_made_up<D: Driver>() {
    let signer = signer();
    let mut provider = local_provider(&signer);
    provider["claim_to_headers"] = json!([
        { "header_name": "x-user", "claim_name": "sub" },
        { "header_name": "x-level", "claim_name": "level" },
        { "header_name": "x-city", "claim_path": ["https://example.com/address", "city"] },
        { "header_name": "x-groups", "claim_name": "groups" },
        { "header_name": "x-absent", "claim_name": "absent" },
    ]);
    let gate: D = start(&Setup::new(configuration(&provider)));
    let mut claims = claims(&gate, "alice");
    claims["level"] = json!(3);
    claims["https://example.com/address"] = json!({ "city": "Z\u{fc}rich" });
    claims["groups"] = json!(["a", "b"]);
    let request = Request::get("/")
        .header("X-User", "root")
        .header("x-user", "root")
        .header("x_absent", "root")
        .header("x-other", "kept")
        .bearer(signer.sign_claims(&claims));
    let seen = gate.send(&request).upstream.unwrap().headers;
    for (name, expected) in [
        ("x-user", &["alice"][..]),
        ("x-level", &["3"]),
        ("x-groups", &["WyJhIiwiYiJd"]),
        ("x-absent", &[]),
        ("x_absent", &[]),
        ("x-other", &["kept"]),
        ("authorization", &[]),
    ] {
        assert_eq!(seen.values(name), expected, "{name}");
    }
    assert_eq!(seen.bytes("x-city"), ["Z\u{fc}rich".as_bytes()]);
}

/// CGI and PHP turn each of the names in this test into `X_USER`.
fn removes_an_owned_header_under_every_name_that_a_server_folds<D: Driver>() {
    let signer = signer();
    let mut configuration = configuration(&local_provider(&signer));
    configuration["rules"] = json!([
        { "match": { "prefix": "/open" } },
        { "match": { "prefix": "/api" }, "requires": { "provider_name": "login" } },
    ]);
    configuration["unmatched"] = json!("allow");
    let gate: D = start(&Setup::new(configuration));
    let token = token(&gate, &signer, "alice");
    for path in ["/open", "/unmatched", "/api"] {
        let mut request = Request::get(path).bearer(&token).header("xauser", "kept");
        for separator in b"!#$%&'*+-.^_`|~" {
            request = request.header([b"X", &[*separator][..], b"User"].concat(), "root");
        }
        let seen = gate.send(&request).upstream.unwrap().headers;
        let root = seen.0.iter().find(|(_, value)| value == b"root");
        assert_eq!(root, None, "{path}");
        assert_eq!(seen.values("xauser"), ["kept"], "{path}");
    }
}

fn reads_a_token_under_a_confusable_name_and_takes_it_out<D: Driver>() {
    let signer = signer();
    let mut provider = local_provider(&signer);
    provider["from_headers"] = json!([{ "name": "x-token" }]);
    provider["from_params"] = json!(["tok"]);
    let gate: D = start(&Setup::new(configuration(&provider)));
    let token = token(&gate, &signer, "alice");
    for name in ["x_token", "X.Token"] {
        let exchange = gate.send(&Request::get("/").header(name, &token));
        assert_eq!(
            forwarded_user(&exchange).as_deref(),
            Some("alice"),
            "{name}"
        );
        let seen = exchange.upstream.unwrap().headers;
        assert_eq!(seen.bytes(name), [b""; 0], "{name}");
    }
    for name in ["TOK", "tok[]", "tok%5B0%5D", "+tok"] {
        let exchange = gate.send(&Request::get(&format!("/p?a=%41&{name}={token}&b")));
        assert_eq!(
            forwarded_user(&exchange).as_deref(),
            Some("alice"),
            "{name}"
        );
        assert_eq!(exchange.upstream.unwrap().path, "/p?a=%41&b", "{name}");
    }
}

/// If `forward` is true, the module leaves tokens in the request, so the upstream would see both
/// tokens. The client could then choose which token the module checks and which token the upstream
/// believes.
fn refuses_a_second_token_under_a_confusable_name<D: Driver>() {
    let signer = signer();
    let mut provider = local_provider(&signer);
    provider["from_headers"] = json!([{ "name": "x-token" }]);
    provider["from_params"] = json!(["tok"]);
    provider["forward"] = json!(true);
    let gate: D = start(&Setup::new(configuration(&provider)));
    let good = token(&gate, &signer, "alice");
    for twin in ["x_token", "x.token", "X+TOKEN"] {
        let request = Request::get("/")
            .header("x-token", &good)
            .header(twin, "forged");
        assert_eq!(gate.send(&request).status, 400, "{twin}");
        let request = Request::get("/")
            .header(twin, "forged")
            .header("x-token", &good);
        assert_eq!(gate.send(&request).status, 400, "{twin}");
    }
    for query in ["a;tok=x&tok=", "Tok=x&tok=", "tok[]=x&tok=", "a;tok="] {
        let request = Request::get(&format!("/?{query}{good}"));
        assert_eq!(gate.send(&request).status, 400, "{query}");
    }
    let request = Request::get("/?TOK=x").header("x-token", &good);
    assert_eq!(gate.send(&request).status, 400);
}

fn takes_the_token_out_of_every_place<D: Driver>() {
    let signer = signer();
    let mut provider = local_provider(&signer);
    provider["from_headers"] = json!([{ "name": "x-jwt", "value_prefix": "jwt=" }]);
    provider["from_params"] = json!(["jwt"]);
    provider["from_cookies"] = json!(["session"]);
    let gate: D = start(&Setup::new(configuration(&provider)));
    let token = token(&gate, &signer, "alice");
    let query = gate.send(&Request::get(&format!("/p?a=%41&jwt={token}&b")));
    assert_eq!(query.upstream.unwrap().path, "/p?a=%41&b");
    let cookie =
        gate.send(&Request::get("/").header("cookie", format!("a=1; session={token}; b=2")));
    assert_eq!(
        cookie.upstream.unwrap().headers.values("cookie"),
        ["a=1; b=2"]
    );
    let header = gate.send(&Request::get("/").header("x-jwt", format!("jwt={token}")));
    assert!(header.upstream.unwrap().headers.values("x-jwt").is_empty());
    let standard = gate.send(&Request::get("/").bearer(&token));
    assert_eq!(standard.status, 401, "not a place of this provider");
    let two = Request::get(&format!("/?jwt={token}")).header("x-jwt", format!("jwt={token}"));
    assert_eq!(gate.send(&two).status, 400);
}

fn forwards_the_token_only_if_configured<D: Driver>() {
    let signer = signer();
    let mut provider = local_provider(&signer);
    provider["forward"] = json!(true);
    let gate: D = start(&Setup::new(configuration(&provider)));
    let token = token(&gate, &signer, "alice");
    let seen = get(&gate, "/", &token).upstream.unwrap();
    assert_eq!(
        seen.headers.values("authorization"),
        [format!("Bearer {token}")]
    );
}

fn forwards_the_payload<D: Driver>() {
    let signer = signer();
    for padded in [false, true] {
        let mut provider = local_provider(&signer);
        provider["forward_payload_header"] = json!("x-payload");
        provider["pad_forward_payload_header"] = json!(padded);
        let gate: D = start(&Setup::new(configuration(&provider)));
        let mut claims = claims(&gate, "alice");
        // The subject grows until the payload needs padding.
        while claims.to_string().len().is_multiple_of(3) {
            claims["sub"] = json!(format!("{}e", claims["sub"].as_str().unwrap()));
        }
        let token = signer.sign_claims(&claims);
        let payload = token.split('.').nth(1).unwrap();
        let padding = if padded {
            "=".repeat((4 - payload.len() % 4) % 4)
        } else {
            String::new()
        };
        let seen = gate
            .send(&Request::get("/").header("x-payload", "root").bearer(&token))
            .upstream
            .unwrap();
        assert_eq!(
            seen.headers.values("x-payload"),
            [format!("{payload}{padding}")]
        );
    }
}

fn keeps_claims_from_breaking_out_of_a_header<D: Driver>() {
    let signer = signer();
    let gate: D = with_local_keys(&signer);
    for subject in ["a\r\nx-admin: 1", "a\0", "a\u{7f}", &"a".repeat(8193)] {
        let exchange = get(&gate, "/", &token(&gate, &signer, subject));
        assert_eq!(exchange.status, 401);
        assert!(exchange.upstream.is_none());
    }
}

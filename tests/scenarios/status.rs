//! The status page: what it shows, who may see it, and whether all workers show the same content.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::{
    withheld_capabilities::example_capabilities,
    world::{
        JWKS_PATH, configuration, local_provider, publishing, remote_provider, signer, start, token,
    },
};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Exchange, Request, Setup},
    objects::with,
    on_every_driver,
    signer::{Signer, jwks},
    workers::ask_every_worker,
};

on_every_driver!(
    shows_the_servers_only_to_operators,
    shows_the_same_on_every_worker,
    describes_failures_in_its_own_words,
    shows_kids_as_text_of_bounded_length,
    the_status_is_guarded_in_shadow_mode_too,
    counts_decisions_on_the_page,
);

const STATUS: &str = "/portcullis";
const WORKERS: usize = 4;

/// A configuration with two providers: `login` fetches its keys, and tokens of `operators` give
/// access to the status.
fn watched(operator: &Signer, rest: &Value) -> Value {
    let mut operators = local_provider(operator);
    operators["audiences"] = json!(["operators"]);
    let mut login = remote_provider();
    login["description"] = json!("<b>Customers</b> & partners");
    let mut configuration = configuration(&login);
    configuration["providers"]["operators"] = operators;
    configuration["status"] = json!({
        "path": STATUS,
        "requires": { "provider_name": "operators" },
        "base_url": "https://api.example.com",
    });
    with(configuration, rest)
}

fn gate<D: Driver>(server: &AuthorizationServer, operator: &Signer, rest: &Value) -> D {
    let setup = Setup::new(watched(operator, rest))
        .cluster("login", server)
        .balanced_workers(WORKERS)
        .capabilities(example_capabilities());
    start(&setup)
}

fn operators_token(gate: &impl Driver, operator: &Signer) -> String {
    let mut claims = crate::world::claims(gate, "olivia");
    claims["aud"] = json!("operators");
    operator.sign_claims(&claims)
}

fn look(token: &str) -> Request {
    Request::get(STATUS).bearer(token)
}

fn report(exchange: &Exchange) -> Value {
    assert_eq!(exchange.status, 200, "{exchange:?}");
    assert_eq!(exchange.details, "portcullis_status");
    assert_eq!(exchange.upstream, None);
    serde_json::from_slice(&exchange.body).unwrap()
}

/// Requests the status until the keys of `login` have been fetched.
fn await_keys(gate: &impl Driver, token: &str) -> Value {
    let mut seen = Value::Null;
    gate.wait_until("fetched keys", || {
        seen = report(&gate.send(&look(token)));
        seen["providers"][0]["keys"] != json!([])
    });
    seen
}

fn shows_the_servers_only_to_operators<D: Driver>() {
    let (signer, operator) = (signer(), signer());
    let server = publishing(&signer);
    let gate: D = gate(&server, &operator, &json!({}));
    let good = operators_token(&gate, &operator);
    let mut seen = await_keys(&gate, &good);
    let login = &mut seen["providers"][0];
    for name in ["last_successful_fetch", "last_attempt", "next_fetch"] {
        let time = login[name].take();
        let time = time.as_str().unwrap().to_owned();
        assert!(
            time.starts_with("20") && time.ends_with('Z') && time.len() == 20,
            "{time}"
        );
    }
    let keys = &signer.jwks()["keys"][0];
    let key = json!([{ "kid": keys["kid"], "kty": keys["kty"], "alg": keys["alg"] }]);
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "mode": "enforce",
        "base_url": "https://api.example.com",
        "providers": [{
            "name": "login", "status": "enabled", "health": "working",
            "description": "<b>Customers</b> & partners",
            "issuer": "https://login.example.com", "key_source": "remote_jwks",
            "jwks_uri": format!("https://login.example.com{JWKS_PATH}"), "cluster": "login",
            "keys": key,
            "last_successful_fetch": null, "last_attempt": null, "last_error": null,
            "next_fetch": null, "stale": false,
        }, {
            "name": "operators", "status": "enabled", "health": "working", "description": "",
            "issuer": "https://login.example.com", "key_source": "local_jwks",
            "jwks_uri": null, "cluster": null, "keys": key,
            "last_successful_fetch": null, "last_attempt": null, "last_error": null,
            "next_fetch": null, "stale": false,
        }],
    });
    assert_eq!(seen, expected);

    let customer = token(&gate, &signer, "alice");
    let head = Request::new("HEAD", STATUS).bearer(&good);
    let post = Request::new("POST", STATUS).bearer(&good).body("x");
    for (request, status, reason) in [
        (Request::get(STATUS), 401, "missing_credential"),
        (look(&customer), 401, "audience"),
        (post, 405, "method_not_allowed"),
        (head, 200, ""),
        (Request::get("/portcullis/").bearer(&good), 401, "audience"),
        (
            Request::get("//portcullis").bearer(&good),
            400,
            "ambiguous_path",
        ),
    ] {
        let exchange = gate.send(&request);
        assert_eq!(exchange.outcome(), (status, reason), "{request:?}");
        assert_eq!(exchange.upstream, None, "{request:?}");
        let allow = (status == 405).then(|| "GET, HEAD".to_owned());
        assert_eq!(exchange.headers.value("allow"), allow);
    }
}

fn shows_the_same_on_every_worker<D: Driver>() {
    let operator = signer();
    let server = publishing(&operator);
    let gate: D = gate(&server, &operator, &json!({}));
    let good = operators_token(&gate, &operator);
    let first = await_keys(&gate, &good);
    for exchange in ask_every_worker(&gate, &look(&good)) {
        assert_eq!(report(&exchange), first);
    }
}

fn describes_failures_in_its_own_words<D: Driver>() {
    let operator = signer();
    let server = AuthorizationServer::new();
    let hostile = Answer::status(418).header("x-reason", "<script>alert(1)</script>");
    server.answer(JWKS_PATH, hostile);
    let gate: D = gate(&server, &operator, &json!({}));
    let good = operators_token(&gate, &operator);
    let mut login = Value::Null;
    gate.wait_until("a failed fetch", || {
        login = report(&gate.send(&look(&good)))["providers"][0].take();
        !login["last_error"].is_null()
    });
    assert_eq!(login["last_error"], "the response has status 418");
    assert_eq!(
        (&login["status"], &login["health"]),
        (&json!("enabled"), &json!("unavailable"))
    );
    assert_eq!(
        (&login["keys"], &login["stale"]),
        (&json!([]), &json!(false))
    );
    assert!(login["last_successful_fetch"].is_null());
    assert!(login["last_attempt"].is_string() && login["next_fetch"].is_string());

    let junk = r#"{"error":"<script>alert(1)</script>"}"#;
    server.answer(JWKS_PATH, Answer::json(junk));
    gate.wait_until("another failure", || {
        login = report(&gate.send(&look(&good)))["providers"][0].take();
        login["last_error"] == "the response contains no usable key"
    });
}

fn shows_kids_as_text_of_bounded_length<D: Driver>() {
    let (operator, other) = (signer(), Signer::new(Algorithm::Rs256));
    let long = "k".repeat(200_000);
    let turned = operator.clone().named(Some("a\u{202e}b"));
    let keys = jwks([&turned, &other.named(Some(&long))]);
    let server = AuthorizationServer::new();
    server.answer(JWKS_PATH, Answer::json(keys.to_string()));
    let gate: D = gate(&server, &operator, &json!({}));
    let good = operators_token(&gate, &operator);
    let login = await_keys(&gate, &good)["providers"][0].take();
    assert_eq!(login["keys"].as_array().unwrap().len(), 1, "{login}");
    let page = gate.send(&look(&good).header("accept", "text/html")).body;
    let page = str::from_utf8(&page).unwrap();
    assert!(page.contains(r"<bdi><code>a\u202eb</code></bdi>"), "{page}");
    assert!(page.len() < 20_000, "{}", page.len());

    let long = operator.named(Some(&"k".repeat(300)));
    let exchange = gate.send(&Request::get("/").bearer(token(&gate, &long, "eve")));
    assert_eq!(exchange.outcome(), (401, "malformed_token"));
    let seen = String::from_utf8_lossy(&exchange.body).into_owned() + &gate.log().join("\n");
    assert!(!seen.contains("kkkk"), "{seen}");
}

fn the_status_is_guarded_in_shadow_mode_too<D: Driver>() {
    let operator = signer();
    let server = publishing(&operator);
    let gate: D = gate(&server, &operator, &json!({ "mode": "shadow" }));
    assert_eq!(gate.send(&Request::get("/")).status, 200);
    let exchange = gate.send(&Request::get(STATUS));
    assert_eq!((exchange.status, exchange.upstream), (401, None));
    let good = operators_token(&gate, &operator);
    assert_eq!(await_keys(&gate, &good)["mode"], "shadow");
}

fn counts_decisions_on_the_page<D: Driver>() {
    let (signer, operator) = (signer(), signer());
    let server = publishing(&signer);
    let gate: D = gate(&server, &operator, &json!({}));
    let good = operators_token(&gate, &operator);
    await_keys(&gate, &good);
    // Four workers decide, and the page shows the sum of their counts.
    let customer = Request::get("/").bearer(token(&gate, &signer, "alice"));
    gate.send_all(&vec![customer; WORKERS]);
    gate.send_all(&vec![Request::get("/"); WORKERS]);
    for decision in ["allowed", "denied.missing_credential"] {
        gate.wait_for_count(&format!("portcullis.{decision}"), WORKERS as u64);
    }
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let exchange = gate.send(&look(&good).header("accept", browser));
    let page = str::from_utf8(&exchange.body).unwrap();
    for text in [
        "<th scope=\"row\">allowed</th><td></td><td>4</td>",
        "<th scope=\"row\">denied</th><td>missing_credential</td><td>4</td>",
        "&lt;b&gt;Customers&lt;/b&gt; &amp; partners",
        "1 key<",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let header = |name| exchange.headers.value(name).unwrap();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert!(
        header("content-security-policy").starts_with("default-src 'none'; script-src 'sha256-")
    );
}

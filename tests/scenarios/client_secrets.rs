//! API clients that authenticate with a secret. The tests send secrets with and without a token,
//! rotate secrets, and use clients that are disabled or have expired.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis::{jose::Algorithm, verification::SecretHash};
use serde_json::{Value, json};

use crate::world::{get, local_provider, publishing, signer, start, token};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    objects::with,
    on_every_driver,
    signer::{Pair, Signer, public_pem},
};

on_every_driver!(
    accepts_a_client_by_its_secret,
    answers_a_bad_secret_with_a_basic_challenge,
    takes_a_token_or_a_secret_but_not_both,
    rotates_and_disables_without_a_restart,
    refuses_a_client_from_its_expiry_on,
    reveals_nothing_of_a_secret,
    a_client_authenticates_by_a_published_key_a_configured_key_or_a_secret,
);

/// The `hash` that `portcullis client-secret` prints for a secret.
pub(crate) fn hash(secret: &str) -> String {
    SecretHash::new([9; 16], secret.as_bytes()).to_string()
}

/// A provider with one client, `batch`, which has these secrets.
fn jobs(secrets: &[&str], rest: &Value) -> Value {
    let hashes: Vec<String> = secrets.iter().map(|secret| hash(secret)).collect();
    let client = json!({ "secret_hashes": hashes, "scopes": ["read"], "roles": ["worker"] });
    json!({
        "client_secrets": { "clients": { "batch": with(client, rest) } },
        "claim_to_headers": [{ "header_name": "x-client", "claim_name": "client_id" }],
    })
}

fn configuration(jobs: &Value) -> Value {
    json!({
        "providers": { "jobs": jobs },
        "rules": [
            {
                "match": { "prefix": "/write" },
                "requires": { "provider_name": "jobs" },
                "authorize": { "scopes": { "all_of": ["write"] } },
            },
            { "match": { "prefix": "/" }, "requires": { "provider_name": "jobs" } },
        ],
    })
}

fn gate<D: Driver>(secrets: &[&str], rest: &Value) -> D {
    start(&Setup::new(configuration(&jobs(secrets, rest))))
}

/// A request with a client's identifier and secret.
pub(crate) fn with_secret(path: &str, pair: &str) -> Request {
    Request::get(path).header("authorization", format!("Basic {}", STANDARD.encode(pair)))
}

fn client(exchange: &Exchange) -> Option<String> {
    exchange.upstream.as_ref()?.headers.value("x-client")
}

fn accepts_a_client_by_its_secret<D: Driver>() {
    let gate: D = gate(&["old", "new"], &json!({}));
    for pair in ["batch:old", "batch:new", "b%61tch:n%65w"] {
        let exchange = gate.send(&with_secret("/", pair).header("x-client", "root"));
        assert_eq!(client(&exchange).as_deref(), Some("batch"), "{pair}");
        let seen = exchange.upstream.unwrap().headers;
        assert_eq!(
            seen.value("authorization"),
            None,
            "the secret is not forwarded"
        );
    }
    let forbidden = gate.send(&with_secret("/write", "batch:old"));
    assert_eq!(forbidden.status, 403);
    assert_eq!(forbidden.headers.value("www-authenticate"), None);
    gate.wait_for_count("portcullis.denied.insufficient_scope", 1);
}

fn answers_a_bad_secret_with_a_basic_challenge<D: Driver>() {
    let gate: D = gate(&["old"], &json!({}));
    for (sent, status, challenge, reason) in [
        (
            Request::get("/"),
            401,
            Some(r#"Basic realm="api""#),
            "missing_credential",
        ),
        (
            Request::get("/").bearer("a.b.c"),
            401,
            Some(r#"Basic realm="api""#),
            "missing_credential",
        ),
        (
            with_secret("/", "batch:other"),
            401,
            Some(r#"Basic realm="api""#),
            "bad_client_secret",
        ),
        (
            with_secret("/", "nobody:old"),
            401,
            Some(r#"Basic realm="api""#),
            "bad_client_secret",
        ),
        (with_secret("/", "batch"), 400, None, "malformed_credential"),
        (
            with_secret("/", "batch:old\n"),
            400,
            None,
            "malformed_credential",
        ),
        (
            Request::get("/").header("authorization", "Basic ?"),
            400,
            None,
            "malformed_credential",
        ),
        (
            with_secret("/", "batch:old").bearer("a.b.c"),
            400,
            None,
            "several_credentials",
        ),
    ] {
        let exchange = gate.send(&sent);
        assert_eq!(
            exchange.headers.value("www-authenticate").as_deref(),
            challenge,
            "{reason}"
        );
        assert_eq!(exchange.outcome(), (status, reason));
        assert!(exchange.upstream.is_none(), "{reason}");
        let body: Value = serde_json::from_slice(&exchange.body).unwrap();
        assert!(body["error"].is_string(), "{reason}");
    }
    gate.wait_for_count("portcullis.denied.bad_client_secret", 2);
}

fn takes_a_token_or_a_secret_but_not_both<D: Driver>() {
    let signer = signer();
    let either = json!({ "requires_any": { "requirements": [
        { "provider_name": "login" }, { "provider_name": "jobs" },
    ] } });
    let gate: D = start(&Setup::new(json!({
        "providers": { "login": local_provider(&signer), "jobs": jobs(&["old"], &json!({})) },
        "rules": [
            { "match": { "prefix": "/tokens" }, "requires": { "provider_name": "login" } },
            { "match": { "prefix": "/" }, "requires": either },
        ],
    })));
    let good = token(&gate, &signer, "alice");
    assert_eq!(get(&gate, "/", &good).status, 200);
    assert_eq!(
        client(&gate.send(&with_secret("/", "batch:old"))).as_deref(),
        Some("batch")
    );
    for both in [
        with_secret("/", "batch:old").bearer(&good),
        Request::get("/")
            .bearer(&good)
            .header("authorization", "Basic YmF0Y2g6b2xk"),
        with_secret(&format!("/?access_token={good}"), "batch:old"),
    ] {
        assert_eq!(gate.send(&both).status, 400);
    }
    let challenges = |request: &Request| gate.send(request).headers.values("www-authenticate");
    let (bearer, basic) = (r#"Bearer realm="api""#, r#"Basic realm="api""#);
    assert_eq!(challenges(&Request::get("/")), [bearer, basic]);
    assert_eq!(challenges(&with_secret("/", "batch:x")), [basic]);
    assert_eq!(
        challenges(&Request::get("/").bearer("junk")),
        [format!("{bearer}, error=\"invalid_token\"")]
    );
    assert_eq!(
        challenges(&with_secret("/tokens", "batch:old")),
        [bearer],
        "another scheme"
    );
}

fn rotates_and_disables_without_a_restart<D: Driver>() {
    let gate: D = gate(&["old"], &json!({}));
    let statuses =
        || ["batch:old", "batch:new"].map(|pair| gate.send(&with_secret("/", pair)).status);
    assert_eq!(statuses(), [200, 401]);
    for (secrets, rest, expected) in [
        (&["old", "new"][..], json!({}), [200, 200]),
        (&["new"], json!({}), [401, 200]),
        (&["new"], json!({ "enabled": false }), [401, 401]),
        (&["new"], json!({}), [401, 200]),
    ] {
        gate.reconfigure(&configuration(&jobs(secrets, &rest)))
            .unwrap();
        gate.wait_until("the new configuration", || statuses() == expected);
    }
    let refused = gate.reconfigure(&configuration(&jobs(&["1", "2", "3"], &json!({}))));
    assert!(refused.is_err(), "three secrets");
    assert_eq!(statuses(), [401, 200], "the old configuration stays");
}

fn refuses_a_client_from_its_expiry_on<D: Driver>() {
    let gate: D = gate(&["old"], &json!({ "expires_at": "2020-01-01T00:00:00Z" }));
    let expired = gate.send(&with_secret("/", "batch:old"));
    assert_eq!(expired.outcome(), (401, "client_expired"));
    let other = gate.send(&with_secret("/", "batch:other"));
    assert_eq!(other.outcome().1, "bad_client_secret");
    assert_eq!(
        other.body, expired.body,
        "only the secret reveals that the client exists"
    );
    let soon = json!({ "expires_at": gate.now() + 3600 });
    gate.reconfigure(&configuration(&jobs(&["old"], &soon)))
        .unwrap();
    gate.wait_until("a client that has not expired", || {
        gate.send(&with_secret("/", "batch:old")).status == 200
    });
    assert!(
        gate.log()
            .iter()
            .any(|line| line.contains("the client has expired"))
    );
}

fn reveals_nothing_of_a_secret<D: Driver>() {
    let secret = "do-not-tell-anyone";
    let mut jobs = jobs(&[secret], &json!({}));
    if D::takes_nested_metadata() {
        jobs["failed_status_in_metadata"] = json!("failure");
        jobs["payload_in_metadata"] = json!("client");
    }
    let mut config = configuration(&jobs);
    config["mode"] = json!("shadow");
    let mut setup = Setup::new(config);
    setup.filter_state = vec![
        "portcullis.failure".to_owned(),
        "portcullis.client".to_owned(),
    ];
    let gate: D = start(&setup);
    for pair in [
        format!("batch:{secret}"),
        format!("batch:x{secret}"),
        format!("{secret}:batch"),
    ] {
        let exchange = gate.send(&with_secret("/", &pair));
        let encoded = STANDARD.encode(&pair);
        let seen = format!(
            "{:?} {:?} {:?}",
            exchange.filter_state, exchange.headers, exchange.details
        );
        for text in [secret, &encoded] {
            assert!(!seen.contains(text), "{seen}");
            assert!(!gate.log().iter().any(|line| line.contains(text)), "{text}");
        }
    }
}

/// A role grants the same rights to every client, whether the client authenticates with a published
/// key, a configured key or a secret.
fn a_client_authenticates_by_a_published_key_a_configured_key_or_a_secret<D: Driver>() {
    let (published, written) = (Signer::new(Algorithm::Es256), Signer::new(Algorithm::Rs256));
    let server = publishing(&published);
    let signing = |issuer: &str| json!({ "issuer": issuer, "audiences": ["api"] });
    let (mut by_url, mut by_key) = (signing("by-url"), signing("by-key"));
    by_url["remote_jwks"] = json!({ "http_uri": {
        "uri": "https://client.example/jwks", "cluster": "client", "timeout": "5s",
    } });
    by_key["public_keys"] = json!({ "pem": [public_pem(Algorithm::Rs256)] });
    let by_secret = json!({ "client_secrets": { "clients": {
        "full": { "secret_hashes": [hash("s1")], "roles": ["full"] },
        "viewer": { "secret_hashes": [hash("s2")], "roles": ["view-only"] },
    } } });
    let any = json!({ "requires_any": { "requirements": [
        { "provider_name": "by-url" }, { "provider_name": "by-key" }, { "provider_name": "by-secret" },
    ] } });
    let rule = |methods: &[&str], roles: &[&str]| {
        json!({
            "match": { "prefix": "/", "methods": methods },
            "requires": any,
            "authorize": { "roles": { "any_of": roles } },
        })
    };
    let config = json!({
        "providers": { "by-url": by_url, "by-key": by_key, "by-secret": by_secret },
        "rules": [rule(&["GET"], &["full", "view-only"]), rule(&["POST"], &["full"])],
    });
    let gate: D = start(&Setup::new(config).cluster("client", &server));
    let token = |signer: &Signer, issuer: &str, role: &str| {
        let claims = json!({
            "iss": issuer, "sub": issuer, "aud": "api", "roles": [role], "exp": gate.now() + 300,
        });
        Request::get("/").bearer(signer.sign_claims(&claims))
    };
    let forger = Signer::with_pair(Algorithm::Es256, Pair::Other);
    for (case, sent, get, post) in [
        ("url", token(&published, "by-url", "full"), 200, 200),
        (
            "url, view",
            token(&published, "by-url", "view-only"),
            200,
            403,
        ),
        ("url, forged", token(&forger, "by-url", "full"), 401, 401),
        ("key", token(&written, "by-key", "full"), 200, 200),
        (
            "another's key",
            token(&published, "by-key", "full"),
            401,
            401,
        ),
        ("secret", with_secret("/", "full:s1"), 200, 200),
        ("secret, view", with_secret("/", "viewer:s2"), 200, 403),
        ("another's secret", with_secret("/", "full:s2"), 401, 401),
        ("none", Request::get("/"), 401, 401),
    ] {
        let write = Request {
            method: "POST".to_owned(),
            ..sent.clone()
        };
        assert_eq!(gate.send(&sent).outcome().0, get, "{case}");
        assert_eq!(gate.send(&write).outcome().0, post, "{case}");
    }
}

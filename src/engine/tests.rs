//! Decisions as tables: configuration and request in, decision out.

use jwt_compact::{
    Algorithm as _,
    alg::{Hs256, Hs256Key},
};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{
    host::{Expected, SetSharedDataError, SharedData},
    jose::base64url,
};

const NOW: i64 = 1_700_000_000;
const SECRET: [u8; 32] = [7; 32];
const OTHER_SECRET: [u8; 32] = [8; 32];

struct NoProxy;

impl Host for NoProxy {
    fn shared_data(&self, _: &str) -> Option<SharedData> {
        None
    }

    fn set_shared_data(&self, _: &str, _: &[u8], _: Expected) -> Result<(), SetSharedDataError> {
        Err(SetSharedDataError::Refused)
    }

    fn client_certificate_digest(&self) -> Option<[u8; 32]> {
        None
    }
}

/// A provider whose tokens [`token`] makes: `issuer` is `https://<name>.example`.
fn provider(name: &str, secret: &[u8]) -> Value {
    json!({
        "issuer": format!("https://{name}.example"),
        "audiences": ["orders"],
        "shared_secrets": [{"kid": name, "secret": base64url::encode(secret)}],
    })
}

/// Two providers, `a` and `b`, and what `rest` adds.
fn engine(rest: Value) -> Engine {
    let mut config = json!({
        "providers": {"a": provider("a", &SECRET), "b": provider("b", &OTHER_SECRET)},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
    });
    merge(&mut config, rest);
    Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn sign(secret: &[u8], header: &Value, claims: &Value) -> String {
    let input = format!(
        "{}.{}",
        base64url::encode(header.to_string().as_bytes()),
        base64url::encode(claims.to_string().as_bytes())
    );
    let signature = Hs256.sign(&Hs256Key::new(secret), input.as_bytes());
    use jwt_compact::AlgorithmSignature as _;
    format!("{input}.{}", base64url::encode(&signature.as_bytes()))
}

/// A good token of provider `name`, with `extra` claims.
fn token(name: &str, extra: Value) -> String {
    let secret = if name == "a" { SECRET } else { OTHER_SECRET };
    let mut claims = json!({
        "iss": format!("https://{name}.example"), "aud": "orders", "sub": "s", "exp": NOW + 300,
    });
    merge(&mut claims, extra);
    sign(&secret, &json!({"alg": "HS256", "kid": name}), &claims)
}

fn decide(engine: &Engine, path: &str, headers: &[(&str, &str)]) -> Decision {
    let mut all = vec![(&b":method"[..], &b"GET"[..]), (b":path", path.as_bytes())];
    all.extend(
        headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes())),
    );
    let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
    engine.decide(&Request::new(all), now, Patience::Waiting, &NoProxy)
}

fn bearer(engine: &Engine, token: &str) -> Decision {
    decide(
        engine,
        "/",
        &[("authorization", &format!("Bearer {token}"))],
    )
}

/// The reason of a denial, or of a permit, as text.
fn label(decision: &Decision) -> &'static str {
    match decision {
        Decision::Permit(permit) => permit.reason.label(),
        Decision::Deny(denial) => denial.reason.label(),
        Decision::AwaitKeys { .. } => "await_keys",
    }
}

fn edits(decision: Decision) -> Vec<HeaderEdit> {
    match decision {
        Decision::Permit(permit) => permit.edits,
        other => panic!("{other:?}"),
    }
}

fn remove(name: &str) -> HeaderEdit {
    HeaderEdit::Remove(name.into())
}

fn set(name: &str, value: &str) -> HeaderEdit {
    HeaderEdit::Set(name.into(), value.into())
}

#[test]
fn lets_a_good_token_pass_and_takes_it_out() {
    let decision = bearer(&engine(json!({})), &token("a", json!({})));
    assert_eq!(label(&decision), "verified");
    assert_eq!(edits(decision), [remove("authorization")]);
}

#[test]
fn says_why_a_token_is_refused() {
    let engine = engine(json!({}));
    for (extra, reason) in [
        (json!({"exp": NOW - 60}), "expired"),
        (json!({"exp": null}), "malformed_token"),
        (json!({"exp": (NOW + 300).to_string()}), "malformed_token"),
        (json!({"nbf": NOW + 61}), "not_yet_valid"),
        (json!({"iat": NOW + 61}), "not_yet_valid"),
        (json!({"aud": "order"}), "audience"),
        (json!({"aud": ["x", "orders"]}), "verified"),
        (json!({"aud": 7}), "malformed_token"),
        (json!({"iss": "https://b.example"}), "issuer"),
        (json!({"client_id": "x", "azp": "y"}), "client"),
        (json!({"client_id": "x", "azp": "x"}), "verified"),
        (json!({"cnf": {"jkt": "x"}}), "confirmation"),
    ] {
        let decision = bearer(&engine, &token("a", extra.clone()));
        assert_eq!(label(&decision), reason, "{extra}");
    }
}

#[test]
fn says_expired_only_after_a_good_signature() {
    let engine = engine(json!({}));
    let claims = json!({"iss": "https://a.example", "aud": "orders", "exp": NOW - 60});
    let forged = sign(&[9; 32], &json!({"alg": "HS256", "kid": "a"}), &claims);
    assert_eq!(label(&bearer(&engine, &forged)), "bad_signature");
}

#[test]
fn minds_the_header_of_a_token() {
    let engine = engine(json!({}));
    let claims = json!({"iss": "https://a.example", "aud": "orders", "exp": NOW + 300});
    for (header, reason) in [
        (json!({"alg": "HS256", "kid": "a"}), "verified"),
        (json!({"alg": "HS256"}), "verified"),
        (
            json!({"alg": "HS256", "kid": "a", "typ": "at+jwt"}),
            "verified",
        ),
        (
            json!({"alg": "HS256", "kid": "a", "typ": "dpop+jwt"}),
            "token_type",
        ),
        (json!({"alg": "HS256", "kid": ""}), "unknown_key"),
        (json!({"alg": "HS256", "kid": "c"}), "unknown_key"),
        (json!({"alg": "HS384", "kid": "a"}), "unknown_key"),
        (json!({"alg": "RS256", "kid": "a"}), "algorithm"),
        (json!({"alg": "none", "kid": "a"}), "algorithm"),
        (
            json!({"alg": "HS256", "kid": "a", "crit": ["x"], "x": 1}),
            "malformed_token",
        ),
    ] {
        assert_eq!(
            label(&bearer(&engine, &sign(&SECRET, &header, &claims))),
            reason,
            "{header}"
        );
    }
}

#[test]
fn takes_the_first_requirement_that_verifies() {
    let engine = engine(json!({"rules": [{
        "match": {"prefix": "/"},
        "requires": {"requires_any": {"requirements": [
            {"provider_name": "a"}, {"provider_name": "b"},
        ]}},
    }]}));
    for name in ["a", "b"] {
        let Decision::Permit(permit) = bearer(&engine, &token(name, json!({}))) else {
            panic!()
        };
        let provider = engine.config().provider(permit.provider.unwrap()).unwrap();
        assert_eq!(provider.name, name);
    }
    let bad = bearer(&engine, &token("b", json!({"aud": "x"})));
    assert_eq!(label(&bad), "audience");
    assert_eq!(label(&decide(&engine, "/", &[])), "missing_credential");
}

#[test]
fn asks_for_every_token_of_requires_all() {
    let mut other = provider("b", &OTHER_SECRET);
    other["from_headers"] = json!([{"name": "x-b"}]);
    let engine = engine(json!({
        "providers": {"b": other},
        "rules": [{
            "match": {"prefix": "/"},
            "requires": {"requires_all": {"requirements": [
                {"provider_name": "a"}, {"provider_name": "b"},
            ]}},
            "authorize": {"scopes": {"all_of": ["read", "write"]}},
        }],
    }));
    let (a, b) = (json!({"scope": "read"}), json!({"scope": "write"}));
    let both = json!({"scope": "read write"});
    let authorization = |claims: &Value| format!("Bearer {}", token("a", claims.clone()));
    for (a, b, reason) in [
        (&a, &b, "insufficient_scope"), // nothing adds up across tokens
        (&both, &b, "verified"),
        (&a, &both, "verified"),
    ] {
        let headers = [
            ("authorization", &*authorization(a)),
            ("x-b", &*token("b", b.clone())),
        ];
        assert_eq!(label(&decide(&engine, "/", &headers)), reason);
    }
    let one = [("authorization", &*authorization(&both))];
    assert_eq!(label(&decide(&engine, "/", &one)), "missing_credential");
}

#[test]
fn lets_missing_tokens_pass_but_not_failed_ones() {
    let rules = |lenient: Value| {
        json!({"rules": [{
            "match": {"prefix": "/"},
            "requires": {"requires_any": {"requirements": [lenient, {"provider_name": "a"}]}},
        }]})
    };
    let missing = engine(rules(json!({"allow_missing": {}})));
    let failed = engine(rules(json!({"allow_missing_or_failed": {}})));
    let good = token("a", json!({}));
    let unknown_issuer = token("b", json!({}));
    for (engine, authorization, reason) in [
        (&missing, None, "lenient"),
        (&missing, Some(format!("Bearer {good}")), "verified"),
        // CVE-2021-21378.
        (&missing, Some(format!("Bearer {unknown_issuer}")), "issuer"),
        (&missing, Some("Bearer".to_owned()), "malformed_credential"),
        (&failed, None, "lenient"),
        (&failed, Some(format!("Bearer {good}")), "verified"),
        (&failed, Some(format!("Bearer {unknown_issuer}")), "lenient"),
        (&failed, Some("Bearer".to_owned()), "lenient"),
    ] {
        let headers: Vec<_> = authorization
            .iter()
            .map(|value| ("authorization", value.as_str()))
            .collect();
        assert_eq!(
            label(&decide(engine, "/", &headers)),
            reason,
            "{authorization:?}"
        );
    }
    let two = [("authorization", "Bearer x"), ("authorization", "Bearer y")];
    assert_eq!(label(&decide(&failed, "/", &two)), "several_credentials");
}

/// The provider's own audiences are not the rule's: what is meant for another must not pass for a
/// verified token, let alone grant rights.
#[test]
fn keeps_the_audiences_of_a_rule_that_lets_missing_tokens_pass() {
    let engine = |lenient: &str| {
        engine(json!({"rules": [{
            "match": {"prefix": "/"},
            "requires": {"requires_any": {"requirements": [
                {"provider_and_audiences": {"provider_name": "a", "audiences": ["billing"]}},
                {lenient: {}},
            ]}},
            "authorize": {"roles": {"any_of": ["admin"]}},
        }]}))
    };
    let for_orders = token("a", json!({"roles": ["admin"]}));
    let for_billing = token("a", json!({"roles": ["admin"], "aud": "billing"}));
    for (lenient, refused) in [
        ("allow_missing", "audience"),
        ("allow_missing_or_failed", "missing_credential"),
    ] {
        let engine = engine(lenient);
        assert_eq!(label(&bearer(&engine, &for_orders)), refused);
        assert_eq!(label(&bearer(&engine, &for_billing)), "verified");
    }
}

#[test]
fn leaves_an_unverified_credential_in_place() {
    let engine = engine(json!({"rules": [{
        "match": {"prefix": "/"}, "requires": {"allow_missing_or_failed": {}},
    }]}));
    assert_eq!(edits(bearer(&engine, "x.y.z")), []);
    assert_eq!(
        edits(bearer(&engine, &token("b", json!({})))),
        [remove("authorization")]
    );
}

#[test]
fn takes_the_good_one_of_two_tokens_where_failed_ones_may_pass() {
    let mut other = provider("b", &OTHER_SECRET);
    other["from_headers"] = json!([{"name": "x-b"}]);
    let rules = |leaf: &str| {
        json!({
            "providers": {"b": other},
            "rules": [{"match": {"prefix": "/"}, "requires": {leaf: {}}}],
        })
    };
    let good = format!("Bearer {}", token("a", json!({})));
    let headers = [("authorization", good.as_str()), ("x-b", "junk")];
    let forgiving = engine(rules("allow_missing_or_failed"));
    assert_eq!(
        edits(decide(&forgiving, "/", &headers)),
        [remove("authorization")]
    );
    let strict = engine(rules("allow_missing"));
    assert_eq!(label(&decide(&strict, "/", &headers)), "malformed_token");
}

#[test]
fn asks_for_a_token_where_rights_are_needed() {
    let engine = engine(json!({"rules": [{
        "match": {"prefix": "/"},
        "requires": {"allow_missing_or_failed": {}},
        "authorize": {"roles": {"any_of": ["admin"]}},
    }]}));
    assert_eq!(label(&decide(&engine, "/", &[])), "missing_credential");
    assert_eq!(
        label(&bearer(&engine, &token("a", json!({})))),
        "insufficient_role"
    );
    let admin = token("a", json!({"roles": ["admin"]}));
    assert_eq!(label(&bearer(&engine, &admin)), "verified");
}

#[test]
fn chooses_the_first_rule_and_denies_what_none_is_for() {
    let engine = engine(json!({"rules": [
        {"match": {"path": "/health"}},
        {"match": {"prefix": "/a", "methods": ["POST"]}, "requires": {"provider_name": "a"}},
    ]}));
    assert_eq!(label(&decide(&engine, "/health?x", &[])), "not_required");
    assert_eq!(
        label(&decide(&engine, "/healthz", &[])),
        "missing_credential"
    );
    let value = format!("Bearer {}", token("a", json!({})));
    let authorization = [("authorization", value.as_str())];
    assert_eq!(label(&decide(&engine, "/a", &authorization)), "unmatched");
    assert_eq!(
        label(&decide(&engine, "/a", &[("authorization", "Basic x")])),
        "missing_credential"
    );
}

#[test]
fn refuses_ambiguous_paths_before_any_rule() {
    let engine = engine(json!({"rules": [
        {"match": {"path": "/public"}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    for path in [
        "/x/../public",
        "/x/..;/public",
        "/public%2f",
        "/public;x",
        "//public",
    ] {
        assert_eq!(
            label(&decide(&engine, path, &[])),
            "ambiguous_path",
            "{path}"
        );
    }
    assert_eq!(label(&decide(&engine, "/a;v=1", &[])), "missing_credential");
}

#[test]
fn refuses_encodings_that_change_which_rule_applies() {
    let engine = engine(json!({"rules": [
        {"match": {"prefix": "/admin"}, "requires": {"provider_name": "a"}},
        {"match": {"path_separated_prefix": "/@ops"}, "requires": {"provider_name": "a"}},
        {"match": {"path": "/caf%c3%a9%20x"}, "requires": {"provider_name": "a"}},
        {"match": {"safe_regex": {"regex": "/v[0-9]+"}}, "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/"}},
    ]}));
    for (path, expected) in [
        ("/%61dmin", "ambiguous_path"),
        ("/%40ops/x", "ambiguous_path"),
        ("/v%31", "ambiguous_path"),
        ("/caf%C3%A9%20x", "missing_credential"),
        ("/caf%c3%a9%20x", "missing_credential"),
        ("/%63af%c3%a9%20x", "ambiguous_path"),
        ("/admin/%61", "missing_credential"),
        ("/x%3b/..%3b/admin", "ambiguous_path"),
        ("/%7Euser/a%20b%", "not_required"),
    ] {
        assert_eq!(label(&decide(&engine, path, &[])), expected, "{path}");
    }
}

#[test]
fn lets_no_client_declare_its_identity_a_matter_of_the_connection() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    let engine = engine(json!({"providers": {"a": own}, "unmatched": "allow", "rules": []}));
    for (value, edited) in [
        ("Upgrade, X-User", vec![set("connection", "Upgrade")]),
        (
            "x_user,keep-alive , te",
            vec![set("connection", "keep-alive, te")],
        ),
        ("x-user", vec![remove("connection")]),
        ("Upgrade", vec![]),
    ] {
        let decision = decide(&engine, "/", &[("connection", value)]);
        assert_eq!(edits(decision), edited, "{value}");
    }
}

/// Such a header is taken away before anything is decided.
#[test]
fn chooses_no_rule_by_a_header_of_its_own() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    let engine = engine(json!({"providers": {"a": own}, "rules": [
        {"match": {"prefix": "/", "headers": [{"name": "x-user"}]}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    let decision = decide(&engine, "/", &[("x-user", "root")]);
    assert_eq!(label(&decision), "missing_credential");
}

#[test]
fn sanitizes_on_every_way_a_request_can_take() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    let engine = engine(json!({
        "providers": {"a": own},
        "bypass_cors_preflight": true,
        "unmatched": "allow",
        "rules": [
            {"match": {"path": "/open"}},
            {"match": {"path": "/lenient"}, "requires": {"allow_missing": {}}},
            {"match": {"path": "/closed"}, "requires": {"provider_name": "a"}},
        ],
    }));
    let spoof = ("x_user", "root");
    for path in ["/open", "/lenient", "/unmatched"] {
        assert_eq!(
            edits(decide(&engine, path, &[spoof])),
            [remove("x_user")],
            "{path}"
        );
    }
    let value = format!("Bearer {}", token("a", json!({})));
    let headers = [("authorization", value.as_str()), ("x-user", "root")];
    assert_eq!(
        edits(decide(&engine, "/closed", &headers)),
        [
            remove("x-user"),
            set("x-user", "s"),
            remove("authorization")
        ]
    );
    let preflight = Request::new(vec![
        (b":method", b"OPTIONS"),
        (b":path", b"/closed"),
        (b"origin", b"https://o.example"),
        (b"access-control-request-method", b"POST"),
        (b"x-user", b"root"),
    ]);
    let decision = engine.decide(
        &preflight,
        UnixMillis::default(),
        Patience::Waiting,
        &NoProxy,
    );
    assert_eq!(label(&decision), "cors_preflight");
    assert_eq!(edits(decision), [remove("x-user")]);
}

#[test]
fn refuses_claims_that_cannot_stand_in_a_header() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "name"}]);
    let engine = engine(json!({"providers": {"a": own}}));
    // A reader takes spaces at the ends off: `admin ` would be `admin`.
    for name in ["x\r\nx-admin: 1", "admin ", " admin", " "] {
        let smuggler = token("a", json!({"name": name}));
        assert_eq!(
            label(&bearer(&engine, &smuggler)),
            "header_value",
            "{name:?}"
        );
    }
}

#[test]
fn records_but_does_not_block_in_shadow_mode() {
    let engine = engine(json!({"mode": "shadow"}));
    let decision = decide(&engine, "/", &[]);
    let Decision::Permit(permit) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(permit.reason.shadowed(), Some(Reason::MissingCredential));
    assert_eq!(label(&decide(&engine, "/a/../b", &[])), "ambiguous_path");
}

#[test]
fn strips_a_token_from_the_query() {
    let decision = decide(
        &engine(json!({})),
        &format!("/p?a=1&access_token={}", token("a", json!({}))),
        &[],
    );
    assert_eq!(edits(decision), [set(":path", "/p?a=1")]);
}

#[test]
fn names_the_scopes_that_a_client_should_ask_for() {
    let engine = engine(json!({"rules": [{
        "match": {"prefix": "/"},
        "requires": {"provider_name": "a"},
        "authorize": {"scopes": {"any_of": ["read", "write"]}},
    }]}));
    let decision = bearer(&engine, &token("a", json!({"scope": "reader"})));
    let Decision::Deny(denial) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(
        (denial.reason, denial.scopes.join(" ").as_str()),
        (Reason::InsufficientScope, "read write")
    );
}

#[test]
fn refuses_tokens_over_the_limit() {
    let engine = engine(json!({"limits": {"token_bytes": 100}}));
    assert_eq!(
        label(&bearer(&engine, &token("a", json!({})))),
        "token_too_large"
    );
}

mod remote_keys {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn remote() -> Engine {
        let mut own = provider("a", &SECRET);
        own.as_object_mut().unwrap().remove("shared_secrets");
        own["remote_jwks"] = json!({
            "http_uri": {"uri": "https://a.example/jwks", "cluster": "as", "timeout": "1s"},
        });
        let config = json!({
            "providers": {"a": own},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
        });
        Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
    }

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis::new(u64::try_from(NOW + seconds).unwrap() * 1000)
    }

    fn ask(engine: &Engine, patience: Patience, seconds: i64) -> Decision {
        let claims = json!({"iss": "https://a.example", "aud": "orders", "exp": NOW + 9000});
        let value = format!(
            "Bearer {}",
            sign(&[0; 256], &json!({"alg": "RS256", "kid": "x"}), &claims)
        );
        let request = Request::new(vec![(b":path", b"/"), (b"authorization", value.as_bytes())]);
        engine.decide(&request, at(seconds), patience, &NoProxy)
    }

    const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    #[test]
    fn waits_for_keys_and_says_when_they_cannot_be_had() {
        let mut engine = remote();
        assert_eq!(label(&ask(&engine, Patience::Waiting, 0)), "await_keys");
        assert_eq!(
            label(&ask(&engine, Patience::Exhausted, 0)),
            "keys_unavailable"
        );
        let fetches = engine.due(at(0), &NoProxy);
        assert_eq!(fetches.len(), 1);
        assert_eq!(engine.due(at(0), &NoProxy), [], "one lease");
        engine.complete(
            fetches[0].source,
            Err(FetchError::Status(500)),
            at(0),
            &NoProxy,
        );
        let Decision::Deny(denial) = ask(&engine, Patience::Waiting, 0) else {
            panic!()
        };
        assert_eq!(denial.reason, Reason::KeysUnavailable);
        // A second, give or take the jitter, in whole seconds.
        assert!((1..=2).contains(&denial.retry_after.unwrap()));
    }

    #[test]
    fn keeps_the_last_good_keys_through_bad_documents() {
        let mut engine = remote();
        let source = engine.due(at(0), &NoProxy)[0].source;
        engine.complete(source, Ok(JWKS.as_bytes()), at(0), &NoProxy);
        for (second, document) in (600..)
            .step_by(100)
            .zip(["{}", "", "[]", r#"{"keys":[]}"#, "{"])
        {
            assert_eq!(engine.due(at(second), &NoProxy).len(), 1);
            let outcome = engine
                .complete(source, Ok(document.as_bytes()), at(second), &NoProxy)
                .unwrap();
            assert_eq!(outcome.keys, Err(FetchError::Document), "{document}");
            let now = at(second);
            let provider = outcome.providers[0];
            assert!(matches!(
                engine.keys().keys(provider, now),
                Some(crate::keys::Keys::Serving(..))
            ));
        }
    }

    /// Shared data in which another worker writes a newer document right behind each write.
    #[derive(Default)]
    struct Contended {
        entry: core::cell::RefCell<Option<SharedData>>,
    }

    impl Host for Contended {
        fn shared_data(&self, _: &str) -> Option<SharedData> {
            self.entry.borrow().clone()
        }

        fn set_shared_data(
            &self,
            _: &str,
            value: &[u8],
            _: Expected,
        ) -> Result<(), SetSharedDataError> {
            let text = str::from_utf8(value)
                .unwrap()
                .replace("\\\"k\\\"", "\\\"newer\\\"");
            let mut entry = self.entry.borrow_mut();
            *entry = Some(SharedData {
                value: text.into_bytes(),
                version: entry.as_ref().map_or(0, |entry| entry.version) + 2,
            });
            Ok(())
        }

        fn client_certificate_digest(&self) -> Option<[u8; 32]> {
            None
        }
    }

    #[test]
    fn serves_the_keys_of_the_record_that_stands() {
        let (mut engine, host) = (remote(), Contended::default());
        let source = engine.due(at(0), &host)[0].source;
        let outcome = engine.complete(source, Ok(JWKS.as_bytes()), at(0), &host);
        let provider = outcome.unwrap().providers[0];
        let Some(crate::keys::Keys::Serving(key_set, _)) = engine.keys().keys(provider, at(0))
        else {
            panic!()
        };
        assert_eq!(key_set.keys()[0].kid(), Some("newer"));
    }

    #[test]
    fn looks_once_for_an_unknown_kid() {
        let mut engine = remote();
        let source = engine.due(at(0), &NoProxy)[0].source;
        engine.complete(source, Ok(JWKS.as_bytes()), at(0), &NoProxy);
        let Decision::AwaitKeys { source, cause } = ask(&engine, Patience::Waiting, 1) else {
            panic!()
        };
        assert_eq!(cause, FetchCause::UnknownKid);
        engine.want(source, cause);
        assert_eq!(engine.due(at(1), &NoProxy).len(), 1);
        assert_eq!(label(&ask(&engine, Patience::Waiting, 1)), "await_keys");
        engine.complete(source, Ok(JWKS.as_bytes()), at(1), &NoProxy);
        assert_eq!(label(&ask(&engine, Patience::Waiting, 2)), "unknown_key");
        engine.want(source, cause);
        assert_eq!(engine.due(at(2), &NoProxy), []);
    }
}

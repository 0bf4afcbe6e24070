//! Tests of the limits on the number of signature checks, per token and per request. Both limits
//! apply across all providers.

use core::cell::Cell;
use std::rc::Rc;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{
    jose::{Scheme, X509Signature},
    verification::CannotTell,
};

/// The size of an RSA-4096 key. One signature check with such a key costs a quarter of the budget
/// for checks of one token.
const MODULUS_BYTES: usize = 512;
const AFFORDABLE: u32 = 4;

/// An accelerator that gives the same answer for every signature, and counts the checks.
#[derive(Debug)]
struct Counting {
    answer: bool,
    computed: Rc<Cell<u32>>,
}

impl Accelerator for Counting {
    fn supports(&self, _scheme: Scheme) -> bool {
        true
    }

    fn verify(&self, _signature: &X509Signature<'_>) -> Result<bool, CannotTell> {
        self.computed.set(self.computed.get() + 1);
        Ok(self.answer)
    }
}

/// A provider with one key for each of `numbers`. No key has a `kid`. All providers that this
/// function makes have the same issuer.
fn with_keys(numbers: &[u8]) -> Value {
    let key = |number: &u8| {
        let mut modulus = [0xff; MODULUS_BYTES];
        modulus[1] = *number;
        json!({"kty": "RSA", "e": "AQAB", "n": base64url::encode(&modulus)})
    };
    let keys: Vec<Value> = numbers.iter().map(key).collect();
    json!({
        "issuer": "https://one.example",
        "audiences": ["orders"],
        "algorithms": ["RS256"],
        "local_jwks": {"inline_string": json!({"keys": keys}).to_string()},
    })
}

/// An engine with one rule that combines `providers`. `how` is `requires_any` or `requires_all`.
fn asking(how: &str, providers: &[Value]) -> Engine {
    let names: Vec<String> = (0..providers.len()).map(|n| format!("p{n}")).collect();
    let members: Vec<Value> = names
        .iter()
        .map(|name| json!({"provider_name": name}))
        .collect();
    let providers: serde_json::Map<_, _> =
        names.into_iter().zip(providers.iter().cloned()).collect();
    let config = json!({
        "providers": providers,
        "rules": [{"match": {"prefix": "/"}, "requires": {how: {"requirements": members}}}],
    });
    Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
}

/// A token from the issuer that all [`with_keys`] providers share. The token's signature is
/// meaningless, because the fake accelerator does not look at it.
fn rs256(subject: &str) -> String {
    let header = json!({"alg": "RS256"}).to_string();
    let claims = json!({
        "iss": "https://one.example", "aud": "orders", "sub": subject, "exp": NOW + 300,
    })
    .to_string();
    let segments = [header.as_bytes(), claims.as_bytes(), &[1; MODULUS_BYTES]];
    segments.map(base64url::encode).join(".")
}

/// Uses an accelerator that always answers `answer` to decide on a request. Returns the label of
/// the decision and the number of signature checks.
fn counted(mut engine: Engine, answer: bool, headers: &[(&str, &str)]) -> (&'static str, u32) {
    let computed = Rc::new(Cell::new(0));
    engine.accelerator = Some(Box::new(Counting {
        answer,
        computed: Rc::clone(&computed),
    }));
    let mut all = vec![(&b":method"[..], &b"GET"[..]), (b":path", b"/")];
    all.extend(header_bytes(headers));
    let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
    let decision = engine
        .decide(
            &Request::new(all),
            None,
            now,
            Patience::Waiting,
            &NoConnection,
        )
        .decision;
    (label(&decision), computed.get())
}

#[test]
fn many_providers_of_an_issuer_share_the_budget_of_a_forged_token() {
    let providers: Vec<Value> = (0..16).map(|n| with_keys(&[2 * n, 2 * n + 1])).collect();
    let forged = format!("Bearer {}", rs256("s"));
    let outcome = counted(
        asking("requires_any", &providers),
        false,
        &[("authorization", &forged)],
    );
    assert_eq!(outcome, ("bad_signature", AFFORDABLE));
}

/// An attack: the request contains a forged token in each of many headers.
#[test]
fn the_tokens_of_a_request_share_twice_the_budget_of_one() {
    let mut providers: Vec<Value> = (0..8).map(|n| with_keys(&[2 * n, 2 * n + 1])).collect();
    let names: Vec<String> = (0..8).map(|n| format!("x-token-{n}")).collect();
    for (provider, name) in providers.iter_mut().zip(&names) {
        provider["from_headers"] = json!([{ "name": name }]);
    }
    let tokens: Vec<String> = names.iter().map(|name| rs256(name)).collect();
    let headers: Vec<(&str, &str)> = names
        .iter()
        .zip(&tokens)
        .map(|(n, t)| (&**n, &**t))
        .collect();
    let engine = asking("requires_any", &providers);
    let outcome = counted(engine, false, &headers);
    assert_eq!(outcome, ("bad_signature", 2 * AFFORDABLE));
}

#[test]
fn each_token_of_a_request_has_its_own_budget() {
    let mut providers: Vec<Value> = (0..4).map(|n| with_keys(&[2 * n, 2 * n + 1])).collect();
    for provider in &mut providers[2..] {
        provider["from_headers"] = json!([{"name": "x-second"}]);
    }
    let engine = asking("requires_any", &providers);
    let (first, second) = (format!("Bearer {}", rs256("s")), rs256("t"));
    let headers = [("authorization", &*first), ("x-second", &*second)];
    let outcome = counted(engine, false, &headers);
    assert_eq!(outcome, ("bad_signature", 2 * AFFORDABLE));
}

#[test]
fn a_signature_is_computed_once_for_all_providers_that_have_its_key() {
    let providers: Vec<Value> = (0..8).map(|_| with_keys(&[1])).collect();
    let token = format!("Bearer {}", rs256("s"));
    let headers = [("authorization", &*token)];
    for (how, answer, expected) in [
        ("requires_all", true, ("verified", 1)),
        ("requires_any", false, ("bad_signature", 1)),
    ] {
        let engine = asking(how, &providers);
        assert_eq!(counted(engine, answer, &headers), expected, "{how}");
    }
}

#[test]
fn keys_with_another_kid_cost_nothing() {
    let issuer = "https://b.example";
    let mut providers: Vec<Value> = (0..300)
        .map(|n| {
            let mut other = provider(&format!("k{n}"), &[1; 32]);
            other["issuer"] = json!(issuer);
            other
        })
        .collect();
    providers.push(provider("b", &OTHER_SECRET));
    let token = format!("Bearer {}", token("b", json!({})));
    let engine = asking("requires_any", &providers);
    let outcome = counted(engine, false, &[("authorization", &token)]);
    assert_eq!(outcome, ("verified", 0));
}

//! Tokens: only a token that the issuer signed verifies, and only a token with acceptable claims
//! passes.

use std::cell::LazyCell;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    connection::NoConnection,
    decision::{Decision, PermitReason},
    engine::{Engine, Patience},
    http::Request,
    jose::{KeyOrigin, KeyQuery, KeySet, KeySetLimits, UntrustedToken},
    time::UnixSeconds,
};
use serde_json::{Value, json};

use crate::issuer::{self, AUDIENCE, ISSUER, NOW, SECONDS};

thread_local! {
    static ENGINE: LazyCell<Engine> = LazyCell::new(|| issuer::engine(&json!({})));
    static KEYS: LazyCell<KeySet> = LazyCell::new(|| {
        let keys = issuer::jwks().to_string();
        KeySet::parse(keys.as_bytes(), KeyOrigin::Local, KeySetLimits::default()).unwrap()
    });
}

/// Reads an input that begins with `{` as a header, a line break and a payload, which the issuer
/// then signs. Reads any other input as a token.
pub fn check(input: &[u8]) {
    let text = match input {
        [b'{', ..] => {
            let mut lines = input.splitn(2, |octet| *octet == b'\n');
            let (header, payload) = (lines.next().unwrap(), lines.next().unwrap_or_default());
            check_signed(header, payload)
        }
        _ => match str::from_utf8(input) {
            Ok(text) => text.to_owned(),
            Err(_) => return,
        },
    };
    let Ok(token) = UntrustedToken::parse(&text) else {
        assert!(!passes(&text), "a token passes that cannot be read");
        return;
    };
    let content = Content::of(&text);
    let header = token.header();
    assert!(content.header["crit"].is_null() && content.header["b64"].is_null());
    assert_eq!(content.header["kid"].as_str(), header.kid());
    assert_eq!(content.header["typ"].as_str(), header.typ());
    assert_eq!(
        &Value::Object(token.unverified_claims().members().clone()),
        &content.claims
    );

    let is_signed = content.is_signed();
    let verifies = verifies(&token);
    assert!(!verifies || is_signed, "verifies, and nobody has signed it");
    let passes = passes(&text);
    assert!(
        !passes || (is_signed && content.may_pass()),
        "passes: {content:?}"
    );
    if content.is_flawless() {
        assert_eq!(passes, is_signed, "{content:?}");
    }
}

/// Signs a token. Checks that it verifies, and that it no longer verifies after one bit is changed.
fn check_signed(header: &[u8], payload: &[u8]) -> String {
    let text = issuer::token(header, payload);
    let Ok(token) = UntrustedToken::parse(&text) else {
        return text;
    };
    let content = Content::of(&text);
    let kid = content.header["kid"].as_str();
    let own = match content.algorithm() {
        "ES256" => "ec",
        "HS256" => "secret",
        _ => "ed",
    };
    if content.is_signed() && kid.is_none_or(|kid| kid == own) {
        assert!(verifies(&token), "a good signature is refused: {content:?}");
    }
    // Only the input determines which bit is changed, so that failures are reproducible.
    let at = (header.len() + 7 * payload.len()) % text.len();
    let mut octets = text.clone().into_bytes();
    octets[at] ^= 1 << (payload.len() % 7);
    let changed = String::from_utf8(octets).unwrap_or_default();
    let is_accepted = UntrustedToken::parse(&changed).is_ok_and(|token| verifies(&token));
    assert!(!is_accepted, "verifies with octet {at} changed: {changed}");
    text
}

fn verifies(token: &UntrustedToken<'_>) -> bool {
    KEYS.with(|keys| {
        let query = KeyQuery::of(token.header(), UnixSeconds::new(SECONDS));
        keys.candidates(query)
            .any(|key| token.verify(key).is_some())
    })
}

/// Returns true if a request with this token passes.
fn passes(text: &str) -> bool {
    let authorization = format!("Bearer {text}");
    let request = Request::new(vec![
        (b":method", b"GET"),
        (b":path", b"/"),
        (b"authorization", authorization.as_bytes()),
    ]);
    let decision = ENGINE.with(|engine| {
        engine
            .decide(&request, None, NOW, Patience::Waiting, &NoConnection)
            .decision
    });
    match decision {
        Decision::Permit(permit) => {
            assert_eq!(permit.reason, PermitReason::Verified);
            true
        }
        _ => false,
    }
}

/// The content of a token, read by a lenient parser.
#[derive(Debug)]
struct Content {
    header: Value,
    claims: Value,
    message: String,
    signature: Vec<u8>,
}

impl Content {
    /// Decodes a token that `UntrustedToken::parse` has accepted.
    fn of(text: &str) -> Self {
        let segments: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = segments[..] else {
            panic!("not three segments: {text}");
        };
        let decode = |segment| {
            let octets = URL_SAFE_NO_PAD.decode(segment).expect("not base64url");
            assert_eq!(
                URL_SAFE_NO_PAD.encode(&octets),
                segment,
                "has another spelling"
            );
            octets
        };
        Self {
            header: serde_json::from_slice(&decode(header)).expect("no JSON"),
            claims: serde_json::from_slice(&decode(payload)).expect("no JSON"),
            message: format!("{header}.{payload}"),
            signature: decode(signature),
        }
    }

    fn algorithm(&self) -> &str {
        self.header["alg"].as_str().unwrap_or_default()
    }

    fn is_signed(&self) -> bool {
        issuer::has_signed(self.algorithm(), self.message.as_bytes(), &self.signature)
    }

    /// Returns true if the token may pass, provided that its signature is valid. Clocks may differ
    /// by a few minutes.
    fn may_pass(&self) -> bool {
        let claims = &self.claims;
        let audience = &claims["aud"];
        let is_for_us = *audience == AUDIENCE
            || audience
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one == AUDIENCE));
        let time = |name: &str| claims[name].as_f64();
        const SKEW: f64 = 300.0;
        claims["iss"] == ISSUER
            && is_for_us
            && time("exp").is_some_and(|end| end + SKEW >= SECONDS as f64)
            && time("nbf").is_none_or(|start| start - SKEW <= SECONDS as f64)
    }

    /// Returns true if the token must pass, provided that its signature is valid.
    fn is_flawless(&self) -> bool {
        let names = |value: &Value| -> Vec<String> {
            value
                .as_object()
                .map(|members| members.keys().cloned().collect())
                .unwrap_or_default()
        };
        names(&self.header) == ["alg"]
            && names(&self.claims) == ["aud", "exp", "iss", "sub"]
            && self.claims["aud"] == AUDIENCE
            && self.claims["sub"].as_str().is_some_and(|sub| {
                (1..100).contains(&sub.len())
                    && sub.bytes().all(|octet| octet.is_ascii_alphanumeric())
            })
            && self.claims["exp"]
                .as_i64()
                .is_some_and(|end| (SECONDS + 1..SECONDS + 3600).contains(&end))
            && self.claims["iss"] == ISSUER
    }
}

//! The requests that clients send, and the correct answers to them.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::{
    DURATION,
    issuer::{ISSUER, Key},
};
use support::{driver::Request, load::Shot, signer::Signer};

/// The subject of good tokens.
const USER: &str = "alice";
const REFUSED: &[u16] = &[401];

/// The keys that sign the clients' tokens, grouped by the state of the key. The numbers are indices
/// of keys; the oldest key has the index 0.
#[derive(Clone)]
pub(crate) struct Traffic {
    /// Published keys. The gate has them already, or fetches them when a token needs them.
    pub(crate) good: Range<usize>,
    /// Keys that were just published or withdrawn. The gate may accept or refuse tokens that these
    /// keys signed.
    pub(crate) doubtful: Vec<usize>,
    /// Withdrawn keys. The gate knows of the withdrawal, so every worker must refuse tokens that
    /// these keys signed.
    pub(crate) removed: Range<usize>,
    /// Says whether clients also send tokens with made-up `kid`s.
    pub(crate) strangers: Strangers,
}

/// Says whether clients send tokens with made-up `kid`s.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strangers {
    Absent,
    Present,
}

/// The tokens that clients send. Each list has one token per key.
pub(crate) struct Tokens {
    good: Vec<String>,
    forged: Vec<String>,
    expired: Vec<String>,
    foreign: Vec<String>,
    unsigned: Vec<String>,
    /// The unpublished key that signs the tokens with made-up `kid`s, and the claims of these
    /// tokens.
    stranger: (Signer, Value),
}

impl Tokens {
    /// Signs a token with each key. The tokens are valid for the whole test.
    pub(crate) fn signed(keys: &[Key], now: u64) -> Self {
        let claims =
            |iss: &str, exp: u64| json!({ "iss": iss, "aud": "orders", "sub": USER, "exp": exp });
        let good = claims(ISSUER, now + DURATION.as_secs() * 2 + 600);
        let mut foreign = good.clone();
        foreign["iss"] = json!("https://login.example.org");
        let expired = claims(ISSUER, now - 600);
        let of = |claims: &Value| {
            keys.iter()
                .map(|key| key.signer.sign_claims(claims))
                .collect()
        };
        Self {
            good: of(&good),
            forged: keys
                .iter()
                .map(|key| key.forger.sign_claims(&good))
                .collect(),
            expired: of(&expired),
            foreign: of(&foreign),
            unsigned: keys
                .iter()
                .map(|key| unsigned(&key.signer, &good))
                .collect(),
            stranger: (Signer::new(Algorithm::EdDsa), good),
        }
    }

    /// A request with a good token. The key with the index `key` signed this token.
    pub(crate) fn good(&self, key: usize) -> Request {
        bearer(&self.good[key])
    }

    /// Requests of every kind, with the correct answers.
    pub(crate) fn mix(&self, traffic: &Traffic) -> Vec<Shot> {
        let newest = traffic.good.end - 1;
        let mut mix = vec![
            Shot::new("forged signature", bearer(&self.forged[newest]), REFUSED),
            Shot::new("expired", bearer(&self.expired[newest]), REFUSED),
            Shot::new("another issuer", bearer(&self.foreign[newest]), REFUSED),
            Shot::new("algorithm none", bearer(&self.unsigned[newest]), REFUSED),
            Shot::new("no token", Request::get("/"), REFUSED),
        ];
        let good = |key: usize| Shot::new("good", self.good(key), &[200]).of_user(USER);
        // The mix has about as many good requests as bad ones.
        mix.extend(traffic.good.clone().cycle().take(6).map(good));
        mix.extend(
            traffic
                .doubtful
                .iter()
                .map(|key| Shot::new("rotating key", self.good(*key), &[200, 401]).of_user(USER)),
        );
        mix.extend(
            traffic
                .removed
                .clone()
                .map(|key| Shot::new("removed key", self.good(key), REFUSED)),
        );
        if traffic.strangers == Strangers::Present {
            let (signer, claims) = self.stranger.clone();
            mix.push(Shot::varying("made-up kid", REFUSED, move |number| {
                let signer = signer.clone().named(Some(&format!("made-up-{number}")));
                bearer(&signer.sign_claims(&claims))
            }));
        }
        mix
    }
}

fn bearer(token: &str) -> Request {
    Request::get("/").bearer(token)
}

/// A token with `alg` "none", which many JWT libraries once accepted (RFC 8725 section 2.1).
fn unsigned(signer: &Signer, claims: &Value) -> String {
    let mut header = signer.header();
    header["alg"] = json!("none");
    let [header, claims] =
        [header, claims.clone()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.")
}

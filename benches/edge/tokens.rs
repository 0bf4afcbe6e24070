//! What clients send: thousands of different tokens, minted beforehand.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::options;
use support::signer::Signer;
use workload::claims;

/// How many are sent in turn where each should be met for the first time.
const MANY: usize = 4096;
/// How many clients come again and again with theirs.
const FEW: usize = 64;
/// A kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tokens {
    /// None at all.
    None,
    /// Good ones, few enough to be kept.
    Few(Algorithm),
    /// Good ones, many.
    Many(Algorithm),
    /// RS256, each with the signature of another.
    Forged,
    /// RS256, each with a kid that is nobody's.
    UnknownKid,
}

impl Tokens {
    /// A file with one token a line.
    pub(crate) fn file(self) -> PathBuf {
        let path = options::folder().join(format!("{self:?}.tokens").replace(['(', ')'], "-"));
        let lines = match self {
            Self::None => vec![String::new()],
            Self::Few(algorithm) => mint(algorithm, FEW),
            Self::Many(algorithm) => mint(algorithm, MANY),
            Self::Forged => forge(&mint(Algorithm::Rs256, MANY)),
            Self::UnknownKid => strangers(),
        };
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        path
    }
}

/// Good tokens, none like another.
fn mint(algorithm: Algorithm, count: usize) -> Vec<String> {
    let now = now();
    let numbers: Vec<usize> = (0..count).collect();
    let part = |numbers: &[usize]| {
        let signer = Signer::new(algorithm);
        let token = |number: &usize| signer.sign_claims(&claims(*number, now));
        numbers.iter().map(token).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let halves = numbers.chunks(count.div_ceil(2));
        let parts: Vec<_> = halves.map(|half| scope.spawn(move || part(half))).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    })
}

/// Each with its neighbour's signature: well-formed, and wrong.
fn forge(tokens: &[String]) -> Vec<String> {
    let parts = |token: &'_ String| {
        token
            .rsplit_once('.')
            .map(|(input, signature)| (input.to_owned(), signature.to_owned()))
            .unwrap()
    };
    let neighbours = tokens.iter().skip(1).chain(tokens.first());
    tokens
        .iter()
        .zip(neighbours)
        .map(|(token, other)| format!("{}.{}", parts(token).0, parts(other).1))
        .collect()
}

/// The signature is never looked at: there is no key for it.
fn strangers() -> Vec<String> {
    let now = now();
    let signature = URL_SAFE_NO_PAD.encode([0x5a; 256]);
    let token = |number: usize| {
        let kid = format!(
            "{:016x}",
            (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
        let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": kid });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!(
            "{}.{}.{signature}",
            encode(&header),
            encode(&claims(number, now))
        )
    };
    (0..MANY).map(token).collect()
}

/// Tokens of HS256 with 1 kB, each made when it is sent.
pub(crate) struct Fresh {
    signer: Signer,
    header: String,
    /// The payload before and after the number.
    payload: (String, String),
}

impl Fresh {
    pub(crate) fn new() -> Self {
        let signer = Signer::new(Algorithm::Hs256);
        let header = signer.header().to_string();
        let mut claims = claims(0, now());
        claims["jti"] = json!("#");
        claims["session"] = json!("");
        let length = signer.sign_claims(&claims).len();
        claims["session"] = json!("s".repeat((1000 - length) * 3 / 4));
        let payload = claims.to_string();
        let (before, after) = payload.split_once('#').unwrap();
        Self {
            payload: (before.to_owned(), after.to_owned()),
            signer,
            header,
        }
    }

    /// The token of that number.
    pub(crate) fn token(&self, number: u64) -> String {
        let (before, after) = &self.payload;
        let payload = format!("{before}{number:010}{after}");
        self.signer
            .token_of_bytes(self.header.as_bytes(), payload.as_bytes())
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs()
}

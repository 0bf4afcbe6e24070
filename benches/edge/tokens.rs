//! The tokens that clients send. They are written to files before the measurement, or made one by
//! one during it.

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

/// The number of different tokens in a load that must cause no cache hits. The cache holds fewer
/// tokens.
const MANY: usize = 4096;
/// The number of different tokens in a load that must cause cache hits. The cache has room for all
/// of these tokens, so a verified token stays in the cache.
const FEW: usize = 64;
/// The tokens of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tokens {
    /// No tokens.
    None,
    /// Good tokens that all fit into the cache.
    Few(Algorithm),
    /// More good tokens than fit into the cache.
    Many(Algorithm),
    /// RS256 tokens, each with the signature of another token.
    Forged,
    /// RS256 tokens, each with a `kid` that no key has.
    UnknownKid,
}

impl Tokens {
    /// Writes the tokens to a file, one per line, and returns its path.
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

/// Makes `count` different good tokens.
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

/// Gives each token the signature of the next token. Such a signature is well-formed but wrong.
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

/// Tokens with an unknown `kid`. No key verifies them, so their signatures can be arbitrary.
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

/// Makes HS256 tokens of 1 kB one by one, when they are needed.
pub(crate) struct Fresh {
    signer: Signer,
    header: String,
    /// The parts of the payload before and after the token's number.
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

    /// The token with this number.
    pub(crate) fn token(&self, number: u64) -> String {
        let (before, after) = &self.payload;
        let payload = format!("{before}{number:010}{after}");
        self.signer
            .token_of_bytes(self.header.as_bytes(), payload.as_bytes())
    }
}

/// The current time in seconds since 1970.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs()
}

//! Tokens of every algorithm, verified through the public interface. Runs natively and, with its
//! 32-bit arithmetic, as wasm under Node.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "support/signer.rs"]
mod signer;

use portcullis::jose::{Algorithm, KeyOrigin, KeyQuery, KeySet, KeySetLimits, UntrustedToken};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use self::signer::{Pair, Signer};

fn key_set(signer: &Signer) -> KeySet {
    let text = signer.jwks().to_string();
    KeySet::parse(text.as_bytes(), KeyOrigin::Local, KeySetLimits::default()).unwrap()
}

fn verifies(token: &str, keys: &KeySet) -> bool {
    let token = UntrustedToken::parse(token).unwrap();
    let header = token.header();
    keys.candidates(KeyQuery::of(header, UnixSeconds::default()))
        .any(|key| token.verify(key).is_some())
}

#[test]
fn verifies_a_token_of_every_algorithm_with_its_own_key_only() {
    for alg in Algorithm::ALL {
        let signer = Signer::new(alg);
        let keys = key_set(&signer);
        let claims = json!({ "sub": "s", "aud": ["a"], "exp": 1 });
        assert!(verifies(&signer.sign_claims(&claims), &keys), "{alg}");
        let forged = Signer::with_pair(alg, Pair::Other).sign_claims(&claims);
        assert!(!verifies(&forged, &keys), "{alg} by another key");
    }
}

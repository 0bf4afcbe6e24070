//! Tokens of every algorithm, verified through the public interface. Runs natively and, with its
//! 32-bit arithmetic, as wasm under Node.

use portcullis::jose::{
    Algorithm, JwkAlgorithm, KeyOrigin, KeyQuery, KeySet, KeySetLimits, UntrustedToken,
};
use portcullis::time::UnixSeconds;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use support::signer::{Pair, Signer};

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

/// PingFederate publishes keys as RS256 and signs with RS384.
#[test]
fn key_serves_the_family_of_its_algorithm_where_that_is_asked() {
    let keys = |alg| key_set(&Signer::new(alg).named(Some("k")));
    for (published, signed, in_family) in [
        (Algorithm::Rs256, Algorithm::Rs384, true),
        (Algorithm::Rs256, Algorithm::Rs512, true),
        (Algorithm::Ps512, Algorithm::Ps256, true),
        (Algorithm::Rs256, Algorithm::Ps256, false),
        (Algorithm::Es256, Algorithm::Es384, false),
        (Algorithm::Es384, Algorithm::Es256, false),
    ] {
        let keys = keys(published);
        let token = Signer::new(signed).named(Some("k")).sign_claims(&json!({}));
        let token = UntrustedToken::parse(&token).unwrap();
        let strict = KeyQuery::of(token.header(), UnixSeconds::default());
        assert_eq!(keys.candidates(strict).count(), 0, "{published} {signed}");
        let lenient = KeyQuery {
            binding: JwkAlgorithm::Family,
            ..strict
        };
        let verified = keys.candidates(lenient).find_map(|key| token.verify(key));
        assert_eq!(verified.is_some(), in_family, "{published} {signed}");
    }
}

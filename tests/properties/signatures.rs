//! For every algorithm, a token verifies with the key that signed it. If a bit of the token is
//! changed, it no longer verifies.

use portcullis::{
    jose::{Algorithm, JwkAlgorithm, KeyOrigin, KeyQuery, KeySet, KeySetLimits, UntrustedToken},
    time::UnixSeconds,
};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{Pair, Signer, runs};

fn key_set(signer: &Signer) -> KeySet {
    let text = signer.jwks().to_string();
    KeySet::parse(text.as_bytes(), KeyOrigin::Local, KeySetLimits::default()).unwrap()
}

fn verifies(token: &str, keys: &KeySet) -> bool {
    UntrustedToken::parse(token).is_ok_and(|token| {
        let query = KeyQuery::of(token.header(), UnixSeconds::default());
        let mut candidates = keys.candidates(query);
        candidates.any(|key| token.verify(key).is_some())
    })
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

/// Some servers publish a key for one algorithm, but use this key to sign with another algorithm.
/// PingFederate, for example, publishes keys for RS256 and signs with RS384.
#[test]
fn a_key_serves_other_algorithms_of_its_family_only_on_request() {
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

proptest! {
    #![proptest_config(runs(400))]

    #[test]
    fn a_token_with_a_flipped_bit_never_verifies(
        algorithm in prop::sample::select(Algorithm::ALL.to_vec()),
        at: prop::sample::Index,
        bit in 0..8_u32,
    ) {
        let signer = Signer::new(algorithm);
        let text = signer.sign_claims(&json!({ "iss": "https://issuer.example", "exp": 1 }));
        let keys = key_set(&signer);
        prop_assert!(verifies(&text, &keys));
        let mut octets = text.into_bytes();
        let at = at.index(octets.len());
        octets[at] ^= 1 << bit;
        if let Ok(flipped) = String::from_utf8(octets) {
            prop_assert!(!verifies(&flipped, &keys), "octet {at}, bit {bit}: {flipped}");
        }
    }
}

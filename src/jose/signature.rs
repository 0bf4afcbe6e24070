//! The implementation of jwt-compact's algorithm traits.
//!
//! [`jwt_compact::Algorithm`] is implemented for verification only. The type of its signing key has
//! no values, so this crate cannot sign even by mistake. jwt-compact's own algorithms are not used,
//! for three reasons. jwt-compact lacks ES384 and ES512. Its `rsa` feature needs a source of
//! randomness, which WebAssembly does not have. And its HMAC would link a second implementation of
//! every hash.

use std::borrow::Cow;
use std::convert::Infallible;

use jwt_compact::AlgorithmSignature;

use crate::jose::algorithm::Algorithm;
use crate::jose::key::VerifyingKey;

/// The signature of a token. Its length is checked later, by the key, because the right length
/// depends on the type of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(Vec<u8>);

impl Signature {
    /// Wraps the octets of a signature.
    pub(super) const fn new(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets of the signature.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl AlgorithmSignature for Signature {
    fn try_from_slice(octets: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(octets.to_vec()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

impl jwt_compact::Algorithm for Algorithm {
    type SigningKey = Infallible;
    type VerifyingKey = VerifyingKey;
    type Signature = Signature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed((*self).name())
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> Signature {
        match *signing_key {}
    }

    fn verify_signature(&self, signature: &Signature, key: &VerifyingKey, message: &[u8]) -> bool {
        key.verify(*self, message, &signature.0)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use jwt_compact::alg::{Hs256, Hs256Key};
    use jwt_compact::{AlgorithmExt as _, Claims, Header, UntrustedToken};
    use serde_json::{Value, json};

    use super::*;
    use crate::jose::numbers::KeyNumbers;

    #[test]
    fn jwt_compact_validates_tokens_with_our_algorithms() {
        let key = |octet: u8| {
            let secret = [octet; 32];
            VerifyingKey::from_numbers(KeyNumbers::Oct { secret: &secret }).unwrap()
        };
        let claims = Claims::new(json!({ "sub": "s" }));
        let text = Hs256
            .token(&Header::empty(), &claims, &Hs256Key::new([7; 32]))
            .unwrap();
        let token = UntrustedToken::new(&text).unwrap();
        let validates = |algorithm: Algorithm, key: &VerifyingKey| {
            algorithm.validator::<Value>(key).validate(&token).is_ok()
        };
        assert!(validates(Algorithm::Hs256, &key(7)));
        assert!(!validates(Algorithm::Hs256, &key(8)));
        assert!(!validates(Algorithm::Hs512, &key(7)));
    }
}

//! A token, and the line between unverified and verified.
//!
//! A token is a JWS with a claims set for payload (RFC 7519 section 3): [`jws`](super::jws) has its
//! shape, [`header`](super::header) and [`claims`](super::claims) its two JSON objects.
//!
//! An [`UntrustedToken`] has claims to choose a key by and for no other purpose. A
//! [`VerifiedToken`] has claims to decide by; only a good signature makes one.
//!
//! This is not jwt-compact's `UntrustedToken`, although its idea: that type takes the last of two
//! members with one name, refuses tokens for the length of an `x5t` that nobody asked it to read
//! (Entra's have one), and hides `crit`. Its algorithm traits are used below this, see
//! [`signature`](super::signature).

use std::sync::Arc;

use crate::jose::claims::Claims;
use crate::jose::error::TokenError;
use crate::jose::header::JoseHeader;
use crate::jose::header_memo::HeaderMemo;
use crate::jose::jws::CompactJws;
use crate::jose::key::VerifyingKey;
use crate::jose::numbers::Thumbprint;

/// A token whose shape is good and whose signature nobody has checked.
#[derive(Clone, Debug)]
pub struct UntrustedToken<'a> {
    jws: CompactJws<'a>,
    claims: Arc<Claims>,
}

/// The claims of a token that a key has signed. That is all it says: whose key, for whom and until
/// when is yet to be decided.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    claims: Arc<Claims>,
    key: Thumbprint,
}

impl<'a> UntrustedToken<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// What is wrong with it, whoever may have signed it.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        Self::parse_with(text, &mut HeaderMemo::default())
    }

    /// Reads a token whose header may have been read before.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with(text: &'a str, headers: &mut HeaderMemo) -> Result<Self, TokenError> {
        let jws = CompactJws::parse_with(text, headers)?;
        if jws.unverified_payload().is_empty() {
            return Err(TokenError::SegmentEmpty);
        }
        let claims = Arc::new(Claims::parse(jws.unverified_payload())?);
        Ok(Self { jws, claims })
    }

    /// The token as text, and its signature.
    pub fn jws(&self) -> &CompactJws<'a> {
        &self.jws
    }

    /// The header. Whoever made the token wrote it.
    pub fn header(&self) -> &JoseHeader {
        self.jws.header()
    }

    /// The claims, to choose a provider and its keys by, and to refuse early. Whoever made the
    /// token wrote them: nothing may be granted for them.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// The verified token where `key` has signed it.
    pub fn verify(&self, key: &VerifyingKey) -> Option<VerifiedToken> {
        self.verify_by(key, || self.jws.verify_with(key))
    }

    /// The verified token where `check` says that `key` has signed the signing input: for a host
    /// that does the arithmetic. It is not asked about a key that does not fit the algorithm.
    pub fn verify_by(
        &self,
        key: &VerifyingKey,
        check: impl FnOnce() -> bool,
    ) -> Option<VerifiedToken> {
        (key.fits(self.jws.header().algorithm()) && check()).then(|| VerifiedToken {
            claims: Arc::clone(&self.claims),
            key: key.thumbprint(),
        })
    }
}

impl VerifiedToken {
    /// The claims.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The claims, to keep.
    pub fn into_claims(self) -> Arc<Claims> {
        self.claims
    }

    /// The key that verified it: once that is not in the key set any more, the token is not
    /// verified.
    pub fn key(&self) -> Thumbprint {
        self.key
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use jwt_compact::{Algorithm as _, AlgorithmSignature as _};

    use super::*;
    use crate::jose::base64url;
    use crate::jose::numbers::KeyNumbers;

    const SECRET: [u8; 32] = [7; 32];

    fn key(secret: &[u8]) -> VerifyingKey {
        VerifyingKey::from_numbers(KeyNumbers::Oct { secret }).unwrap()
    }

    /// A token of that header and those claims, whatever they say, signed as HS256.
    fn token(header: &str, claims: &str) -> String {
        let (header, claims) = (header.as_bytes(), claims.as_bytes());
        let input = format!(
            "{}.{}",
            base64url::encode(header),
            base64url::encode(claims)
        );
        let key = jwt_compact::alg::Hs256Key::new(SECRET);
        let tag = jwt_compact::alg::Hs256.sign(&key, input.as_bytes());
        format!("{input}.{}", base64url::encode(&tag.as_bytes()))
    }

    #[test]
    fn claims_are_verified_by_the_key_that_signed_them() {
        let text = token(r#"{"alg":"HS256"}"#, r#"{"sub":"s"}"#);
        let token = UntrustedToken::parse(&text).unwrap();
        assert_eq!(token.unverified_claims().subject(), Some("s"));
        let verified = token.verify(&key(&SECRET)).unwrap();
        assert_eq!(verified.claims().subject(), Some("s"));
        assert_eq!(verified.key(), key(&SECRET).thumbprint());
        assert!(token.verify(&key(&[8; 32])).is_none());
    }

    #[test]
    fn host_is_not_asked_about_a_key_that_does_not_fit() {
        let (rs256, hs256) = (
            token(r#"{"alg":"RS256"}"#, "{}"),
            token(r#"{"alg":"HS256"}"#, "{}"),
        );
        let secret = key(&SECRET);
        let verify_by = |text: &str, says| {
            let token = UntrustedToken::parse(text).unwrap();
            token.verify_by(&secret, || says).is_some()
        };
        assert!(!verify_by(&rs256, true));
        assert!(verify_by(&hs256, true));
        assert!(!verify_by(&hs256, false));
    }

    #[test]
    fn payload_has_to_be_a_claims_set() {
        let refused = UntrustedToken::parse("eyJhbGciOiJIUzI1NiJ9..AA").unwrap_err();
        assert_eq!(refused, TokenError::SegmentEmpty);
        for claims in ["foo", "[]", "{\"a\":1,\"a\":1}"] {
            let refused = UntrustedToken::parse(&token(r#"{"alg":"HS256"}"#, claims)).unwrap_err();
            assert!(matches!(refused, TokenError::ClaimsJson(_)), "{claims}");
        }
        let text = token(r#"{"alg":"HS256"}"#, r#"{"exp":"1"}"#);
        let refused = UntrustedToken::parse(&text).unwrap_err();
        assert_eq!(refused, TokenError::ClaimType { claim: "exp" });
    }
}

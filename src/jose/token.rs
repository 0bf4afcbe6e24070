//! Tokens, and the border between unverified and verified ones.
//!
//! A token is a JWS whose payload is a claims set (RFC 7519 section 3): [`jws`](super::jws) has its
//! shape, [`header`](super::header) and [`claims`](super::claims) its two JSON objects.
//!
//! The claims of an [`UntrustedToken`] serve to choose a key, and nothing else. The claims of a
//! [`VerifiedToken`] serve to decide. Only a valid signature turns one into the other.
//!
//! jwt-compact has its own `UntrustedToken`, from which the idea comes. It is not used because it
//! takes the last of two members with one name, refuses tokens for the length of an `x5t` that
//! nobody reads (Entra's tokens have one), and hides `crit`. Its algorithm traits are used; see
//! [`signature`](super::signature).

use std::sync::Arc;

use crate::jose::claims::Claims;
use crate::jose::error::TokenError;
use crate::jose::header::JoseHeader;
use crate::jose::header_memo::HeaderMemo;
use crate::jose::jws::CompactJws;
use crate::jose::key::VerifyingKey;
use crate::jose::numbers::Thumbprint;

/// A token of the right shape whose signature has not been checked.
#[derive(Clone, Debug)]
pub struct UntrustedToken<'a> {
    jws: CompactJws<'a>,
    claims: Arc<Claims>,
}

/// The claims of a token that a key has signed. Whose key that is, and for whom and until when the
/// token is valid, remains to be decided.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    claims: Arc<Claims>,
    key: Thumbprint,
}

impl<'a> UntrustedToken<'a> {
    /// Parses a token.
    ///
    /// # Errors
    /// If the token is malformed, no matter who signed it.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        Self::parse_with(text, &mut HeaderMemo::default())
    }

    /// Parses a token, reusing a header that was parsed before.
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

    /// The header, as the token's author wrote it.
    pub fn header(&self) -> &JoseHeader {
        self.jws.header()
    }

    /// The claims, for choosing a provider and its keys, and for refusing early. The token's author
    /// wrote them: nothing may be granted because of them.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// The verified token, if `key` has signed it.
    pub fn verify(&self, key: &VerifyingKey) -> Option<VerifiedToken> {
        self.verify_by(key, || self.jws.verify_with(key))
    }

    /// The verified token, if `check` confirms that `key` has signed the signing input; for a host
    /// that does the arithmetic. `check` is not called for a key that does not fit the algorithm.
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

    /// Extracts the claims.
    pub fn into_claims(self) -> Arc<Claims> {
        self.claims
    }

    /// The key that verified the token. If the key set no longer has that key, the token no longer
    /// counts as verified.
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

    /// A token with this header and these claims, correct or not, signed with HS256.
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
    fn only_the_signing_key_verifies_the_claims() {
        let text = token(r#"{"alg":"HS256"}"#, r#"{"sub":"s"}"#);
        let token = UntrustedToken::parse(&text).unwrap();
        assert_eq!(token.unverified_claims().subject(), Some("s"));
        let verified = token.verify(&key(&SECRET)).unwrap();
        assert_eq!(verified.claims().subject(), Some("s"));
        assert_eq!(verified.key(), key(&SECRET).thumbprint());
        assert!(token.verify(&key(&[8; 32])).is_none());
    }

    #[test]
    fn the_host_is_not_called_for_a_key_that_does_not_fit() {
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
    fn the_payload_must_be_a_claims_set() {
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

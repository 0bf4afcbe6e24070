//! Unverified and verified tokens, as two different types.
//!
//! A token is a JWS whose payload is a claims set (RFC 7519 section 3). [`jws`](super::jws) splits
//! the token; [`header`](super::header) and [`claims`](super::claims) parse its two JSON objects.
//!
//! The claims of an [`UntrustedToken`] may only be used to choose a key or to refuse the token. The
//! claims of a [`VerifiedToken`] may be used to grant access. Only a valid signature turns an
//! unverified token into a verified token.
//!
//! The idea of two types comes from jwt-compact. But jwt-compact's own `UntrustedToken` is not used
//! here, for three reasons. It keeps the last of two members with the same name. It does not expose
//! `crit`. And it refuses tokens whose `x5t` has the wrong length. Portcullis ignores `x5t`, which
//! Entra's tokens contain. The algorithm traits of jwt-compact are used; see
//! [`signature`](super::signature).

use std::sync::Arc;

use crate::jose::claims::Claims;
use crate::jose::error::TokenError;
use crate::jose::header::JoseHeader;
use crate::jose::header_memo::HeaderMemo;
use crate::jose::jws::CompactJws;
use crate::jose::key::VerifyingKey;
use crate::jose::numbers::Thumbprint;

/// A well-formed token whose signature has not been checked.
#[derive(Clone, Debug)]
pub struct UntrustedToken<'a> {
    jws: CompactJws<'a>,
    claims: Arc<Claims>,
}

/// The claims of a token with a valid signature. The caller must still check whose key made the
/// signature, and must check the token's audience and times.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    claims: Arc<Claims>,
    key: Thumbprint,
}

impl<'a> UntrustedToken<'a> {
    /// Parses a token.
    ///
    /// # Errors
    /// If the token is malformed.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        Self::parse_with(text, &mut HeaderMemo::default())
    }

    /// Parses a token. If `headers` remembers the token's header, the header is not parsed again.
    ///
    /// # Errors
    /// The errors of [`Self::parse`].
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

    /// The header, which may be forged.
    pub fn header(&self) -> &JoseHeader {
        self.jws.header()
    }

    /// The claims, which may be forged. Use them only to choose a provider and its keys, or to
    /// refuse the token early. Never grant access because of them.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// Returns the verified token if the signature is valid under `key`.
    pub fn verify(&self, key: &VerifyingKey) -> Option<VerifiedToken> {
        self.verify_by(key, || self.jws.verify_with(key))
    }

    /// Returns the verified token if `check` confirms that the signature is valid under `key`. This
    /// method is for hosts that verify signatures themselves. If the key does not fit the
    /// algorithm, `check` is not called.
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

    /// The thumbprint of the key that verified the token. Once this key is removed from the key
    /// set, the caller must no longer trust the token.
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

    /// Uses HS256 to sign a token with this header and these claims. The header and the claims may
    /// be invalid.
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

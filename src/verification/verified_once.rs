//! Repeats some checks on a token that was verified before.
//!
//! Checks that depend only on the token and the configuration are not repeated on a cache hit.
//! Checks that depend on the time, the connection, the rule or the keys are repeated, because their
//! outcome can change. [`VerifiedOnce`] holds the inputs of the repeated checks. It may only be
//! used with the configuration that the token was verified with.

use core::cell::Cell;

use super::{
    audience,
    candidates::{candidates, serving_keys},
    confirmation, times,
};
use crate::{
    certificate_digest::CertificateDigest,
    decision::Reason,
    jose::{Claims, Thumbprint, Times, UntrustedToken},
    keys::KeySetVersion,
    policy::{Audiences, ProviderId},
    verification::{Circumstances, Failure, Trust},
};

/// The inputs of the repeated checks, for a token that was verified before.
#[derive(Debug)]
pub struct VerifiedOnce {
    times: Times,
    audiences: Box<[Box<str>]>,
    /// The digest of the certificate that the token is bound to.
    certificate: Option<CertificateDigest>,
    key: Thumbprint,
    /// The version of the last key set in which the token's key was found.
    key_set: Cell<KeySetVersion>,
}

/// Why a token that was verified before is not accepted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidated {
    /// The token is invalid now.
    Failed(Failure),
    /// The key with which the token was verified must no longer be used. The token may still be
    /// valid under another key.
    KeyGone,
}

impl VerifiedOnce {
    /// Collects the inputs for a token with these claims. The token is bound to `certificate`, and
    /// was verified with `key`, from the key set with the version `key_set`.
    pub(super) fn new(
        claims: &Claims,
        certificate: Option<CertificateDigest>,
        key: Thumbprint,
        key_set: KeySetVersion,
    ) -> Self {
        Self {
            times: claims.times(),
            audiences: claims.audiences().map(Box::from).collect(),
            certificate,
            key,
            key_set: Cell::new(key_set),
        }
    }

    /// The number of bytes that this value occupies on the heap.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let audiences = self.audiences.iter();
        audiences.fold(0, |bytes, audience| {
            bytes.saturating_add(crate::token_cache::allocated(audience.len()))
        })
    }
}

/// Verifies a token again, for one provider. Skips the checks whose outcome cannot change: the
/// signature, and the checks that depend only on the token and the configuration. The function
/// `token` parses the token again. It is called only if the key may have become unusable.
///
/// # Errors
/// The first check that fails, in the order of [`verify`](super::verify).
pub fn verify_again<'t>(
    (id, trust): (ProviderId, &Trust),
    audiences: &Audiences,
    verified_once: &VerifiedOnce,
    token: impl FnOnce() -> Option<&'t UntrustedToken<'t>>,
    circumstances: &Circumstances<'_>,
) -> Result<(), Invalidated> {
    let failed = |reason| Invalidated::Failed(Failure::Invalid(reason));
    let now = circumstances.now.seconds();
    times::check(trust.times, verified_once.times, now).map_err(failed)?;
    let own = verified_once.audiences.iter().map(|own| &**own);
    audience::check(audiences, circumstances, own).map_err(failed)?;
    confirmation::check(verified_once.certificate, circumstances.certificate_digest)
        .map_err(failed)?;
    let keys = serving_keys((id, trust), circumstances).map_err(Invalidated::Failed)?;
    // While the key set stays the same, a key can become unusable only if its certificate expires.
    let is_settled = verified_once.key_set.get() == keys.version && !keys.key_set.depends_on_time();
    if !is_settled {
        let still_counts = token().is_some_and(|token| {
            let (header, claims) = (token.header(), token.unverified_claims());
            candidates(trust, header, claims, keys.key_set, now)
                .any(|key| key.thumbprint() == verified_once.key)
        });
        if !still_counts {
            return Err(Invalidated::KeyGone);
        }
        verified_once.key_set.set(keys.version);
    }
    if times::is_expired(trust.times, verified_once.times, now) {
        return Err(failed(Reason::Expired));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{
        jose::{KeyOrigin, VerifyingKey},
        token_cache::allocated,
    };

    const JWK: &[u8] =
        br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    /// If a value took more memory than `bytes` returns, the cache could grow beyond its limit.
    #[test]
    fn says_how_much_memory_its_audiences_take() {
        let key = VerifyingKey::from_jwk_json(JWK, KeyOrigin::Remote).unwrap();
        for (claims, expected) in [
            ("{}", 0),
            (r#"{"aud":["orders","api"]}"#, allocated(6) + allocated(3)),
        ] {
            let claims = Claims::parse(claims.as_bytes()).unwrap();
            let (key, key_set) = (key.thumbprint(), KeySetVersion::default());
            let value = VerifiedOnce::new(&claims, None, key, key_set);
            assert_eq!(value.bytes(), expected);
        }
    }
}

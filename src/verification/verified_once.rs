//! What is known of a token whose signature was good, so that its text need not be read again.
//!
//! What depends on the token and the configuration alone was decided when it was verified, and a
//! [`VerifiedOnce`] belongs to that configuration. Left is what the checks made anew each time ask for: the
//! time passes, another connection presents it under another rule, keys come and go.

use core::cell::Cell;

use super::{
    audience,
    candidates::{candidates, serving_keys},
    confirmation, times,
};
use crate::{
    decision::Reason,
    jose::{Claims, Thumbprint, Times, UntrustedToken},
    keys::KeySetVersion,
    policy::{Audiences, ProviderId},
    verification::{Circumstances, Failure, Trust},
};

/// A token that verified once.
#[derive(Debug)]
pub struct VerifiedOnce {
    times: Times,
    audiences: Box<[Box<str>]>,
    /// Digest of the certificate that it is bound to.
    certificate: Option<[u8; 32]>,
    key: Thumbprint,
    /// The last key set that was seen to have the key, for this token.
    key_set: Cell<KeySetVersion>,
}

/// Why a token that verified once is not accepted for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidated {
    /// It is not valid now.
    Failed(Failure),
    /// The key that verified it does not count any more: another may have signed it too.
    KeyGone,
}

impl VerifiedOnce {
    /// What to know of a token with these claims, which `key` of that set has signed.
    pub(super) fn new(claims: &Claims, key: Thumbprint, key_set: KeySetVersion) -> Self {
        Self {
            times: claims.times(),
            audiences: claims.audiences().map(Box::from).collect(),
            // One that cannot be understood verifies nowhere.
            certificate: confirmation::certificate(claims).unwrap_or_default(),
            key,
            key_set: Cell::new(key_set),
        }
    }

    /// Bytes beside its own size.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let audiences = self.audiences.iter();
        audiences.fold(0, |bytes, audience| {
            bytes.saturating_add(crate::token_cache::allocated(audience.len()))
        })
    }
}

/// Accepts a token of one provider again, by every check but those that were settled for good: its
/// signature's, and those between its text and the configuration. `token` reads it anew, which is
/// needed only where keys have changed.
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
    audience::check(audiences, verified_once.audiences.iter().map(|own| &**own)).map_err(failed)?;
    confirmation::check(verified_once.certificate, circumstances.certificate_digest)
        .map_err(failed)?;
    let keys = serving_keys((id, trust), circumstances).map_err(Invalidated::Failed)?;
    // A certificate begins and ends within the life of one set.
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

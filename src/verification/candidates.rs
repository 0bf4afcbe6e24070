//! Selects the keys to try for a token's signature.

use crate::{
    decision::Reason,
    jose::{Budget, Claims, JoseHeader, KeyQuery, KeySet, VerifyingKey},
    keys::{KeySetVersion, Keys, SourceId},
    policy::ProviderId,
    time::UnixSeconds,
    verification::{Circumstances, Failure, KeyIssuer, KeySource, Trust},
};

/// Keys that may be used now to verify tokens.
pub(super) struct ServingKeys<'a> {
    pub(super) key_set: &'a KeySet,
    pub(super) version: KeySetVersion,
    /// The key source that fetched the keys; `None` if the keys are in the configuration.
    pub(super) source: Option<SourceId>,
}

/// Returns the provider's keys, if they may be used now to verify tokens.
pub(super) fn serving_keys<'a>(
    (id, trust): (ProviderId, &'a Trust),
    circumstances: &Circumstances<'a>,
) -> Result<ServingKeys<'a>, Failure> {
    if let KeySource::Local(key_set) = &trust.keys {
        return Ok(ServingKeys {
            key_set,
            version: KeySetVersion::default(),
            source: None,
        });
    }
    match circumstances.keys.keys(id, circumstances.now) {
        Some(Keys::Serving(key_set, source)) => Ok(ServingKeys {
            key_set,
            version: circumstances.keys.version(source),
            source: Some(source),
        }),
        Some(Keys::Pending(wanted)) => Err(circumstances.patience.lacking(wanted)),
        Some(Keys::Unavailable(wait)) => Err(Failure::KeysUnavailable(wait)),
        // Only the keys of a disabled provider are never fetched. Its tokens are refused before this
        // check.
        None => Err(Failure::Invalid(Reason::ProviderDisabled)),
    }
}

/// Returns the keys to try for a token's signature, but no more than the whole budget of one token
/// allows. Keys that were already tried for other providers do not reduce this number. `Attempts`
/// counts them.
pub(super) fn candidates<'a>(
    trust: &Trust,
    header: &'a JoseHeader,
    claims: &'a Claims,
    key_set: &'a KeySet,
    now: UnixSeconds,
) -> impl Iterator<Item = &'a VerifyingKey> + use<'a> {
    let query = KeyQuery {
        binding: trust.jwk_algorithm,
        purpose: trust.key_purpose(),
        issued: match trust.key_issuer {
            KeyIssuer::Ignore => None,
            KeyIssuer::Match => Some(claims),
        },
        ..KeyQuery::of(header, now)
    };
    // Without a budget, each forged token would be expensive to check against a large key set.
    let mut budget = Budget::default();
    let candidates = key_set.candidates(query);
    candidates.filter(move |key| budget.spend(key))
}

//! Decides on most requests in few steps.
//!
//! Most requests require a token of one provider, and have a token that is cached, or none. The
//! evaluation of any requirement, with its lists of credentials and tokens, runs three times as
//! much code for them. What a request costs is mostly that code: when it arrives, little of it is
//! in the processor's caches.
//!
//! A decision here is always the one that the full evaluation makes. In all other cases there is
//! no decision here, and the full evaluation decides. `tests/properties/cache.rs` compares them.

use super::{
    Decided, Engine,
    access::{Access, AccessRequirement},
    cached_token::CachedToken,
    passing,
    refusal::{No, Refusal},
    token_caches::CacheUse,
};
use crate::{
    config::Provider,
    decision::{Decision, Exports, HeaderEdit, Permit, PermitReason, Text},
    http::{Request, path::Target},
    policy::{Location, Requirement},
    verification::{self, Circumstances},
};

impl Engine {
    /// The decision on a request that requires a token of one provider, and nothing else that is
    /// out of the ordinary. `None` if the full evaluation has to decide.
    pub(super) fn decide_plainly(
        &self,
        required: AccessRequirement<'_>,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        removals: &[HeaderEdit],
        circumstances: &Circumstances<'_>,
    ) -> Option<Decided> {
        let Requirement::Provider {
            provider: id,
            audiences,
        } = required.requirement
        else {
            return None;
        };
        let provider = self.config.provider(*id)?;
        // With restrictions, a newer configuration may refuse the token. With other rules, the token
        // needs their rights too.
        if self.restrictions.is_some() || !required.others.is_empty() || !is_plain(provider) {
            return None;
        }
        let mut cached = None;
        let mut is_known = |text: &[u8]| {
            cached = self.caches.entry(*id, text);
            cached.is_some()
        };
        let found = provider.places.find_with(request, target, &mut is_known);
        let Some(credential) = found.ok()? else {
            let (no, access) = (No::Refused(Refusal::Missing), Access::Required(required));
            let decision = self.deny(no, access, Vec::new(), circumstances.resource);
            return Some(decision.into());
        };
        if !credential.token.is_known() || credential.location != Location::Authorization {
            return None;
        }
        let cached = cached?;
        let own = (*id, &provider.trust);
        let audiences = audiences.as_ref().unwrap_or(&provider.trust.audiences);
        // The token is not parsed here. If it has to be, the full evaluation does that.
        let unparsed = || None;
        let verified_once = cached.verified_once()?;
        verification::verify_again(own, audiences, verified_once, unparsed, circumstances).ok()?;
        if !has_rights(required, &cached) {
            return None;
        }
        let permit = Permit {
            provider: Some(*id),
            clears_route_cache: provider.clear_route_cache && !cached.headers()?.is_empty(),
            ..passing(
                PermitReason::Verified,
                edits(provider, removals, cached.headers()?),
            )
        };
        Some(Decided {
            decision: Decision::Permit(permit),
            cache_use: CacheUse { hits: 1, misses: 0 },
        })
    }
}

/// Whether nothing but claim headers is forwarded from the provider's tokens, and nothing is
/// exported.
fn is_plain(provider: &Provider) -> bool {
    let Exports {
        payload,
        header,
        identity,
        failed_status,
        space_delimited_claims: _,
    } = &provider.exports;
    provider.payload_header.is_none()
        && provider.identity_header.is_none()
        && payload.is_none()
        && header.is_none()
        && identity.is_none()
        && failed_status.is_none()
}

/// Whether the token is known to have the rights that the rule requires. The age of the user's
/// authentication would have to be checked each time.
fn has_rights(required: AccessRequirement<'_>, cached: &CachedToken) -> bool {
    required.authorization.is_none_or(|authorization| {
        authorization.authentication.is_none()
            && required.rule.is_some_and(|rule| cached.satisfies(rule))
    })
}

/// The edits that remove forged headers, set the claim headers, and remove the spent token.
fn edits(provider: &Provider, removals: &[HeaderEdit], claims: &[HeaderEdit]) -> Vec<HeaderEdit> {
    let spent = (!provider.forward).then_some(HeaderEdit::Remove(Text::Fixed("authorization")));
    let count = removals.len().saturating_add(claims.len());
    let mut edits = Vec::with_capacity(count.saturating_add(usize::from(spent.is_some())));
    edits.extend_from_slice(removals);
    edits.extend_from_slice(claims);
    edits.extend(spent);
    edits
}

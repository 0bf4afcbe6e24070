//! A fast path that decides on most requests in few steps.
//!
//! Most requests need a token of one provider, and have either a cached token or no token. For such
//! a request, the full evaluation runs three times as much code as this fast path, because it makes
//! lists of credentials and tokens. The amount of code determines most of the cost of a request:
//! when a request arrives, little of the code is in the processor's caches.
//!
//! The fast path always makes the same decision as the full evaluation, or no decision at all. If
//! it makes no decision, the full evaluation decides. `tests/properties/cache.rs` compares the two.

use super::{
    Decided, Engine,
    access::{Access, AccessRequirement},
    cached_token::CachedToken,
    refusal::{No, Refusal},
    sanitise::Sanitised,
    token_caches::CacheUse,
};
use crate::{
    config::Provider,
    decision::{Decision, HeaderEdit, Permit, PermitReason, Text},
    policy::{Location, Requirement},
    verification::{self, Circumstances},
};

impl Engine {
    /// Decides on a request that needs a token of one provider and nothing unusual. Returns `None`
    /// if the full evaluation has to decide.
    pub(super) fn decide_plainly(
        &self,
        required: AccessRequirement<'_>,
        sanitised: Sanitised<'_, '_>,
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
        // If there are restrictions, a newer configuration may refuse the token. If there are other
        // rules, the token must grant the rights that they require too. Only the full evaluation
        // checks these two cases.
        if self.restrictions.is_some() || !required.others.is_empty() || !is_plain(provider) {
            return None;
        }
        let mut cached = None;
        let mut is_known = |text: &[u8]| {
            cached = self.caches.entry(*id, text);
            cached.is_some()
        };
        let Sanitised {
            request,
            target,
            removals,
        } = sanitised;
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
        let own = (*id, provider.trust()?);
        let audiences = provider.audiences(audiences.as_ref());
        // The token is not parsed here. If a check needs the parsed token, the full evaluation
        // decides.
        let unparsed = || None;
        let verified_once = cached.verified_once()?;
        verification::verify_again(own, audiences, verified_once, unparsed, circumstances).ok()?;
        if !has_rights(required, &cached) {
            return None;
        }
        let headers = cached.headers()?;
        let edits = edits(provider, removals, headers);
        let mut permit = Permit::new(PermitReason::Verified, edits);
        permit.provider = Some(*id);
        permit.clears_route_cache = provider.clear_route_cache && !headers.is_empty();
        Some(Decided {
            decision: Decision::Permit(permit),
            cache_use: CacheUse { hits: 1, misses: 0 },
        })
    }
}

/// Returns true if the provider sets no headers from its tokens except claim headers, and exports
/// nothing.
fn is_plain(provider: &Provider) -> bool {
    provider.payload_header.is_none()
        && provider.identity_header.is_none()
        && provider.exports.is_empty()
}

/// Returns true if the token is known to have the rights that the rule requires. Returns false if
/// the rule has a condition on the user's authentication. The age of the authentication must be
/// checked for each request, and only the full evaluation does so.
fn has_rights(required: AccessRequirement<'_>, cached: &CachedToken) -> bool {
    required.authorization.is_none_or(|authorization| {
        authorization.authentication.is_none()
            && required.rule.is_some_and(|rule| cached.satisfies(rule))
    })
}

/// Returns the edits that remove forged headers, set the claim headers, and remove the verified
/// token.
fn edits(provider: &Provider, removals: &[HeaderEdit], claims: &[HeaderEdit]) -> Vec<HeaderEdit> {
    let spent = (!provider.forward).then_some(HeaderEdit::Remove(Text::Fixed("authorization")));
    let count = removals.len().saturating_add(claims.len());
    let mut edits = Vec::with_capacity(count.saturating_add(usize::from(spent.is_some())));
    edits.extend_from_slice(removals);
    edits.extend_from_slice(claims);
    edits.extend(spent);
    edits
}

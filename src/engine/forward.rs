//! Determines what the upstream and other filters receive with a permitted request.

use core::{cell::RefCell, iter};
use std::sync::Arc;

use crate::{
    config::{Config, Provider},
    decision::{HeaderEdit, StateEntry, Text},
    engine::{
        access::AccessRequirement,
        claim_headers::{fits_header, header, headers_of},
        credentials::Credentials,
        export,
        sanitise::Sanitised,
        spent::strip,
        verified::{self, Verified},
    },
    jose::HeaderMemo,
    policy::{AmbiguousIdentity, Extraction, IdentityHeader, Location, PayloadHeader, ProviderId},
    short_list::ShortList,
};

/// The changes to the request that a permit contains.
#[derive(Debug, Default)]
pub(super) struct Forwarded {
    pub(super) edits: Vec<HeaderEdit>,
    pub(super) exports: Vec<StateEntry>,
    pub(super) clears_route_cache: bool,
}

impl Forwarded {
    /// Removes the last token's edits and exports for each header or entry that one of the
    /// `earlier` providers may set too. `edits` and `exports` are the numbers of edits and exports
    /// that came before this token.
    fn withhold(&mut self, (edits, exports): (usize, usize), earlier: &ShortList<&Provider>) {
        remove_from(&mut self.edits, edits, |edit| {
            earlier.iter().any(|own| own.sets_header(edit.name()))
        });
        remove_from(&mut self.exports, exports, |entry| {
            earlier.iter().any(|own| own.exports.contain(&entry.key))
        });
    }
}

/// Removes the elements that `is_taken` accepts, from the index `start` on.
fn remove_from<T>(list: &mut Vec<T>, start: usize, is_taken: impl Fn(&T) -> bool) {
    let mut index = start;
    while let Some(element) = list.get(index) {
        match is_taken(element) {
            true => drop(list.remove(index)),
            false => index = index.saturating_add(1),
        }
    }
}

/// Returns the removals of forged headers, the edits that set the providers' headers from verified
/// tokens, the edits that remove the tokens themselves, and the entries for other filters. The
/// first of the `tokens` must be the one that grants the rights.
///
/// A header or filter-state entry of one token's provider is never set from a later token, even if
/// the earlier token lacks the claim. Otherwise a client with two tokens could use the rights of
/// one token under the name in the other token.
///
/// # Errors
/// Returns the provider of a token whose claims or identity do not fit in a header, or whose
/// identity would be ambiguous.
pub(super) fn verified(
    config: &Config,
    sanitised: Sanitised<'_, '_>,
    tokens: &ShortList<Verified<'_>>,
    required: AccessRequirement<'_>,
) -> Result<Forwarded, ProviderId> {
    let Sanitised {
        request,
        target,
        removals,
    } = sanitised;
    let mut forwarded = Forwarded {
        edits: removals.to_vec(),
        ..Forwarded::default()
    };
    let mut spent: ShortList<Location<'_>> = ShortList::default();
    let mut earlier: ShortList<&Provider> = ShortList::default();
    for token in tokens.iter() {
        let Some(provider) = config.provider(token.provider) else {
            continue;
        };
        let before = (forwarded.edits.len(), forwarded.exports.len());
        let location = token.credential.location;
        if !provider.forward && spent.iter().all(|other| *other != location) {
            spent.push(location);
        }
        if let Some(own) = &provider.payload_header {
            let edit = payload_header(config, own, token.payload_segment());
            forwarded.edits.push(edit.ok_or(token.provider)?);
        }
        let claims = token.cached.headers().ok_or(token.provider)?;
        // Reserve one more edit if the verified token is removed from the request.
        let spends = usize::from(!provider.forward);
        forwarded.edits.reserve(claims.len().saturating_add(spends));
        forwarded.edits.extend_from_slice(claims);
        let mut changes_headers = !claims.is_empty();
        if let Some(own) = &provider.identity_header
            && let Some(caller) =
                caller(config, own, provider, token, required).map_err(|_| token.provider)?
        {
            changes_headers = true;
            let entry = export::identity(provider, &caller);
            if !fits_header(&caller, config) {
                return Err(token.provider);
            }
            let edit = HeaderEdit::Set(Text::Shared(own.name.shared()), Text::Shared(caller));
            forwarded.edits.push(edit);
            forwarded.exports.extend(entry);
        }
        // As in `jwt_authn`, Envoy chooses the route again only if the new headers or filter-state
        // entries could select another route.
        forwarded.clears_route_cache |=
            provider.clear_route_cache && (changes_headers || provider.exports.payload.is_some());
        let entries = export::verified(provider, token);
        forwarded.exports.extend(entries);
        if !earlier.is_empty() {
            forwarded.withhold(before, &earlier);
        }
        earlier.push(provider);
    }
    strip(&spent, request, target, &mut forwarded.edits);
    Ok(forwarded)
}

/// Returns the removals of forged headers, the edits that set headers with unverified claims, and a
/// header that marks these claims as unverified. The token stays in the request so that the
/// upstream can verify it. The claims are not exported to other filters.
pub(super) fn unverified(
    config: &Config,
    credentials: &Credentials<'_, '_>,
    headers: &RefCell<HeaderMemo>,
    extraction: &Extraction,
    removals: &[HeaderEdit],
) -> Forwarded {
    let mut forwarded = Forwarded {
        edits: removals.to_vec(),
        ..Forwarded::default()
    };
    for (provider, (_, token)) in credentials.readable(headers) {
        let payload = token.jws().payload_segment();
        let own = provider.payload_header.as_ref();
        let payload = own.and_then(|own| payload_header(config, own, payload));
        let claims = headers_of(config, provider, token.unverified_claims());
        // A claim that does not fit in a header is left out. The request needs no valid token, so
        // such a claim is no reason to refuse the request.
        let before = forwarded.edits.len();
        forwarded
            .edits
            .extend(payload.into_iter().chain(claims.flatten()));
        forwarded.clears_route_cache |=
            provider.clear_route_cache && forwarded.edits.len() > before;
    }
    if let Some(name) = &extraction.status_header
        && !credentials.is_empty()
    {
        let edit = HeaderEdit::Set(Text::Shared(name.shared()), Text::Fixed("false"));
        forwarded.edits.push(edit);
    }
    forwarded
}

/// Returns the caller's identity, if the token provides one. If the identity contains a role, this
/// is the role that satisfied the rule. If the rule requires no role, this is the token's first
/// role.
fn caller(
    config: &Config,
    own: &IdentityHeader,
    provider: &Provider,
    token: &Verified<'_>,
    required: AccessRequirement<'_>,
) -> Result<Option<Arc<str>>, AmbiguousIdentity> {
    if let Some(known) = required.rule.and_then(|rule| token.cached.caller(rule)) {
        return Ok(Some(known));
    }
    let Some(claims) = token.claims() else {
        return Ok(None);
    };
    let grants = verified::grants(config, provider, claims);
    let role = match required.authorization {
        Some(authorization) => authorization.satisfying_role(&grants),
        None => grants.roles.first().copied(),
    };
    let caller = own.template.identity(role, claims)?.map(Arc::from);
    if let (Some(rule), Some(caller)) = (required.rule, &caller) {
        token.cached.note_caller(rule, caller);
    }
    Ok(caller)
}

/// Returns the header that carries the whole payload.
fn payload_header(config: &Config, own: &PayloadHeader, segment: &str) -> Option<HeaderEdit> {
    let mut payload = segment.to_owned();
    if own.padded {
        // The padding completes the last group of four base64 characters (RFC 4648 section 4).
        payload.extend(iter::repeat_n('=', payload.len().wrapping_neg() % 4));
    }
    header(&own.name, payload, config)
}

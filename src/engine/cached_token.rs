//! A cached verification result.
//!
//! A [`CachedToken`] holds what later requests with the same token need: the inputs of the checks
//! that are repeated, the headers to forward, and the rules that the token satisfies. All of this
//! depends only on the token and the configuration. Claims are not cached, because later requests
//! rarely need them. If a request needs the claims,
//! [`Verified::claims`](super::verified::Verified::claims) parses the token's text again.

use core::cell::{Cell, OnceCell};
use std::{rc::Rc, sync::Arc};

use crate::{
    config::{Config, Provider},
    decision::HeaderEdit,
    engine::claim_headers,
    jose::Claims,
    policy::RuleId,
    time::UnixSeconds,
    token_cache::allocated,
    verification::VerifiedOnce,
};

/// The result of verifying a token, in the form in which it is cached. The result of verifying a
/// client secret has the same type, but is not cached.
#[derive(Debug)]
pub(super) struct CachedToken {
    /// The inputs of the checks that are repeated on each cache hit. `None` for a client secret.
    verified_once: Option<VerifiedOnce>,
    /// The headers that the provider sets from the token's claims; `None` if a claim cannot be
    /// written into a header.
    headers: Option<Box<[HeaderEdit]>>,
    satisfied: SatisfiedRules,
    /// A rule, and the caller's identity under that rule.
    caller: OnceCell<(RuleId, Arc<str>)>,
    names_caller: bool,
    auth_time: Option<UnixSeconds>,
}

/// The length limit, in bytes, for caching a caller's identity. [`CachedToken::bytes`] assumes this
/// length, because the size of a cache entry is computed before the identity is known.
const MAX_CALLER_BYTES: usize = 256;

/// The rules whose `authorize` the token is known to satisfy: one bit for each rule index. A set
/// bit says nothing about the age of the user's authentication, because the age changes with time.
#[derive(Debug)]
struct SatisfiedRules(Box<[Cell<u32>]>);

impl CachedToken {
    /// Creates the result for a verified token or client secret of `provider` with these claims.
    pub(super) fn new(
        config: &Config,
        provider: &Provider,
        verified_once: Option<VerifiedOnce>,
        claims: &Claims,
    ) -> Rc<Self> {
        let words = config.rules.len().div_ceil(WORD);
        Rc::new(Self {
            verified_once,
            headers: claim_headers::claim_headers(config, provider, claims),
            satisfied: SatisfiedRules((0..words).map(|_| Cell::default()).collect()),
            caller: OnceCell::new(),
            names_caller: provider.identity_header.is_some(),
            auth_time: claims.auth_time(),
        })
    }

    /// The inputs of the checks that are repeated on each cache hit. `None` for a client secret.
    pub(super) const fn verified_once(&self) -> Option<&VerifiedOnce> {
        self.verified_once.as_ref()
    }

    /// The headers that the provider sets from the token's claims; `None` if a claim cannot be
    /// written into a header.
    pub(super) fn headers(&self) -> Option<&[HeaderEdit]> {
        self.headers.as_deref()
    }

    /// The time at which the user authenticated, if the token contains it.
    pub(super) const fn auth_time(&self) -> Option<UnixSeconds> {
        self.auth_time
    }

    /// Returns true if the token is known to satisfy this rule. `false` can also mean that the token
    /// has not been checked against this rule yet.
    pub(super) fn satisfies(&self, rule: RuleId) -> bool {
        self.satisfied
            .bit(rule)
            .is_some_and(|(word, bit)| word.get() & bit != 0)
    }

    /// Records that the token satisfies this rule.
    pub(super) fn note_satisfied(&self, rule: RuleId) {
        if let Some((word, bit)) = self.satisfied.bit(rule) {
            word.set(word.get() | bit);
        }
    }

    /// The caller's identity under this rule, if known.
    pub(super) fn caller(&self, rule: RuleId) -> Option<Arc<str>> {
        let (known, caller) = self.caller.get()?;
        (*known == rule).then(|| Arc::clone(caller))
    }

    /// Records the caller's identity under this rule.
    pub(super) fn note_caller(&self, rule: RuleId, caller: &Arc<str>) {
        if caller.len() <= MAX_CALLER_BYTES {
            // If an identity is already stored, it is kept. Most tokens are used with only one
            // rule.
            let _ = self.caller.set((rule, Arc::clone(caller)));
        }
    }

    /// The size of this entry in memory, in bytes, without the token's text.
    pub(super) fn bytes(&self) -> usize {
        let headers = self.headers.iter().flatten();
        let headers = headers.map(|edit| match edit {
            // The header's name is shared with the configuration, so it takes no additional memory.
            HeaderEdit::Remove(_) => size_of::<HeaderEdit>(),
            HeaderEdit::Set(_, value) => {
                size_of::<HeaderEdit>().saturating_add(allocated(value.len()))
            }
        });
        let satisfied = size_of_val(&*self.satisfied.0);
        headers
            .chain([
                allocated(size_of::<Self>()),
                allocated(satisfied),
                self.verified_once.as_ref().map_or(0, VerifiedOnce::bytes),
                if self.names_caller {
                    allocated(MAX_CALLER_BYTES)
                } else {
                    0
                },
            ])
            .fold(0, usize::saturating_add)
    }
}

/// The number of bits in one word of [`SatisfiedRules`].
const WORD: usize = 32;

impl SatisfiedRules {
    fn bit(&self, rule: RuleId) -> Option<(&Cell<u32>, u32)> {
        let word = self.0.get(rule.index().div_euclid(WORD))?;
        let bit = u32::try_from(rule.index().rem_euclid(WORD)).ok()?;
        Some((word, 1_u32.checked_shl(bit)?))
    }
}

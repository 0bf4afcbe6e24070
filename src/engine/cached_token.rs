//! What is kept of a verified token, or known of a client that presented its secret.
//!
//! Its claims are read once. Kept is what the decisions after the first ask for: what the checks need
//! that are made again, the headers that carry it, and which rules it was found to satisfy. Each
//! follows from the token and this configuration alone. For what is asked seldom, the text of the token
//! is there to be read again: see [`Verified::claims`](super::verified::Verified::claims).

use core::cell::{Cell, OnceCell};
use std::{rc::Rc, sync::Arc};

use crate::{
    config::{Config, Provider},
    decision::HeaderEdit,
    engine::claim_headers,
    jose::Claims,
    token_cache::allocated,
    verification::VerifiedOnce,
};

/// What is kept of a verified token.
#[derive(Debug)]
pub(super) struct CachedToken {
    /// `None` of a client with a secret.
    verified_once: Option<VerifiedOnce>,
    /// The provider's claim headers; `None` where a claim cannot stand in one.
    headers: Option<Box<[HeaderEdit]>>,
    satisfied: SatisfiedRules,
    /// Who is calling, by one rule.
    caller: OnceCell<(usize, Arc<str>)>,
    names_caller: bool,
}

/// Longest caller that is kept, in bytes; what is kept later has to be counted before.
const MAX_CALLER_BYTES: usize = 256;

/// The rules whose `authorize` a token is known to satisfy, by their places: a bit for each.
#[derive(Debug)]
struct SatisfiedRules(Box<[Cell<u32>]>);

impl CachedToken {
    /// What to keep of a token of `provider`, or of a client of it, with these verified claims.
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
        })
    }

    /// What its verification has settled; `None` of a client with a secret.
    pub(super) const fn verified_once(&self) -> Option<&VerifiedOnce> {
        self.verified_once.as_ref()
    }

    /// The provider's claim headers; `None` where a claim cannot stand in one.
    pub(super) fn headers(&self) -> Option<&[HeaderEdit]> {
        self.headers.as_deref()
    }

    /// Whether the token is known to satisfy the rule in this place. Where not, nobody has looked
    /// yet, or it does not.
    pub(super) fn satisfies(&self, rule: usize) -> bool {
        self.satisfied
            .bit(rule)
            .is_some_and(|(word, bit)| word.get() & bit != 0)
    }

    /// The token satisfies the rule in this place.
    pub(super) fn note_satisfied(&self, rule: usize) {
        if let Some((word, bit)) = self.satisfied.bit(rule) {
            word.set(word.get() | bit);
        }
    }

    /// Who is calling by the rule in this place, where that is known.
    pub(super) fn caller(&self, rule: usize) -> Option<Arc<str>> {
        let (known, caller) = self.caller.get()?;
        (*known == rule).then(|| Arc::clone(caller))
    }

    /// By the rule in this place, this is calling.
    pub(super) fn note_caller(&self, rule: usize, caller: &Arc<str>) {
        if caller.len() <= MAX_CALLER_BYTES {
            // Of several rules the first stays; most tokens are for one.
            let _ = self.caller.set((rule, Arc::clone(caller)));
        }
    }

    /// Bytes of memory, the text of the token apart.
    pub(super) fn bytes(&self) -> usize {
        let headers = self.headers.iter().flatten();
        let headers = headers.map(|edit| match edit {
            // The name is the configuration's.
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

/// Bits of a word.
const WORD: usize = 32;

impl SatisfiedRules {
    fn bit(&self, rule: usize) -> Option<(&Cell<u32>, u32)> {
        let word = self.0.get(rule.div_euclid(WORD))?;
        let bit = u32::try_from(rule.rem_euclid(WORD)).ok()?;
        Some((word, 1_u32.checked_shl(bit)?))
    }
}

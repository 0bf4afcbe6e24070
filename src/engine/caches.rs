//! The verified tokens of each provider, and how often they were asked for.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::{
    cache::TokenCache,
    config::Config,
    decision::Reason,
    engine::identity::Identity,
    policy::ProviderId,
    verification::{Failure, Lapse},
};

/// How often tokens were looked for since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// Found.
    pub hits: u32,
    /// Not found.
    pub misses: u32,
}

/// A cache for each provider that keeps tokens.
#[derive(Debug)]
pub(super) struct Caches {
    by_provider: Vec<Option<RefCell<TokenCache<Rc<Identity>>>>>,
    uses: Cell<CacheUse>,
}

impl Caches {
    /// Empty caches for the providers of `config`.
    pub(super) fn new(config: &Config) -> Self {
        let caches = config.providers().map(|(_, provider)| {
            let limits = provider.cache.filter(|_| provider.trust.enabled);
            limits.map(|limits| RefCell::new(TokenCache::new(limits)))
        });
        Self {
            by_provider: caches.collect(),
            uses: Cell::default(),
        }
    }

    /// What `again` makes of a token that verified before; `None` of one that did not, or whose key
    /// is gone.
    pub(super) fn find(
        &self,
        provider: ProviderId,
        token: &str,
        again: impl FnOnce(&Identity) -> Result<(), Lapse>,
    ) -> Option<Result<Rc<Identity>, Failure>> {
        let cache = self.of(provider)?;
        let known = cache.borrow().find(token).cloned();
        let mut uses = self.uses.get();
        let found = match known.map(|identity| again(&identity).map(|()| identity)) {
            None => None,
            Some(Err(Lapse::KeyGone)) => {
                cache.borrow_mut().remove(token);
                None
            }
            Some(Err(Lapse::Failed(failure))) => {
                if failure == Failure::Invalid(Reason::Expired) {
                    cache.borrow_mut().remove(token);
                }
                Some(Err(failure))
            }
            Some(Ok(identity)) => Some(Ok(identity)),
        };
        let count = match found {
            Some(_) => &mut uses.hits,
            None => &mut uses.misses,
        };
        *count = count.saturating_add(1);
        self.uses.set(uses);
        found
    }

    /// Keeps a token that verified.
    pub(super) fn insert(&self, provider: ProviderId, token: &str, identity: &Rc<Identity>) {
        if let Some(cache) = self.of(provider) {
            let kept = identity.bytes();
            cache.borrow_mut().insert(token, Rc::clone(identity), kept);
        }
    }

    /// The uses since the last call.
    pub(super) fn take_uses(&self) -> CacheUse {
        self.uses.take()
    }

    fn of(&self, provider: ProviderId) -> Option<&RefCell<TokenCache<Rc<Identity>>>> {
        self.by_provider.get(provider.index())?.as_ref()
    }
}

//! The caches of verified tokens, one per provider.

use core::cell::RefCell;
use std::rc::Rc;

use crate::{
    config::Config,
    decision::Reason,
    engine::cached_token::CachedToken,
    policy::{ProviderId, TokenText},
    token_cache::TokenCache,
    verification::{Failure, Invalidated},
};

/// The number of cache lookups, by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// The number of lookups that found the token.
    pub hits: u32,
    /// The number of lookups that did not find the token.
    pub misses: u32,
}

impl CacheUse {
    /// Counts a lookup, if the provider has a cache.
    pub(super) const fn count(&mut self, lookup: &Lookup) {
        let count = match lookup {
            Lookup::Disabled => return,
            Lookup::Hit(_) => &mut self.hits,
            Lookup::Miss => &mut self.misses,
        };
        *count = count.saturating_add(1);
    }
}

/// The result of looking up a token in a provider's cache.
pub(super) enum Lookup {
    /// The provider has no cache.
    Disabled,
    /// The cache contains the token. The value is the cache entry, or the reason why the token is
    /// no longer valid.
    Hit(Result<Rc<CachedToken>, Failure>),
    /// The token has no cache entry, or the key that verified the token is gone.
    Miss,
}

/// One cache for each provider that caches tokens.
#[derive(Debug)]
pub(super) struct TokenCaches {
    by_provider: Vec<Option<RefCell<TokenCache<Rc<CachedToken>>>>>,
}

impl TokenCaches {
    /// Creates empty caches for the providers of `config`.
    pub(super) fn new(config: &Config) -> Self {
        let caches = config.providers().map(|(_, provider)| {
            let limits = provider.cache.filter(|_| provider.is_enabled());
            limits.map(|limits| RefCell::new(TokenCache::new(limits)))
        });
        Self {
            by_provider: caches.collect(),
        }
    }

    /// Returns the cache entry of a token. Unlike [`find`](Self::find), does not repeat any checks.
    pub(super) fn entry(&self, provider: ProviderId, token: &[u8]) -> Option<Rc<CachedToken>> {
        self.of(provider)?.borrow().find(token).cloned()
    }

    /// Looks up a token. If the caller has already looked up the cache entry, the caller passes it
    /// as `found`. If there is an entry, `again` repeats the checks whose results may have changed.
    pub(super) fn find(
        &self,
        provider: ProviderId,
        token: TokenText<'_>,
        found: Option<Rc<CachedToken>>,
        again: impl FnOnce(&CachedToken) -> Result<(), Invalidated>,
    ) -> Lookup {
        let Some(cache) = self.of(provider) else {
            return Lookup::Disabled;
        };
        let token = token.as_bytes();
        let Some(cached) = found.or_else(|| self.entry(provider, token)) else {
            return Lookup::Miss;
        };
        match again(&cached) {
            Err(Invalidated::KeyGone) => {
                cache.borrow_mut().remove(token);
                Lookup::Miss
            }
            Err(Invalidated::Failed(failure)) => {
                if failure == Failure::Invalid(Reason::Expired) {
                    cache.borrow_mut().remove(token);
                }
                Lookup::Hit(Err(failure))
            }
            Ok(()) => Lookup::Hit(Ok(cached)),
        }
    }

    /// Caches a verified token.
    pub(super) fn insert(&self, provider: ProviderId, token: &str, cached: &Rc<CachedToken>) {
        if let Some(cache) = self.of(provider) {
            let kept = cached.bytes();
            cache.borrow_mut().insert(token, Rc::clone(cached), kept);
        }
    }

    fn of(&self, provider: ProviderId) -> Option<&RefCell<TokenCache<Rc<CachedToken>>>> {
        self.by_provider.get(provider.index())?.as_ref()
    }
}

//! Tokens that verified, so that the next request with one needs no parsing and no signature.
//!
//! One per provider, since what one provider's keys have signed proves nothing to another, and one
//! per configuration, since it is part of the engine. The whole text of a token is the key: a token
//! with another signature is another token. Only successes are kept; whoever sends garbage finds
//! nothing and leaves nothing. What a token says is checked again on every hit, as is whether its
//! key still counts: that is for [`verification`](crate::verification) to do.
//!
//! Bounded in entries and in bytes. New tokens stand in a short queue, of which only those that are
//! seen again get into the main one: a stream of tokens that are each used once, an attacker's or a
//! batch job's, passes through without driving out what is used. One that comes back after it was
//! dropped from the queue goes into the main one at once, so that a working set longer than the queue
//! finds its place (as in the S3-FIFO algorithm). A hit sets a mark and allocates nothing. Texts are
//! found by comparison, never by a hash: a client must not be able to choose its bucket.

use core::cell::Cell;
use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    rc::Rc,
};

/// Bytes of text that one entry may have on average.
const MEAN_TOKEN_BYTES: usize = 2048;

/// One part in this many of the entries is new.
const NEWCOMERS: usize = 10;

/// Dropped newcomers that are remembered.
const GHOSTS: usize = 1024;

/// Bounds of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most tokens.
    pub entries: usize,
    /// Longest token that is kept, in bytes.
    pub token_bytes: usize,
}

/// Tokens of one provider, each with what is known of it.
#[derive(Debug)]
pub struct TokenCache<V> {
    limits: CacheLimits,
    /// Sorted by text.
    entries: Vec<(Rc<str>, Rc<Entry<V>>)>,
    /// In the order in which they came.
    newcomers: VecDeque<Rc<str>>,
    /// In the order in which they are looked at for eviction.
    residents: VecDeque<Rc<str>>,
    /// Hashes of newcomers that were dropped. Two with one hash do no harm: the wrong one stays longer.
    ghosts: VecDeque<u64>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    /// Seen again since it was last looked at for eviction.
    is_marked: Cell<bool>,
}

impl<V> TokenCache<V> {
    /// An empty cache.
    #[must_use]
    pub const fn new(limits: CacheLimits) -> Self {
        Self {
            limits,
            entries: Vec::new(),
            newcomers: VecDeque::new(),
            residents: VecDeque::new(),
            ghosts: VecDeque::new(),
            bytes: 0,
        }
    }

    /// What is known of a token.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<&V> {
        let entry = self.entry(token)?;
        entry.is_marked.set(true);
        Some(&entry.value)
    }

    /// Keeps a token, unless it is too long.
    pub fn insert(&mut self, token: &str, value: V) {
        if token.len() > self.limits.token_bytes || self.limits.entries == 0 {
            return;
        }
        let is_marked = Cell::new(false);
        let entry = Rc::new(Entry { value, is_marked });
        let index = match self.position(token) {
            Ok(index) => {
                if let Some((_, old)) = self.entries.get_mut(index) {
                    *old = entry;
                }
                return;
            }
            Err(index) => index,
        };
        let key: Rc<str> = token.into();
        self.bytes = self.bytes.saturating_add(key.len());
        self.entries.insert(index, (Rc::clone(&key), entry));
        let hash = hash(&key);
        match self.ghosts.iter().position(|ghost| *ghost == hash) {
            Some(index) => {
                self.ghosts.remove(index);
                self.residents.push_back(key);
            }
            None => self.newcomers.push_back(key),
        }
        self.make_room();
    }

    /// Forgets a token.
    pub fn remove(&mut self, token: &str) {
        // Its place in a queue stays until it is looked at.
        if let Ok(index) = self.position(token) {
            self.entries.remove(index);
            self.bytes = self.bytes.saturating_sub(token.len());
        }
    }

    /// How many tokens are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, token: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(key, _)| (**key).cmp(token))
    }

    fn entry(&self, token: &str) -> Option<&Entry<V>> {
        let (_, entry) = self.entries.get(self.position(token).ok()?)?;
        Some(entry)
    }

    /// Whether a token is kept that was seen again since it was last looked at.
    fn take_mark(&self, token: &str) -> bool {
        self.entry(token)
            .is_some_and(|entry| entry.is_marked.replace(false))
    }

    fn make_room(&mut self) {
        let most_bytes = self.limits.entries.saturating_mul(MEAN_TOKEN_BYTES);
        let most_bytes = most_bytes.max(self.limits.token_bytes);
        // Places of tokens that are gone count too, so that the queues are bounded.
        while self.newcomers.len().saturating_add(self.residents.len()) > self.limits.entries
            || self.bytes > most_bytes
        {
            let few = self.limits.entries.div_ceil(NEWCOMERS);
            if self.newcomers.is_empty() && self.residents.is_empty() {
                return;
            }
            if self.newcomers.len() > few || self.residents.is_empty() {
                self.promote_or_drop();
            } else {
                self.look_at_a_resident();
            }
        }
    }

    /// The oldest newcomer stays where it was seen again.
    fn promote_or_drop(&mut self) {
        let Some(key) = self.newcomers.pop_front() else {
            return;
        };
        if self.take_mark(&key) {
            self.residents.push_back(key);
            return;
        }
        if self.ghosts.len() >= GHOSTS {
            self.ghosts.pop_front();
        }
        self.ghosts.push_back(hash(&key));
        self.remove(&key);
    }

    /// A resident gets another round where it was seen in the last.
    fn look_at_a_resident(&mut self) {
        let Some(key) = self.residents.pop_front() else {
            return;
        };
        if self.take_mark(&key) {
            self.residents.push_back(key);
        } else {
            self.remove(&key);
        }
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn cache(entries: usize, token_bytes: usize) -> TokenCache<usize> {
        TokenCache::new(CacheLimits {
            entries,
            token_bytes,
        })
    }

    #[test]
    fn finds_what_was_put_in_to_the_byte() {
        let mut cache = cache(10, 100);
        cache.insert("a.b.c", 1);
        cache.insert("a.b.d", 2);
        assert_eq!(
            (cache.find("a.b.c"), cache.find("a.b.d")),
            (Some(&1), Some(&2))
        );
        assert_eq!((cache.find("a.b"), cache.find("a.b.c ")), (None, None));
        cache.insert("a.b.c", 3);
        assert_eq!((cache.find("a.b.c"), cache.len()), (Some(&3), 2));
        cache.remove("a.b.c");
        assert_eq!((cache.find("a.b.c"), cache.len()), (None, 1));
    }

    #[test]
    fn keeps_no_token_over_its_length() {
        let mut cache = cache(10, 5);
        cache.insert("12345", 1);
        cache.insert("123456", 1);
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn survives_a_scan_of_tokens_that_are_used_once() {
        let mut cache = cache(100, 100);
        let used: Vec<String> = (0..50).map(|n| format!("used {n}")).collect();
        for token in &used {
            cache.insert(token, 0);
            assert!(cache.find(token).is_some());
        }
        for n in 0..10_000 {
            cache.insert(&format!("once {n}"), n);
            assert!(cache.len() <= 100);
            for token in &used {
                assert!(cache.find(token).is_some(), "{token} after {n}");
            }
        }
    }

    #[test]
    fn lets_new_favourites_take_the_place_of_old_ones() {
        let mut cache = cache(20, 100);
        for generation in 0..10 {
            for _ in 0..50 {
                for n in 0..10 {
                    let token = format!("{generation} {n}");
                    if cache.find(&token).is_none() {
                        cache.insert(&token, n);
                    }
                }
            }
            let kept = (0..10).filter(|n| cache.find(&format!("{generation} {n}")).is_some());
            assert!(kept.count() >= 9, "{generation}");
            assert!(cache.len() <= 20);
        }
    }

    #[test]
    fn stays_within_its_bounds_whatever_comes() {
        for entries in [0, 1, 2, 3, 7] {
            let mut cache = cache(entries, 10_000);
            let long = "x".repeat(9000);
            for n in 0..500_usize {
                let token = format!("{}{}", n % 11, if n.is_multiple_of(3) { &long } else { "" });
                cache.insert(&token, n);
                let _ = cache.find(&token);
                if n.is_multiple_of(5) {
                    cache.remove(&token);
                }
                let places = cache.newcomers.len() + cache.residents.len();
                assert!(places <= entries && cache.len() <= places, "{entries}");
                let bytes: usize = cache.entries.iter().map(|(key, _)| key.len()).sum();
                assert_eq!(bytes, cache.bytes);
                assert!(bytes <= (entries * MEAN_TOKEN_BYTES).max(10_000));
            }
        }
    }
}

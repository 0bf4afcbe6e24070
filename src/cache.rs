//! Tokens that verified, so that the next request with one needs no parsing and no signature.
//!
//! One per provider, since what one provider's keys have signed proves nothing to another, and one
//! per configuration, since it is part of the engine. Only successes are kept; whoever sends garbage
//! finds nothing and leaves nothing. What a token says is checked again on every hit, as is whether
//! its key still counts: that is for [`verification`](crate::verification) to do.
//!
//! It is a set-associative table. A token's last octets, which are its signature's, choose a set of a
//! few slots; within it the whole text is compared, so a token that merely resembles another is
//! another. A full set gives up the slot that was asked for least, while each newcomer ages one of
//! them: tokens that come once, an attacker's or a batch job's, push each other out and leave those
//! alone that come again and again. A hit allocates nothing.

use core::cell::Cell;

/// Slots of a set. More make a look slower, fewer make more tokens share a set.
const WAYS: usize = 8;

/// Octets at the end of a token that choose its set: 96 bits of its signature.
const HASHED_OCTETS: usize = 16;

/// The demand that counts: a token outlives as many rounds of its set's hand without any.
const MAX_DEMAND: u8 = 3;

/// Bytes of text that one entry may have on average.
const MEAN_TOKEN_BYTES: usize = 2048;

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
    sets: Vec<Set<V>>,
    /// Of text, in all sets.
    bytes: usize,
}

#[derive(Debug)]
struct Set<V> {
    slots: Vec<Slot<V>>,
    /// The slot that ages next.
    hand: usize,
}

#[derive(Debug)]
struct Slot<V> {
    token: Box<str>,
    value: V,
    /// How often it was asked for lately.
    demand: Cell<u8>,
}

impl<V> TokenCache<V> {
    /// An empty cache. It grows as it fills.
    #[must_use]
    pub fn new(limits: CacheLimits) -> Self {
        let sets = match limits.entries {
            0 => 0,
            few if few < WAYS => 1,
            many => many.div_euclid(WAYS),
        };
        Self {
            limits,
            sets: (0..sets).map(|_| Set::default()).collect(),
            bytes: 0,
        }
    }

    /// What is known of a token.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<&V> {
        let set = self.sets.get(self.place(token)?)?;
        let slot = set.slots.iter().find(|slot| *slot.token == *token)?;
        let demand = slot.demand.get().saturating_add(1);
        slot.demand.set(demand.min(MAX_DEMAND));
        Some(&slot.value)
    }

    /// Keeps a token, unless it is too long.
    pub fn insert(&mut self, token: &str, value: V) {
        self.remove(token);
        let place = self.place(token);
        let (
            CacheLimits {
                entries,
                token_bytes,
            },
            most_bytes,
        ) = (self.limits, self.most_bytes());
        let Some(set) = place.and_then(|place| self.sets.get_mut(place)) else {
            return;
        };
        if token.len() > token_bytes {
            return;
        }
        let mut bytes = self.bytes.saturating_add(token.len());
        while set.slots.len() >= entries.min(WAYS) || bytes > most_bytes {
            let Some(given_up) = set.give_up() else {
                return; // other sets have it all: it comes again when they have less
            };
            bytes = bytes.saturating_sub(given_up.token.len());
            self.bytes = self.bytes.saturating_sub(given_up.token.len());
        }
        self.bytes = bytes;
        set.slots.push(Slot {
            token: token.into(),
            value,
            demand: Cell::new(0),
        });
    }

    /// Forgets a token.
    pub fn remove(&mut self, token: &str) {
        let place = self.place(token);
        if let Some(set) = place.and_then(|place| self.sets.get_mut(place))
            && let Some(index) = set.slots.iter().position(|slot| *slot.token == *token)
        {
            set.slots.remove(index);
            self.bytes = self.bytes.saturating_sub(token.len());
        }
    }

    /// How many tokens are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sets.iter().map(|set| set.slots.len()).sum()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn most_bytes(&self) -> usize {
        let CacheLimits {
            entries,
            token_bytes,
        } = self.limits;
        entries.saturating_mul(MEAN_TOKEN_BYTES).max(token_bytes)
    }

    /// The set of a token. Only tokens with good signatures are kept, so nobody can fill a set of his
    /// choice; who looks one up with made-up octets compares a few tokens in vain.
    fn place(&self, token: &str) -> Option<usize> {
        // FNV-1a.
        let octets = token.bytes().rev().take(HASHED_OCTETS);
        let hash = octets.fold(0x811c_9dc5_u32, |hash, octet| {
            (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)
        });
        usize::try_from(hash).ok()?.checked_rem(self.sets.len())
    }
}

impl<V> Set<V> {
    /// The slot under the hand ages; that which was asked for least goes. Of equals, it is the one
    /// that stood longest.
    fn give_up(&mut self) -> Option<Slot<V>> {
        if self.hand >= self.slots.len() {
            self.hand = 0;
        }
        if let Some(aging) = self.slots.get(self.hand) {
            aging.demand.set(aging.demand.get().saturating_sub(1));
        }
        self.hand = self.hand.saturating_add(1);
        let slots = self.slots.iter().enumerate();
        let (least, _) = slots.min_by_key(|(_, slot)| slot.demand.get())?;
        Some(self.slots.remove(least))
    }
}

impl<V> Default for Set<V> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            hand: 0,
        }
    }
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

    /// A token of 100 bytes whose signature is the number's.
    fn token(number: usize) -> String {
        let scrambled = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{}.{scrambled:016x}", "a".repeat(83))
    }

    #[test]
    fn finds_what_was_put_in_to_the_byte() {
        let mut cache = cache(100, 4096);
        cache.insert(&token(1), 1);
        cache.insert(&token(2), 2);
        assert_eq!(
            (cache.find(&token(1)), cache.find(&token(2))),
            (Some(&1), Some(&2))
        );
        // The same signature under other claims.
        assert_eq!(cache.find(&token(1).replacen('a', "b", 1)), None);
        assert_eq!((cache.find(&token(3)), cache.find("")), (None, None));
        cache.insert(&token(1), 3);
        assert_eq!((cache.find(&token(1)), cache.len()), (Some(&3), 2));
        cache.remove(&token(1));
        assert_eq!((cache.find(&token(1)), cache.len()), (None, 1));
    }

    #[test]
    fn stays_within_its_bounds_whatever_comes() {
        for entries in [0, 1, 2, 7, 8, 9, 15, 16, 100] {
            let mut cache = cache(entries, 100);
            for number in 0..2000 {
                cache.insert(&token(number), number);
                assert_eq!(cache.find(&token(number)).is_some(), entries > 0);
                assert!(cache.len() <= entries);
                if number.is_multiple_of(5) {
                    cache.remove(&token(number));
                }
                let slots = cache.sets.iter().flat_map(|set| &set.slots);
                let bytes: usize = slots.map(|slot| slot.token.len()).sum();
                assert_eq!(bytes, cache.bytes);
            }
            assert!(cache.len() + WAYS > entries, "{} of {entries}", cache.len());
        }
    }

    #[test]
    fn is_bounded_in_bytes_too() {
        let mut cache = cache(16, 10_000);
        for number in 0..500 {
            let long = format!("{}{}", "x".repeat(9000), token(number));
            cache.insert(&long, number);
            cache.insert(&token(number), number);
            assert!(cache.bytes <= 16 * MEAN_TOKEN_BYTES);
        }
        assert!(!cache.is_empty());
        let mut cache = self::cache(10, token(1).len() - 1);
        cache.insert(&token(1), 1);
        assert!(cache.is_empty());
    }

    #[test]
    fn survives_a_scan_of_tokens_that_are_used_once() {
        let mut cache = cache(1000, 4096);
        let mut kept = 0;
        for once in 1000..21_000 {
            cache.insert(&token(once), once);
            if once % 500 == 0 {
                kept = 0;
                for number in 0..300 {
                    if cache.find(&token(number)).is_some() {
                        kept += 1;
                    } else {
                        cache.insert(&token(number), number);
                    }
                }
            }
        }
        assert!(kept > 285, "{kept} of 300");
    }

    #[test]
    fn lets_new_favourites_take_the_place_of_old_ones() {
        let mut cache = cache(64, 4096);
        for generation in 0..10 {
            let favourites = (0..32).map(|number| token(generation * 100 + number));
            for _ in 0..20 {
                for token in favourites.clone() {
                    if cache.find(&token).is_none() {
                        cache.insert(&token, generation);
                    }
                }
            }
            let kept = favourites.filter(|token| cache.find(token).is_some());
            assert!(kept.count() >= 29, "{generation}");
        }
    }
}

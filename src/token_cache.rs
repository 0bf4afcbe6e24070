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
//!
//! It is bounded in bytes as well, set by set: the text of a token counts, and what is known of it. A
//! newcomer takes no more from the others than it needs, and one that would need too much is left out.

use core::cell::Cell;

/// Slots of a set. More make a look slower, fewer make more tokens share a set.
const WAYS: usize = 8;

/// Octets at the end of a token that choose its set: 96 bits of its signature.
const HASHED_OCTETS: usize = 16;

/// The demand that counts: a token outlives as many rounds of its set's hand without any.
const MAX_DEMAND: u8 = 3;

/// Bytes that one entry may have on average, with all that is kept of the token.
const MEAN_ENTRY_BYTES: usize = 2048;

/// What an allocation costs beside its size, at most.
const ALLOCATION_BYTES: usize = 16;

/// Bounds of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most tokens.
    pub entries: usize,
    /// Longest token that is kept, in bytes.
    pub token_bytes: usize,
}

/// Bytes of memory that an allocation of this size takes.
#[must_use]
pub const fn allocated(size: usize) -> usize {
    size.saturating_add(ALLOCATION_BYTES)
}

/// Tokens of one provider, each with what is known of it.
#[derive(Debug)]
pub struct TokenCache<V> {
    limits: CacheLimits,
    sets: Vec<Set<V>>,
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
    /// What the slot takes, in bytes.
    size: usize,
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
        }
    }

    /// What is known of a token.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<&V> {
        let set = self.sets.get(self.place(token)?)?;
        let slot = set.slots.iter().find(|slot| is_same(&slot.token, token))?;
        let demand = slot.demand.get().saturating_add(1);
        slot.demand.set(demand.min(MAX_DEMAND));
        Some(&slot.value)
    }

    /// Keeps a token and what is known of it, which takes so many bytes elsewhere. One that is too
    /// long, or of which too much is to be known, is not kept.
    pub fn insert(&mut self, token: &str, value: V, value_bytes: usize) {
        self.remove(token);
        let CacheLimits {
            entries,
            token_bytes,
        } = self.limits;
        let most_slots = entries.min(WAYS);
        let longest = token_bytes.saturating_add(MEAN_ENTRY_BYTES);
        let most_bytes = most_slots.saturating_mul(MEAN_ENTRY_BYTES).max(longest);
        let size = size_of::<Slot<V>>()
            .saturating_add(allocated(token.len()))
            .saturating_add(value_bytes);
        let place = self.place(token);
        let Some(set) = place.and_then(|place| self.sets.get_mut(place)) else {
            return;
        };
        if token.len() > token_bytes || size > most_bytes {
            return;
        }
        // Room is made in its own set, so that no token costs more others their place than it needs.
        while set.slots.len() >= most_slots || set.bytes().saturating_add(size) > most_bytes {
            if set.give_up().is_none() {
                return;
            }
        }
        set.slots.push(Slot {
            token: token.into(),
            value,
            size,
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
    fn bytes(&self) -> usize {
        self.slots
            .iter()
            .fold(0, |bytes, slot| bytes.saturating_add(slot.size))
    }

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

/// Equality, eight octets at a time: in wasm the compiler's own compares one by one.
fn is_same(left: &str, right: &str) -> bool {
    let (left, left_end) = left.as_bytes().as_chunks::<8>();
    let (right, right_end) = right.as_bytes().as_chunks::<8>();
    let number = |octets: &[u8; 8]| u64::from_ne_bytes(*octets);
    left.len() == right.len()
        && left_end == right_end
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| number(left) == number(right))
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
        cache.insert(&token(1), 1, 0);
        cache.insert(&token(2), 2, 0);
        assert_eq!(
            (cache.find(&token(1)), cache.find(&token(2))),
            (Some(&1), Some(&2))
        );
        // The same signature under other claims.
        assert_eq!(cache.find(&token(1).replacen('a', "b", 1)), None);
        assert_eq!((cache.find(&token(3)), cache.find("")), (None, None));
        cache.insert(&token(1), 3, 0);
        assert_eq!((cache.find(&token(1)), cache.len()), (Some(&3), 2));
        cache.remove(&token(1));
        assert_eq!((cache.find(&token(1)), cache.len()), (None, 1));
    }

    #[test]
    fn stays_within_its_bounds_whatever_comes() {
        for entries in [0, 1, 2, 7, 8, 9, 15, 16, 100] {
            let mut cache = cache(entries, 100);
            for number in 0..2000 {
                cache.insert(&token(number), number, 0);
                assert_eq!(cache.find(&token(number)).is_some(), entries > 0);
                assert!(cache.len() <= entries);
                if number.is_multiple_of(5) {
                    cache.remove(&token(number));
                }
            }
            assert!(cache.len() + WAYS > entries, "{} of {entries}", cache.len());
        }
    }

    fn bytes<V>(cache: &TokenCache<V>) -> usize {
        cache.sets.iter().map(Set::bytes).sum()
    }

    #[test]
    fn is_bounded_in_bytes_too_those_of_the_values_among_them() {
        let mut cache = cache(16, 8000);
        for number in 0..500 {
            let long = format!("{}{}", "x".repeat(7000), token(number));
            cache.insert(&long, number, 0);
            cache.insert(&token(number), number, 3000);
            cache.insert(&token(number + 1000), number, 0);
            assert!(cache.find(&token(number)).is_some());
            assert!(bytes(&cache) <= 16 * MEAN_ENTRY_BYTES);
        }
        // Much is to be known of a short token: it is not kept, and nobody has to go for it.
        let before = cache.len();
        cache.insert(&token(5000), 0, 20_000);
        assert_eq!((cache.find(&token(5000)), cache.len()), (None, before));
    }

    #[test]
    fn keeps_the_longest_token_even_alone() {
        let mut cache = cache(1, 4096);
        for number in 0..3 {
            let long = format!("{}{}", "x".repeat(3996), token(number));
            cache.insert(&long, number, 500);
            assert_eq!((cache.find(&long), cache.len()), (Some(&number), 1));
        }
        let mut cache = self::cache(10, token(1).len() - 1);
        cache.insert(&token(1), 1, 0);
        assert!(cache.is_empty());
    }

    #[test]
    fn survives_a_scan_of_tokens_that_are_used_once() {
        // Short ones, and such that the bytes are full before the slots are.
        for (favourite, passing, every) in [
            (100, 100, 500),
            (1000, 1000, 500),
            (1000, 4000, 250),
            (2000, 3500, 250),
        ] {
            let long =
                |number, bytes: usize| format!("{}{}", "x".repeat(bytes - 100), token(number));
            let mut cache = cache(1000, 4096);
            let mut kept = 0;
            for once in 1000..21_000 {
                cache.insert(&long(once, passing), once, 300);
                if once % every == 0 {
                    kept = 0;
                    for number in 0..300 {
                        let token = long(number, favourite);
                        if cache.find(&token).is_some() {
                            kept += 1;
                        } else {
                            cache.insert(&token, number, 300);
                        }
                    }
                }
            }
            assert!(kept > 285, "{kept} of 300, {favourite} among {passing}");
            assert!(bytes(&cache) <= 1000 * MEAN_ENTRY_BYTES);
        }
    }

    #[test]
    fn lets_new_favourites_take_the_place_of_old_ones() {
        let mut cache = cache(64, 4096);
        for generation in 0..10 {
            let favourites = (0..32).map(|number| token(generation * 100 + number));
            for _ in 0..20 {
                for token in favourites.clone() {
                    if cache.find(&token).is_none() {
                        cache.insert(&token, generation, 0);
                    }
                }
            }
            let kept = favourites.filter(|token| cache.find(token).is_some());
            assert!(kept.count() >= 29, "{generation}");
        }
    }
}

//! A cache of verified tokens, so that the next request with one needs no parsing and no signature.
//!
//! Each provider of a configuration has its own, since a token that one provider accepts means
//! nothing to another. Only verified tokens are cached, so garbage leaves no trace. Whatever can
//! change is checked again on every hit, including whether the key still counts: that is the task
//! of [`verification`](crate::verification).
//!
//! The cache is a set-associative table. A token's last octets, which belong to its signature,
//! choose a set of a few slots. Within the set the whole text is compared, so a similar token is
//! never mistaken for another. A full set evicts the slot that was used least, while each insertion
//! ages one slot. So tokens that appear once, an attacker's or a batch job's, evict each other and
//! spare those that come again. A hit allocates nothing.
//!
//! Each set is also bounded in bytes, which counts the token's text and its value. An insertion
//! evicts no more than it needs, and an entry that would need too much is not cached.

use core::cell::Cell;

/// Slots per set. With more, a lookup is slower; with fewer, a set fills up sooner while others still have room.
const WAYS: usize = 8;

/// Octets at the end of a token that choose its set: 96 bits of its signature.
const HASHED_OCTETS: usize = 16;

/// Greatest demand that is counted. A token survives this many rounds of its set's hand without
/// being used.
const MAX_DEMAND: u8 = 3;

/// Mean bytes per entry, including the value.
const MEAN_ENTRY_BYTES: usize = 2048;

/// Overhead of an allocation in bytes, at most.
const ALLOCATION_BYTES: usize = 16;

/// Bounds of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most tokens.
    pub entries: usize,
    /// Longest token that is cached, in bytes.
    pub token_bytes: usize,
}

/// Bytes of memory taken by an allocation of this size.
#[must_use]
pub const fn allocated(size: usize) -> usize {
    size.saturating_add(ALLOCATION_BYTES)
}

/// The verified tokens of one provider, each with a value.
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
    /// The bytes that the slot takes.
    size: usize,
    /// How often the slot was used recently.
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

    /// The value of a token.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<&V> {
        let set = self.sets.get(self.place(token)?)?;
        let slot = set.slots.iter().find(|slot| is_same(&slot.token, token))?;
        let demand = slot.demand.get().saturating_add(1);
        slot.demand.set(demand.min(MAX_DEMAND));
        Some(&slot.value)
    }

    /// Inserts a token. `value_bytes` is the heap memory owned by `value`. Tokens over
    /// `limits.token_bytes`, and entries over the byte budget of a set, are not cached.
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
        // Evict from this token's own set only, and only until the new entry fits.
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

    /// Removes a token.
    pub fn remove(&mut self, token: &str) {
        let place = self.place(token);
        if let Some(set) = place.and_then(|place| self.sets.get_mut(place))
            && let Some(index) = set.slots.iter().position(|slot| *slot.token == *token)
        {
            set.slots.remove(index);
        }
    }

    /// The number of cached tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sets.iter().map(|set| set.slots.len()).sum()
    }

    /// Whether the cache is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The set of a token. Only tokens with good signatures are inserted, so nobody can choose the
    /// set to fill. A lookup with invented octets only compares a few tokens.
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

    /// Ages the slot under the hand, and evicts the slot with the least demand; of several, the
    /// oldest.
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

/// Equality, eight octets at a time. In wasm the compiler's own comparison goes byte by byte.
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

    /// A token of 100 bytes whose signature is the number.
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
        // The value is too large for a short token: the entry is not cached, and evicts none.
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
        // Short tokens, and tokens that exhaust the bytes before the slots.
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

//! A cache of verified tokens. A request with a cached token needs no parsing and no signature
//! check.
//!
//! Each provider of a configuration has its own cache, because a token that one provider accepts
//! may be invalid for another provider. Only verified tokens are cached, so invalid tokens take no
//! space. On every hit, [`verification`](crate::verification) repeats every check whose outcome can
//! change. For example, it checks that the provider still has the key that verified the token.
//!
//! The cache is a set-associative table. A token's last octets, which belong to its signature,
//! select a set of a few slots. A lookup compares the whole token with the tokens in the set, so a
//! token is never mistaken for a similar one. Each slot counts its recent uses; this count is
//! called the slot's demand. A full set evicts the slot with the lowest demand, and each eviction
//! lowers the demand of one slot. So tokens that appear only once, for example from an attacker or
//! a batch job, evict each other. They do not evict the tokens in regular use. A hit allocates no
//! memory.
//!
//! Each set also has a limit in bytes, which covers its tokens and their values. An insertion
//! evicts only as many entries as are needed to make room for the new entry. An entry larger than
//! the limit is not cached.

use core::cell::Cell;

/// The number of slots in a set. With more slots, a lookup would be slower. With fewer slots, a set
/// would more often be full while other sets still have room.
const WAYS: usize = 8;

/// The number of octets that select a token's set, counted from the token's end. They encode 96
/// bits of the signature.
const HASHED_OCTETS: usize = 16;

/// The maximum of [`Slot::demand`]. Evictions lower the demand of the slots one by one, in the
/// order of [`Set::hand`]. The demand of a token that is no longer used is zero after at most this
/// many rounds through the set.
const MAX_DEMAND: u8 = 3;

/// The assumed average size of an entry in bytes, including its value. The byte limit of a set is
/// based on this average.
const MEAN_ENTRY_BYTES: usize = 2048;

/// An upper bound on the overhead of an allocation, in bytes.
const ALLOCATION_BYTES: usize = 16;

/// The limits of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// The maximum number of tokens.
    pub entries: usize,
    /// The maximum length of a token, in bytes. A longer token is not cached.
    pub token_bytes: usize,
}

/// The memory that an allocation of `size` bytes takes, including its overhead.
#[must_use]
pub(crate) const fn allocated(size: usize) -> usize {
    size.saturating_add(ALLOCATION_BYTES)
}

/// The verified tokens of one provider, each with a value.
#[derive(Debug)]
pub(crate) struct TokenCache<V> {
    limits: CacheLimits,
    sets: Vec<Set<V>>,
}

#[derive(Debug)]
struct Set<V> {
    slots: Vec<Slot<V>>,
    /// The index of the slot whose demand the next eviction lowers.
    hand: usize,
}

#[derive(Debug)]
struct Slot<V> {
    token: Box<str>,
    value: V,
    /// The memory that the slot takes, in bytes.
    size: usize,
    /// The number of recent uses of the slot, capped at [`MAX_DEMAND`].
    demand: Cell<u8>,
}

impl<V> TokenCache<V> {
    /// Makes an empty cache. It allocates memory as it fills.
    #[must_use]
    pub(crate) fn new(limits: CacheLimits) -> Self {
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

    /// Returns the value of a token, if it is cached.
    #[must_use]
    pub(crate) fn find(&self, token: &[u8]) -> Option<&V> {
        let set = self.sets.get(self.place(token)?)?;
        let mut slots = set.slots.iter();
        let slot = slots.find(|slot| is_same(slot.token.as_bytes(), token))?;
        let demand = slot.demand.get().saturating_add(1);
        slot.demand.set(demand.min(MAX_DEMAND));
        Some(&slot.value)
    }

    /// Inserts a token. `value_bytes` is the heap memory that `value` owns. A token longer than
    /// `limits.token_bytes`, or an entry larger than the byte limit of a set, is not cached.
    pub(crate) fn insert(&mut self, token: &str, value: V, value_bytes: usize) {
        self.remove(token.as_bytes());
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
        let place = self.place(token.as_bytes());
        let Some(set) = place.and_then(|place| self.sets.get_mut(place)) else {
            return;
        };
        if token.len() > token_bytes || size > most_bytes {
            return;
        }
        // Evicts entries only from this token's set, and only until the new entry fits.
        while set.slots.len() >= most_slots || set.bytes().saturating_add(size) > most_bytes {
            if set.evict().is_none() {
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
    pub(crate) fn remove(&mut self, token: &[u8]) {
        let place = self.place(token);
        if let Some(set) = place.and_then(|place| self.sets.get_mut(place))
            && let Some(index) = set
                .slots
                .iter()
                .position(|slot| slot.token.as_bytes() == token)
        {
            set.slots.remove(index);
        }
    }

    /// Returns the index of a token's set. The hash needs no secret seed: only tokens with valid
    /// signatures are inserted, so an attacker cannot choose a set and fill it. Looking up a forged
    /// token only takes a few comparisons.
    fn place(&self, token: &[u8]) -> Option<usize> {
        // The hash function is FNV-1a.
        let octets = token.iter().rev().take(HASHED_OCTETS);
        let hash = octets.fold(0x811c_9dc5_u32, |hash, octet| {
            (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193)
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

    /// Lowers the demand of the slot at `hand`, then evicts the slot with the lowest demand. If
    /// several slots have the lowest demand, the oldest of them is evicted.
    fn evict(&mut self) -> Option<Slot<V>> {
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

/// Returns true if two texts are equal. In WebAssembly, where `==` compares byte by byte, this
/// function compares eight bytes at a time.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    if cfg!(not(target_arch = "wasm32")) {
        return left == right;
    }
    let (left, left_end) = left.as_chunks::<8>();
    let (right, right_end) = right.as_chunks::<8>();
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

    impl<V> TokenCache<V> {
        fn len(&self) -> usize {
            self.sets.iter().map(|set| set.slots.len()).sum()
        }

        fn is_empty(&self) -> bool {
            self.len() == 0
        }
    }

    fn cache(entries: usize, token_bytes: usize) -> TokenCache<usize> {
        TokenCache::new(CacheLimits {
            entries,
            token_bytes,
        })
    }

    /// A token of 100 bytes whose last octets depend on the number.
    fn token(number: usize) -> String {
        let scrambled = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{}.{scrambled:016x}", "a".repeat(83))
    }

    #[test]
    fn finds_only_tokens_that_are_equal_in_every_byte() {
        let mut cache = cache(100, 4096);
        cache.insert(&token(1), 1, 0);
        cache.insert(&token(2), 2, 0);
        assert_eq!(
            (
                cache.find(token(1).as_bytes()),
                cache.find(token(2).as_bytes())
            ),
            (Some(&1), Some(&2))
        );
        // A token with the same signature but different claims is not found.
        assert_eq!(cache.find(token(1).replacen('a', "b", 1).as_bytes()), None);
        assert_eq!(
            (cache.find(token(3).as_bytes()), cache.find(b"")),
            (None, None)
        );
        cache.insert(&token(1), 3, 0);
        assert_eq!(
            (cache.find(token(1).as_bytes()), cache.len()),
            (Some(&3), 2)
        );
        cache.remove(token(1).as_bytes());
        assert_eq!((cache.find(token(1).as_bytes()), cache.len()), (None, 1));
    }

    #[test]
    fn never_exceeds_its_number_of_entries() {
        for entries in [0, 1, 2, 7, 8, 9, 15, 16, 100] {
            let mut cache = cache(entries, 100);
            for number in 0..2000 {
                cache.insert(&token(number), number, 0);
                assert_eq!(cache.find(token(number).as_bytes()).is_some(), entries > 0);
                assert!(cache.len() <= entries);
                if number.is_multiple_of(5) {
                    cache.remove(token(number).as_bytes());
                }
            }
            assert!(cache.len() + WAYS > entries, "{} of {entries}", cache.len());
        }
    }

    fn bytes<V>(cache: &TokenCache<V>) -> usize {
        cache.sets.iter().map(Set::bytes).sum()
    }

    #[test]
    fn limits_the_bytes_of_tokens_and_values() {
        let mut cache = cache(16, 8000);
        for number in 0..500 {
            let long = format!("{}{}", "x".repeat(7000), token(number));
            cache.insert(&long, number, 0);
            cache.insert(&token(number), number, 3000);
            cache.insert(&token(number + 1000), number, 0);
            assert!(cache.find(token(number).as_bytes()).is_some());
            assert!(bytes(&cache) <= 16 * MEAN_ENTRY_BYTES);
        }
        // An entry whose value exceeds the byte limit of a set is not cached and evicts nothing.
        let before = cache.len();
        cache.insert(&token(5000), 0, 20_000);
        assert_eq!(
            (cache.find(token(5000).as_bytes()), cache.len()),
            (None, before)
        );
    }

    #[test]
    fn caches_the_longest_token_in_a_cache_of_one_entry() {
        let mut cache = cache(1, 4096);
        for number in 0..3 {
            let long = format!("{}{}", "x".repeat(3996), token(number));
            cache.insert(&long, number, 500);
            assert_eq!(
                (cache.find(long.as_bytes()), cache.len()),
                (Some(&number), 1)
            );
        }
        let mut cache = self::cache(10, token(1).len() - 1);
        cache.insert(&token(1), 1, 0);
        assert!(cache.is_empty());
    }

    #[test]
    fn survives_a_scan_of_tokens_that_are_used_once() {
        // Short tokens fill all slots of a set. Long tokens reach the byte limit of the set first.
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
                        if cache.find(token.as_bytes()).is_some() {
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
                    if cache.find(token.as_bytes()).is_none() {
                        cache.insert(&token, generation, 0);
                    }
                }
            }
            let kept = favourites.filter(|token| cache.find(token.as_bytes()).is_some());
            assert!(kept.count() >= 29, "{generation}");
        }
    }
}

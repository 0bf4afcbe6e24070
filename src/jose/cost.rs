//! The cost of verifying a signature, and the budgets for each token and each request.
//!
//! A key without `kid` is tried for every token whose algorithm fits the key, so a forged token
//! costs one verification for each such key. A limit on the number of keys would not be enough:
//! verifying with an RSA key of 8192 bits costs sixteen times as much as verifying with one of 2048
//! bits. So each token and each request has a budget for the total cost of its verifications. A
//! verification with a 2048-bit RSA key costs 16 units.
//!
//! The costs depend only on a key's type and size. So a key set works in the same way on every
//! host. The costs are based on measurements of the WebAssembly module (`docs/performance.md`):
//! RSA-2048 takes 90 µs, Ed25519 38 µs, P-256 37 µs, P-384 115 µs and P-521 310 µs. The costs of
//! the curves are rounded up, because the first verification with a key also builds the key's
//! table. On P-521, this takes longest, about 5 ms.

use std::fmt;

use crate::jose::algorithm::Algorithm;
use crate::jose::key::{JwkAlgorithm, VerifyingKey};
use crate::jose::key_set::KeySet;
use crate::jose::numbers::{Curve, KeyType};

/// The maximum total cost of the verifications for one token. It is enough for 16 verifications
/// with RSA-2048, or 2 with ES512.
const BUDGET: usize = 256;

/// The unit for the size of an RSA modulus, in bits. The work grows with the square of the size
/// (`portable::modexp`). A modulus of 2048 bits has 16 of these units and costs 16² / 16 = 16.
const RSA_UNIT_BITS: usize = 128;

/// The budget of a request, as a multiple of [`BUDGET`]. Two is enough, because requests with
/// tokens from more than two issuers are rare, and most issuers' keys have a `kid`.
const TOKENS: usize = 2;

/// The remaining budget of a token or a request.
#[derive(Clone, Copy, Debug)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(BUDGET)
    }
}

impl Budget {
    /// The budget for all tokens of one request.
    #[must_use]
    pub const fn of_request() -> Self {
        Self(BUDGET.saturating_mul(TOKENS))
    }

    /// Spends the cost of verifying a signature with `key`. Returns false, and spends nothing, if
    /// the remaining budget is too small.
    pub fn spend(&mut self, key: &VerifyingKey) -> bool {
        let left = self.0.checked_sub(cost(key));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// The cost of verifying a signature with `key`. The cost is at most [`BUDGET`], so a full budget
/// is always enough for one key.
fn cost(key: &VerifyingKey) -> usize {
    match key.key_type() {
        KeyType::Rsa => {
            let units = key.modulus_bits().div_ceil(RSA_UNIT_BITS);
            units.saturating_mul(units).div_ceil(16).min(BUDGET)
        }
        KeyType::Okp | KeyType::Ec(Curve::P256) => 16,
        KeyType::Ec(Curve::P384) => 32,
        KeyType::Ec(Curve::P521) => 128,
        KeyType::Oct => 1,
    }
}

/// A warning that several keys of a key set have no `kid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nameless {
    /// The number of keys without a `kid`.
    pub keys: usize,
    /// True if, for every algorithm, the budget of one token is enough to try all keys without a
    /// `kid` that can be used with this algorithm.
    pub are_all_tried: bool,
}

impl Nameless {
    /// Counts the keys of `set` that have no `kid`. Returns `None` if there are fewer than two such
    /// keys.
    pub fn of(set: &KeySet) -> Option<Self> {
        let nameless = || set.keys().iter().filter(|key| key.kid().is_none());
        let are_all_tried = Algorithm::ALL.into_iter().all(|algorithm| {
            let mut budget = Budget::default();
            let mut serving = nameless().filter(|key| key.serves(algorithm, JwkAlgorithm::Family));
            serving.all(|key| budget.spend(key))
        });
        let keys = nameless().count();
        (keys > 1).then_some(Self {
            keys,
            are_all_tried,
        })
    }
}

impl fmt::Display for Nameless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            keys,
            are_all_tried,
        } = self;
        let follows = match are_all_tried {
            true => "all of them are tried for each token",
            false => {
                "only some of them are tried for each token, and tokens signed with the other \
                 keys are refused"
            }
        };
        write!(f, "{keys} keys have no kid: {follows}; give each key a kid")
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::jwk::KeyOrigin;
    use crate::jose::numbers::KeyNumbers;

    /// An RSA key of this size. Admission does not factor the modulus, so any odd number will do.
    fn rsa(bits: usize) -> VerifyingKey {
        let modulus = vec![0xff; bits / 8];
        let exponent = &[1, 0, 1];
        VerifyingKey::from_numbers(KeyNumbers::Rsa {
            modulus: &modulus,
            exponent,
        })
        .unwrap()
    }

    fn secret() -> VerifyingKey {
        VerifyingKey::from_numbers(KeyNumbers::Oct { secret: &[1; 32] }).unwrap()
    }

    fn p521() -> VerifyingKey {
        // RFC 7515 appendix A.4.1.
        let jwk = r#"{
            "kty": "EC",
            "crv": "P-521",
            "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
            "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"
        }"#;
        VerifyingKey::from_jwk_json(jwk.as_bytes(), KeyOrigin::Remote).unwrap()
    }

    fn affordable(key: &VerifyingKey) -> usize {
        let mut budget = Budget::default();
        (0..1000).filter(|_| budget.spend(key)).count()
    }

    #[test]
    fn sixteen_small_rsa_keys_cost_as_much_as_one_of_8192_bits() {
        for (bits, count) in [(2048, 16), (3072, 7), (4096, 4), (6144, 1), (8192, 1)] {
            assert_eq!(affordable(&rsa(bits)), count, "{bits}");
        }
        assert_eq!(affordable(&secret()), 256);
        assert_eq!(affordable(&p521()), 2);
    }

    #[test]
    fn an_unaffordable_key_does_not_use_up_the_budget() {
        let mut budget = Budget::default();
        assert!(budget.spend(&rsa(4096)));
        assert!(!budget.spend(&rsa(8192)));
        assert!(budget.spend(&rsa(4096)));
    }

    #[test]
    fn reports_whether_all_nameless_keys_are_tried() {
        let set = |keys: Vec<VerifyingKey>| KeySet::from_keys(keys).unwrap();
        let named = |n: usize| rsa(2048).with_kid(Some(n.to_string()));
        let cases = [
            (vec![rsa(2048)], None),
            ((0..20).map(named).collect(), None),
            (vec![rsa(2048); 16], Some((16, true))),
            (vec![rsa(2048); 17], Some((17, false))),
            (vec![rsa(8192), secret()], Some((2, true))),
            (vec![rsa(8192), rsa(2048)], Some((2, false))),
        ];
        for (keys, expected) in cases {
            let expected = expected.map(|(keys, are_all_tried)| Nameless {
                keys,
                are_all_tried,
            });
            assert_eq!(Nameless::of(&set(keys)), expected);
        }
    }
}

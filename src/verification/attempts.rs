//! Limits the cost of verifying signatures for one token, and for all tokens in a request.

use core::cell::{Cell, RefCell};

use crate::{
    jose::{Budget, Thumbprint, VerifyingKey},
    short_list::ShortList,
};

/// The remaining budget for verifying the signatures of all tokens in a request. A separate budget
/// for each token would not be enough. A rule may read tokens from several headers, parameters and
/// cookies. An attacker could put a different forged token in each of them, and each token would
/// use up a whole budget.
#[derive(Debug)]
pub struct Allowance(Cell<Budget>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Cell::new(Budget::of_request()))
    }
}

impl Allowance {
    fn spend(&self, key: &VerifyingKey) -> bool {
        let mut budget = self.0.get();
        let is_affordable = budget.spend(key);
        self.0.set(budget);
        is_affordable
    }
}

/// The signature checks made for one token in one request, and the token's remaining budget.
///
/// Several providers may verify the same token, one after the other. The providers share one
/// budget. Otherwise a forged token would use a whole budget for each provider that accepts its
/// issuer. A signature check made for one provider is not repeated for the next provider.
#[derive(Debug, Default)]
pub struct Attempts(RefCell<Ledger>);

#[derive(Debug, Default)]
struct Ledger {
    budget: Budget,
    /// The keys tried so far, each with the result: true if the token's signature is valid under
    /// the key. Usually there is only one key.
    computed: ShortList<(Thumbprint, bool)>,
}

impl Attempts {
    /// Returns true if the token's signature is valid under `key`. If the result is not known yet,
    /// calls `compute`. If the remaining budget of the token or of the request does not cover this
    /// call, returns false instead.
    pub(super) fn is_signed_by(
        &self,
        key: &VerifyingKey,
        allowance: &Allowance,
        compute: impl FnOnce() -> bool,
    ) -> bool {
        let Ledger { budget, computed } = &mut *self.0.borrow_mut();
        let thumbprint = key.thumbprint();
        if let Some((_, is_good)) = computed.iter().find(|(own, _)| *own == thumbprint) {
            return *is_good;
        }
        if !budget.spend(key) || !allowance.spend(key) {
            return false;
        }
        let is_good = compute();
        computed.push((thumbprint, is_good));
        is_good
    }
}

//! The budget for signatures of one token and of all tokens in a request.

use core::cell::{Cell, RefCell};

use crate::{
    jose::{Budget, Thumbprint, VerifyingKey},
    short_list::ShortList,
};

/// The budget left for the signatures of all tokens in a request. With a budget per token alone, a
/// request with a forged token in each location that a rule reads would cost as many budgets.
#[derive(Debug)]
pub struct Allowance(Cell<Budget>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Cell::new(Budget::of_request()))
    }
}

impl Allowance {
    fn affords(&self, key: &VerifyingKey) -> bool {
        let mut budget = self.0.get();
        let affords = budget.affords(key);
        self.0.set(budget);
        affords
    }
}

/// The signatures computed for one token in one request, and the rest of its budget.
///
/// Several providers may verify the same token, one after the other. With a budget for each of
/// them, a forged token would cost as many budgets as there are providers of its issuer. So they
/// share one, and a signature computed for one provider is not computed again for the next.
#[derive(Debug, Default)]
pub struct Attempts(RefCell<Ledger>);

#[derive(Debug, Default)]
struct Ledger {
    budget: Budget,
    /// Keys whose signature was computed, and whether it is good. Mostly one.
    computed: ShortList<(Thumbprint, bool)>,
}

impl Attempts {
    /// Whether `key` has signed the token. Calls `compute` unless the result is known. Returns
    /// false if the budget of the token or of the request does not allow the key.
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
        if !budget.affords(key) || !allowance.affords(key) {
            return false;
        }
        let is_good = compute();
        computed.push((thumbprint, is_good));
        is_good
    }
}

//! How the conditions of rules are compared with a request, and how much text may be compared.

use core::cell::Cell;

use crate::policy::{PathPolicy, Unclear};

/// How the conditions of rules are compared with one request. Each request needs a new value,
/// because the value counts the text that was compared.
#[derive(Debug)]
pub struct Comparison {
    /// What happens to a request that servers could read in different ways.
    pub(super) path_policy: PathPolicy,
    /// The maximum length of a text to which a regular expression is applied, in bytes. Matching
    /// takes time proportional to the length: several milliseconds for 50 kB, for each expression
    /// and before any token is verified.
    pub(super) regex_bytes: usize,
    /// The total length of the parameters that were compared with regular expressions.
    compared: Cell<usize>,
}

impl Comparison {
    /// Starts to compare conditions with a request. `regex_bytes` is the maximum length of a text
    /// to which a regular expression is applied.
    #[must_use]
    pub const fn new(path_policy: PathPolicy, regex_bytes: usize) -> Self {
        Self {
            path_policy,
            regex_bytes,
            compared: Cell::new(0),
        }
    }

    /// `path_policy: reject`, without a limit on texts for regular expressions. Only for texts from
    /// the configuration, which no client controls.
    pub(crate) const fn strict() -> Self {
        Self::new(PathPolicy::Reject, usize::MAX)
    }

    /// The maximum length of the text that is compared for one request, if the text is compared
    /// repeatedly.
    #[must_use]
    pub const fn total_bytes(&self) -> usize {
        self.regex_bytes.saturating_mul(4)
    }

    /// Returns true if a request that servers could read in different ways is refused.
    pub(super) fn rejects(&self) -> bool {
        self.path_policy == PathPolicy::Reject
    }

    /// Counts a parameter of this length that is compared with a regular expression.
    ///
    /// # Errors
    /// If the parameters that were compared so far are too long in total.
    pub(super) fn count(&self, length: usize) -> Result<(), Unclear> {
        let total = self.compared.get().saturating_add(length);
        self.compared.set(total);
        match total > self.total_bytes() {
            true => Err(Unclear::LongTarget),
            false => Ok(()),
        }
    }
}

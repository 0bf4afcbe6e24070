//! The deliberate differences: all there are.

use crate::{comparison::Difference, configurations::Configuration, plans::Plan};

/// A deliberate difference.
pub(crate) struct Row {
    /// Its name.
    pub(crate) id: &'static str,
    /// What `jwt_authn` does and what the module does.
    pub(crate) what: &'static str,
    /// Why.
    pub(crate) reason: &'static str,
    /// Whether a request to a configuration is one that is treated otherwise.
    pub(crate) applies: fn(&Configuration, &Plan) -> bool,
    /// Whether it is treated otherwise in this way and no other.
    pub(crate) is: fn(&Difference) -> bool,
}

/// Every row.
pub(crate) const TABLE: &[Row] = &[];

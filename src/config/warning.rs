//! A choice that works but is weak.

use core::fmt;

use super::ConfigPath;

/// A choice that works but is weak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The place of the choice.
    pub location: ConfigPath,
    /// Its consequence.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.location, self.text)
    }
}

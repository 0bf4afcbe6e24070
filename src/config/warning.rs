//! A choice that works but that an operator should know to be weak.

use core::fmt;

use super::ConfigPath;

/// A weak choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where it is made.
    pub location: ConfigPath,
    /// What follows from it.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.location, self.text)
    }
}

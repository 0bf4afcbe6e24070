//! A warning about a choice that works but is weak.

use core::fmt;

use super::ConfigPath;

/// A warning about a choice that works but is weak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The location of the choice in the configuration.
    pub location: ConfigPath,
    /// The consequence of the choice.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.location, self.text)
    }
}

//! A warning of a configuration.

use core::fmt;

use crate::config::ConfigPath;

/// A warning about a setting that is accepted although it is weak or has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The location of the setting in the configuration.
    pub location: ConfigPath,
    /// A description of the consequence of the setting.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.location, self.text)
    }
}

//! The error for a configuration that is rejected.
//!
//! A [`ConfigError`] consists of a location and a [`Fault`], and each fault has a remedy. The
//! display form is `location: fault; remedy`.

use core::fmt;

use super::{
    config_path::{ConfigPath, Step},
    fault::Fault,
    spelling::camel_case,
};

/// Why a configuration is rejected, and where the fault is.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigError(Box<Located>);

/// A fault and its location. [`ConfigError`] contains only a pointer, so that a `Result` is small.
#[derive(Clone, Debug, PartialEq)]
struct Located {
    location: ConfigPath,
    reason: Fault,
}

impl ConfigError {
    /// The location of the fault.
    #[must_use]
    pub const fn location(&self) -> &ConfigPath {
        &self.0.location
    }

    /// The fault.
    #[must_use]
    pub const fn reason(&self) -> &Fault {
        &self.0.reason
    }

    /// Displays the fault and its remedy without the location, for a caller that writes the
    /// location itself.
    pub fn without_location(&self) -> impl fmt::Display {
        fmt::from_fn(|formatter| write_fault(&self.0.reason, formatter))
    }

    /// Prepends the member `name` to the path of the error.
    pub(super) fn within(mut self, name: &str) -> Self {
        self.0.location.prepend(Step::Member(name.to_owned()));
        self
    }

    /// Prepends the element `index` to the path of the error.
    pub(super) fn within_index(mut self, index: usize) -> Self {
        self.0.location.prepend(Step::Element(index));
        self
    }

    /// Removes the quoted value from the error if a field for keys or secrets has the wrong type.
    /// The value may be key material.
    pub(super) fn without_secrets(mut self) -> Self {
        let secret = [
            "client_secrets",
            "local_jwks",
            "public_keys",
            "shared_secrets",
        ];
        let passes =
            |name: &&str| self.0.location.passes(name) || self.0.location.passes(&camel_case(name));
        if secret.iter().any(passes)
            && let Fault::WrongType { found, .. } = &mut self.0.reason
        {
            // In YAML, a secret without quotes may be a number.
            match found.as_bytes().first() {
                Some(b's') => "a string".clone_into(found),
                Some(b'0'..=b'9') => "a number".clone_into(found),
                _ => {}
            }
        }
        self
    }
}

impl From<Fault> for ConfigError {
    fn from(reason: Fault) -> Self {
        let location = ConfigPath::default();
        Self(Box::new(Located { location, reason }))
    }
}

/// Prepends a step to the path of the error in a result.
pub(super) trait At<T> {
    /// Prepends the step that leads to the member `name`.
    fn at(self, name: &str) -> Result<T, ConfigError>;
    /// Prepends the step that leads to the element `index`.
    fn at_index(self, index: usize) -> Result<T, ConfigError>;
}

impl<T, E: Into<ConfigError>> At<T> for Result<T, E> {
    fn at(self, name: &str) -> Result<T, ConfigError> {
        self.map_err(|error| error.into().within(name))
    }

    fn at_index(self, index: usize) -> Result<T, ConfigError> {
        self.map_err(|error| error.into().within_index(index))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Located { location, reason } = &*self.0;
        write!(formatter, "{location}: ")?;
        write_fault(reason, formatter)
    }
}

/// Writes a fault and its remedy.
fn write_fault(reason: &Fault, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(formatter, "{reason}")?;
    match reason {
        // These faults have no separate remedy: their messages already say what is expected.
        Fault::Json(_)
        | Fault::Keys(_)
        | Fault::Pem(_)
        | Fault::WrongForm { .. }
        | Fault::WrongType { .. } => Ok(()),
        reason => match reason.nearest() {
            Some(nearest) => write!(formatter, ", did you mean \"{nearest}\"?"),
            None => write!(formatter, "; {}", reason.remedy()),
        },
    }
}

impl core::error::Error for ConfigError {}

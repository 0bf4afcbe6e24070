//! Text that is passed on as it stands.

use core::{fmt, ops::Deref};
use std::sync::Arc;

/// Text that costs nothing to pass on again: a request that is decided like the one before needs
/// none of its headers copied.
#[derive(Clone)]
pub enum Text {
    /// Part of the program.
    Fixed(&'static str),
    /// Of the configuration, or of a token.
    Shared(Arc<str>),
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Shared(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

//! Text that is passed on unchanged.

use core::{fmt, ops::Deref};
use std::sync::Arc;

/// Text that is cheap to clone: if a request is decided like the one before it, no header is
/// copied.
#[derive(Clone)]
pub enum Text {
    /// Text that is part of the program.
    Fixed(&'static str),
    /// Text of the configuration or of a token.
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

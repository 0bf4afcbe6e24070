//! Names of headers.

use core::fmt;
use std::rc::Rc;

/// A header's name in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderName(Rc<str>);

/// Why a text is no header name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderNameError {
    /// It is empty.
    Empty,
    /// It holds a byte outside of RFC 9110 §5.6.2 `token`.
    InvalidByte,
}

impl HeaderName {
    /// Reads a header's name (RFC 9110 §5.1).
    ///
    /// # Errors
    /// When `name` is not a `token` of RFC 9110 §5.6.2.
    pub fn parse(name: &str) -> Result<Self, HeaderNameError> {
        if name.is_empty() {
            return Err(HeaderNameError::Empty);
        }
        if name.bytes().any(|byte| !is_token_byte(byte)) {
            return Err(HeaderNameError::InvalidByte);
        }
        Ok(Self(name.to_ascii_lowercase().into()))
    }

    /// The name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in lower case, to be shared.
    #[must_use]
    pub fn shared(&self) -> Rc<str> {
        Rc::clone(&self.0)
    }

    /// Whether `other` is this name for a server that folds `_` into `-`, as CGI and many
    /// frameworks do: a client's `x_user` would otherwise pass for our `x-user`.
    #[must_use]
    pub fn is_confusable_with(&self, other: &[u8]) -> bool {
        let fold = |byte: u8| {
            if byte == b'_' {
                b'-'
            } else {
                byte.to_ascii_lowercase()
            }
        };
        self.0.len() == other.len()
            && self
                .0
                .bytes()
                .zip(other)
                .all(|(own, theirs)| fold(own) == fold(*theirs))
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for HeaderNameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "a header name must not be empty",
            Self::InvalidByte => {
                "a header name holds only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 section 5.6.2)"
            }
        })
    }
}

impl core::error::Error for HeaderNameError {}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn folds_underscores_and_case() {
        let name = HeaderName::parse("X-User-Id").unwrap();
        for spoof in ["x-user-id", "X_USER_ID", "x-user_id"] {
            assert!(name.is_confusable_with(spoof.as_bytes()), "{spoof}");
        }
        for other in ["x-user-i", "x-user-idd", "x.user-id"] {
            assert!(!name.is_confusable_with(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn refuses_what_is_no_token() {
        for name in ["", ":path", "a b", "x\u{e9}", "a\r\nb"] {
            assert!(HeaderName::parse(name).is_err(), "{name:?}");
        }
    }
}

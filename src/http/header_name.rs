//! Header names.

use core::fmt;
use std::sync::Arc;

use super::confusable::are_confusable;

/// The headers that a provider must not set: `Host`, headers about the connection, and headers that
/// delimit messages (RFC 9110 §7.2, §7.6.1, §8.6).
const RESERVED: [&str; 13] = [
    "connection",
    "content-length",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// A header name in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderName(Arc<str>);

/// Why a string is not a valid header name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderNameError {
    /// The string is empty.
    Empty,
    /// The string has a byte that is not allowed in a header name (RFC 9110 §5.6.2).
    InvalidByte,
}

impl HeaderName {
    /// Parses a header name (RFC 9110 §5.1).
    ///
    /// # Errors
    /// If `name` is empty or has a byte that is not allowed in a header name (RFC 9110 §5.6.2).
    pub fn parse(name: &str) -> Result<Self, HeaderNameError> {
        if name.is_empty() {
            return Err(HeaderNameError::Empty);
        }
        if !is_token(name.as_bytes()) {
            return Err(HeaderNameError::InvalidByte);
        }
        Ok(Self(name.to_ascii_lowercase().into()))
    }

    /// The name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if a provider must not set this header. Such headers are `Host`, headers about
    /// the connection, headers that delimit messages, and all headers whose names some servers
    /// confuse with one of these.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        let mut reserved = RESERVED.iter();
        reserved.any(|reserved| self.is_confusable_with(reserved.as_bytes()))
    }

    /// The name in lower case, as a reference-counted string.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Returns true if some servers (CGI, WSGI) map `other` to the same environment variable as
    /// this name. Without this check, such a server would mistake a client's `x_user` or `x.user`
    /// for the `x-user` that Portcullis sets. A pseudo-header such as `:path` is never confusable,
    /// because no server maps it to a variable.
    #[must_use]
    pub fn is_confusable_with(&self, other: &[u8]) -> bool {
        are_confusable(self.0.as_bytes(), other) && other.first() != Some(&b':')
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
                "a header name may contain only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 \
                 section 5.6.2)"
            }
        })
    }
}

impl core::error::Error for HeaderNameError {}

/// Returns true if every octet is allowed in what RFC 9110 §5.6.2 calls a `token`, such as a header
/// name.
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    text.iter().all(|octet| is_token_byte(*octet))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn is_confusable_in_every_case_and_with_every_separator() {
        let name = HeaderName::parse("X-User-Id").unwrap();
        for spoof in [
            "x-user-id",
            "X_USER_ID",
            "x-user_id",
            "x.user+id",
            "x~user!id",
        ] {
            assert!(name.is_confusable_with(spoof.as_bytes()), "{spoof}");
        }
        for other in ["x-user-i", "x-user-idd", "x0user-id", "xuser-id"] {
            assert!(!name.is_confusable_with(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn is_never_confusable_with_a_pseudo_header() {
        let name = HeaderName::parse("-path").unwrap();
        assert!(!name.is_confusable_with(b":path"));
        assert!(name.is_confusable_with(b"_path"));
    }

    #[test]
    fn refuses_text_that_is_not_a_token() {
        for name in ["", ":path", "a b", "x\u{e9}", "a\r\nb"] {
            assert!(HeaderName::parse(name).is_err(), "{name:?}");
        }
    }
}

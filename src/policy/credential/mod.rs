//! Finds credentials in headers, query parameters and cookies.
//!
//! A provider's [`Places`] are the parts of a request where Portcullis looks for the provider's
//! tokens or client secrets. [`Places::find`] returns the credential in these places. A request
//! with several credentials is refused. Otherwise an attacker who can add a credential to a request
//! could make Portcullis check one credential while the upstream trusts the other (RFC 6750 §2).
//! For the same reason, the search includes headers and parameters whose names some servers confuse
//! with a configured name.

mod search;
mod syntax;
mod text;

use crate::http::HeaderName;

pub use self::text::TokenText;

/// The places in a request where Portcullis looks for a provider's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The headers.
    pub headers: Vec<HeaderPlace>,
    /// The names of the query parameters, without percent-encoding.
    pub params: Vec<String>,
    /// The cookies.
    pub cookies: Vec<String>,
}

/// A header that may hold a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderPlace {
    /// `Authorization: Basic` with a client's secret (RFC 7617 §2).
    Basic,
    /// `Authorization: Bearer`, parsed strictly (RFC 6750 §2.1).
    Bearer,
    /// Any other header, or `Authorization` with another prefix. As in `jwt_authn`, the prefix may
    /// be anywhere in the value, and the token follows the prefix.
    Prefixed {
        /// The header's name.
        name: HeaderName,
        /// The text before the token. The comparison is case-sensitive. If the prefix is empty, the
        /// whole value is the token.
        prefix: String,
    },
}

/// A token or client secret in a request, before it is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential<'a> {
    /// The token, or the text that follows the scheme `Basic`.
    pub token: TokenText<'a>,
    /// Where the credential is in the request.
    pub location: Location<'a>,
}

/// Omits the token, which may be a secret.
impl core::fmt::Debug for Credential<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut shown = formatter.debug_struct("Credential");
        shown
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

/// The location of a credential in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location<'a> {
    /// The header `Authorization`.
    Authorization,
    /// The cookie with this name.
    Cookie(&'a str),
    /// The header with this name.
    Header(&'a HeaderName),
    /// A header whose name some servers confuse with a configured name. The value of this variant
    /// is the name as it was sent in the request.
    HeaderTwin(&'a str),
    /// The query parameter with this name. The name is still percent-encoded, as in the request.
    Query(&'a str),
}

/// Why a request's credentials cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// The credential is not UTF-8, or does not have the form of `Bearer` (RFC 6750 §2.1) or
    /// `Basic` (RFC 7617 §2).
    Malformed,
    /// The request has several credentials, or the same credential in several places (RFC 6750 §2
    /// and §3.1).
    Several,
}

impl Places {
    /// The places that `jwt_authn` reads by default: `Authorization: Bearer`, then the query
    /// parameter `access_token`.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            headers: vec![HeaderPlace::Bearer],
            params: vec!["access_token".to_owned()],
            cookies: vec![],
        }
    }

    /// The only place for a client's secret: `Authorization: Basic`.
    #[must_use]
    pub fn of_secrets() -> Self {
        Self {
            headers: vec![HeaderPlace::Basic],
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests;

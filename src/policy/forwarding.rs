//! Headers that carry verified claims to the upstream.

use crate::{http::HeaderName, jose::ClaimPath, policy::IdentityTemplate};

/// The header that carries the verified payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadHeader {
    /// The header's name.
    pub name: HeaderName,
    /// True if the value has `=` padding.
    pub padded: bool,
}

/// A header that carries one verified claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The header's name.
    pub name: HeaderName,
    /// The claim.
    pub claim: ClaimPath,
}

/// The header that carries the caller's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityHeader {
    /// The header's name.
    pub name: HeaderName,
    /// The template of the header's value.
    pub template: IdentityTemplate,
}

//! Headers that carry verified claims to the upstream.

use crate::{http::HeaderName, jose::ClaimPath, policy::IdentityTemplate};

/// Header that carries the verified payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadHeader {
    /// The header.
    pub name: HeaderName,
    /// With `=` padding.
    pub padded: bool,
}

/// Header that carries one verified claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The header.
    pub name: HeaderName,
    /// The claim.
    pub claim: ClaimPath,
}

/// Header that says who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityHeader {
    /// The header.
    pub name: HeaderName,
    /// What it says.
    pub template: IdentityTemplate,
}

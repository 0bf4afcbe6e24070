//! A protected resource (RFC 9728): the URL that clients send when they request tokens for the
//! resource, and the metadata that the operator publishes about the resource.

use super::{Case, ResourceUrl};

/// The scope with which a client requests refresh tokens. This scope grants no right at a resource,
/// so neither metadata nor challenges contain it.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// A protected resource.
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    /// The URL that identifies the resource.
    pub url: ResourceUrl,
    /// The identifiers of all other resources. An audience in this list does not make a token valid
    /// for this resource, even if the token's provider accepts the audience.
    pub other_identifiers: Vec<String>,
    /// Whether the case of letters matters when a request's path is compared with the resource's
    /// path. If a rule for a path below the resource ignores case, the resource must do so too.
    pub case: Case,
    /// True if requests may leave out the final slash of this resource's path. Many servers treat
    /// the paths with and without the slash alike, so this is false only if the path without the
    /// slash is the path of another resource.
    pub takes_bare_path: bool,
    /// True if no other resource has this host. The metadata of this resource is then also served
    /// at the well-known path alone, without the resource's path appended.
    pub owns_host: bool,
    /// True if a challenge with status 401 names the scopes that the matching rule requires.
    pub challenge_scope: bool,
    /// The origins whose web pages may send requests. `None` allows any origin.
    pub allowed_origins: Option<Vec<String>>,
    /// What happens to MCP calls that use a protocol revision older than 2026-07-28.
    pub mcp_legacy: McpLegacy,
    /// The metadata of the resource.
    pub metadata: ResourceMetadata,
}

/// How to treat an MCP call that uses a protocol revision older than 2026-07-28. These revisions do
/// not require servers to compare headers with the body, so the headers do not prove which tool is
/// called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum McpLegacy {
    /// Refuse the call.
    #[default]
    Deny,
    /// Let the call pass only if it satisfies every rule for MCP calls at the request's path.
    Union,
}

/// The metadata of a resource (RFC 9728 section 2). Empty lists are left out of the published
/// document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceMetadata {
    /// The issuers of tokens for the resource.
    pub authorization_servers: Vec<String>,
    /// The scopes that the rules for the resource require.
    pub scopes_supported: Vec<String>,
    /// The ways in which clients can send a token (`header`, `query`).
    pub bearer_methods: Vec<&'static str>,
    /// True if only tokens that are bound to a client certificate are accepted (RFC 8705).
    pub requires_certificate: bool,
    /// The human-readable name of the resource.
    pub name: Option<String>,
    /// The URL of the documentation for developers.
    pub documentation: Option<String>,
    /// The URL of the policy on how clients may use the resource's data.
    pub policy_uri: Option<String>,
    /// The URL of the terms of service.
    pub tos_uri: Option<String>,
}

impl ProtectedResource {
    /// Returns true if requests with this authority and path are for the resource.
    #[must_use]
    pub fn is_above(&self, authority: &str, path: &str) -> bool {
        self.url.is_at(authority) && self.is_above_path(path)
    }

    /// Returns true if requests with this path are for the resource, provided that they are sent to
    /// the resource's host.
    #[must_use]
    pub fn is_above_path(&self, path: &str) -> bool {
        self.url.is_above(path, self.case)
            || (self.takes_bare_path && self.url.is_bare_path(path, self.case))
    }

    /// Returns true if the resource's metadata is served at this authority and path.
    #[must_use]
    pub fn has_metadata_at(&self, authority: &str, path: &str) -> bool {
        let is_own_path =
            self.url.is_metadata_path(path) || (self.owns_host && path == super::WELL_KNOWN);
        is_own_path && self.url.is_at(authority)
    }

    /// Returns true if web pages of this origin may send requests.
    #[must_use]
    pub fn allows_origin(&self, origin: &[u8]) -> bool {
        self.allowed_origins.as_ref().is_none_or(|allowed| {
            let is_allowed = |own: &String| own.as_bytes().eq_ignore_ascii_case(origin);
            allowed.iter().any(is_allowed)
        })
    }

    /// Returns true if a token with this audience may be used at this resource. `accepts` returns
    /// true if the token's provider accepts an audience.
    #[must_use]
    pub fn admits_audience(&self, audience: &str, accepts: impl FnOnce(&str) -> bool) -> bool {
        audience == self.url.identifier()
            || (accepts(audience) && self.other_identifiers.iter().all(|other| other != audience))
    }
}

//! The JSON form of `protected_resources`.

use super::object::{choice, object};

object! {
    /// An entry of `protected_resources`.
    #[derive(Debug)]
    pub(in crate::config) struct RawProtectedResource {
        /// Origins whose web pages may send requests, such as `https://app.example.com`. A request with another
        /// `Origin` gets 403. If this field is absent, every origin is allowed; an empty list allows none.
        allowed_origins !null: Option<Vec<String>>,
        /// Issuers of tokens for the resource. Default: the issuers of the providers that the rules for the resource
        /// require.
        authorization_servers: Option<Vec<String>>,
        /// Makes challenges with status 401 name the scopes that the rule requires.
        challenge_scope: Option<bool> = true,
        /// How calls of MCP clients to the resource are treated.
        mcp: Option<RawMcpClients>,
        /// URL that identifies the resource: `https` (`http` only for loopback hosts), without a query or fragment.
        resource: String,
        /// URL of a page for developers.
        resource_documentation: Option<String>,
        /// Name of the resource for people; at most 256 characters.
        resource_name: Option<String>,
        /// URL of a page that says how the resource's data may be used.
        resource_policy_uri: Option<String>,
        /// URL of the terms of service.
        resource_tos_uri: Option<String>,
        /// Scopes to publish. Default: the scopes that the rules for the resource require. `[]` publishes no scopes.
        scopes_supported: Option<Vec<String>>,
    }
}

object! {
    /// The value of `protected_resources[].mcp`.
    #[derive(Debug)]
    pub(in crate::config) struct RawMcpClients {
        /// What happens to calls of an MCP revision before 2026-07-28. The headers of such a call do not name its tool.
        legacy: Option<RawMcpLegacy> = "deny",
    }
}

choice! {
    /// The value of `protected_resources[].mcp.legacy`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawMcpLegacy {
        Deny = "deny",
        Union = "union",
    }
}

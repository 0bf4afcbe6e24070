//! The JSON form of `protected_resources`.

use super::object::{choice, object};
use crate::policy::McpLegacy;

object! {
    /// An entry of `protected_resources`.
    #[derive(Debug)]
    pub(in crate::config) struct RawProtectedResource {
        /// Origins whose web pages may send requests, such as `https://app.example.com`. A request with another
        /// `Origin` gets 403. If this field is absent, every origin is allowed; an empty list allows none.
        allowed_origins !null: Option<Vec<String>>,
        /// Issuers of tokens for the resource. Default: the issuers of all providers that are named in rules for the
        /// resource.
        authorization_servers: Option<Vec<String>>,
        /// Lists the rule's scopes in the challenge of a 401 response.
        challenge_scope: Option<bool> = true,
        /// Settings for clients that make MCP calls to the resource.
        mcp: Option<RawMcpClients>,
        /// URL that identifies the resource: `https` (`http` only for loopback hosts), without a query or fragment.
        resource: String,
        /// URL of a page for developers.
        resource_documentation: Option<String>,
        /// Name of the resource to show to users; at most 256 characters.
        resource_name: Option<String>,
        /// URL of a page that says how the resource's data may be used.
        resource_policy_uri: Option<String>,
        /// URL of the terms of service.
        resource_tos_uri: Option<String>,
        /// Scopes to list in the metadata. Default: the scopes that the rules for the resource require. `[]` lists no
        /// scopes.
        scopes_supported: Option<Vec<String>>,
    }
}

object! {
    /// The value of `protected_resources[].mcp`.
    #[derive(Debug)]
    pub(in crate::config) struct RawMcpClients {
        /// What happens to MCP calls with a protocol revision before 2026-07-28. The headers of such a call do not name
        /// the tool.
        legacy: Option<McpLegacy> = "deny",
    }
}

choice! { for McpLegacy { Deny = "deny", Union = "union", } }

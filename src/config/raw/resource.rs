//! The JSON form of `protected_resources`.

use super::object::object;

object! {
    /// `protected_resources[]`.
    #[derive(Debug)]
    pub(in crate::config) struct RawProtectedResource {
        /// Origins whose pages may send requests, such as `https://app.example.com`. A request with another
        /// `Origin` gets 403. Without this field, every origin may; with an empty list, none may.
        allowed_origins: Option<Vec<String>>,
        /// Issuers of tokens for the resource, instead of those of the providers that rules below it require.
        authorization_servers: Option<Vec<String>>,
        /// Whether challenges with status 401 name the scopes of the rule.
        challenge_scope: Option<bool> = true,
        /// URL that identifies the resource: `https` (`http` only for loopback hosts), without query and fragment.
        resource: String,
        /// URL of a page for developers.
        resource_documentation: Option<String>,
        /// Name of the resource for people; at most 256 characters.
        resource_name: Option<String>,
        /// URL of a page on how data may be used.
        resource_policy_uri: Option<String>,
        /// URL of the terms of service.
        resource_tos_uri: Option<String>,
        /// Scopes to publish, instead of those that rules below the resource require. `[]` publishes none.
        scopes_supported: Option<Vec<String>>,
    }
}

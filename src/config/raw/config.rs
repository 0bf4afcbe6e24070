//! The JSON form of the whole configuration.

use super::{
    Named, RawDuration, RawSwitch,
    certificate::RawClientCertificate,
    keys::RawSecret,
    object::{choice, object},
    provider::RawEntry,
    resource::RawProtectedResource,
    rule::{RawFilterStateRules, RawRequirement, RawRule, RawStatus},
};

object! {
    /// The whole configuration.
    #[derive(Debug)]
    pub(in crate::config) struct RawConfig {
        /// Lets CORS preflight requests pass without a token.
        bypass_cors_preflight | camelCase: Option<bool> = false,
        /// Where the client's certificate comes from, for tokens that are bound to a certificate (RFC 8705).
        client_certificate !null: Option<RawClientCertificate>,
        /// Requirements for requests that no rule matches. A value in the filter state selects the requirement.
        filter_state_rules | camelCase !null: Option<RawFilterStateRules>,
        /// Limits for each worker.
        limits: Option<RawLimits>,
        /// Namespace of the dynamic metadata that the dynamic module writes for other filters. The proxy-wasm module
        /// writes no metadata. Default: `portcullis`; at most 128 characters.
        metadata_namespace: Option<String>,
        /// What happens to denied requests. `enforce` refuses them. `shadow` only records the decision and lets them
        /// pass. But `shadow` still refuses ambiguous paths, methods, authorities and headers, and paths longer than
        /// `limits.path_bytes`.
        mode: Option<RawMode> = "enforce",
        /// What happens to a request with an ambiguous path, method or authority, or with an ambiguous header or query
        /// parameter that a condition uses. Ambiguous means that servers could read it in different ways. `reject`
        /// answers 400. With `raw`, rules are compared with the request as it was sent.
        path_policy: Option<RawPathPolicy> = "reject",
        /// Name of this configuration, which must not change when the configuration is updated; at most 128 characters.
        /// After an update, connections that are still open use the old configuration. With a `policy_id`, the old
        /// configuration also refuses what the newest one refuses by `revoked`, `enabled: false` or `client_secrets`.
        policy_id !null: Option<String>,
        /// Resources for which clients request tokens, by URL (RFC 9728). Portcullis serves the metadata of each
        /// resource, gives the URL of the metadata in challenges, and refuses tokens for other resources.
        protected_resources !null: Option<Vec<RawProtectedResource>>,
        /// The authorization servers, by name. A name has 1 to 64 letters, digits, `_`, `.`, `-`.
        providers: Option<Named<RawEntry>>,
        /// Realm of every challenge. Printable ASCII without `"` and `\`; at most 64 characters.
        realm: Option<String> = "api",
        /// Requirements, by name. Rules and routes refer to them by `requirement_name`.
        requirement_map | camelCase: Option<Named<RawRequirement>>,
        /// With `on`, the policy of the route is looked up for every request. With `off`, each worker looks it up for
        /// about one request a second, so the policy of a rarely used route can be missed.
        route_policies: Option<RawSwitch> = "on",
        /// The rules, in order. The first rule whose `match` holds decides.
        rules !null: Option<Vec<RawRule>>,
        /// For each scope, the scopes that it includes. A token with the broader scope also has the included scopes.
        scope_implies: Option<Named<Vec<String>>>,
        /// Secret of at least 32 random octets, in base64url, the same for all workers. It authenticates two things in
        /// the memory that modules with the same `vm_id` share: the fetched keys, and the record of which
        /// configuration with a `policy_id` is the newest.
        shared_memory_key !null: Option<RawSecret>,
        /// Who verifies signatures. `host` is native cryptography: Envoy's own, or AWS-LC in the dynamic module.
        /// `module` is Portcullis itself. `auto` uses the host if it passes a self-test, otherwise the module.
        signature_backend: Option<RawSignatureBackend> = "auto",
        /// Part of the name of every metric. Letters, digits, `_`, `.`, `-`; at most 64 characters.
        stat_prefix | camelCase: Option<String>,
        /// Status page for operators, which shows the state of each authorization server.
        status: Option<RawStatus>,
        /// Sends refusals without a body and without a challenge.
        strip_failure_response | camelCase: Option<bool> = false,
        /// The decision for a request that matches neither `rules` nor `filter_state_rules`. `deny` answers 401 if the
        /// request has no credentials, otherwise 403.
        unmatched: Option<RawUnmatched> = "deny",
    }
}

object! {
    /// The value of `limits`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) struct RawLimits {
        /// Maximum length of a header value made from claims, in bytes: 1 to 1048576.
        header_value_bytes: Option<u64> = 8192,
        /// Maximum length of a JWK set, fetched or configured, in bytes: 1 to 16777216.
        jwks_bytes: Option<u64> = 262144,
        /// Maximum number of keys in a JWK set: 1 to 1024.
        jwks_keys: Option<u64> = 64,
        /// Maximum time that a request waits for keys: more than 0, at most 60 s.
        park_timeout: Option<RawDuration> = "5s",
        /// Maximum number of requests that wait for keys at the same time: 1 to 65536. Further requests get 503.
        parked_requests: Option<u64> = 256,
        /// Maximum length of a path, without the query, in bytes: 1 to 1048576. A request with a longer path gets 414.
        path_bytes: Option<u64> = 8192,
        /// Maximum length of a token, in bytes: 1 to 1048576.
        token_bytes: Option<u64> = 8192,
    }
}

choice! {
    /// The value of `mode`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawMode {
        Enforce = "enforce",
        Shadow = "shadow",
    }
}

choice! {
    /// The value of `path_policy`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawPathPolicy {
        Raw = "raw",
        Reject = "reject",
    }
}

choice! {
    /// The value of `signature_backend`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawSignatureBackend {
        Auto = "auto",
        Host = "host",
        Module = "module",
    }
}

choice! {
    /// The value of `unmatched`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawUnmatched {
        Allow = "allow",
        Deny = "deny",
    }
}

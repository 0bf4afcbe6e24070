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
        /// Where the client's certificate comes from, for tokens that are bound to one (RFC 8705).
        client_certificate: Option<RawClientCertificate>,
        /// Requirements by a value in the filter state, for requests that no rule matches.
        filter_state_rules | camelCase: Option<RawFilterStateRules>,
        /// Bounds for each worker.
        limits: Option<RawLimits>,
        /// Namespace of the dynamic metadata that the dynamic module writes for other filters. The proxy-wasm module
        /// writes none. `portcullis` by default; at most 128 characters.
        metadata_namespace: Option<String>,
        /// Whether decisions block. `shadow` decides and records but does not block; ambiguous paths, methods,
        /// authorities and headers are still refused.
        mode: Option<RawMode> = "enforce",
        /// How to treat a request that servers could read in different ways: its path, method or authority, or a
        /// header or query parameter that a condition reads. `reject` answers 400; with `raw`, rules see the request
        /// as it came.
        path_policy: Option<RawPathPolicy> = "reject",
        /// Name of this policy across its updates; at most 128 characters. Connections that outlive an update then
        /// also refuse what the newest configuration with this name refuses by `revoked`, `enabled: false` or
        /// `client_secrets`.
        policy_id: Option<String>,
        /// URLs that clients name when they ask for tokens (RFC 9728). Their metadata is served, challenges lead to
        /// it, and tokens for other resources are refused.
        protected_resources: Option<Vec<RawProtectedResource>>,
        /// The authorization servers, by name. A name has 1 to 64 letters, digits, `_`, `.`, `-`.
        providers: Option<Named<RawEntry>>,
        /// Realm of every challenge. Printable ASCII without `"` and `\`; at most 64 characters.
        realm: Option<String> = "api",
        /// Requirements that rules and routes name by `requirement_name`.
        requirement_map | camelCase: Option<Named<RawRequirement>>,
        /// Whether every request asks for its route's own policy. With `off`, about one request a second in each
        /// worker asks, so the policy of a route that is rarely used can be missed.
        route_policies: Option<RawSwitch> = "on",
        /// The rules, in order. The first one whose `match` holds decides.
        rules: Option<Vec<RawRule>>,
        /// For each scope, the scopes that it includes: a token with the broader scope grants the narrower ones.
        scope_implies: Option<Named<Vec<String>>>,
        /// Secret of 32 random octets or more in base64url, the same for all workers. It authenticates two things in
        /// the memory that modules of the proxy with the same `vm_id` share: fetched keys, and which configuration of
        /// a `policy_id` is the newest.
        shared_memory_key: Option<RawSecret>,
        /// What verifies signatures. `host` is native cryptography: Envoy's own, or AWS-LC in the dynamic module.
        /// `module` is Portcullis itself, and `auto` is the host if it passes a self-test, else the module.
        signature_backend: Option<RawSignatureBackend> = "auto",
        /// Part of the name of every metric. Letters, digits, `_`, `.`, `-`; at most 64.
        stat_prefix | camelCase: Option<String>,
        /// Status page for operators: the state of each authorization server.
        status: Option<RawStatus>,
        /// Sends refusals without body and challenge.
        strip_failure_response | camelCase: Option<bool> = false,
        /// The decision for a request that matches neither `rules` nor `filter_state_rules`. `deny` answers 401
        /// without credentials, 403 with credentials.
        unmatched: Option<RawUnmatched> = "deny",
    }
}

object! {
    /// `limits`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) struct RawLimits {
        /// Longest value of a header made from claims, in bytes: 1 to 1048576.
        header_value_bytes: Option<u64> = 8192,
        /// Longest JWK set, fetched or configured, in bytes: 1 to 16777216.
        jwks_bytes: Option<u64> = 262144,
        /// Most keys in one JWK set: 1 to 1024.
        jwks_keys: Option<u64> = 64,
        /// Longest wait for keys: over 0, at most 60 s.
        park_timeout: Option<RawDuration> = "5s",
        /// Most requests that wait for keys at a time: 1 to 65536. Another one gets 503.
        parked_requests: Option<u64> = 256,
        /// Longest path, without query, in bytes: 1 to 1048576. A longer one gets 414.
        path_bytes: Option<u64> = 8192,
        /// Longest token, in bytes: 1 to 1048576.
        token_bytes: Option<u64> = 8192,
    }
}

choice! {
    /// `mode`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawMode {
        Enforce = "enforce",
        Shadow = "shadow",
    }
}

choice! {
    /// `path_policy`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawPathPolicy {
        Raw = "raw",
        Reject = "reject",
    }
}

choice! {
    /// `signature_backend`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawSignatureBackend {
        Auto = "auto",
        Host = "host",
        Module = "module",
    }
}

choice! {
    /// `unmatched`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawUnmatched {
        Allow = "allow",
        Deny = "deny",
    }
}

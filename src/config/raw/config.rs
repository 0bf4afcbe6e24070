//! The whole configuration as it is written.

use super::{
    Named, RawDuration, RawSwitch,
    keys::RawSecret,
    object::{choice, object},
    provider::RawEntry,
    rule::{RawFilterStateRules, RawRequirement, RawRule, RawStatus},
};

object! {
    /// The whole configuration.
    #[derive(Debug)]
    pub(in crate::config) struct RawConfig {
        /// CORS preflight requests pass without a token.
        bypass_cors_preflight | camelCase: Option<bool> = false,
        /// Requirements by a value in the filter state, for requests that no rule matches.
        filter_state_rules | camelCase: Option<RawFilterStateRules>,
        /// Bounds that hold per worker.
        limits: Option<RawLimits>,
        /// `shadow` decides and records but does not block; ambiguous paths are still refused.
        mode: Option<RawMode> = "enforce",
        /// `reject` answers 400 to a path, method or authority that two parties could read in different ways; `raw`
        /// matches them as they came.
        path_policy: Option<RawPathPolicy> = "reject",
        /// Names this policy across its updates: at most 128 characters. A configuration that still serves open
        /// connections then refuses what the newest one with the same name refuses by `revoked`,
        /// `enabled: false` or `client_secrets`.
        policy_id: Option<String>,
        /// The authorization servers, by name: 1 to 64 letters, digits, `_`, `.`, `-`.
        providers: Option<Named<RawEntry>>,
        /// The realm of every challenge: printable ASCII without `"` and `\`, at most 64 characters.
        realm: Option<String> = "api",
        /// Requirements that rules and routes name by `requirement_name`.
        requirement_map | camelCase: Option<Named<RawRequirement>>,
        /// Whether every request asks for its route's own policy. `off` asks about one request a second in each
        /// worker, and can miss the policy of a route that is rarely used.
        route_policies: Option<RawSwitch> = "on",
        /// In order; the first whose `match` holds decides.
        rules: Option<Vec<RawRule>>,
        /// Authenticates the fetched keys, and which configuration of a `policy_id` is the newest, in the memory
        /// that modules of the proxy with the same `vm_id` share: a secret of 32 random octets or more in base64url, the same for all workers.
        shared_memory_key: Option<RawSecret>,
        /// Who verifies RS* and ES* signatures: the `host` is Envoy with its own cryptography, the `module` does
        /// it itself, `auto` is the host where it passes a trial.
        signature_backend: Option<RawSignatureBackend> = "auto",
        /// Goes into the name of every metric: letters, digits, `_`, `.`, `-`, at most 64.
        stat_prefix | camelCase: Option<String>,
        /// A path that shows operators how the authorization servers stand.
        status: Option<RawStatus>,
        /// Refusals carry neither body nor challenge.
        strip_failure_response | camelCase: Option<bool> = false,
        /// What happens to a request that no rule matches. Denied: 401 without credentials, 403 with.
        unmatched: Option<RawUnmatched> = "deny",
    }
}

object! {
    /// `limits`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) struct RawLimits {
        /// Longest value of a header made from claims: 1 to 1048576.
        header_value_bytes: Option<u64> = 8192,
        /// Longest JWK set, fetched or written: 1 to 16777216.
        jwks_bytes: Option<u64> = 262144,
        /// Most keys in one JWK set: 1 to 1024.
        jwks_keys: Option<u64> = 64,
        /// Longest wait for keys: over 0 to 60 s.
        park_timeout: Option<RawDuration> = "5s",
        /// Most requests that wait for keys at one time, 1 to 65536; one more is answered 503.
        parked_requests: Option<u64> = 256,
        /// Longest path, without query: 1 to 1048576; longer ones are answered 414.
        path_bytes: Option<u64> = 8192,
        /// Longest token: 1 to 1048576.
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

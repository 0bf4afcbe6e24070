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
use crate::{
    policy::{Mode, PathPolicy, Unmatched},
    verification::SignatureBackend,
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
        /// Limits on lengths, on the number of keys, and on the requests that wait in each worker.
        limits: Option<RawLimits>,
        /// Namespace of the dynamic metadata that the dynamic module writes for other filters. The proxy-wasm module
        /// writes no metadata. Default: `portcullis`; at most 128 characters.
        metadata_namespace: Option<String>,
        /// What happens to denied requests. `enforce` refuses them. `shadow` lets them pass and only records the
        /// decision. But `shadow` still refuses requests with an ambiguous path, method, authority or header, or with a
        /// path, header or query parameter that is too long (`limits.path_bytes`).
        mode: Option<Mode> = "enforce",
        /// What happens to a request with an ambiguous path, method or authority, or with an ambiguous header or query
        /// parameter that a condition uses. A part of a request is ambiguous if servers could read it in different
        /// ways. `reject` answers 400. With `raw`, rules see the request as the client sent it.
        path_policy: Option<PathPolicy> = "reject",
        /// Name of this configuration; at most 128 characters. Keep the name when you update the configuration. After
        /// an update, connections that are still open use the old configuration. With a `policy_id`, the old
        /// configuration also refuses a request if the newest configuration would refuse it because of `revoked`,
        /// `enabled: false` or `client_secrets`.
        policy_id !null: Option<String>,
        /// Protected resources (RFC 9728). Clients name the URL of a resource when they request a token. Portcullis
        /// serves the metadata of each resource, and its challenges contain the URL of the metadata. For requests to a
        /// resource, Portcullis refuses tokens for other resources.
        protected_resources !null: Option<Vec<RawProtectedResource>>,
        /// The authorization servers, by name. A name has 1 to 64 letters, digits, `_`, `.`, `-`.
        providers: Option<Named<RawEntry>>,
        /// Realm of every challenge. Printable ASCII without `"` and `\`; at most 64 characters.
        realm: Option<String> = "api",
        /// Requirements, by name. Rules and routes refer to them by `requirement_name`.
        requirement_map | camelCase: Option<Named<RawRequirement>>,
        /// With `on`, Portcullis looks up the policy of the route for every request. With `off`, each worker looks up
        /// the policy for about one request per second, so it can miss the policy of a rarely used route.
        route_policies: Option<RawSwitch> = "on",
        /// The rules, in order. The first rule whose `match` holds decides.
        rules !null: Option<Vec<RawRule>>,
        /// For each scope, the scopes that it includes. A token with such a scope also has the included scopes.
        scope_implies: Option<Named<Vec<String>>>,
        /// Secret of at least 32 random octets, in base64url. It must be the same for all workers. Modules with the
        /// same `vm_id` share memory. The secret authenticates what Portcullis stores in this memory: the fetched keys,
        /// and which configuration with a given `policy_id` is the newest.
        shared_memory_key !null: Option<RawSecret>,
        /// Code that verifies signatures. `host` is native cryptography: Envoy's in the proxy-wasm module, AWS-LC in
        /// the dynamic module. `module` is Portcullis itself. `auto` means `host` if the native cryptography passes a
        /// self-test, otherwise `module`.
        signature_backend: Option<SignatureBackend> = "auto",
        /// Part of the name of every metric. Letters, digits, `_`, `.`, `-`; at most 64 characters.
        stat_prefix | camelCase: Option<String>,
        /// Status page for operators, which shows the state of each authorization server.
        status: Option<RawStatus>,
        /// Sends refusals without a body and without a challenge.
        strip_failure_response | camelCase: Option<bool> = false,
        /// The decision for a request that matches neither `rules` nor `filter_state_rules`. `deny` answers 401 if the
        /// request has no credentials, otherwise 403.
        unmatched: Option<Unmatched> = "deny",
    }
}

object! {
    /// The value of `limits`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) struct RawLimits {
        /// Maximum length of a header value that is made from claims, in bytes: 1 to 1048576.
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
        /// Also the maximum length of any other text to which a rule's regular expression is applied.
        path_bytes: Option<u64> = 8192,
        /// Maximum length of a token, in bytes: 1 to 1048576.
        token_bytes: Option<u64> = 8192,
    }
}

choice! { for Mode { Enforce = "enforce", Shadow = "shadow", } }
choice! { for PathPolicy { Raw = "raw", Reject = "reject", } }
choice! { for SignatureBackend { Auto = "auto", Host = "host", Module = "module", } }
choice! { for Unmatched { Allow = "allow", Deny = "deny", } }

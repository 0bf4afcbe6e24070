//! The configuration's JSON, as it is written.
//!
//! Types of this module have the names and shapes that the operator writes and nothing else: every
//! field may be absent, nothing refers to anything, no value has been judged. Each type is declared
//! by [`object!`](object) or [`choice!`](object), which make its [`Read`]; a name that a type does not
//! have is refused, with a look into [`unavailable`] for names that other versions or `jwt_authn` have.
//!
//! Names that `jwt_authn` has are also read in the lowerCamelCase of protobuf JSON.

mod duration;
mod object;
mod preset;
mod provider;
mod rule;
mod scalar;
mod unavailable;
mod value;

use self::object::{choice, object};
pub use self::preset::Preset;
pub(super) use self::{
    duration::Milliseconds,
    preset::fill_in,
    provider::{
        RawAsyncFetch, RawCache, RawClaimHeader, RawClaimRequirement, RawClient, RawClientSecrets,
        RawDataSource, RawDiscovery, RawHttpUri, RawIdentityHeader, RawJwkAlgorithm, RawJwtHeader,
        RawKeyIssuer, RawNormalizePayload, RawProvider, RawPublicKeys, RawRemoteJwks,
        RawRetryPolicy, RawRevocation, RawSharedSecret, RawStructuredScopes,
    },
    rule::{
        RawAuthorize, RawFilterStateRules, RawHeaderMatcher, RawMatch, RawQueryMatcher, RawRange,
        RawRegex, RawRequirement, RawRequirements, RawRoutePolicy, RawRule, RawStringMatcher,
        RawWords,
    },
    scalar::{ClaimName, Integer, PointInTime, Scalar},
    unavailable::absence,
    value::{Named, Read},
};

object! {
    /// The whole configuration.
    #[derive(Debug)]
    pub(super) struct RawConfig {
        bypass_cors_preflight | "bypassCorsPreflight": Option<bool>,
        filter_state_rules | "filterStateRules": Option<RawFilterStateRules>,
        limits: Option<RawLimits>,
        mode: Option<RawMode>,
        path_policy: Option<RawPathPolicy>,
        providers: Option<Named<RawProvider>>,
        realm: Option<String>,
        requirement_map | "requirementMap": Option<Named<RawRequirement>>,
        rules: Option<Vec<RawRule>>,
        signature_backend: Option<RawSignatureBackend>,
        stat_prefix | "statPrefix": Option<String>,
        strip_failure_response | "stripFailureResponse": Option<bool>,
        unmatched: Option<RawUnmatched>,
    }
}

object! {
    /// `limits`.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct RawLimits {
        header_value_bytes: Option<u64>,
        jwks_bytes: Option<u64>,
        jwks_keys: Option<u64>,
        park_timeout: Option<Milliseconds>,
        parked_requests: Option<u64>,
        token_bytes: Option<u64>,
    }
}

choice! {
    /// `mode`.
    #[derive(Clone, Copy, Debug)]
    pub(super) enum RawMode {
        Enforce = "enforce",
        Shadow = "shadow",
    }
}

choice! {
    /// `path_policy`.
    #[derive(Clone, Copy, Debug)]
    pub(super) enum RawPathPolicy {
        Raw = "raw",
        Reject = "reject",
    }
}

choice! {
    /// `signature_backend`.
    #[derive(Clone, Copy, Debug)]
    pub(super) enum RawSignatureBackend {
        Auto = "auto",
        Host = "host",
        Module = "module",
    }
}

choice! {
    /// `unmatched`.
    #[derive(Clone, Copy, Debug)]
    pub(super) enum RawUnmatched {
        Allow = "allow",
        Deny = "deny",
    }
}

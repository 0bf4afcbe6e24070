//! The configuration's JSON, as it is written.
//!
//! Types of this module have the names and shapes that the operator writes and nothing else: every
//! field may be absent, nothing refers to anything, no value has been judged. Each type is read by
//! `serde` through [`value::Node`]; a name that a type does not have is refused, with a look into
//! [`unavailable`] for names that other versions or `jwt_authn` have.
//!
//! Names that `jwt_authn` has are also read in the lowerCamelCase of protobuf JSON.

mod duration;
mod provider;
mod rule;
mod scalar;
mod unavailable;
mod value;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(super) use self::{
    duration::Milliseconds,
    provider::{
        RawAsyncFetch, RawCache, RawClaimHeader, RawClaimRequirement, RawDataSource, RawDiscovery,
        RawExports, RawHttpUri, RawJwkAlgorithm, RawJwtHeader, RawKeyIssuer, RawNormalizePayload,
        RawProvider, RawPublicKeys, RawRemoteJwks, RawRetryPolicy, RawSharedSecret,
    },
    rule::{
        RawAuthorize, RawFilterStateRules, RawHeaderMatcher, RawMatch, RawQueryMatcher, RawRange,
        RawRegex, RawRequirement, RawRequirements, RawRoutePolicy, RawRule, RawStringMatcher,
        RawWords,
    },
    scalar::{ClaimName, Integer, Scalar},
    unavailable::absence,
    value::read,
};

/// The whole configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(super) struct RawConfig {
    #[serde(alias = "bypassCorsPreflight")]
    pub(super) bypass_cors_preflight: Option<bool>,
    #[serde(alias = "filterStateRules")]
    pub(super) filter_state_rules: Option<RawFilterStateRules>,
    pub(super) limits: Option<RawLimits>,
    pub(super) mode: Option<RawMode>,
    pub(super) path_policy: Option<RawPathPolicy>,
    pub(super) providers: Option<BTreeMap<String, RawProvider>>,
    pub(super) realm: Option<String>,
    #[serde(alias = "requirementMap")]
    pub(super) requirement_map: Option<BTreeMap<String, RawRequirement>>,
    pub(super) rules: Option<Vec<RawRule>>,
    pub(super) signature_backend: Option<RawSignatureBackend>,
    #[serde(alias = "statPrefix")]
    pub(super) stat_prefix: Option<String>,
    #[serde(alias = "stripFailureResponse")]
    pub(super) strip_failure_response: Option<bool>,
    pub(super) unmatched: Option<RawUnmatched>,
}

/// `limits`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(super) struct RawLimits {
    pub(super) header_value_bytes: Option<u64>,
    pub(super) jwks_bytes: Option<u64>,
    pub(super) jwks_keys: Option<u64>,
    pub(super) park_timeout: Option<Milliseconds>,
    pub(super) parked_requests: Option<u64>,
    pub(super) token_bytes: Option<u64>,
}

/// `mode`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawMode {
    Enforce,
    Shadow,
}

/// `path_policy`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawPathPolicy {
    Raw,
    Reject,
}

/// `signature_backend`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawSignatureBackend {
    Auto,
    Host,
    Module,
}

/// `unmatched`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawUnmatched {
    Allow,
    Deny,
}

//! The configuration, as types that cannot hold an invalid one.
//!
//! [`Config::parse`] turns one JSON object (documented in `docs/configuration.md`) into a
//! [`Config`], or into a [`ConfigError`] that names the place, the fault and the remedy. The shape
//! of the JSON is in [`raw`]. [`parse`] resolves names, compiles patterns and parses keys into the
//! types of the domain folders.
//!
//! A configuration is accepted or refused as a whole.

mod config_path;
mod echo;
mod error;
mod fault;
mod literals;
mod parse;
mod preset;
mod provider;
mod raw;
mod reach;
mod schema;
mod spelling;
#[cfg(test)]
mod tests;
mod warning;
mod weakness;

use core::time::Duration;
use std::collections::BTreeMap;

use crate::{
    http::HeaderName,
    jose::SecretKey,
    policy::{
        FilterStateRules, Mode, PathPolicy, ProviderId, Requirement, RouteLookup, Rule, Schemes,
        StatusPath, Unmatched,
    },
    verification::SignatureBackend,
};

pub use self::{
    config_path::{ConfigPath, Step},
    error::ConfigError,
    fault::Fault,
    preset::Preset,
    provider::Provider,
    warning::Warning,
};

pub use self::schema::schema;
pub use self::spelling::camel_case;

/// A whole, valid configuration.
#[derive(Debug)]
pub struct Config {
    /// The authorization servers, sorted by name; a [`ProviderId`] is an index into it.
    pub providers: Vec<Provider>,
    /// The rules in order; the first that matches decides.
    pub rules: Vec<Rule>,
    /// Requirements by a value of the filter state, for requests that no rule matches.
    pub filter_state_rules: Option<FilterStateRules>,
    /// Requirements that routes may name.
    pub requirement_map: BTreeMap<String, Requirement>,
    /// What happens to a request that none of these covers.
    pub unmatched: Unmatched,
    /// What happens to a path that servers could read in two ways.
    pub path_policy: PathPolicy,
    /// Which requests look up their route's own policy.
    pub route_lookup: RouteLookup,
    /// Identifies the policy across updates, so that older configurations apply the refusals of
    /// newer ones.
    pub policy_id: Option<String>,
    /// Whether decisions block.
    pub mode: Mode,
    /// Who verifies RS* and ES* signatures.
    pub signature_backend: SignatureBackend,
    /// Authenticates the records of fetched keys in the proxy's shared data.
    pub shared_memory_key: Option<SecretKey>,
    /// The `realm` of every challenge (RFC 9110 §11.5).
    pub realm: String,
    /// Whether CORS preflight requests pass without a token.
    pub bypass_cors_preflight: bool,
    /// Whether denials have neither body nor challenge.
    pub strip_failure_response: bool,
    /// A prefix within every metric's name, if not empty.
    pub stat_prefix: String,
    /// Every header that some provider may set. They are removed from every request first.
    pub owned_headers: Vec<HeaderName>,
    /// The path of the status page.
    pub status: Option<StatusPath>,
    /// Limits per worker.
    pub limits: Limits,
    /// Choices that work but are weak.
    pub warnings: Vec<Warning>,
}

/// Limits per worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest token, in bytes.
    pub token_bytes: usize,
    /// Longest JWKS document, in bytes.
    pub jwks_bytes: usize,
    /// Most keys in one JWKS.
    pub jwks_keys: usize,
    /// Most requests that wait for keys at one time. Any more are answered 503.
    pub parked_requests: usize,
    /// Longest wait for keys.
    pub park_timeout: Duration,
    /// Longest value of a header made from claims, in bytes.
    pub header_value_bytes: usize,
    /// Longest path, without query, in bytes.
    pub path_bytes: usize,
}

/// The workers of a process share their configuration.
const _: fn() = || {
    fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<Config>();
};

impl Default for Limits {
    fn default() -> Self {
        Self {
            token_bytes: 8192,
            jwks_bytes: 262_144,
            jwks_keys: 64,
            parked_requests: 256,
            park_timeout: Duration::from_secs(5),
            header_value_bytes: 8192,
            path_bytes: 8192,
        }
    }
}

impl Config {
    /// The provider with this id.
    #[must_use]
    pub fn provider(&self, id: ProviderId) -> Option<&Provider> {
        self.providers.get(id.index())
    }

    /// The schemes of all providers; Bearer if there are none.
    #[must_use]
    pub fn schemes(&self) -> Schemes {
        if self.providers.is_empty() {
            return Schemes::BEARER;
        }
        let schemes = self.providers.iter().map(Provider::scheme);
        schemes.fold(Schemes::default(), Schemes::and)
    }

    /// Every provider with its id, by name.
    pub fn providers(&self) -> impl Iterator<Item = (ProviderId, &Provider)> {
        self.providers
            .iter()
            .enumerate()
            .map(|(index, provider)| (ProviderId::new(index), provider))
    }
}

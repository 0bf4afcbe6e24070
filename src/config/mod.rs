//! The configuration, in types that can only hold valid values.
//!
//! [`Config::parse`] turns one JSON object (documented in `docs/configuration.md`) into a
//! [`Config`], or returns a [`ConfigError`] with the location, the fault and the remedy. [`raw`]
//! defines the shape of the JSON. [`parse`] resolves names, compiles patterns and parses keys into
//! the domain types.
//!
//! A configuration is accepted or rejected as a whole.

mod config_path;
mod echo;
mod error;
mod fault;
mod parse;
mod preset;
mod provider;
mod raw;
mod readers;
mod requirements;
mod schema;
mod spelling;
#[cfg(test)]
mod tests;
mod warnings;

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{
    http::HeaderName,
    jose::{KeySetLimits, SecretKey},
    keys::KeyStore,
    policy::{
        Comparison, FilterStateRules, ForwardedCertificate, Mode, PathPolicy, Places,
        ProtectedResource, ProviderId, Requirement, RouteLookup, Rules, Schemes, ScopeHierarchy,
        StatusPath, Unmatched,
    },
    verification::SignatureBackend,
};

pub use self::{
    config_path::{ConfigPath, Step},
    echo::nearest,
    error::ConfigError,
    fault::Fault,
    preset::Preset,
    provider::{Accepts, Provider},
    warnings::Warning,
};

pub use self::schema::schema;
pub use self::spelling::camel_case;

/// A complete, valid configuration.
#[derive(Debug)]
pub struct Config {
    /// The providers, sorted by name. A [`ProviderId`] is an index into this list.
    pub providers: Vec<Provider>,
    /// The rules, in order, and their index.
    pub rules: Rules,
    /// All places in a request where providers look for tokens, without duplicates. A search takes
    /// time proportional to the length of the query. Without this list, it would be repeated for
    /// each provider, although many providers read the same places.
    pub places: Vec<Arc<Places>>,
    /// The requirements for requests that no rule matches. A value in Envoy's filter state selects
    /// one of these requirements.
    pub filter_state_rules: Option<FilterStateRules>,
    /// The requirements that rules and routes may refer to by name.
    pub requirement_map: BTreeMap<String, Requirement>,
    /// How to read the client's certificate from a header. If this is `None`, the certificate of
    /// the connection is used.
    pub client_certificate: Option<ForwardedCertificate>,
    /// The decision for requests that match neither the rules nor the filter state rules.
    pub unmatched: Unmatched,
    /// How to treat requests that servers could read in different ways.
    pub path_policy: PathPolicy,
    /// The protected resources, sorted with longer paths first. So the first resource that matches
    /// a request is the most specific resource.
    pub protected_resources: Vec<ProtectedResource>,
    /// The scopes that include other scopes.
    pub scope_hierarchy: ScopeHierarchy,
    /// How often the proxy-wasm module looks up the policy of a request's route. The dynamic module
    /// always looks it up.
    pub route_lookup: RouteLookup,
    /// A name for this configuration that stays the same across updates. If a name is set, the
    /// tokens and secrets that the newest version revokes or disables are also rejected on
    /// connections that still use an older version.
    pub policy_id: Option<String>,
    /// The namespace in which Portcullis writes dynamic metadata, if the host supports such
    /// metadata. `None` means the default namespace.
    pub metadata_namespace: Option<String>,
    /// What happens to denied requests.
    pub mode: Mode,
    /// Which code verifies signatures: the host's or Portcullis's own.
    pub signature_backend: SignatureBackend,
    /// The key that authenticates the records in Envoy's shared data.
    pub shared_memory_key: Option<SecretKey>,
    /// The `realm` of every challenge (RFC 9110 §11.5).
    pub realm: String,
    /// True if CORS preflight requests pass without a token.
    pub bypass_cors_preflight: bool,
    /// True if responses to denied requests have neither a body nor a challenge.
    pub strip_failure_response: bool,
    /// The part of every metric name that the operator chooses. It may be empty.
    pub stat_prefix: String,
    /// The names of all headers that Portcullis may set. Portcullis first removes these headers
    /// from every request.
    pub owned_headers: Vec<HeaderName>,
    /// The path of the status page.
    pub status: Option<StatusPath>,
    /// The limits that each worker enforces.
    pub limits: Limits,
    /// Warnings about settings that are accepted but weak, whenever and wherever they are used.
    /// [`warnings_at_load`](Self::warnings_at_load) and
    /// [`warnings_on_review`](Self::warnings_on_review) add others.
    pub warnings: Vec<Warning>,
}

/// The limits that each worker enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum length of a token, in bytes.
    pub token_bytes: usize,
    /// The limits of each key set, fetched or local (`jwks_bytes` and `jwks_keys`).
    pub key_sets: KeySetLimits,
    /// The maximum number of requests that wait for keys at the same time. Further requests get
    /// 503.
    pub parked_requests: usize,
    /// The maximum time that a request waits for keys.
    pub park_timeout: Duration,
    /// The maximum length of a header value made from claims, in bytes.
    pub header_value_bytes: usize,
    /// The maximum length of a path, without the query, in bytes.
    pub path_bytes: usize,
}

/// Stops the build if worker threads cannot share a configuration.
const _: fn() = || {
    fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<Config>();
};

impl Default for Limits {
    fn default() -> Self {
        Self {
            token_bytes: 8192,
            key_sets: KeySetLimits::default(),
            parked_requests: 256,
            park_timeout: Duration::from_secs(5),
            header_value_bytes: 8192,
            path_bytes: 8192,
        }
    }
}

impl Config {
    /// Returns the provider with this identifier.
    #[must_use]
    pub fn provider(&self, id: ProviderId) -> Option<&Provider> {
        self.providers.get(id.index())
    }

    /// Creates a store for the keys that the enabled providers fetch. The store has no fetched keys
    /// yet.
    #[must_use]
    pub fn key_store(&self) -> KeyStore {
        let enabled = self.providers().filter(|(_, own)| own.is_enabled());
        let sources = enabled.filter_map(|(id, own)| Some((id, own.remote_keys()?)));
        KeyStore::new(sources, self.limits.key_sets)
    }

    /// Returns how the conditions of rules are compared with a request.
    #[must_use]
    pub const fn comparison(&self) -> Comparison {
        Comparison::new(self.path_policy, self.limits.path_bytes)
    }

    /// Returns the authentication schemes of all providers. If there are no providers, the result
    /// is the scheme Bearer.
    #[must_use]
    pub fn schemes(&self) -> Schemes {
        if self.providers.is_empty() {
            return Schemes::BEARER;
        }
        let schemes = self.providers.iter().map(Provider::scheme);
        schemes.fold(Schemes::default(), Schemes::and)
    }

    /// Iterates over all providers with their identifiers, sorted by name.
    pub fn providers(&self) -> impl Iterator<Item = (ProviderId, &Provider)> {
        self.providers
            .iter()
            .enumerate()
            .map(|(index, provider)| (ProviderId::new(index), provider))
    }

    /// Returns the provider with this name.
    #[must_use]
    pub fn provider_named(&self, name: &str) -> Option<(ProviderId, &Provider)> {
        let id = provider::id_of(name, &self.providers)?;
        Some((id, self.provider(id)?))
    }
}

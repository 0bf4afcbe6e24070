//! Converts the raw types of [`raw`] into domain types.
//!
//! Each file converts the raw types of one concept. If a value is not valid, the result is a
//! [`ConfigError`], so later code need not check values again. An error contains the path of the
//! faulty field. The path is empty at first, and each caller prepends a step to it ([`At`]).

mod authorization;
mod below;
mod certificate;
mod claims;
mod clients;
mod condition;
mod defaults;
mod exports;
mod headers;
mod identity;
mod issuer;
mod keys;
mod limits;
mod list;
mod mcp;
mod places;
mod provider;
mod remote;
mod requirement;
mod resource;
mod revocation;
mod route;
mod route_policy;
mod status;
mod structured_scopes;
mod text;
mod url;

use serde_json::Value;

use self::requirement::Names;
use super::{
    Config, ConfigError, Fault,
    error::At,
    raw::{self, RawConfig, RawRule, RawSwitch},
    requirements::requirements,
    warnings::weak_settings,
};
use crate::{
    json,
    policy::{Mode, PathPolicy, RouteLookup, Rule, Rules, Unmatched},
    verification::SignatureBackend,
};

/// The default `realm`.
const DEFAULT_REALM: &str = "api";

impl Config {
    /// Parses a configuration. The bytes must be exactly one JSON object.
    ///
    /// # Errors
    /// The first fault that is found.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        Self::from_value(&json::parse(bytes).map_err(Fault::Json)?)
    }

    /// Parses a configuration from a JSON value.
    ///
    /// # Errors
    /// The first fault that is found.
    pub fn from_value(document: &Value) -> Result<Self, ConfigError> {
        let raw = raw::read(document).map_err(ConfigError::without_secrets)?;
        config(&raw)
    }
}

fn config(raw: &RawConfig) -> Result<Config, ConfigError> {
    let limits = limits::limits(raw.limits.unwrap_or_default()).at("limits")?;
    let mut providers = Vec::new();
    // The raw providers are sorted by name, which is also the order of `Config::providers`.
    for (name, provider) in raw.providers.iter().flat_map(|named| &named.0) {
        let parsed = provider::provider(name, provider, &limits)
            .at(name)
            .at("providers")?;
        providers.push(parsed);
    }
    let places = places::shared(&mut providers);
    headers::check(&providers)?;
    let named = raw
        .requirement_map
        .as_ref()
        .map(|raw| requirement::named(raw, &providers))
        .transpose()
        .at("requirement_map")?
        .unwrap_or_default();
    let names = Names {
        providers: &providers,
        named: &named,
    };
    let path_policy = raw.path_policy.unwrap_or(PathPolicy::Reject);
    let written = raw.rules.as_deref().unwrap_or_default();
    let rules = Rules::new(rules(written, names, path_policy).at("rules")?);
    let filter_state_rules = raw
        .filter_state_rules
        .as_ref()
        .map(|raw| requirement::filter_state_rules(raw, &providers))
        .transpose()
        .at("filter_state_rules")?;
    let status = raw
        .status
        .as_ref()
        .map(|raw| status::status(raw, &providers))
        .transpose()
        .at("status")?;
    let written = raw.protected_resources.as_deref().unwrap_or_default();
    let protected_resources = resource::resources(written, &rules, &providers, path_policy)?;
    let all = requirements(&rules, &named, filter_state_rules.as_ref(), status.as_ref());
    let owned_headers = headers::owned(&providers, &all);
    let scope_hierarchy = raw
        .scope_implies
        .as_ref()
        .map(authorization::scope_hierarchy)
        .transpose()
        .at("scope_implies")?
        .unwrap_or_default();
    let client_certificate = raw
        .client_certificate
        .as_ref()
        .map(|raw| certificate::certificate(raw, &owned_headers))
        .transpose()
        .at("client_certificate")?
        .flatten();
    let mut config = Config {
        client_certificate,
        places,
        providers,
        rules,
        filter_state_rules,
        requirement_map: named,
        unmatched: raw.unmatched.unwrap_or(Unmatched::Deny),
        path_policy,
        protected_resources,
        scope_hierarchy,
        route_lookup: match raw.route_policies {
            Some(RawSwitch::Off) => RouteLookup::Sampled,
            Some(RawSwitch::On) | None => RouteLookup::Always,
        },
        policy_id: text::identifier("policy_id", raw.policy_id.as_deref())?,
        metadata_namespace: text::identifier(
            "metadata_namespace",
            raw.metadata_namespace.as_deref(),
        )?,
        mode: raw.mode.unwrap_or(Mode::Enforce),
        signature_backend: raw.signature_backend.unwrap_or(SignatureBackend::Auto),
        shared_memory_key: raw
            .shared_memory_key
            .as_ref()
            .map(text::shared_memory_key)
            .transpose()
            .at("shared_memory_key")?,
        realm: text::realm(raw.realm.as_deref().unwrap_or(DEFAULT_REALM)).at("realm")?,
        bypass_cors_preflight: raw.bypass_cors_preflight.unwrap_or(false),
        strip_failure_response: raw.strip_failure_response.unwrap_or(false),
        stat_prefix: text::stat_prefix(raw.stat_prefix.as_deref().unwrap_or_default())
            .at("stat_prefix")?,
        owned_headers,
        status,
        limits,
        warnings: Vec::new(),
    };
    config.warnings = weak_settings(&config);
    Ok(config)
}

fn rules(raw: &[RawRule], names: Names<'_>, policy: PathPolicy) -> Result<Vec<Rule>, ConfigError> {
    let mut rules = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        rules.push(rule(raw, names, policy).at_index(index)?);
    }
    Ok(rules)
}

fn rule(raw: &RawRule, names: Names<'_>, policy: PathPolicy) -> Result<Rule, ConfigError> {
    let route = route::route(&raw.route, policy).at("match")?;
    let requirement = match (&raw.requires, &raw.requirement_name) {
        (None, None) => None,
        (Some(requires), None) => {
            Some(requirement::requirement(requires, names.providers, 1).at("requires")?)
        }
        (None, Some(name)) => Some(names.requirement(name).at("requirement_name")?),
        (Some(_), Some(_)) => {
            let (field, other) = ("requires", "requirement_name");
            return Err(Fault::Contradiction { field, other }.into());
        }
    };
    let authorization = raw
        .authorize
        .as_ref()
        .map(authorization::authorization)
        .transpose()
        .at("authorize")?;
    let demand = requirement::demand(requirement, authorization)?;
    Ok(Rule { route, demand })
}

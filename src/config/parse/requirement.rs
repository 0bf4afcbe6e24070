//! Parses requirements, which say what tokens a rule requires.

use std::collections::BTreeMap;

use super::{
    headers, identity,
    list::{exactly_one, texts},
};
use crate::{
    config::{
        ConfigError, Fault, Provider,
        echo::nearest,
        error::At,
        provider::id_of,
        raw::{Named, RawFilterStateRules, RawRequirement, RawRequirements},
    },
    policy::{
        Audiences, Authorization, Demand, Extraction, FilterStateRules, ProviderId, Requirement,
        Scheme,
    },
};

/// The maximum depth of a tree of requirements. This limits the recursion of functions that walk
/// the tree.
const MAX_DEPTH: usize = 16;

/// The providers and requirements that rules can refer to by name.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// The providers, sorted by name.
    pub(super) providers: &'a [Provider],
    /// The requirements in `requirement_map`, by name.
    pub(super) named: &'a BTreeMap<String, Requirement>,
}

/// Parses `requirement_map`.
pub(super) fn named(
    raw: &Named<RawRequirement>,
    providers: &[Provider],
) -> Result<BTreeMap<String, Requirement>, ConfigError> {
    let mut named = BTreeMap::new();
    for (name, raw) in &raw.0 {
        let parsed = requirement(raw, providers, 1).at(name)?;
        named.insert(name.clone(), parsed);
    }
    Ok(named)
}

/// Parses `filter_state_rules`.
pub(super) fn filter_state_rules(
    raw: &RawFilterStateRules,
    providers: &[Provider],
) -> Result<FilterStateRules, ConfigError> {
    // Envoy would truncate the name at a NUL.
    if raw.name.is_empty() || raw.name.contains('\0') {
        return Err(Fault::Empty).at("name");
    }
    let requires = raw
        .requires
        .as_ref()
        .filter(|requires| !requires.0.is_empty());
    let requires = requires.ok_or(Fault::MissingField { field: "requires" })?;
    Ok(FilterStateRules {
        name: raw.name.clone(),
        requires: named(requires, providers).at("requires")?,
    })
}

/// Parses a requirement. `depth` is the requirement's level in the tree; the root has level 1.
pub(super) fn requirement(
    raw: &RawRequirement,
    providers: &[Provider],
    depth: usize,
) -> Result<Requirement, ConfigError> {
    if depth > MAX_DEPTH {
        return Err(Fault::TooDeep { max: MAX_DEPTH }.into());
    }
    let (field, written) = exactly_one([
        (
            "provider_name",
            raw.provider_name
                .as_deref()
                .map(|name| Written::Provider(name, None)),
        ),
        (
            "provider_and_audiences",
            raw.provider_and_audiences.as_ref().map(|both| {
                Written::Provider(&both.provider_name, Some(both.audiences.as_deref()))
            }),
        ),
        ("requires_any", raw.requires_any.as_ref().map(Written::Any)),
        ("requires_all", raw.requires_all.as_ref().map(Written::All)),
        (
            "allow_missing",
            raw.allow_missing.as_ref().map(|_| Written::AllowMissing),
        ),
        (
            "allow_missing_or_failed",
            raw.allow_missing_or_failed
                .as_ref()
                .map(|_| Written::AllowMissingOrFailed),
        ),
        (
            "extract_only_without_validation",
            raw.extract_only_without_validation
                .as_ref()
                .map(|raw| Written::ExtractOnly(raw.verification_status_header.as_deref())),
        ),
    ])?;
    let parsed = match written {
        Written::AllowMissing => Ok(Requirement::AllowMissing),
        Written::AllowMissingOrFailed => Ok(Requirement::AllowMissingOrFailed),
        Written::ExtractOnly(name) => headers::status_header(name, providers)
            .at("verification_status_header")
            .map(|status_header| Requirement::ExtractOnly(Extraction { status_header })),
        Written::All(list) => members(list, providers, depth).map(Requirement::All),
        Written::Any(list) => members(list, providers, depth).map(Requirement::Any),
        Written::Provider(name, None) => provider(name, providers)
            .map(|provider| Requirement::Provider {
                provider,
                audiences: None,
            })
            .map_err(ConfigError::from),
        Written::Provider(name, Some(audiences)) => with_audiences(name, audiences, providers),
    };
    let parsed = parsed.at(field)?;
    if depth == 1 {
        identity::check(&parsed, providers)?;
    }
    Ok(parsed)
}

#[derive(Clone, Copy)]
enum Written<'a> {
    All(&'a RawRequirements),
    AllowMissing,
    AllowMissingOrFailed,
    Any(&'a RawRequirements),
    /// `extract_only_without_validation`, with the name of the status header if it is set.
    ExtractOnly(Option<&'a str>),
    /// `provider_name` or `provider_and_audiences`. The first value is the provider's name. For
    /// `provider_name`, the second value is `None`. For `provider_and_audiences`, the second value
    /// is `Some(audiences)`, where `audiences` is `None` if that field is absent.
    Provider(&'a str, Option<Option<&'a [String]>>),
}

/// Combines a requirement with the rights of `authorize`, which is a field of the same object.
pub(super) fn demand(
    requirement: Option<Requirement>,
    authorization: Option<Authorization>,
) -> Result<Option<Demand>, ConfigError> {
    match (requirement, authorization) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Fault::AuthorizeWithoutRequires.into()),
        (Some(requirement), authorization) => Demand::new(requirement, authorization)
            .map(Some)
            .ok_or(Fault::UnverifiedClaims)
            .at("authorize"),
    }
}

impl Names<'_> {
    /// Returns the requirement with this name.
    pub(super) fn requirement(self, name: &str) -> Result<Requirement, Fault> {
        self.named
            .get(name)
            .cloned()
            .ok_or_else(|| Fault::UnknownRequirement {
                name: name.to_owned(),
                nearest: nearest(name, self.named.keys().map(String::as_str)).map(str::to_owned),
            })
    }
}

fn provider(name: &str, providers: &[Provider]) -> Result<ProviderId, Fault> {
    id_of(name, providers).ok_or_else(|| Fault::UnknownProvider {
        name: name.to_owned(),
        nearest: nearest(
            name,
            providers.iter().map(|provider| provider.name.as_str()),
        )
        .map(str::to_owned),
    })
}

fn with_audiences(
    name: &str,
    audiences: Option<&[String]>,
    providers: &[Provider],
) -> Result<Requirement, ConfigError> {
    let provider = provider(name, providers).at("provider_name")?;
    let audiences = audiences.ok_or(Fault::MissingField { field: "audiences" })?;
    let audiences = texts(audiences).at("audiences")?;
    let takes = |id: ProviderId| providers.get(id.index()).map(Provider::scheme);
    if takes(provider) == Some(Scheme::Basic) {
        return Err(Fault::NoTokens).at("audiences");
    }
    Ok(Requirement::Provider {
        provider,
        audiences: Some(Audiences::AnyOf(audiences)),
    })
}

fn members(
    raw: &RawRequirements,
    providers: &[Provider],
    depth: usize,
) -> Result<Vec<Requirement>, ConfigError> {
    if raw.requirements.len() < 2 {
        return Err(Fault::TooFew { min: 2 }).at("requirements");
    }
    let mut members = Vec::new();
    for (index, raw) in raw.requirements.iter().enumerate() {
        let member = requirement(raw, providers, depth.saturating_add(1));
        members.push(member.at_index(index).at("requirements")?);
    }
    Ok(members)
}

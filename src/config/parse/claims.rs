//! Parses the names of claims, and their accepted values.

use serde_json::Value;

use super::{defaults::Claim, list::exactly_one};
use crate::{
    config::{
        ConfigError, Fault,
        error::At,
        raw::{ClaimName, RawClaimRequirement, Scalar},
    },
    jose::ClaimPath,
    verification::ClaimRequirement,
};

/// Converts claim names to paths. If `names` is `None`, converts `defaults` instead.
#[inline(never)]
pub(super) fn paths(names: Option<&[ClaimName]>, defaults: &[Claim]) -> Vec<ClaimPath> {
    match names {
        Some(names) => names.iter().map(|name| name.0.clone()).collect(),
        None => defaults.iter().filter_map(|claim| path(claim)).collect(),
    }
}

fn path(names: &[&str]) -> Option<ClaimPath> {
    ClaimPath::from_segments(names.iter().map(|name| (*name).to_owned()))
}

/// Parses `require_claims`.
pub(super) fn requirements(
    raw: &[RawClaimRequirement],
) -> Result<Vec<ClaimRequirement>, ConfigError> {
    let mut requirements = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let any_of = raw
            .any_of
            .as_deref()
            .map(accepted)
            .transpose()
            .at_index(index)?;
        requirements.push(ClaimRequirement {
            claim: raw.claim.0.clone(),
            any_of,
        });
    }
    Ok(requirements)
}

/// Parses `authorize.claims`, a list of claims with their accepted values.
pub(super) fn accepted_values(
    raw: &[RawClaimRequirement],
) -> Result<Vec<(ClaimPath, Vec<Value>)>, ConfigError> {
    let mut claims = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let any_of = raw
            .any_of
            .as_deref()
            .ok_or(Fault::MissingField { field: "any_of" })
            .at_index(index)?;
        claims.push((raw.claim.0.clone(), accepted(any_of).at_index(index)?));
    }
    Ok(claims)
}

/// Parses `claim_name` or `claim_path`. Exactly one of these fields must be set.
pub(super) fn claim_path(
    claim_name: Option<&str>,
    claim_path: Option<&[String]>,
) -> Result<ClaimPath, ConfigError> {
    let dotted: Option<Vec<String>> =
        claim_name.map(|name| name.split('.').map(str::to_owned).collect());
    let (field, segments) = exactly_one([
        ("claim_name", dotted.as_deref()),
        ("claim_path", claim_path),
    ])?;
    if field == "claim_name" && segments.iter().any(String::is_empty) {
        let expected = "claim names separated by single dots (for other names, use \"claim_path\")";
        return Err(Fault::wrong_form(expected, claim_name.unwrap_or_default())).at(field);
    }
    ClaimPath::from_segments(segments.to_vec())
        .ok_or(Fault::Empty)
        .at(field)
}

fn accepted(any_of: &[Scalar]) -> Result<Vec<Value>, ConfigError> {
    if any_of.is_empty() {
        return Err(Fault::Empty).at("any_of");
    }
    Ok(any_of.iter().map(|scalar| scalar.0.clone()).collect())
}

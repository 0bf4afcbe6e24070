//! Claims that must hold.

use serde_json::Value;

use super::list::exactly_one;
use crate::{
    config::{
        ClaimRequirement, ConfigError, Reason,
        error::At,
        raw::{ClaimName, RawClaimRequirement, Scalar},
    },
    jose::ClaimPath,
};

/// The claims `names`; `defaults` where nothing is written.
pub(super) fn paths(names: Option<Vec<ClaimName>>, defaults: &[&str]) -> Vec<ClaimPath> {
    match names {
        Some(names) => names.into_iter().map(|name| name.0).collect(),
        None => defaults
            .iter()
            .map(|name| ClaimPath::top_level(*name))
            .collect(),
    }
}

/// `require_claims`.
pub(super) fn requirements(
    raw: Vec<RawClaimRequirement>,
) -> Result<Vec<ClaimRequirement>, ConfigError> {
    let mut requirements = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let any_of = raw.any_of.map(accepted).transpose().at_index(index)?;
        requirements.push(ClaimRequirement {
            claim: raw.claim.0,
            any_of,
        });
    }
    Ok(requirements)
}

/// `authorize.claims`, each with the values that it accepts.
pub(super) fn accepted_values(
    raw: Vec<RawClaimRequirement>,
) -> Result<Vec<(ClaimPath, Vec<Value>)>, ConfigError> {
    let mut claims = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let any_of = raw
            .any_of
            .ok_or(Reason::MissingField { field: "any_of" })
            .at_index(index)?;
        claims.push((raw.claim.0, accepted(any_of).at_index(index)?));
    }
    Ok(claims)
}

/// `claim_name` or `claim_path`.
pub(super) fn claim_path(
    claim_name: Option<String>,
    claim_path: Option<Vec<String>>,
) -> Result<ClaimPath, ConfigError> {
    let dotted = claim_name.map(|name| name.split('.').map(str::to_owned).collect());
    let (field, segments): (_, Vec<String>) =
        exactly_one([("claim_name", dotted), ("claim_path", claim_path)])?;
    if field == "claim_name" && segments.iter().any(String::is_empty) {
        let expected = "names with single dots between them (or \"claim_path\")";
        return Err(Reason::WrongForm {
            expected,
            found: segments.join("."),
        })
        .at(field);
    }
    ClaimPath::from_segments(segments)
        .ok_or(Reason::Empty)
        .at(field)
}

fn accepted(any_of: Vec<Scalar>) -> Result<Vec<Value>, ConfigError> {
    if any_of.is_empty() {
        return Err(Reason::Empty).at("any_of");
    }
    Ok(any_of.into_iter().map(|scalar| scalar.0).collect())
}

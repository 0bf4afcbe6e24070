//! Parses `status`.

use super::{
    authorization::authorization,
    requirement::{demand, requirement},
    route::from_root,
    text::at_most,
};
use crate::{
    config::{ConfigError, Fault, Provider, error::At, raw::RawStatus},
    http::path::{Extent, normal_spelling, unreachable},
    policy::{Demand, StatusPath},
};

const MAX_BASE_URL: usize = 256;

/// Parses `status`. The status page contains no secrets. But it would show an attacker which
/// issuers are trusted, and when the keys of these issuers can no longer be used. So the page is
/// public only if the operator sets `unprotected`.
pub(super) fn status(raw: &RawStatus, providers: &[Provider]) -> Result<StatusPath, ConfigError> {
    let requirement = match &raw.requires {
        Some(requires) => Some(requirement(requires, providers, 1).at("requires")?),
        None => None,
    };
    let authorization = match &raw.authorize {
        Some(authorize) => Some(authorization(authorize).at("authorize")?),
        None => None,
    };
    let is_unprotected = raw.unprotected == Some(true);
    if let Some(requirement) = &requirement {
        if is_unprotected {
            let (field, other) = ("unprotected", "requires");
            return Err(Fault::Contradiction { field, other }.into());
        }
        if requirement.extracts() {
            return Err(Fault::UnverifiedClaims).at("requires");
        }
    }
    let demand = demand(requirement, authorization)?;
    if !is_unprotected && !demand.as_ref().is_some_and(Demand::requires_token) {
        return Err(Fault::UnprotectedStatus.into());
    }
    Ok(StatusPath {
        path: path(&raw.path).at("path")?,
        demand,
        base_url: raw
            .base_url
            .as_deref()
            .map(|url| page_url(MAX_BASE_URL, url))
            .transpose()
            .at("base_url")?,
    })
}

/// Checks that a request can have this path, and returns the path in its normal spelling.
fn path(path: &str) -> Result<String, Fault> {
    if unreachable(path, Extent::Whole).is_some() {
        return Err(Fault::wrong_form(
            "a path without dot segments, empty segments or encoded separators",
            path,
        ));
    }
    from_root(path).map(|path| normal_spelling(path).into_owned())
}

/// Checks that a string is the URL of a web page.
pub(super) fn page_url(max: usize, url: &str) -> Result<String, Fault> {
    let is_url = ["https://", "http://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if !is_url || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Fault::wrong_form(
            "a URL that begins with https:// or http://",
            url,
        ));
    }
    at_most(max, url).map(str::to_owned)
}

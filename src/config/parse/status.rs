//! Parses `status`.

use super::{
    authorization::authorization, requirement::requirement, route::from_root, text::at_most,
};
use crate::{
    config::{ConfigError, Fault, Provider, error::At, raw::RawStatus},
    http::path::{Extent, normal_spelling, unreachable},
    policy::StatusPath,
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
    match &requirement {
        None if authorization.is_some() => return Err(Fault::AuthorizeWithoutRequires.into()),
        None if raw.unprotected != Some(true) => return Err(Fault::UnprotectedStatus.into()),
        Some(_) if raw.unprotected == Some(true) => {
            let (field, other) = ("unprotected", "requires");
            return Err(Fault::Contradiction { field, other }.into());
        }
        Some(requirement) if requirement.extracts() => {
            return Err(Fault::UnverifiedClaims).at("requires");
        }
        // If a request without a token can satisfy the requirement, the page is public unless
        // `authorize` is set.
        Some(requirement) if authorization.is_none() && requirement.admits_anyone() => {
            return Err(Fault::UnprotectedStatus.into());
        }
        _ => {}
    }
    Ok(StatusPath {
        path: path(&raw.path).at("path")?,
        requirement,
        authorization,
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

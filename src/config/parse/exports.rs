//! Parses the names of the filter-state entries for a provider's tokens.

use super::{list::distinct_texts, text::at_most};
use crate::{
    config::{ConfigError, Fault, error::At, raw::RawNormalizePayload},
    decision::{Exports, StateKey},
};

/// The maximum length of a name. Users of `jwt_authn` often use the issuer's URL as the name, so a
/// URL must fit.
const MAX_NAME: usize = 256;

/// The values of the fields whose names end in `_in_metadata`.
#[derive(Clone, Copy, Default)]
pub(super) struct WrittenExports<'a> {
    pub(super) failed_status: Option<&'a str>,
    pub(super) header: Option<&'a str>,
    pub(super) identity: Option<&'a str>,
    pub(super) normalize_payload: Option<&'a RawNormalizePayload>,
    pub(super) payload: Option<&'a str>,
}

/// Parses the names of the filter-state entries. Each name may be used only once.
#[inline(never)] // called for both kinds of providers; inlining would duplicate the code
pub(super) fn exports(written: WrittenExports<'_>) -> Result<Exports, ConfigError> {
    let mut seen: Vec<StateKey> = Vec::new();
    let mut named = |field, written: Option<&str>| {
        let key = key(written).at(field)?;
        if let Some(key) = &key {
            // Two entries with the same name would overwrite each other.
            if seen.contains(key) {
                let value = key.as_str().to_owned();
                return Err(Fault::Repeated { value }).at(field);
            }
            seen.push(key.clone());
        }
        Ok::<_, ConfigError>(key)
    };
    Ok(Exports {
        payload: named("payload_in_metadata", written.payload)?,
        header: named("header_in_metadata", written.header)?,
        identity: named("identity_in_metadata", written.identity)?,
        failed_status: named("failed_status_in_metadata", written.failed_status)?,
        space_delimited_claims: normalized(written.normalize_payload)
            .at("space_delimited_claims")
            .at("normalize_payload_in_metadata")?,
    })
}

fn key(written: Option<&str>) -> Result<Option<StateKey>, Fault> {
    // In protobuf JSON, an empty string means that the field is absent.
    let Some(name) = written.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    // Envoy would truncate a name at NUL, and `%FILTER_STATE(…)%` does not accept white space.
    if name
        .chars()
        .any(|char| char.is_whitespace() || char.is_control())
    {
        let expected = "a name without spaces or control characters";
        return Err(Fault::wrong_form(expected, name));
    }
    at_most(MAX_NAME, name).map(|name| Some(StateKey::new(name)))
}

fn normalized(raw: Option<&RawNormalizePayload>) -> Result<Vec<String>, ConfigError> {
    let claims = raw.and_then(|raw| raw.space_delimited_claims.as_deref());
    distinct_texts(claims.unwrap_or_default())
}

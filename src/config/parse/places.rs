//! Parses the settings that say where in a request a provider's tokens can be.

use std::sync::Arc;

use super::list::distinct_texts;
use crate::{
    config::{ConfigError, Fault, Provider, error::At, raw::RawJwtHeader},
    http::HeaderName,
    policy::{HeaderPlace, Places},
};

/// Parses `from_headers`, `from_params` and `from_cookies`. If all three are absent or empty, the
/// standard places are used.
pub(super) fn places(
    headers: &[RawJwtHeader],
    params: &[String],
    cookies: &[String],
) -> Result<Places, ConfigError> {
    let places = Places {
        headers: header_places(headers).at("from_headers")?,
        params: distinct_texts(params).at("from_params")?,
        cookies: cookie_names(cookies).at("from_cookies")?,
    };
    Ok(if places == Places::default() {
        Places::standard()
    } else {
        places
    })
}

/// Makes providers with equal places share them. Returns the distinct places.
pub(super) fn shared(providers: &mut [Provider]) -> Vec<Arc<Places>> {
    let mut all: Vec<Arc<Places>> = Vec::new();
    for provider in providers {
        match all.iter().find(|places| **places == provider.places) {
            Some(places) => provider.places = Arc::clone(places),
            None => all.push(Arc::clone(&provider.places)),
        }
    }
    all
}

fn header_places(raw: &[RawJwtHeader]) -> Result<Vec<HeaderPlace>, ConfigError> {
    let mut places = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let place = header_place(raw).at("name").at_index(index)?;
        // If two places overlapped, the same token would be found twice. The request would then be
        // refused, because it would seem to have two tokens.
        if places.iter().any(|other| overlap(other, &place)) {
            let value = raw.name.clone();
            return Err(Fault::Repeated { value }).at_index(index);
        }
        places.push(place);
    }
    Ok(places)
}

fn header_place(raw: &RawJwtHeader) -> Result<HeaderPlace, Fault> {
    let name = HeaderName::parse(&raw.name).map_err(Fault::HeaderName)?;
    let prefix = raw.value_prefix.clone().unwrap_or_default();
    let is_bearer = prefix.trim_end_matches(' ').eq_ignore_ascii_case("bearer");
    Ok(if name.as_str() == "authorization" && is_bearer {
        HeaderPlace::Bearer
    } else {
        HeaderPlace::Prefixed { name, prefix }
    })
}

/// Returns true if one token could be found in both places.
fn overlap(one: &HeaderPlace, other: &HeaderPlace) -> bool {
    let ((one_name, one_prefix), (other_name, other_prefix)) = (parts(one), parts(other));
    one_name == other_name
        && (one_prefix.contains(other_prefix) || other_prefix.contains(one_prefix))
}

fn parts(place: &HeaderPlace) -> (&str, &str) {
    match place {
        HeaderPlace::Basic => ("authorization", "Basic "),
        HeaderPlace::Bearer => ("authorization", "Bearer "),
        HeaderPlace::Prefixed { name, prefix } => (name.as_str(), prefix),
    }
}

fn cookie_names(raw: &[String]) -> Result<Vec<String>, ConfigError> {
    let names = distinct_texts(raw)?;
    for (index, name) in names.iter().enumerate() {
        // The name of a cookie has the same syntax as the name of a header: the grammar rule
        // `token` (RFC 6265 §4.1.1).
        if HeaderName::parse(name).is_err() {
            let expected = "the name of a cookie";
            return Err(Fault::wrong_form(expected, name)).at_index(index);
        }
    }
    Ok(names)
}

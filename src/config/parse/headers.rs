//! Checks the headers that providers set in forwarded requests.
//!
//! Upstreams trust the headers that providers set. So a provider must not set a reserved header,
//! and must not set a header from which Portcullis reads tokens. Two fields of a provider must not
//! set the same header.

use super::claims::claim_path;
use crate::{
    config::{
        ConfigError, Fault, Provider, error::At, raw::RawClaimHeader, requirements::RequirementAt,
    },
    http::HeaderName,
    policy::{ClaimHeader, PayloadHeader, Places},
};

/// The default of `verification_status_header`, as in `jwt_authn`.
const STATUS_HEADER: &str = "x-jwt-signature-verified";
const NO_STATUS_HEADER: &str = "-";

/// Parses `claim_to_headers`.
#[inline(never)]
pub(super) fn claim_headers(raw: &[RawClaimHeader]) -> Result<Vec<ClaimHeader>, ConfigError> {
    let mut headers = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let name = settable(&raw.header_name)
            .at("header_name")
            .at_index(index)?;
        let claim =
            claim_path(raw.claim_name.as_deref(), raw.claim_path.as_deref()).at_index(index)?;
        headers.push(ClaimHeader { name, claim });
    }
    Ok(headers)
}

/// Parses `forward_payload_header` and `pad_forward_payload_header`.
pub(super) fn payload_header(
    name: Option<&str>,
    padded: Option<bool>,
) -> Result<Option<PayloadHeader>, Fault> {
    // In protobuf JSON, an empty string means that the field is absent.
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    Ok(Some(PayloadHeader {
        name: settable(name)?,
        padded: padded.unwrap_or(false),
    }))
}

/// Rejects a provider that would set the same header twice, or that would set a header from which
/// tokens are read.
pub(super) fn check(providers: &[Provider]) -> Result<(), ConfigError> {
    for provider in providers {
        check_provider(provider, providers)
            .at(&provider.name)
            .at("providers")?;
    }
    Ok(())
}

/// Parses `verification_status_header`. No provider may set this header, and no token may be read
/// from it.
pub(super) fn status_header(
    name: Option<&str>,
    providers: &[Provider],
) -> Result<Option<HeaderName>, Fault> {
    let name = match name {
        Some(NO_STATUS_HEADER) => return Ok(None),
        None | Some("") => settable(STATUS_HEADER)?,
        Some(name) => settable(name)?,
    };
    check_place(&name, providers)?;
    let mut taken = providers.iter().flat_map(Provider::headers);
    if taken.any(|other| are_confusable(other, &name)) {
        return Err(Fault::Repeated {
            value: name.to_string(),
        });
    }
    Ok(Some(name))
}

/// Returns the names of all headers that a provider or a requirement may set, without duplicates.
pub(super) fn owned(providers: &[Provider], requirements: &[RequirementAt<'_>]) -> Vec<HeaderName> {
    let mut owned: Vec<HeaderName> = Vec::new();
    let mut own = |name: &HeaderName| {
        if let Err(place) = owned.binary_search(name) {
            owned.insert(place, name.clone());
        }
    };
    providers
        .iter()
        .flat_map(Provider::headers)
        .for_each(&mut own);
    for stated in requirements {
        stated.requirement.each_extraction(&mut |extraction| {
            extraction.status_header.iter().for_each(&mut own);
        });
    }
    owned
}

fn check_provider(provider: &Provider, all: &[Provider]) -> Result<(), ConfigError> {
    let mut seen: Vec<&HeaderName> = Vec::new();
    if let Some(payload) = &provider.payload_header {
        check_place(&payload.name, all).at("forward_payload_header")?;
        seen.push(&payload.name);
    }
    if let Some(identity) = &provider.identity_header {
        let checked =
            check_place(&identity.name, all).and_then(|()| check_taken(&identity.name, &seen));
        checked.at("header_name").at("identity_header")?;
        seen.push(&identity.name);
    }
    for (index, header) in provider.claim_headers.iter().enumerate() {
        let checked =
            check_place(&header.name, all).and_then(|()| check_taken(&header.name, &seen));
        checked
            .at("header_name")
            .at_index(index)
            .at("claim_to_headers")?;
        seen.push(&header.name);
    }
    Ok(())
}

fn check_taken(name: &HeaderName, seen: &[&HeaderName]) -> Result<(), Fault> {
    let is_taken = seen.iter().any(|other| are_confusable(other, name));
    let value = name.to_string();
    (!is_taken).then_some(()).ok_or(Fault::Repeated { value })
}

fn check_place(name: &HeaderName, providers: &[Provider]) -> Result<(), Fault> {
    let reader = providers
        .iter()
        .find(|provider| reads(&provider.places, name));
    reader.map_or(Ok(()), |provider| {
        Err(Fault::TokenHeader {
            provider: provider.name.clone(),
        })
    })
}

fn reads(places: &Places, name: &HeaderName) -> bool {
    places.reads_header(name.as_str().as_bytes())
}

fn are_confusable(one: &HeaderName, other: &HeaderName) -> bool {
    one.is_confusable_with(other.as_str().as_bytes())
}

/// Parses the name of a header that Portcullis may set.
pub(super) fn settable(name: &str) -> Result<HeaderName, Fault> {
    if name.starts_with(':') {
        return Err(Fault::ReservedHeader);
    }
    let name = HeaderName::parse(name).map_err(Fault::HeaderName)?;
    match name.is_reserved() {
        true => Err(Fault::ReservedHeader),
        false => Ok(name),
    }
}

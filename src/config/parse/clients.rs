//! Parses API clients that authenticate with a secret.

use std::sync::Arc;

use super::{
    authorization::SCOPE,
    claims::paths,
    exports::{WrittenExports, exports},
    headers::claim_headers,
    limits::in_bounds,
    list::distinct_texts,
    text::{at_most, description, is_scope_byte},
};
use crate::{
    config::{
        Accepts, ConfigError, Fault, Preset, Provider,
        error::At,
        raw::{RawClient, RawClientProvider, RawClientSecrets},
    },
    jose::Claims,
    policy::Places,
    verification::{Client, Clients, MAX_SECRETS, SecretHash, SecretHashes},
};

/// The maximum length of a client identifier, in characters.
const MAX_ID: usize = 256;

/// Parses a provider whose clients present secrets. Such a provider accepts no tokens.
pub(super) fn provider(name: &str, raw: &RawClientProvider) -> Result<Provider, ConfigError> {
    let key_source = "client_secrets";
    let preset = Preset::Generic;
    let defaults = preset.defaults();
    let mut clients = clients(&raw.client_secrets).at(key_source)?;
    clients.enabled = raw.enabled.unwrap_or(true);
    Ok(Provider {
        name: name.to_owned(),
        description: description(raw.description.as_deref())?,
        preset,
        accepts: Accepts::Secrets(clients),
        scope_claims: paths(None, defaults.scope_claims),
        role_claims: paths(None, defaults.role_claims),
        structured_scopes: None,
        places: Arc::new(Places::of_secrets()),
        forward: raw.forward.unwrap_or(false),
        payload_header: None,
        claim_headers: claim_headers(raw.claim_to_headers.as_deref().unwrap_or_default())
            .at("claim_to_headers")?,
        identity_header: None,
        cache: None,
        exports: exports(WrittenExports {
            failed_status: raw.failed_status_in_metadata.as_deref(),
            normalize_payload: raw.normalize_payload_in_metadata.as_ref(),
            payload: raw.payload_in_metadata.as_deref(),
            ..WrittenExports::default()
        })?,
        clear_route_cache: raw.clear_route_cache.unwrap_or(false),
        key_source,
    })
}

fn clients(raw: &RawClientSecrets) -> Result<Clients, ConfigError> {
    if raw.clients.0.is_empty() {
        return Err(Fault::Empty).at("clients");
    }
    let mut clients = Vec::new();
    for (id, raw) in &raw.clients.0 {
        // If the operator wrote `id:secret` by mistake, the text after the colon is the secret, so
        // the error does not quote this text.
        let shown = id.split(':').next().unwrap_or_default();
        clients.push(client(id, raw).at(shown).at("clients")?);
    }
    Ok(Clients::new(clients))
}

fn client(id: &str, raw: &RawClient) -> Result<Client, ConfigError> {
    // An identifier that contains neither `:` nor `%` is decoded correctly, whether or not the
    // client percent-encodes it (RFC 6749 section 2.3.1).
    if id.is_empty()
        || !id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b":%".contains(&byte))
    {
        let expected = "a client's identifier: printable ASCII without spaces, \":\" or \"%\"";
        let found = id.split_inclusive(':').next().unwrap_or_default();
        return Err(Fault::wrong_form(expected, found).into());
    }
    let id = at_most(MAX_ID, id)?;
    let scopes = words(raw.scopes.as_deref(), SCOPE, is_scope_byte).at("scopes")?;
    let roles = words(
        raw.roles.as_deref(),
        "a role without spaces or control characters",
        |byte| byte > b' ' && byte != 0x7f,
    )
    .at("roles")?;
    Ok(Client {
        id: id.to_owned(),
        hashes: hashes(&raw.secret_hashes).at("secret_hashes")?,
        enabled: raw.enabled.unwrap_or(true),
        expires_at: raw.expires_at.map(|time| time.0),
        claims: Arc::new(Claims::of_client(id, &scopes, &roles)),
    })
}

fn hashes(raw: &[String]) -> Result<SecretHashes, ConfigError> {
    let most = u64::try_from(MAX_SECRETS).unwrap_or(0);
    in_bounds(
        u64::try_from(raw.len()).unwrap_or(u64::MAX),
        1,
        most,
        "hashes",
    )?;
    let mut hashes = raw.iter().enumerate().map(|(index, text)| {
        // The string may be the secret itself, so the error does not quote it.
        SecretHash::parse(text)
            .ok_or(Fault::SecretHash)
            .at_index(index)
    });
    let first = hashes.next().ok_or(Fault::Empty)??;
    Ok(SecretHashes::new(first, hashes.next().transpose()?))
}

/// Parses the scopes or roles of a client. In the claims that Portcullis makes for the client, the
/// scopes are one string and the roles are a list. A scope or role must not contain a space,
/// because code that reads the claims could split it at the space.
fn words(
    raw: Option<&[String]>,
    expected: &'static str,
    fits: fn(u8) -> bool,
) -> Result<Vec<String>, ConfigError> {
    let words = distinct_texts(raw.unwrap_or_default())?;
    let wrong = words
        .iter()
        .enumerate()
        .find(|(_, word)| !word.bytes().all(fits));
    match wrong {
        Some((index, word)) => Err(Fault::wrong_form(expected, word)).at_index(index),
        None => Ok(words),
    }
}

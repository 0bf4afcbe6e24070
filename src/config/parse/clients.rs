//! API clients that authenticate with a secret.

use std::sync::Arc;

use serde_json::Value;

use super::{
    authorization::SCOPE,
    limits::in_bounds,
    list::distinct_texts,
    text::{at_most, is_scope_byte},
};
use crate::{
    config::{
        ConfigError, Reason,
        error::At,
        raw::{RawClient, RawClientSecrets},
    },
    jose::Claims,
    verification::{Client, Clients, MAX_SECRETS, SecretHash, SecretHashes},
};

const SOURCE: &str = "client_secrets";

/// What a provider of clients has, in both spellings, and other sources, of which it is told that there
/// can be only one.
const BESIDE: &[&str] = &[
    SOURCE,
    "claimToHeaders",
    "claim_to_headers",
    "clearRouteCache",
    "clear_route_cache",
    "description",
    "discovery",
    "enabled",
    "failedStatusInMetadata",
    "failed_status_in_metadata",
    "forward",
    "localJwks",
    "local_jwks",
    "normalizePayloadInMetadata",
    "normalize_payload_in_metadata",
    "payloadInMetadata",
    "payload_in_metadata",
    "public_keys",
    "remoteJwks",
    "remote_jwks",
    "shared_secrets",
];

/// Longest identifier, in characters.
const MAX_ID: usize = 256;

/// `client_secrets`.
pub(super) fn clients(raw: &RawClientSecrets) -> Result<Clients, ConfigError> {
    if raw.clients.0.is_empty() {
        return Err(Reason::Empty).at("clients");
    }
    let mut clients = Vec::new();
    for (id, raw) in &raw.clients.0 {
        // What follows a colon may be the secret: it is not repeated.
        let shown = id.split(':').next().unwrap_or_default();
        clients.push(client(id, raw).at(shown).at("clients")?);
    }
    Ok(Clients::new(clients))
}

/// Refuses what is about tokens in providers that take none: it would look like a condition on clients,
/// and be none.
pub(super) fn refuse_tokens(document: &Value) -> Result<(), ConfigError> {
    let providers = document.get("providers").and_then(Value::as_object);
    for (name, provider) in providers.into_iter().flatten() {
        let written = provider.as_object().into_iter().flatten();
        let mut written = written.filter(|(_, value)| !value.is_null());
        if provider
            .get(SOURCE)
            .is_some_and(|secrets| !secrets.is_null())
            && let Some((field, _)) = written.find(|(field, _)| !BESIDE.contains(&field.as_str()))
        {
            return Err(Reason::NoTokens).at(field).at(name).at("providers");
        }
    }
    Ok(())
}

fn client(id: &str, raw: &RawClient) -> Result<Client, ConfigError> {
    // Encoded as RFC 6749 section 2.3.1 has it or not, such an identifier is read in one way.
    if id.is_empty()
        || !id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b":%".contains(&byte))
    {
        let expected = "a client's identifier: printable ASCII without spaces, \":\" and \"%\"";
        let found = id
            .split_inclusive(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        return Err(Reason::WrongForm { expected, found }.into());
    }
    let id = at_most(MAX_ID, id)?;
    let scopes = words(raw.scopes.as_deref(), SCOPE, is_scope_byte).at("scopes")?;
    let roles = words(
        raw.roles.as_deref(),
        "a role without spaces and control characters",
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
        // Never repeated: an operator may have written the secret itself.
        SecretHash::parse(text)
            .ok_or(Reason::SecretHash)
            .at_index(index)
    });
    let first = hashes.next().ok_or(Reason::Empty)??;
    Ok(SecretHashes::new(first, hashes.next().transpose()?))
}

/// Words that claims hold as one text, or that readers of claims would split.
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
        Some((index, word)) => {
            let found = word.clone();
            Err(Reason::WrongForm { expected, found }).at_index(index)
        }
        None => Ok(words),
    }
}

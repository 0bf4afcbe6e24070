//! Parses `revoked`.

use serde_json::{Map, Value};

use super::limits::in_bounds;
use crate::{
    config::{ConfigError, Fault, error::At, raw::RawRevocation},
    time::{LAST_SECOND_OF_9999, UnixSeconds},
    verification::Revocation,
};

/// Parses `revoked`. The lists may be empty and may contain duplicates, because programs often
/// generate these lists.
pub(super) fn revocation(raw: &RawRevocation) -> Result<Revocation, ConfigError> {
    let mut revoked = Revocation {
        token_ids: sorted(raw.jti.as_deref()).at("jti")?,
        client_ids: sorted(raw.client_ids.as_deref()).at("client_ids")?,
        ..Revocation::default()
    };
    // `issued_before` is already sorted by subject.
    for (subject, time) in raw.issued_before.iter().flat_map(|subjects| &subjects.0) {
        // A time that was given in milliseconds by mistake exceeds the maximum.
        let time = in_bounds(*time, 0, LAST_SECOND_OF_9999, "seconds")
            .at(subject)
            .at("issued_before")?;
        let time = UnixSeconds::new(i64::try_from(time).unwrap_or(i64::MAX));
        revoked.issued_before.push((subject.clone(), time));
    }
    Ok(revoked)
}

/// Sorts strings and removes duplicates. Uses a JSON map, because the WebAssembly module contains
/// the code for JSON maps anyway.
fn sorted(list: Option<&[String]>) -> Result<Vec<String>, ConfigError> {
    let mut sorted = Map::new();
    for (index, text) in list.unwrap_or_default().iter().enumerate() {
        if text.is_empty() {
            return Err(Fault::Empty).at_index(index);
        }
        sorted.insert(text.clone(), Value::Null);
    }
    Ok(sorted.keys().cloned().collect())
}

//! Tokens that are not taken any more.

use serde_json::{Map, Value};

use super::limits::in_bounds;
use crate::{
    config::{ConfigError, Fault, error::At, raw::RawRevocation},
    time::UnixSeconds,
    verification::Revocation,
};

/// The end of the year 9999: a time in milliseconds is past it.
const MAX_TIME: u64 = 253_402_300_799;

/// `revoked`. Lists like these are written by programs: they may be empty, and name one entry twice.
pub(super) fn revocation(raw: &RawRevocation) -> Result<Revocation, ConfigError> {
    let mut revoked = Revocation {
        token_ids: sorted(raw.jti.as_deref()).at("jti")?,
        client_ids: sorted(raw.client_ids.as_deref()).at("client_ids")?,
        ..Revocation::default()
    };
    // Sorted as it is.
    for (subject, time) in raw.issued_before.iter().flat_map(|subjects| &subjects.0) {
        let time = in_bounds(*time, 0, MAX_TIME, "seconds")
            .at(subject)
            .at("issued_before")?;
        let time = UnixSeconds::new(i64::try_from(time).unwrap_or(i64::MAX));
        revoked.issued_before.push((subject.clone(), time));
    }
    Ok(revoked)
}

/// Each text once, in order. A map of JSON sorts them: its code is in the module already.
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

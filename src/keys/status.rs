//! The state of a provider's keys, for metrics and operators.

use crate::{jose::VerifyingKey, keys::FetchError, time::UnixMillis};

/// The state of a provider's keys at one point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyStatus {
    /// The number of keys that may serve (verify tokens).
    pub keys: usize,
    /// True if the keys are no longer fresh. Stale keys may still serve.
    pub is_stale: bool,
    /// When the keys were last fetched or confirmed (status 304).
    pub fetched_at: Option<UnixMillis>,
}

/// A report on a provider's keys and their fetches, for operators.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyReport<'a> {
    /// The state of the keys.
    pub status: KeyStatus,
    /// The keys that may serve.
    pub keys: &'a [VerifyingKey],
    /// The URI that the keys were fetched from; `None` if no keys have been fetched.
    pub uri: Option<&'a str>,
    /// The time when a fetch last began or failed.
    pub attempted_at: Option<UnixMillis>,
    /// Why the last fetch failed; `None` if the last fetch succeeded.
    pub last_error: Option<FetchError>,
    /// When the next fetch is due. This time may be in the past. `None` before the first fetch.
    pub next_fetch: Option<UnixMillis>,
}

impl<'a> KeyReport<'a> {
    /// The report on keys from the configuration, which are never fetched.
    #[must_use]
    pub fn of_configured(keys: &'a [VerifyingKey]) -> Self {
        Self {
            status: KeyStatus {
                keys: keys.len(),
                ..KeyStatus::default()
            },
            keys,
            ..Self::default()
        }
    }
}

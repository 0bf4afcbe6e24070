//! The state of a provider's keys, for metrics and operators.

use crate::{jose::VerifyingKey, keys::FetchError, time::UnixMillis};

/// The state of a provider's keys at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyStatus {
    /// The number of keys that may serve.
    pub keys: usize,
    /// Whether their freshness has ended, even if they still serve.
    pub is_stale: bool,
    /// The time of the last fetch that brought or confirmed them.
    pub fetched_at: Option<UnixMillis>,
}

/// A report for operators on a provider's keys and on fetching them.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyReport<'a> {
    /// The status.
    pub status: KeyStatus,
    /// The keys that may serve.
    pub keys: &'a [VerifyingKey],
    /// The time when a fetch last began or failed.
    pub attempted_at: Option<UnixMillis>,
    /// Why the last fetch failed; `None` if it succeeded.
    pub last_error: Option<FetchError>,
    /// The time of the next fetch, in the past if one is due. `None` before the first.
    pub next_fetch: Option<UnixMillis>,
}

impl<'a> KeyReport<'a> {
    /// The report on keys that the configuration holds.
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

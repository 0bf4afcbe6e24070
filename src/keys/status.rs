//! What others may know of a provider's keys.

use crate::{jose::VerifyingKey, keys::FetchError, time::UnixMillis};

/// How a provider's keys stand at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many may serve.
    pub keys: usize,
    /// They are past their freshness, whether they still serve or not.
    pub is_stale: bool,
    /// When they were last fetched or confirmed.
    pub fetched_at: Option<UnixMillis>,
}

/// What an operator is told of one provider's keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account<'a> {
    /// Those that may serve.
    pub keys: &'a [VerifyingKey],
    /// They are past their freshness, whether they still serve or not.
    pub is_stale: bool,
    /// When they were last fetched or confirmed.
    pub fetched_at: Option<UnixMillis>,
    /// When a fetch last began or failed.
    pub attempted_at: Option<UnixMillis>,
    /// Why the last fetch failed, if it did.
    pub last_error: Option<FetchError>,
    /// When the next one is due; in the past where that is now. `None` before the first.
    pub next_fetch: Option<UnixMillis>,
}

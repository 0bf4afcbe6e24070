//! The durations of a key source: how long keys are fresh, and when they are fetched again.

use core::time::Duration;

use crate::keys::{JwksLocation, RemoteKeys, RetryPolicy};

/// The lead time of a fetch: keys are fetched again this long before they stop being fresh.
/// `jwt_authn` does the same. If keys are fresh for less than 50 seconds, the lead time is a tenth
/// of that duration.
const REFRESH_AHEAD: Duration = Duration::from_secs(5);

/// The margin of a lease. A lease lasts for the sum of the timeouts of a fetch's calls plus this
/// margin.
const LEASE_MARGIN: Duration = Duration::from_secs(1);

/// How long keys are fresh if neither the operator nor the server states a time. `jwt_authn` uses
/// the same duration.
const DEFAULT_FRESHNESS: Duration = Duration::from_secs(600);

/// The shortest and the longest time for which a server may declare keys fresh. A shorter time
/// would cause constant fetches, and a longer time would keep a withdrawn key for days.
const SERVER_FRESHNESS: (Duration, Duration) =
    (Duration::from_secs(60), Duration::from_secs(24 * 60 * 60));

/// The durations that result from the settings of a key source.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long keys are fresh; `None` if the server decides.
    pub(super) cache_duration: Option<Duration>,
    pub(super) max_stale: Duration,
    pub(super) lease: Duration,
    pub(super) cooldown: Duration,
    pub(super) retry: RetryPolicy,
}

impl From<&RemoteKeys> for Timing {
    fn from(source: &RemoteKeys) -> Self {
        let metadata_calls = match &source.location {
            JwksLocation::Configured(_) => 0,
            JwksLocation::Discovered(discovery) => discovery.metadata.len(),
        };
        let metadata_calls = u32::try_from(metadata_calls).unwrap_or(u32::MAX);
        let calls = metadata_calls.saturating_add(1);
        Self {
            cache_duration: source.cache_duration,
            max_stale: source.max_stale,
            lease: source
                .timeout
                .saturating_mul(calls)
                .saturating_add(LEASE_MARGIN),
            cooldown: source.unknown_kid_cooldown,
            retry: source.retry,
        }
    }
}

impl Timing {
    /// How long keys are fresh. `max_age` is the number of seconds that the server stated, if any.
    /// If `cache_duration` is configured, `max_age` is ignored.
    pub(super) fn freshness(&self, max_age: Option<u64>) -> Duration {
        let (least, most) = SERVER_FRESHNESS;
        self.cache_duration.unwrap_or_else(|| {
            max_age.map_or(DEFAULT_FRESHNESS, |seconds| {
                Duration::from_secs(seconds).clamp(least, most)
            })
        })
    }

    /// The time between a fetch and the next fetch.
    pub(super) fn refresh_after(&self, max_age: Option<u64>) -> Duration {
        let freshness = self.freshness(max_age);
        let ahead = REFRESH_AHEAD.min(freshness.checked_div(10).unwrap_or_default());
        freshness.saturating_sub(ahead)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::keys) const TIMING: Timing = Timing {
        cache_duration: Some(Duration::from_secs(600)),
        max_stale: Duration::from_secs(3600),
        lease: Duration::from_secs(6),
        cooldown: Duration::from_secs(30),
        retry: RetryPolicy {
            base: Duration::from_secs(1),
            max: Duration::from_secs(10),
        },
    };
}

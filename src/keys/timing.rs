//! The durations of a key source: how long keys are fresh, when they are fetched again, and how
//! long to wait after failed fetches.

use core::time::Duration;

use crate::{
    keys::{JwksLocation, RemoteKeys},
    time::UnixMillis,
};

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
    pub(super) backoff_base: Duration,
    pub(super) backoff_max: Duration,
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
            backoff_base: source.retry.base,
            backoff_max: source.retry.max,
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

    /// How long to wait after this many failures in a row: `base · 2^(failures - 1)`, but at most
    /// the maximum. The wait is then varied by up to ±10 %. Because of this jitter, proxies whose
    /// fetches failed at almost the same time retry at different times.
    pub(super) fn backoff(&self, failures: u32, failed_at: UnixMillis) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let wait = self
            .backoff_base
            .saturating_mul(factor)
            .min(self.backoff_max);
        // The result is 90 % to 110 % of `wait`. The percentage is derived from the time of the
        // failure, because the Wasm target has no source of randomness.
        let percent = u32::try_from(scramble(failed_at) % 21)
            .unwrap_or(0)
            .saturating_add(90);
        wait.saturating_mul(percent)
            .checked_div(100)
            .unwrap_or(wait)
    }
}

/// Hashes a time, with the finaliser of `SplitMix64`.
fn scramble(time: UnixMillis) -> u64 {
    let mut bits = time.as_u64().wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
pub(super) mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    pub(in crate::keys) const TIMING: Timing = Timing {
        cache_duration: Some(Duration::from_secs(600)),
        max_stale: Duration::from_secs(3600),
        lease: Duration::from_secs(6),
        cooldown: Duration::from_secs(30),
        backoff_base: Duration::from_secs(1),
        backoff_max: Duration::from_secs(10),
    };

    #[test]
    fn backs_off_with_jitter_up_to_the_maximum() {
        for (failures, base) in [
            (1, 1000),
            (2, 2000),
            (3, 4000),
            (4, 8000),
            (5, 10_000),
            (40, 10_000),
        ] {
            for seconds in 0..50 {
                let wait = TIMING
                    .backoff(failures, UnixMillis::new(seconds * 1000))
                    .as_millis();
                assert!(
                    (base * 9 / 10..=base * 11 / 10).contains(&wait),
                    "{failures}: {wait}"
                );
            }
        }
    }

    /// The first two numbers that the reference implementation of `SplitMix64` generates from the
    /// seed 0.
    #[test]
    fn scrambles_a_time_like_splitmix64() {
        for (time, expected) in [
            (0, 0xe220_a839_7b1d_cdaf),
            (0x9e37_79b9_7f4a_7c15, 0x6e78_9e6a_a1b9_65f4),
        ] {
            assert_eq!(scramble(UnixMillis::new(time)), expected);
        }
    }

    #[test]
    fn fetches_that_fail_at_different_times_wait_for_different_times() {
        let mut waits: Vec<_> = (0..1000)
            .map(|time| TIMING.backoff(1, UnixMillis::new(time)).as_millis())
            .collect();
        waits.sort_unstable();
        waits.dedup();
        assert_eq!(
            waits,
            (90..=110).map(|percent| percent * 10).collect::<Vec<_>>()
        );
    }
}

//! How long to wait after a failed fetch.

use core::time::Duration;

use crate::time::UnixMillis;

/// Exponential back-off: the wait starts at `base` and doubles with each failure, up to `max`. Each
/// wait is then shortened or lengthened by up to 10 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The wait after the first failure.
    pub base: Duration,
    /// The longest wait.
    pub max: Duration,
}

impl RetryPolicy {
    /// How long to wait after this many failures in a row: `base · 2^(failures - 1)`, but at most
    /// `max`, with a jitter of up to ±10 %. Because of the jitter, proxies whose fetches failed at
    /// almost the same time retry at different times.
    pub(super) fn backoff(&self, failures: u32, failed_at: UnixMillis) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let wait = self.base.saturating_mul(factor).min(self.max);
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
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const RETRY: RetryPolicy = RetryPolicy {
        base: Duration::from_secs(1),
        max: Duration::from_secs(10),
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
                let wait = RETRY
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
            .map(|time| RETRY.backoff(1, UnixMillis::new(time)).as_millis())
            .collect();
        waits.sort_unstable();
        waits.dedup();
        assert_eq!(
            waits,
            (90..=110).map(|percent| percent * 10).collect::<Vec<_>>()
        );
    }
}

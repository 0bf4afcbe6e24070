//! Decides whether keys may serve (verify tokens) and whether a fetch is due. The decisions depend
//! only on the key source's record and on the time.
//!
//! ```text
//!            fetched_at            + freshness             + max_stale
//!   absent ──────┬──── fresh ─────────────┬──── stale ───────────┬──── expired (503)
//!                └ fetched again shortly before the next phase; retried with back-off
//! ```
//!
//! Keys are fresh for the configured `cache_duration`. If no `cache_duration` is configured, the
//! server's `Cache-Control` decides, within bounds. If the server does not state a time either,
//! keys are fresh for ten minutes.
//!
//! A worker needs the lease to fetch. The lease is stored in the record, and at most one worker of
//! the process can hold it at a time. The other workers wait. The lease expires by itself. So if
//! the worker that holds the lease dies, the others can fetch as soon as the lease ends.

use core::time::Duration;

use crate::{
    keys::{FetchCause, Record, Timing},
    time::{CLOCK_CORRECTION, UnixMillis},
};

/// Whether keys may serve, that is, verify tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// The keys are fresh and may serve.
    Fresh,
    /// No keys may serve, but a fetch is under way or about to begin.
    Pending,
    /// The keys are no longer fresh, but may still serve for `max_stale`. This keeps requests
    /// working while fetches fail.
    Stale,
    /// No keys may serve. The next attempt to fetch keys is due after this duration.
    Unavailable(Duration),
}

impl Record {
    /// Decides whether the keys may serve at `now`.
    #[must_use]
    pub fn serving(&self, timing: &Timing, now: UnixMillis) -> Serving {
        if self.document.is_some()
            && let Some(fetched_at) = self.fetched_at
        {
            let fresh_until = fetched_at.plus(timing.freshness(self.max_age));
            if now < fresh_until {
                return Serving::Fresh;
            }
            if now < fresh_until.plus(timing.max_stale) {
                return Serving::Stale;
            }
        }
        if self.is_leased(timing, now) || self.is_due(timing, now) {
            Serving::Pending
        } else {
            Serving::Unavailable(self.next_fetch(timing).since(now))
        }
    }

    /// Returns true if a fetch should begin at `now`.
    #[must_use]
    pub fn wants_fetch(&self, timing: &Timing, cause: FetchCause, now: UnixMillis) -> bool {
        !self.is_leased(timing, now)
            && match cause {
                FetchCause::Freshness => self.is_due(timing, now),
                // Tokens with unknown kids must not cause additional calls to a failing server.
                FetchCause::UnknownKid => {
                    self.has_cooled_down(timing, now)
                        && (self.failures == 0 || self.is_due(timing, now))
                }
            }
    }

    /// Returns true if a request whose token has an unknown kid should wait for a fetch, because a
    /// fetch is under way or may begin now. After each fetch for an unknown kid, there is a
    /// cool-down, so that clients cannot flood the server with fetches by inventing kids.
    #[must_use]
    pub fn may_learn_kid(&self, timing: &Timing, now: UnixMillis) -> bool {
        self.is_leased(timing, now) || self.wants_fetch(timing, FetchCause::UnknownKid, now)
    }

    /// Returns true if another worker may have written a newer record after this record was read.
    /// Workers write only while they fetch. So a newer record is possible only if a fetch was under
    /// way when this record was read, or if a fetch has become due since then. If another worker's
    /// configuration has different durations, this method cannot foresee the writes of that worker.
    #[must_use]
    pub fn may_be_outdated(&self, timing: &Timing, now: UnixMillis) -> bool {
        let causes = [FetchCause::Freshness, FetchCause::UnknownKid];
        self.lease_until.is_some()
            || causes
                .into_iter()
                .any(|cause| self.wants_fetch(timing, cause, now))
    }

    /// Returns how long it takes until a fetch may look for an unknown kid. Returns `None` if a
    /// fetch has succeeded since the request arrived (at `waited_since`). Even the newest key set
    /// lacks the kid then, so the token counts as forged.
    #[must_use]
    pub fn unknown_kid_wait(
        &self,
        timing: &Timing,
        waited_since: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<Duration> {
        if waited_since.is_some_and(|arrived| self.fetched_at >= Some(arrived)) {
            return None;
        }
        let last = self.unknown_kid_at;
        let last = last.filter(|last| !is_from_another_time(*last, now));
        let cooled_down = last.map(|last| last.plus(timing.cooldown));
        let backs_off = self.failures > 0 && !self.is_due(timing, now);
        let due = backs_off.then(|| self.next_fetch(timing));
        Some(cooled_down.max(due).unwrap_or(now).since(now))
    }

    /// Returns true if a fetch is due, regardless of leases. If the recorded time of the last fetch
    /// is far in the future, the clock has been set back since then, and a fetch is due at once.
    /// Without this rule, withdrawn keys could serve until the recorded time.
    fn is_due(&self, timing: &Timing, now: UnixMillis) -> bool {
        let last = if self.failures > 0 {
            self.attempted_at
        } else {
            self.fetched_at
        };
        let is_ahead = last.is_some_and(|last| is_from_another_time(last, now));
        is_ahead || self.next_fetch(timing) <= now
    }

    /// The time of the next fetch.
    pub(super) fn next_fetch(&self, timing: &Timing) -> UnixMillis {
        let failed_at = self.attempted_at.filter(|_| self.failures > 0);
        match (failed_at, self.fetched_at) {
            (Some(failed_at), _) => failed_at.plus(timing.retry.backoff(self.failures, failed_at)),
            (None, Some(fetched_at)) => fetched_at.plus(timing.refresh_after(self.max_age)),
            (None, None) => UnixMillis::default(),
        }
    }

    /// The end of the lease, if a worker holds a valid lease. If a lease ends later than a new lease
    /// would, the clock was set back after the lease was taken. Such a lease is ignored, because it
    /// would prevent fetches for too long.
    pub(super) fn lease(&self, timing: &Timing, now: UnixMillis) -> Option<UnixMillis> {
        let longest = timing.lease.saturating_add(CLOCK_CORRECTION);
        self.lease_until
            .filter(|until| now < *until && *until <= now.plus(longest))
    }

    fn is_leased(&self, timing: &Timing, now: UnixMillis) -> bool {
        self.lease(timing, now).is_some()
    }

    fn has_cooled_down(&self, timing: &Timing, now: UnixMillis) -> bool {
        self.unknown_kid_at
            .is_none_or(|last| now >= last.plus(timing.cooldown) || is_from_another_time(last, now))
    }
}

/// Returns true if the clock was set back after this time was recorded. Such a time is ignored.
fn is_from_another_time(written: UnixMillis, now: UnixMillis) -> bool {
    written > now.plus(CLOCK_CORRECTION)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{
        jose::KeySetLimits,
        keys::{Caching, Document, FetchError, timing::tests::TIMING},
    };

    fn document() -> Document {
        let jwks = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let limits = KeySetLimits {
            bytes: 1000,
            keys: 1,
        };
        Document::parse(jwks, limits).unwrap()
    }

    fn at(seconds: u64) -> UnixMillis {
        UnixMillis::new(1_700_000_000_000_u64.saturating_add(seconds.saturating_mul(1000)))
    }

    fn fetched(seconds: u64) -> Record {
        let mut record = Record::default();
        record.begin(&TIMING, FetchCause::Freshness, at(seconds));
        record.succeed(
            document(),
            "https://idp/keys",
            Caching::default(),
            at(seconds),
        );
        record
    }

    #[test]
    fn serves_fresh_then_stale_then_not() {
        let record = fetched(0);
        for (seconds, expected) in [
            (0, Serving::Fresh),
            (599, Serving::Fresh),
            (600, Serving::Stale),
            (4199, Serving::Stale),
            (4200, Serving::Pending),
        ] {
            assert_eq!(record.serving(&TIMING, at(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn fetches_at_the_start_and_before_freshness_ends() {
        let wants = |record: &Record, seconds| {
            record.wants_fetch(&TIMING, FetchCause::Freshness, at(seconds))
        };
        assert!(wants(&Record::default(), 0));
        assert!(!wants(&fetched(0), 594));
        assert!(wants(&fetched(0), 595));
    }

    #[test]
    fn fetches_again_after_the_clock_went_back() {
        let mut record = fetched(1_000_000);
        assert!(record.wants_fetch(&TIMING, FetchCause::Freshness, at(0)));
        assert_eq!(record.serving(&TIMING, at(0)), Serving::Fresh);
        // A clock that is set back by at most 10 seconds is tolerated.
        for (seconds, wants) in [(5, false), (10, false), (11, true)] {
            let written = fetched(seconds);
            let wants_fetch = written.wants_fetch(&TIMING, FetchCause::Freshness, at(0));
            assert_eq!(wants_fetch, wants, "{seconds}");
        }
        record.document = None;
        record.fail(FetchError::Unreachable, at(1_000_000));
        assert_eq!(record.serving(&TIMING, at(0)), Serving::Pending);
        record.fail(FetchError::Unreachable, at(0));
        assert!(!record.wants_fetch(&TIMING, FetchCause::Freshness, at(0)));
    }

    #[test]
    fn keys_from_before_the_clock_went_back_serve_no_longer_than_they_may() {
        let mut record = fetched(1_000_000);
        record.begin(&TIMING, FetchCause::Freshness, at(0));
        record.fail(FetchError::Unreachable, at(0));
        assert_eq!(record.serving(&TIMING, at(599)), Serving::Fresh);
        assert_eq!(record.serving(&TIMING, at(4199)), Serving::Stale);
        assert_eq!(record.serving(&TIMING, at(4200)), Serving::Pending);
    }

    #[test]
    fn ignores_a_lease_that_is_longer_than_possible() {
        let mut record = Record::default();
        record.begin(&TIMING, FetchCause::Freshness, at(0));
        record.lease_until = Some(UnixMillis::new(u64::MAX));
        assert!(record.wants_fetch(&TIMING, FetchCause::Freshness, at(0)));
    }

    #[test]
    fn a_kid_is_hidden_until_the_cooldown_or_the_backoff_ends() {
        let mut record = fetched(0);
        assert_eq!(
            record.unknown_kid_wait(&TIMING, None, at(1)),
            Some(Duration::ZERO)
        );
        record.begin(&TIMING, FetchCause::UnknownKid, at(10));
        let cooldown = Some(Duration::from_secs(20));
        assert_eq!(record.unknown_kid_wait(&TIMING, None, at(20)), cooldown);
        for seconds in [40, 41, 42, 43, 44, 45, 46] {
            record.fail(FetchError::Unreachable, at(seconds));
        }
        let hidden = record.unknown_kid_wait(&TIMING, None, at(46)).unwrap();
        assert_eq!(at(46).plus(hidden), record.next_fetch(&TIMING));
        assert!(hidden > Duration::ZERO);
        // A fetch has succeeded since the request arrived, and did not find the kid.
        assert_eq!(record.unknown_kid_wait(&TIMING, Some(at(0)), at(46)), None);
    }

    #[test]
    fn gives_one_lease_that_ends_by_itself() {
        let mut record = Record::default();
        record.begin(&TIMING, FetchCause::Freshness, at(0));
        for (seconds, expected) in [(0, false), (5, false), (6, true)] {
            let wants = record.wants_fetch(&TIMING, FetchCause::Freshness, at(seconds));
            assert_eq!(wants, expected, "{seconds}");
            assert_eq!(record.serving(&TIMING, at(seconds)), Serving::Pending);
        }
    }

    #[test]
    fn ignores_a_lease_from_a_clock_that_went_back() {
        let mut record = Record::default();
        record.begin(&TIMING, FetchCause::Freshness, at(1000));
        assert!(record.wants_fetch(&TIMING, FetchCause::Freshness, at(0)));
    }

    #[test]
    fn says_when_missing_keys_are_fetched_again() {
        let mut record = Record::default();
        record.begin(&TIMING, FetchCause::Freshness, at(0));
        record.fail(FetchError::Unreachable, at(0));
        let Serving::Unavailable(wait) = record.serving(&TIMING, at(0)) else {
            panic!()
        };
        assert!((900..=1100).contains(&wait.as_millis()));
        assert_eq!(record.serving(&TIMING, at(2)), Serving::Pending);
    }

    #[test]
    fn keeps_last_good_keys_through_failures() {
        let mut record = fetched(0);
        record.fail(FetchError::Status(500), at(595));
        assert_eq!(record.serving(&TIMING, at(596)), Serving::Fresh);
        assert_eq!(record.serving(&TIMING, at(700)), Serving::Stale);
        assert!(!record.wants_fetch(&TIMING, FetchCause::Freshness, at(595)));
        assert!(record.wants_fetch(&TIMING, FetchCause::Freshness, at(597)));
    }

    #[test]
    fn takes_the_servers_freshness_within_bounds() {
        let timing = Timing {
            cache_duration: None,
            ..TIMING
        };
        let mut record = fetched(0);
        for (max_age, fresh_seconds) in [
            (None, 600),
            (Some(0), 60),
            (Some(59), 60),
            (Some(61), 61),
            (Some(3600), 3600),
            (Some(u64::MAX), 24 * 3600),
        ] {
            record.max_age = max_age;
            let last = record.serving(&timing, at(fresh_seconds - 1));
            assert_eq!(last, Serving::Fresh, "{max_age:?}");
            assert_eq!(record.serving(&timing, at(fresh_seconds)), Serving::Stale);
            // The operator's `cache_duration` takes precedence, and may be outside the bounds.
            assert_eq!(record.serving(&TIMING, at(599)), Serving::Fresh);
            assert_eq!(record.serving(&TIMING, at(600)), Serving::Stale);
        }
    }

    #[test]
    fn confirming_a_document_makes_it_fresh() {
        let mut record = fetched(0);
        let tagged = |tag: &str| Caching {
            etag: Some(tag.to_owned()),
            max_age: None,
        };
        record.succeed(document(), "https://idp/keys", tagged("\"1\""), at(0));
        record.fail(FetchError::Unreachable, at(600));
        record.max_age = Some(300);
        record.confirm(Caching::default(), at(700));
        assert_eq!(record.max_age, Some(300));
        assert_eq!(record.serving(&TIMING, at(1299)), Serving::Fresh);
        assert_eq!((record.failures, record.last_error), (0, None));
        assert_eq!(record.etag.as_deref(), Some("\"1\""));
        record.confirm(tagged("\"2\""), at(800));
        assert_eq!(record.etag.as_deref(), Some("\"2\""));
        // A new document without a tag does not inherit the tag of the old document.
        record.succeed(document(), "https://idp/keys", Caching::default(), at(900));
        assert_eq!((record.etag, record.max_age), (None, None));
    }

    /// The hint comes from the publisher of the SPIFFE bundle, who knows when the keys change. The
    /// headers may come from a cache that does not know when the keys change.
    #[test]
    fn a_refresh_hint_limits_the_time_that_the_headers_give() {
        let hinted = |hint: &str| {
            let text = document().text().replacen('{', &format!("{{{hint},"), 1);
            let limits = KeySetLimits::default();
            Document::parse(text.as_bytes(), limits).unwrap()
        };
        let headers = |max_age| Caching {
            max_age,
            etag: None,
        };
        for (hint, max_age, expected, confirmed) in [
            ("\"spiffe_refresh_hint\":120", None, Some(120), 120),
            ("\"spiffe_refresh_hint\":120", Some(3600), Some(120), 120),
            ("\"spiffe_refresh_hint\":120", Some(60), Some(60), 120),
            ("\"spiffe_refresh_hint\":-1", Some(60), Some(60), 9_999),
            ("\"spiffe_refresh_hint\":\"120\"", None, None, 9_999),
            ("\"spiffe_sequence\":7", None, None, 9_999),
        ] {
            let mut record = Record::default();
            record.succeed(hinted(hint), "https://idp/keys", headers(max_age), at(0));
            assert_eq!(record.max_age, expected, "{hint} {max_age:?}");
            record.confirm(headers(Some(9_999)), at(10));
            assert_eq!(record.max_age, Some(confirmed), "{hint} {max_age:?}");
        }
    }

    #[test]
    fn distinguishes_its_lease_from_a_later_one() {
        let mut record = Record::default();
        let first = record.begin(&TIMING, FetchCause::Freshness, at(0));
        assert!(record.is_leased_until(first));
        let second = record.begin(&TIMING, FetchCause::Freshness, at(6));
        assert!(!record.is_leased_until(first));
        assert!(record.is_leased_until(second));
        record.release();
        assert!(record.wants_fetch(&TIMING, FetchCause::Freshness, at(6)));
    }

    #[test]
    fn another_worker_writes_only_if_a_fetch_was_or_became_due() {
        let outdated = |record: &Record, seconds| record.may_be_outdated(&TIMING, at(seconds));
        assert!(outdated(&Record::default(), 0), "never fetched");
        assert!(
            outdated(&fetched(0), 10),
            "an unknown kid may cause a fetch"
        );
        let mut record = fetched(0);
        record.begin(&TIMING, FetchCause::UnknownKid, at(10));
        assert!(outdated(&record, 11), "while the fetch is under way");
        assert!(outdated(&record, 20), "the fetch ended without a result");
        record.succeed(document(), "https://idp/keys", Caching::default(), at(12));
        for (seconds, expected) in [(12, false), (39, false), (40, true)] {
            assert_eq!(outdated(&record, seconds), expected, "{seconds}");
        }
        record.unknown_kid_at = Some(at(600));
        for (seconds, expected) in [(606, false), (607, true)] {
            assert_eq!(outdated(&record, seconds), expected, "{seconds}");
        }
        let mut failed = Record::default();
        failed.fail(FetchError::Unreachable, at(0));
        assert!(!outdated(&failed, 0), "the back-off has not ended");
        assert!(outdated(&failed, 2));
    }

    #[test]
    fn fetches_for_unknown_kids_once_per_cooldown() {
        let mut record = fetched(0);
        assert!(record.may_learn_kid(&TIMING, at(10)));
        record.begin(&TIMING, FetchCause::UnknownKid, at(10));
        assert!(
            record.may_learn_kid(&TIMING, at(11)),
            "while the fetch is under way"
        );
        record.succeed(document(), "https://idp/keys", Caching::default(), at(11));
        assert!(!record.may_learn_kid(&TIMING, at(12)));
        assert!(!record.may_learn_kid(&TIMING, at(39)));
        assert!(record.may_learn_kid(&TIMING, at(40)));
    }
}

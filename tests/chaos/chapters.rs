//! How often keys are fetched in each chapter, and how often they may be.

use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::issuer::{BACKOFF, CACHE_DURATION, COOLDOWN};

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answers with keys.
    Good,
    /// It does not answer, or answers with nonsense.
    Failing,
}

/// A chapter that has ended.
pub(crate) struct Chapter {
    pub(crate) name: &'static str,
    pub(crate) health: Health,
    pub(crate) lasted: Duration,
    /// The fetches that ended in it.
    pub(crate) fetches: Fetches,
}

/// Fetches of all workers that succeeded and that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fetches {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

impl Fetches {
    /// The fetches since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            succeeded: self.succeeded - earlier.succeeded,
            failed: self.failed - earlier.failed,
        }
    }

    pub(crate) fn all(self) -> u64 {
        self.succeeded + self.failed
    }
}

impl Chapter {
    /// A chapter from `started` until now.
    pub(crate) fn ended(
        name: &'static str,
        health: Health,
        started: Instant,
        fetches: Fetches,
    ) -> Self {
        let lasted = started.elapsed();
        Self {
            name,
            health,
            lasted,
            fetches,
        }
    }

    /// The most fetches that may have ended in the chapter, including one that began in the chapter before.
    pub(crate) fn allowed(&self) -> u64 {
        1 + match self.health {
            Health::Good => {
                let refreshes = most(self.lasted, CACHE_DURATION * 9 / 10);
                refreshes + most(self.lasted, COOLDOWN)
            }
            // One for freshness or for a kid, then those that the back-off allows.
            Health::Failing => attempts(self.lasted),
        }
    }

    /// Fails the test if there are too many fetches, or none where some are due.
    pub(crate) fn assert_in_bounds(&self) {
        let (seen, allowed) = (self.fetches.all(), self.allowed());
        assert!(
            seen <= allowed,
            "{}: {seen} fetches, {allowed} allowed",
            self.name
        );
        let expected = match self.health {
            Health::Good => self.fetches.succeeded,
            Health::Failing => self.fetches.failed,
        };
        assert!(expected > 0, "{}: {:?}", self.name, self.fetches);
    }
}

impl fmt::Display for Chapter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, allowed) = (self.lasted.as_secs_f64(), self.allowed());
        let Fetches { succeeded, failed } = self.fetches;
        write!(
            formatter,
            "{:<32} {seconds:>7.1} {succeeded:>9} {failed:>7} {allowed:>8}",
            self.name
        )
    }
}

/// The most events in that time if they are at least an interval apart.
fn most(time: Duration, interval: Duration) -> u64 {
    (time.as_millis() / interval.as_millis()) as u64 + 1
}

/// The most attempts in that time if all of them fail. Each wait is twice the wait before, up to ten times
/// the first, less up to a tenth.
fn attempts(time: Duration) -> u64 {
    let waits = (0..).map(|failures: u32| {
        let doubled = BACKOFF * 2_u32.pow(failures.min(10));
        doubled.min(BACKOFF * 10) * 9 / 10
    });
    let starts = waits.scan(Duration::ZERO, |next, wait| {
        let start = *next;
        *next += wait;
        Some(start)
    });
    starts.take_while(|start| *start <= time).count() as u64
}

//! The chapters of the test. In each chapter, the authorization server behaves differently. This
//! module compares the number of key fetches in each chapter with a limit.

use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::issuer::{BACKOFF, CACHE_DURATION, COOLDOWN};

/// The state of the authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// The server answers with keys.
    Good,
    /// The server does not answer, or answers with garbage.
    Failing,
}

/// A chapter that has ended.
pub(crate) struct Chapter {
    pub(crate) name: &'static str,
    pub(crate) health: Health,
    pub(crate) lasted: Duration,
    /// The fetches that ended in the chapter.
    pub(crate) fetches: Fetches,
}

/// The number of successful and of failed fetches of all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fetches {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

impl Fetches {
    /// The fetches that have ended since `earlier` was counted.
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
    /// Describes a chapter that began at `started` and ends now.
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

    /// The maximum number of fetches that may end in the chapter, including one that began in the
    /// previous chapter.
    pub(crate) fn allowed(&self) -> u64 {
        1 + match self.health {
            Health::Good => {
                let refreshes = most(self.lasted, CACHE_DURATION * 9 / 10);
                refreshes + most(self.lasted, COOLDOWN)
            }
            // The first fetch refreshes the keys or looks for an unknown `kid`. The back-off limits
            // all later fetches.
            Health::Failing => attempts(self.lasted),
        }
    }

    /// Fails the test if there were too many fetches. Also fails it if no fetch succeeded although
    /// the server was good, or if no fetch failed although the server was failing.
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

/// The maximum number of events within `time`, if at least `interval` passes between two events.
fn most(time: Duration, interval: Duration) -> u64 {
    (time.as_millis() / interval.as_millis()) as u64 + 1
}

/// The maximum number of fetches within `time`, if all of them fail. After each failure, the gate
/// waits twice as long as before, but at most ten times as long as the first time. The gate varies
/// each wait at random by up to a tenth, and this function assumes the shortest waits.
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

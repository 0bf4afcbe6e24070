//! Points in time, and arithmetic with them.
//!
//! The core has no clock: callers pass the time as an argument. All arithmetic saturates, because
//! the operands come from tokens and configurations. If a validly signed token has an absurd `nbf`,
//! the result must be a refusal, not an overflow.
//!
//! The times in a JWT are `NumericDate` values (RFC 7519 section 2): seconds since the epoch, as a
//! JSON number that may have a fraction. [`UnixSeconds`] counts whole seconds. A time with a
//! fraction is rounded in the stricter direction: an expiry is rounded down, and a start is rounded
//! up.
//!
//! ```
//! use portcullis::time::{Rounding, UnixSeconds};
//!
//! let date = serde_json::json!(1_700_000_000.25);
//! let expiry = UnixSeconds::from_numeric_date(&date, Rounding::Down);
//! assert_eq!(expiry, Some(UnixSeconds::new(1_700_000_000)));
//! ```

pub mod calendar;

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// The largest correction of the clock that is tolerated. If a recorded time is further in the
/// future than this, the clock was set back after the time was recorded.
pub const CLOCK_CORRECTION: Duration = Duration::from_secs(10);

/// 9999-12-31T23:59:59Z, in seconds since 1970.
pub(crate) const LAST_SECOND_OF_9999: u64 = 253_402_300_799;

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, not counting leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(i64);

/// The direction in which a fraction of a second is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Down to a whole second: the stricter choice for an end (`exp`).
    Down,
    /// Up to the next whole second: the stricter choice for a start (`nbf`, `iat`).
    Up,
}

impl UnixSeconds {
    /// The point in time `seconds` after the epoch, or before the epoch if `seconds` is negative.
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Parses a `NumericDate` (RFC 7519 section 2).
    ///
    /// Returns `None` for anything but a JSON number, for a negative number (including `-0`), and
    /// for a number of seconds that does not fit into an `i64`. A number in quotes is refused too:
    /// libraries that treated such an `exp` as absent accepted expired tokens.
    pub fn from_numeric_date(value: &Value, rounding: Rounding) -> Option<Self> {
        let Value::Number(number) = value else {
            return None;
        };
        if let Some(seconds) = number.as_i64() {
            return (seconds >= 0).then_some(Self(seconds));
        }
        let seconds = number
            .as_f64()
            .filter(|s| s.is_finite() && s.is_sign_positive())?;
        let whole = match rounding {
            Rounding::Down => seconds.floor(),
            Rounding::Up => seconds.ceil(),
        };
        // This conversion fails for a number that is too large, whereas a cast would clamp it.
        let span = Duration::try_from_secs_f64(whole).ok()?;
        i64::try_from(span.as_secs()).ok().map(Self)
    }

    /// Seconds since the epoch.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// Adds the whole seconds of `span`, and drops its fraction.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(span.as_secs()))
    }

    /// The time since `earlier`, or zero if `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        let seconds = self.0.saturating_sub(earlier.0);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A reading of the host's clock: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// The point in time `milliseconds` after the epoch.
    #[must_use]
    pub const fn new(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Converts a clock reading in nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(nanoseconds.div_euclid(1_000_000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// This time in whole seconds, rounded down.
    #[must_use]
    pub fn seconds(self) -> UnixSeconds {
        UnixSeconds(i64::try_from(self.0.div_euclid(1000)).unwrap_or(i64::MAX))
    }

    /// Adds `span`. The result saturates.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(milliseconds(span)))
    }

    /// Writes this time in UTC, rounded down to a second (RFC 3339 section 5.6). The format has
    /// four digits for the year, so a time after the year 9999 is written as the last second of
    /// that year.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let seconds = self.0.div_euclid(1000).min(LAST_SECOND_OF_9999);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_date(days);
        let (hour, minute) = (
            second.div_euclid(3600),
            second.rem_euclid(3600).div_euclid(60),
        );
        let second = second.rem_euclid(60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// The time since `earlier`, or zero if `earlier` is in fact later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns true if less than `period` has passed from this time to `now`. Returns false if this
    /// time is in the future: the clock was set back, so it is unknown how much time has passed. So
    /// work that is done once per `period` is due at once, and not only when the clock has caught
    /// up.
    #[must_use]
    pub fn is_within(self, period: Duration, now: Self) -> bool {
        self <= now && now.since(self) < period
    }
}

/// Converts `span` to whole milliseconds, rounded down. The result saturates.
///
/// `as_millis` needs 128-bit arithmetic. WebAssembly has no instructions for it and calls functions
/// instead, so this function does not use `as_millis`. It is also not inlined.
#[must_use]
#[inline(never)]
pub fn milliseconds(span: Duration) -> u64 {
    const MAX_SECONDS: u64 = u64::MAX / 1000 - 1;
    if span.as_secs() > MAX_SECONDS {
        return u64::MAX;
    }
    let whole = span.as_secs().wrapping_mul(1000);
    whole.wrapping_add(u64::from(span.subsec_millis()))
}

/// Converts days since 1970-01-01 to year, month and day. Here, years begin in March, so that the
/// leap day is the last day of a year. The calculation of the month relies on two groups of months
/// with 153 days each: March to July, and August to December.
fn civil_date(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // Days since 0000-03-01.
    let days = days.saturating_add(719_468);
    let (era, day) = (
        days.div_euclid(DAYS_OF_400_YEARS),
        days.rem_euclid(DAYS_OF_400_YEARS),
    );
    let leap_days = [1460, 146_096]
        .iter()
        .map(|span| day.div_euclid(*span))
        .sum::<u64>();
    let year = day
        .saturating_add(day.div_euclid(36_524))
        .saturating_sub(leap_days)
        .div_euclid(365);
    let leap_days = year.div_euclid(4).saturating_sub(year.div_euclid(100));
    let day = day.saturating_sub(year.saturating_mul(365).saturating_add(leap_days));
    let month = day.saturating_mul(5).saturating_add(2).div_euclid(153);
    let start = month.saturating_mul(153).saturating_add(2).div_euclid(5);
    let (month, is_next) = if month < 10 {
        (month.saturating_add(3), 0)
    } else {
        (month.saturating_sub(9), 1)
    };
    let year = era.saturating_mul(400).saturating_add(year);
    (
        year.saturating_add(is_next),
        month,
        day.saturating_sub(start).saturating_add(1),
    )
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(json: &str, rounding: Rounding) -> Option<i64> {
        let value: Value = serde_json::from_str(json).unwrap();
        UnixSeconds::from_numeric_date(&value, rounding).map(UnixSeconds::as_i64)
    }

    #[test]
    fn rounds_numeric_dates_to_the_stricter_second() {
        for (json, down, up) in [
            ("0", 0, 0),
            ("1700000000", 1_700_000_000, 1_700_000_000),
            ("1700000000.0", 1_700_000_000, 1_700_000_000),
            ("1700000000.25", 1_700_000_000, 1_700_000_001),
            ("1.7e9", 1_700_000_000, 1_700_000_000),
            ("1e10", 10_000_000_000, 10_000_000_000),
            ("1e-400", 0, 0),
            ("9223372036854775807", i64::MAX, i64::MAX),
        ] {
            assert_eq!(read(json, Rounding::Down), Some(down), "{json} down");
            assert_eq!(read(json, Rounding::Up), Some(up), "{json} up");
        }
    }

    #[test]
    fn refuses_a_value_that_is_not_a_numeric_date() {
        for json in [
            "-1",
            "-0",
            "-0.5",
            "-1e300",
            "9223372036854775808",
            "18446744073709551615",
            "1e19",
            "1e300",
            "\"1700000000\"",
            "\"\"",
            "null",
            "true",
            "[]",
            "[1700000000]",
            "{}",
        ] {
            assert_eq!(read(json, Rounding::Down), None, "{json}");
            assert_eq!(read(json, Rounding::Up), None, "{json}");
        }
    }

    #[test]
    fn no_period_contains_a_time_in_the_future() {
        let period = Duration::from_millis(100);
        for (then, now, expected) in [
            (1000, 1000, true),
            (1000, 1099, true),
            (1000, 1100, false),
            (1000, u64::MAX, false),
            (1000, 999, false),
            (u64::MAX, u64::MAX, true),
            (u64::MAX, 0, false),
        ] {
            let (then, now) = (UnixMillis::new(then), UnixMillis::new(now));
            assert_eq!(then.is_within(period, now), expected, "{then:?} {now:?}");
        }
        let now = UnixMillis::new(1000);
        assert!(!now.is_within(Duration::ZERO, now));
    }

    #[test]
    fn arithmetic_saturates() {
        let (first, last) = (UnixSeconds::new(i64::MIN), UnixSeconds::new(i64::MAX));
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(
            last.since(first),
            Duration::from_secs(u64::try_from(i64::MAX).unwrap())
        );
        assert_eq!(first.since(last), Duration::ZERO);
        assert_eq!(
            UnixSeconds::new(5).plus(Duration::from_millis(1999)),
            UnixSeconds::new(6)
        );
        let last = UnixMillis::new(u64::MAX);
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(UnixMillis::new(0).since(last), Duration::ZERO);
        assert_eq!(milliseconds(Duration::MAX), u64::MAX);
        assert_eq!(milliseconds(Duration::from_micros(1999)), 1);
    }

    #[test]
    fn writes_rfc_3339() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (999, "1970-01-01T00:00:00Z"),
            (951_782_399_000, "2000-02-28T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(UnixMillis::new(milliseconds).rfc3339(), text);
        }
    }

    #[test]
    fn counts_every_day_of_eight_centuries() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..300_000 {
            assert_eq!(civil_date(days), (year, month, day));
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if is_leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, last) if last == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
    }
}

//! The times of a token (RFC 7519 sections 4.1.4 to 4.1.6).

use core::time::Duration;

use crate::{decision::Reason, jose::Times, time::UnixSeconds};

/// Rules on `exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6), in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRules {
    /// The tolerated difference between clocks.
    pub clock_skew: Duration,
    /// True if a token without `exp` is refused.
    pub require_expiration: bool,
    /// True if a token whose `iat` is in the future is accepted.
    pub allow_future_iat: bool,
    /// The maximum of the remaining lifetime, `exp - now`.
    pub max_lifetime: Option<Duration>,
    /// The maximum of the whole lifetime, `exp - iat`.
    pub max_issued_lifetime: Option<Duration>,
}

/// Returns true if the token is expired: `now` is at or after `exp` plus the clock skew.
pub(super) fn is_expired(rules: TimeRules, times: Times, now: UnixSeconds) -> bool {
    times
        .expiration
        .is_some_and(|expiration| now >= expiration.plus(rules.clock_skew))
}

/// Checks all times except expiry.
pub(super) fn check(rules: TimeRules, times: Times, now: UnixSeconds) -> Result<(), Reason> {
    let soonest = now.plus(rules.clock_skew);
    let is_later = |time: Option<UnixSeconds>| time.is_some_and(|time| time > soonest);
    if is_later(times.not_before) || !rules.allow_future_iat && is_later(times.issued_at) {
        return Err(Reason::NotYetValid);
    }
    let Some(expiration) = times.expiration else {
        // A token without `exp` never expires, so it exceeds every limit on the lifetime.
        let may_last = !rules.require_expiration
            && rules.max_lifetime.is_none()
            && rules.max_issued_lifetime.is_none();
        return if may_last {
            Ok(())
        } else {
            Err(Reason::Lifetime)
        };
    };
    let exceeds = |start: Option<UnixSeconds>, bound: Option<Duration>| {
        bound.is_some_and(|bound| start.is_none_or(|start| expiration > start.plus(bound)))
    };
    if exceeds(Some(now), rules.max_lifetime) || exceeds(times.issued_at, rules.max_issued_lifetime)
    {
        return Err(Reason::Lifetime);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::Claims;

    const NOW: i64 = 1_700_000_000;
    const RULES: TimeRules = TimeRules {
        clock_skew: Duration::from_secs(60),
        require_expiration: true,
        allow_future_iat: false,
        max_lifetime: None,
        max_issued_lifetime: None,
    };

    fn outcome(rules: TimeRules, claims: &serde_json::Value) -> Result<(), Reason> {
        let claims = Claims::parse(claims.to_string().as_bytes()).unwrap();
        let (times, now) = (claims.times(), UnixSeconds::new(NOW));
        check(rules, times, now)?;
        if is_expired(rules, times, now) {
            Err(Reason::Expired)
        } else {
            Ok(())
        }
    }

    #[test]
    fn refuses_a_token_from_the_second_it_expires() {
        let strict = TimeRules {
            clock_skew: Duration::ZERO,
            ..RULES
        };
        for (rules, exp, expected) in [
            (strict, NOW + 1, Ok(())),
            (strict, NOW, Err(Reason::Expired)),
            (RULES, NOW - 59, Ok(())),
            (RULES, NOW - 60, Err(Reason::Expired)),
            (RULES, 0, Err(Reason::Expired)),
        ] {
            assert_eq!(outcome(rules, &json!({"exp": exp})), expected, "{exp}");
        }
    }

    #[test]
    fn refuses_a_token_before_its_start() {
        let lenient = TimeRules {
            allow_future_iat: true,
            ..RULES
        };
        for (rules, claims, expected) in [
            (RULES, json!({"exp": NOW + 9, "nbf": NOW + 60}), Ok(())),
            (
                RULES,
                json!({"exp": NOW + 9, "nbf": NOW + 61}),
                Err(Reason::NotYetValid),
            ),
            (RULES, json!({"exp": NOW + 9, "iat": NOW + 60}), Ok(())),
            (
                RULES,
                json!({"exp": NOW + 9, "iat": NOW + 61}),
                Err(Reason::NotYetValid),
            ),
            (lenient, json!({"exp": NOW + 9, "iat": NOW + 61}), Ok(())),
            (
                RULES,
                json!({"exp": NOW + 9, "nbf": i64::MAX}),
                Err(Reason::NotYetValid),
            ),
        ] {
            assert_eq!(outcome(rules, &claims), expected, "{claims}");
        }
    }

    #[test]
    fn bounds_lifetimes() {
        let left = TimeRules {
            max_lifetime: Some(Duration::from_secs(100)),
            ..RULES
        };
        let made = TimeRules {
            max_issued_lifetime: Some(Duration::from_secs(100)),
            ..RULES
        };
        for (rules, claims, expected) in [
            (left, json!({"exp": NOW + 100}), Ok(())),
            (left, json!({"exp": NOW + 101}), Err(Reason::Lifetime)),
            (made, json!({"exp": NOW + 50, "iat": NOW - 50}), Ok(())),
            (
                made,
                json!({"exp": NOW + 50, "iat": NOW - 51}),
                Err(Reason::Lifetime),
            ),
            (made, json!({"exp": NOW + 50}), Err(Reason::Lifetime)),
        ] {
            assert_eq!(outcome(rules, &claims), expected, "{claims}");
        }
    }

    #[test]
    fn refuses_a_token_without_exp_unless_configured() {
        let endless = TimeRules {
            require_expiration: false,
            ..RULES
        };
        let bounded = TimeRules {
            max_lifetime: Some(Duration::from_secs(100)),
            ..endless
        };
        assert_eq!(outcome(RULES, &json!({})), Err(Reason::Lifetime));
        assert_eq!(outcome(endless, &json!({})), Ok(()));
        assert_eq!(outcome(bounded, &json!({})), Err(Reason::Lifetime));
    }
}

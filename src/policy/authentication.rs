//! Requirements on how, and how recently, the user authenticated (RFC 9470).

use core::time::Duration;

use serde_json::Value;

use crate::{jose::Claims, time::UnixSeconds};

/// A requirement on the user's authentication. The token must satisfy every field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// The accepted values of `acr` (authentication context class), in order of preference. An
    /// empty list accepts every token.
    pub acr_values: Vec<String>,
    /// The maximum time since the user authenticated (`auth_time`).
    pub max_age: Option<Duration>,
}

impl Authentication {
    /// Returns true if the token's `acr` is accepted. A missing `acr` is accepted only if
    /// `acr_values` is empty.
    #[must_use]
    pub fn accepts_class(&self, claims: &Claims) -> bool {
        let acr = claims.member("acr").and_then(Value::as_str);
        self.acr_values.is_empty()
            || acr.is_some_and(|acr| self.acr_values.iter().any(|own| own == acr))
    }

    /// Returns true if the user authenticated recently enough. A missing `auth_time` does not count
    /// as recent. Neither does an `auth_time` in the future: an issuer may write `auth_time` in
    /// milliseconds by mistake, and without this rule every login would then count as recent.
    #[must_use]
    pub fn is_recent(
        &self,
        auth_time: Option<UnixSeconds>,
        now: UnixSeconds,
        clock_skew: Duration,
    ) -> bool {
        self.max_age.is_none_or(|max_age| {
            auth_time.is_some_and(|then| {
                now <= then.plus(max_age).plus(clock_skew) && then <= now.plus(clock_skew)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn claims(claims: &Value) -> Claims {
        Claims::parse(claims.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn s2_acr_must_be_one_of_the_values() {
        let required = Authentication {
            acr_values: vec!["phr".to_owned(), "phrh".to_owned()],
            max_age: None,
        };
        for (own, expected) in [
            (json!({"acr": "phr"}), true),
            (json!({"acr": "phrh"}), true),
            (json!({"acr": "PHR"}), false),
            (json!({"acr": "phr phrh"}), false),
            (json!({"acr": ["phr"]}), false),
            (json!({"acr": ""}), false),
            (json!({}), false),
        ] {
            assert_eq!(required.accepts_class(&claims(&own)), expected, "{own}");
        }
    }

    #[test]
    fn s2_auth_time_is_a_number_that_is_not_older_than_max_age() {
        let required = Authentication {
            acr_values: vec![],
            max_age: Some(Duration::from_secs(300)),
        };
        for (auth_time, expected) in [
            (json!(NOW), true),
            (json!(NOW - 300), true),
            (json!(NOW - 310), true),
            (json!(NOW - 311), false),
            (json!(1_699_999_689.9), false),
            (json!(NOW + 10), true),
            (json!(NOW + 11), false),
            (json!(NOW * 1000), false),
            (json!(NOW.to_string()), false),
            (json!(-1), false),
            (json!(null), false),
        ] {
            let own = claims(&json!({"auth_time": auth_time}));
            let now = UnixSeconds::new(NOW);
            let skew = Duration::from_secs(10);
            let found = required.is_recent(own.auth_time(), now, skew);
            assert_eq!(found, expected, "{auth_time}");
        }
    }
}

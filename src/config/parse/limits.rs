//! Parses `limits` and `jwt_cache_config`, and checks that numbers and durations are within bounds.

use core::time::Duration;

use crate::{
    config::{
        ConfigError, Fault, Limits,
        error::At,
        raw::{RawCache, RawDuration, RawLimits},
    },
    jose::KeySetLimits,
    time,
    token_cache::CacheLimits,
};

/// The shortest duration that is greater than zero. Durations are whole numbers of milliseconds.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);

const DEFAULT_CACHED_TOKENS: usize = 1000;
const DEFAULT_CACHED_TOKEN_BYTES: usize = 4096;
const MAX_CACHED_TOKENS: u64 = 100_000;
const MAX_HEADER_BYTES: u64 = 1 << 20;
const MAX_JWKS_BYTES: u64 = 16 << 20;
const MAX_JWKS_KEYS: u64 = 1024;
const MAX_PARKED_REQUESTS: u64 = 65_536;
const MAX_PARK_TIMEOUT: Duration = Duration::from_secs(60);

/// Parses `limits`.
pub(super) fn limits(raw: RawLimits) -> Result<Limits, ConfigError> {
    let default = Limits::default();
    let bounded = |field: &str, written: Option<u64>, default: usize, max: u64, unit| {
        written
            .map_or(Ok(default), |count| {
                in_bounds(count, 1, max, unit).and_then(fits)
            })
            .at(field)
    };
    let bytes = "bytes";
    Ok(Limits {
        token_bytes: bounded(
            "token_bytes",
            raw.token_bytes,
            default.token_bytes,
            MAX_HEADER_BYTES,
            bytes,
        )?,
        key_sets: KeySetLimits {
            bytes: bounded(
                "jwks_bytes",
                raw.jwks_bytes,
                default.key_sets.bytes,
                MAX_JWKS_BYTES,
                bytes,
            )?,
            keys: bounded(
                "jwks_keys",
                raw.jwks_keys,
                default.key_sets.keys,
                MAX_JWKS_KEYS,
                "keys",
            )?,
        },
        parked_requests: bounded(
            "parked_requests",
            raw.parked_requests,
            default.parked_requests,
            MAX_PARKED_REQUESTS,
            "requests",
        )?,
        park_timeout: raw
            .park_timeout
            .map_or(Ok(default.park_timeout), |written| {
                duration_in_bounds(written.0, SHORTEST, MAX_PARK_TIMEOUT)
            })
            .at("park_timeout")?,
        header_value_bytes: bounded(
            "header_value_bytes",
            raw.header_value_bytes,
            default.header_value_bytes,
            MAX_HEADER_BYTES,
            bytes,
        )?,
        path_bytes: bounded(
            "path_bytes",
            raw.path_bytes,
            default.path_bytes,
            MAX_HEADER_BYTES,
            bytes,
        )?,
    })
}

/// Parses `jwt_cache_config`. As in protobuf, 0 means the default. Returns `None` if the cache is
/// disabled.
pub(super) fn cache(raw: RawCache) -> Result<Option<CacheLimits>, ConfigError> {
    let bounded = |field: &str, written: Option<u64>, default: usize, max: u64, unit| {
        written
            .filter(|count| *count != 0)
            .map_or(Ok(default), |count| {
                in_bounds(count, 1, max, unit).and_then(fits)
            })
            .at(field)
    };
    let limits = CacheLimits {
        entries: bounded(
            "jwt_cache_size",
            raw.jwt_cache_size,
            DEFAULT_CACHED_TOKENS,
            MAX_CACHED_TOKENS,
            "tokens",
        )?,
        token_bytes: bounded(
            "jwt_max_token_size",
            raw.jwt_max_token_size,
            DEFAULT_CACHED_TOKEN_BYTES,
            MAX_HEADER_BYTES,
            "bytes",
        )?,
    };
    Ok((raw.disabled != Some(true)).then_some(limits))
}

/// Checks that `value` is at least `min` and at most `max`.
pub(super) fn in_bounds(value: u64, min: u64, max: u64, unit: &'static str) -> Result<u64, Fault> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(Fault::OutOfBounds { min, max, unit })
    }
}

/// Checks that `value` is at least `min` and at most `max`.
pub(super) fn duration_in_bounds(
    value: Duration,
    min: Duration,
    max: Duration,
) -> Result<Duration, Fault> {
    let [value, min, max] = [value, min, max].map(time::milliseconds);
    in_bounds(value, min, max, "milliseconds").map(Duration::from_millis)
}

/// Checks that a duration is greater than zero.
pub(super) fn positive(written: RawDuration) -> Result<Duration, Fault> {
    duration_in_bounds(written.0, SHORTEST, RawDuration::MAX)
}

fn fits(count: u64) -> Result<usize, Fault> {
    usize::try_from(count).map_err(|_| Fault::OutOfBounds {
        min: 1,
        max: u64::from(u32::MAX),
        unit: "",
    })
}

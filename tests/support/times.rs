//! How many cases a generated test runs.

/// That many cases, times `PORTCULLIS_TIMES` (`make test-exhaustive` sets it).
pub fn times(cases: u32) -> u32 {
    let factor = std::env::var("PORTCULLIS_TIMES").map_or(1, |factor| factor.parse().unwrap());
    cases.saturating_mul(factor)
}

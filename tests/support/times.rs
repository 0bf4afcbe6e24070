//! The number of cases that a test with generated input runs.

/// Multiplies the number of cases by `PORTCULLIS_TIMES`, which `make test-exhaustive` sets.
pub fn times(cases: u32) -> u32 {
    let factor = std::env::var("PORTCULLIS_TIMES").map_or(1, |factor| factor.parse().unwrap());
    cases.saturating_mul(factor)
}

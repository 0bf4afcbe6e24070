//! What all property tests share: the clock, the issuer and the test runner.

use std::fmt::Debug;

use portcullis::jose::Algorithm;
use proptest::{
    strategy::Strategy,
    test_runner::{Config as Runs, TestCaseResult, TestRunner},
};
use serde_json::{Value, json};

pub(crate) use support::{
    engine::{at, decide, engine},
    objects::with,
    signer::{Pair, Signer},
};

/// The time at which every test starts, in seconds since 1970.
pub(crate) const NOW: i64 = 1_800_000_000;

/// Settings for a run with this many cases, multiplied by `PORTCULLIS_TIMES`. A failure writes no
/// file, because the printed input is enough to repeat the failure.
pub(crate) fn runs(cases: u32) -> Runs {
    Runs {
        cases: support::times::times(cases),
        failure_persistence: None,
        ..Runs::default()
    }
}

/// Tests a property on generated inputs. If the property fails, panics with the smallest failing
/// input that it found.
pub(crate) fn for_all<S>(cases: u32, inputs: &S, property: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy<Value: Debug>,
{
    let outcome = TestRunner::new(runs(cases)).run(inputs, property);
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// A provider that accepts the tokens of [`signer`].
pub(crate) fn provider(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "audiences": ["api"],
        "shared_secrets": [{ "kid": "HS256-1", "secret": signer().jwk()["k"] }],
    })
}

/// The signer of good tokens. It uses HS256, the fastest algorithm, because each case may sign
/// several tokens.
pub(crate) fn signer() -> Signer {
    Signer::new(Algorithm::Hs256)
}

/// A signer with the `kid` of [`signer`], but with a key that no configuration contains.
pub(crate) fn forger() -> Signer {
    Signer::with_pair(Algorithm::Hs256, Pair::Other)
}

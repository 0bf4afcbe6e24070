//! Thirty seconds of traffic through four workers while the authorization server misbehaves.
//!
//! The server stops, slows down, restarts, answers with garbage and rotates its keys three times.
//! Meanwhile, clients send good and bad tokens. The test proves that no good token is refused once
//! its key is published and the gate can know the key, that no bad token passes, and that keys are
//! fetched no more often than the configuration allows. `make chaos` prints the counts.

mod chapters;
mod issuer;
mod storm;
mod traffic;

use std::time::Duration;

use support::envoy::InEnvoy;

/// The duration of the test, which the chapters share.
const DURATION: Duration = Duration::from_secs(30);

support::on_both_builds!(no_good_token_is_refused_and_no_bad_one_passes_whatever_the_issuer_does);

fn no_good_token_is_refused_and_no_bad_one_passes_whatever_the_issuer_does<D: InEnvoy>() {
    storm::rage::<D>();
}

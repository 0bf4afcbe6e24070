//! Thirty seconds of traffic through four workers while the authorization server misbehaves.
//!
//! The server stops, slows down, restarts, answers with garbage and rotates its keys three times.
//! Meanwhile, clients send good and bad tokens. The test proves three things: no good token is
//! refused once the gate (Envoy with Portcullis) has had the chance to fetch the token's key; no
//! bad token passes; and keys are fetched no more often than the configuration allows. `make chaos`
//! prints the number of requests and fetches.

mod chapters;
mod issuer;
mod storm;
mod traffic;

use std::time::Duration;

use support::envoy::InEnvoy;

/// The duration of all chapters together.
const DURATION: Duration = Duration::from_secs(30);

support::on_both_builds!(no_good_token_is_refused_and_no_bad_one_passes_whatever_the_issuer_does);

fn no_good_token_is_refused_and_no_bad_one_passes_whatever_the_issuer_does<D: InEnvoy>() {
    storm::rage::<D>();
}

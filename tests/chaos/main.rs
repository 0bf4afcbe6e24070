//! Half a minute of traffic through four workers while the authorization server misbehaves.
//!
//! The server is stopped, slowed down and restarted, answers with garbage and rotates its keys three times.
//! Meanwhile, clients send good and bad tokens. The test proves that no good token is refused while its key
//! is published and the gate can know it, that no bad token passes, and that keys are fetched no more often
//! than the configuration allows. `make chaos` prints what was counted.

mod chapters;
mod issuer;
mod storm;
mod traffic;

use std::time::Duration;

/// How long the test takes. The chapters share this time.
const DURATION: Duration = Duration::from_secs(30);

#[test]
fn no_good_token_is_refused_and_no_bad_one_passes_whatever_the_issuer_does() {
    if support::envoy::is_installed(&support::envoy::module()) {
        storm::rage();
    }
}

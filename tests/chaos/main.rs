//! Half a minute of traffic through four workers while the authorization server goes through everything
//! that such servers go through.
//!
//! It is stopped, slowed, made to answer garbage, rotates its keys three times and is restarted.
//! Clients send good and bad tokens all the while. Claimed is: no good token is refused whose key
//! is published and was learnt, or can be; no bad token passes; and keys are fetched no more often
//! than the configuration says. What was counted is printed (`make chaos`).

mod chapters;
mod issuer;
mod storm;
mod traffic;

use std::time::Duration;

/// How long it takes. The chapters share it.
const DURATION: Duration = Duration::from_secs(30);

#[test]
fn no_good_token_is_refused_and_no_bad_one_passes_whatever_the_issuer_does() {
    if support::envoy::is_installed(&support::envoy::module()) {
        storm::rage();
    }
}

//! What a gate does, told once and run twice: in the fake host and in the real Envoy.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code: a failure should end the test"
)]

mod agreement;
mod answers;
mod client_secrets;
mod configuration;
mod cves;
mod discovery;
mod endurance;
mod examples;
mod exports;
mod extraction;
mod features;
mod forwarding;
mod freshness;
mod hostile_input;
mod key_sources;
mod keys;
mod keys_in_shared_memory;
mod keys_of_four_workers;
mod leaving_clients;
mod metrics;
mod open_connections;
mod outages;
mod path;
mod provider_pages;
mod providers;
mod readiness;
mod routes;
mod signature_vectors;
mod signatures;
#[path = "../support/signer.rs"]
mod signer;
mod status;
#[path = "../support/mod.rs"]
mod support;
mod trailers;
mod updates;
mod withheld_capabilities;
mod world;

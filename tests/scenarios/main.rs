//! Tests the behaviour of gates. A gate is a running proxy with the filter. Each scenario is
//! written once and runs in the fake host and in the real Envoy.
//!
//! The engine's own tests cover its decisions. Scenarios test what depends on the host: headers,
//! bodies, waiting, metrics, fetches.

mod agreement;
mod answers;
mod certificates;
mod claims;
mod client_assertions;
mod client_secrets;
mod configuration;
mod cves;
mod discovery;
mod endurance;
mod examples;
mod exports;
mod extraction;
mod forwarding;
mod freshness;
mod grpc;
mod host_calls;
mod hostile_input;
mod identity_header;
mod key_sources;
mod keys;
mod keys_of_four_workers;
mod kubernetes;
mod leaving_clients;
mod mcp;
mod metrics;
mod open_connections;
mod outages;
mod path;
mod program;
mod protected_resources;
mod provider_pages;
mod providers;
mod readiness;
mod refusals;
mod revocation;
mod roles;
mod routes;
mod shared_memory;
mod signature_vectors;
mod signatures;
mod status;
mod trailers;
mod updates;
mod upgrades;
mod withheld_capabilities;
mod world;

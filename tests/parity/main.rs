//! Compares the module with Envoy's `jwt_authn`, request by request.
//!
//! One Envoy runs each configuration twice: once with `jwt_authn`, and once with the module, after
//! `portcullis migrate` has converted the configuration. Both filters receive the same bytes. Their
//! decisions and the requests that reach the upstream must be equal, except for the differences
//! that [`differences`] lists. Configurations and requests come from tables and from a generator
//! with a seed (`PORTCULLIS_PARITY_SEED`).

mod comparison;
mod configurations;
mod differences;
mod gates;
mod generated;
mod places;
mod plans;
mod predicates;
mod provider;
mod rbac;
mod routes;
mod suite;
mod tokens;

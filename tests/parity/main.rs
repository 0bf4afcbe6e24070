//! Compares the module with Envoy's `jwt_authn`, request by request.
//!
//! One Envoy runs each configuration twice: once with `jwt_authn`, and once with the module, after
//! `portcullis migrate` has converted the configuration. Both filters receive exactly the same
//! requests. Their decisions must be equal, and so must the requests that reach the upstream. The
//! only exceptions are the differences that [`differences`] lists. Configurations and requests come
//! from tables and from a seeded generator (`PORTCULLIS_PARITY_SEED`).

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

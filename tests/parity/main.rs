//! The module beside Envoy's own `jwt_authn`, request by request.
//!
//! Each configuration stands twice in one Envoy: as it is, for `jwt_authn`, and as
//! `portcullis migrate` carries it over. Both get the same bytes; what they decide and what the
//! upstream sees must be the same, save for what [`differences`] lists. Configurations and requests
//! come from tables and from a generator with a seed (`PORTCULLIS_PARITY_SEED`).

mod comparison;
mod configurations;
mod differences;
mod gates;
mod generated;
mod places;
mod plans;
mod predicates;
mod provider;
mod random;
mod rbac;
mod routes;
mod suite;
mod tokens;

//! What the operator's rules say about a request and about a verified token.
//!
//! Small pure values: a [`Rule`] joins a [`RouteMatch`] to a [`Requirement`] and an
//! [`Authorization`]; [`Places`] says where tokens come from; [`path`], [`method`] and
//! [`authority`] say what servers could read in two ways. None of it knows keys, time or the host.

pub mod authority;
mod authorization;
mod basic;
#[cfg(any(feature = "cli", test))]
mod coverage;
mod credential;
mod identity;
mod requirement;
mod route;
mod route_policy;
mod scheme;
mod string_match;
mod structured_scope;

pub use self::{
    authorization::{Authorization, Grants, Shortfall, WordSet, holds_one_of},
    basic::ClientCredentials,
    credential::{Credential, CredentialError, HeaderPlace, Location, Places},
    identity::{AmbiguousIdentity, IdentityPart, IdentityTemplate},
    requirement::{Extraction, Requirement, Rule},
    route::{
        HeaderCondition, HeaderMatch, PathMatch, PathText, QueryCondition, QueryMatch, RouteMatch,
    },
    route_policy::RoutePolicy,
    scheme::{Scheme, Schemes},
    string_match::{Pattern, StringMatch, full_match},
    structured_scope::StructuredScopes,
};

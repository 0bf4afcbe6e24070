//! What the operator's rules say about a request and about a verified token.
//!
//! Small pure values: a [`Rule`] joins a [`RouteMatch`] to a [`Requirement`] and an
//! [`Authorization`]; [`Places`] says where tokens come from; [`authority`]
//! says which hosts servers could read in two ways. None of it knows keys, time or the host.

mod audiences;
pub mod authority;
mod authorization;
mod basic;
mod choices;
mod condition;
mod coverage;
mod credential;
mod forwarding;
mod identity;
mod provider_id;
mod requirement;
mod route;
mod route_policy;
mod scheme;
mod status_path;
mod string_match;
mod structured_scope;
mod unclear;

pub use self::{
    audiences::Audiences,
    authorization::{Authorization, Grants, Shortfall, WordSet, holds_one_of},
    basic::ClientCredentials,
    choices::{Mode, PathPolicy, RouteLookup, Unmatched},
    condition::{HeaderCondition, HeaderMatch, QueryCondition, QueryMatch},
    credential::{Credential, CredentialError, HeaderPlace, Location, Places},
    forwarding::{ClaimHeader, IdentityHeader, PayloadHeader},
    identity::{AmbiguousIdentity, IdentityPart, IdentityTemplate},
    provider_id::ProviderId,
    requirement::{Extraction, FilterStateRules, Requirement, Rule},
    route::{PathMatch, PathText, RouteMatch},
    route_policy::RoutePolicy,
    scheme::{Scheme, Schemes},
    status_path::StatusPath,
    string_match::{Pattern, StringMatch, full_match},
    structured_scope::StructuredScopes,
    unclear::Unclear,
};

//! The operator's rules for requests and verified tokens.
//!
//! The types here are plain values without mutable state, except for the count in [`Comparison`].
//! A [`Rule`] combines a [`RouteMatch`] and an optional [`Demand`]: a [`Requirement`], and the
//! [`Authorization`] if the rule has one. [`Places`] lists the places in a request where Portcullis
//! looks for tokens. The types do not depend on keys, on the current time, or on the program that
//! runs Portcullis.
//!
//! Servers can read some requests in several ways. If a request matches a rule in one reading but
//! not in another, the result is [`Unclear`]. The request is then refused, because the upstream may
//! read the request differently than Portcullis does.
//!
//! ```
//! use portcullis::{
//!     http::{Request, path::Target},
//!     policy::{CredentialError, Places},
//! };
//!
//! let places = Places::standard();
//! let one = Request::new(vec![(b"authorization", b"Bearer abc")]);
//! assert_eq!(places.find(&one, None)?.map(|credential| credential.token.as_str()), Some("abc"));
//!
//! let target = Target::new("/orders?access_token=def");
//! assert!(matches!(places.find(&one, Some(target)), Err(CredentialError::Several)));
//! # Ok::<(), CredentialError>(())
//! ```

mod audiences;
mod authentication;
pub mod authority;
mod authorization;
mod basic;
mod choices;
mod comparison;
mod condition;
mod coverage;
mod credential;
mod forwarded_certificate;
mod forwarding;
mod identity;
pub mod mcp;
mod path_match;
mod provider_id;
mod requirement;
mod resource;
mod resource_url;
mod route;
mod route_policy;
mod rule_id;
mod rule_index;
mod rules;
mod scheme;
mod scope_hierarchy;
mod status_path;
mod string_match;
mod structured_scope;
mod unclear;

pub use self::{
    audiences::Audiences,
    authentication::Authentication,
    authorization::{Authorization, Grants, Shortfall, WordSet, holds_one_of},
    basic::ClientCredentials,
    choices::{Mode, PathPolicy, RouteLookup, Unmatched},
    comparison::Comparison,
    condition::{HeaderCondition, HeaderMatch, QueryCondition, QueryMatch},
    credential::{Credential, CredentialError, HeaderPlace, Location, Places, TokenText},
    forwarded_certificate::{
        CertificateHeader, ForwardedCertificate, Standing, TrustedPeers,
        carries as carries_certificate,
    },
    forwarding::{ClaimHeader, IdentityHeader, PayloadHeader},
    identity::{AmbiguousIdentity, IdentityPart, IdentityTemplate},
    path_match::{Case, PathMatch, PathText},
    provider_id::ProviderId,
    requirement::{Demand, Extraction, FilterStateRules, Requirement, Rule},
    resource::{McpLegacy, OFFLINE_ACCESS, ProtectedResource, ResourceMetadata},
    resource_url::{ResourceUrl, WELL_KNOWN},
    route::RouteMatch,
    route_policy::RoutePolicy,
    rule_id::RuleId,
    rules::Rules,
    scheme::{Scheme, Schemes},
    scope_hierarchy::{ScopeCycle, ScopeHierarchy},
    status_path::StatusPath,
    string_match::{Pattern, StringMatch, full_match, may_set_flag},
    structured_scope::StructuredScopes,
    unclear::Unclear,
};

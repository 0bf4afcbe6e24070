//! The operator's rules about requests and about verified tokens.
//!
//! The types here are small values without state. A [`Rule`] joins a [`RouteMatch`] to a
//! [`Requirement`] and an [`Authorization`]; [`Places`] lists where tokens may be; [`authority`]
//! finds hosts that servers could read in more than one way. None of this knows keys, time or the
//! host.
//!
//! A rule that a request meets in one reading and not in another is [`Unclear`]: the request is
//! refused, because some server behind the proxy may use the other reading.
//!
//! ```
//! use portcullis::{
//!     http::{Request, path::Target},
//!     policy::{CredentialError, Places},
//! };
//!
//! let places = Places::standard();
//! let one = Request::new(vec![(b"authorization", b"Bearer abc")]);
//! assert_eq!(places.find(&one, None)?.map(|credential| credential.token), Some("abc"));
//!
//! let target = Target::new("/orders?access_token=def");
//! assert!(matches!(places.find(&one, Some(target)), Err(CredentialError::Several)));
//! # Ok::<(), CredentialError>(())
//! ```

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

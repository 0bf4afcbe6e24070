//! The configuration's JSON, as it is written.
//!
//! Types of this module have the names and shapes that the operator writes and nothing else: every
//! field may be absent, nothing refers to anything, no value has been judged. Each type is declared
//! by [`object!`](object) or [`choice!`](object), which make its [`Read`] and its schema; a name that a type does not
//! have is refused, with a look into [`unavailable`] for names that other versions or `jwt_authn` have.
//!
//! Names that `jwt_authn` has are also read in the lowerCamelCase of protobuf JSON.

mod clients;
mod config;
pub(super) mod describe;
mod duration;
mod keys;
mod matcher;
pub(super) mod object;
mod provider;
mod remote;
mod rule;
mod scalar;
mod switch;
mod unavailable;
mod value;

pub(super) use self::describe::schema;
pub(super) use self::{
    clients::{RawClient, RawClientSecrets},
    config::{RawConfig, RawLimits, RawMode, RawPathPolicy, RawSignatureBackend, RawUnmatched},
    duration::RawDuration,
    keys::{RawDataSource, RawPublicKeys, RawSecret, RawSharedSecret},
    matcher::{RawRegex, RawStringMatcher},
    provider::{
        RawCache, RawClaimHeader, RawClaimRequirement, RawClientProvider, RawEntry,
        RawIdentityHeader, RawJwkAlgorithm, RawJwtHeader, RawKeyIssuer, RawNormalizePayload,
        RawProvider, RawRevocation, RawStructuredScopes,
    },
    remote::{
        RawAsyncFetch, RawDiscovery, RawHttpUri, RawRemoteJwks, RawRetryPolicy, RawUnknownKidAnswer,
    },
    rule::{
        RawAuthorize, RawFilterStateRules, RawHeaderMatcher, RawMatch, RawQueryMatcher, RawRange,
        RawRequirement, RawRequirements, RawRoutePolicy, RawRule, RawStatus, RawWords,
    },
    scalar::{ClaimName, Integer, PointInTime, Scalar},
    switch::RawSwitch,
    unavailable::absence,
    value::{Named, Read},
};

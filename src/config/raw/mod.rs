//! The JSON form of the configuration.
//!
//! The types here have the same structure as the JSON. Names are not yet resolved, and values are
//! not yet checked. [`object!`](object) and [`choice!`](object) declare each type together with its
//! parser ([`Read`]) and its schema. Unknown field names are rejected. [`unavailable`] lists fields
//! that Envoy has and Portcullis does not support, with advice for each field.
//!
//! The names of fields that `jwt_authn` has too may be written in the lowerCamelCase of protobuf
//! JSON.

mod certificate;
mod clients;
mod config;
pub(super) mod describe;
mod duration;
mod keys;
mod matcher;
pub(super) mod object;
mod provider;
mod reader;
mod remote;
mod resource;
mod rule;
mod scalar;
mod switch;
mod unavailable;
mod value;

pub(super) use self::describe::schema;
pub(super) use self::{
    certificate::{RawCertificateSource, RawClientCertificate, RawTrustedPeers},
    clients::{RawClient, RawClientSecrets},
    config::{RawConfig, RawLimits},
    duration::RawDuration,
    keys::{RawDataSource, RawPublicKeys, RawSecret, RawSharedSecret},
    matcher::{RawRegex, RawStringMatcher},
    provider::{
        RawCache, RawClaimHeader, RawClaimRequirement, RawClientProvider, RawEntry,
        RawIdentityHeader, RawJwtHeader, RawNormalizePayload, RawProvider, RawRevocation,
        RawStructuredScopes,
    },
    reader::{Read, Reader, read},
    remote::{
        RawAsyncFetch, RawDiscovery, RawHttpUri, RawRemoteJwks, RawRetryPolicy, RawUnknownKidAnswer,
    },
    resource::{RawMcpClients, RawProtectedResource},
    rule::{
        RawAuthentication, RawAuthorize, RawFilterStateRules, RawHeaderMatcher, RawMatch,
        RawMcpMatch, RawQueryMatcher, RawRange, RawRequirement, RawRequirements, RawRoutePolicy,
        RawRule, RawStatus, RawWords,
    },
    scalar::{ClaimName, Integer, PointInTime, Scalar},
    switch::RawSwitch,
    unavailable::absence,
    value::Named,
};

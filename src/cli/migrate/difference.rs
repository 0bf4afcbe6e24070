//! What is otherwise after a migration, and what cannot be migrated.
//!
//! Both are closed sets. A [`Difference`] is told and the configuration is written all the same;
//! with [`NotCarried`] nothing is written, since what would come of it is another policy.

use core::fmt;
use std::borrow::Cow;

use crate::{
    config::{ConfigError, Location},
    jose::{KeySetError, SkippedKey},
};

/// One difference in behaviour, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The place in what was read.
    pub at: Location,
    /// What differs.
    pub what: Deviation,
}

/// What behaves otherwise than `jwt_authn`.
#[derive(Clone, Debug, PartialEq)]
pub enum Deviation {
    /// Refusals look otherwise.
    Answers,
    /// Tokens are read more strictly.
    StricterTokens,
    /// Keys are read more strictly.
    StricterKeys,
    /// Two tokens are refused.
    SeveralTokens,
    /// `Authorization` is read as RFC 6750 says.
    StrictBearer,
    /// Counters have other names.
    Counters,
    /// Spellings that were accepted tacitly are listed.
    AudienceSpellings,
    /// Fetched keys live otherwise.
    FetchedKeys,
    /// The listener starts before keys are there.
    ListenerDoesNotWait,
    /// How often a fetch is repeated is not bounded.
    RetriesUnbounded,
    /// A call had no bound in time.
    CallBounded {
        /// The bound that is written.
        timeout: &'static str,
    },
    /// A file's content is written out.
    FileInlined {
        /// The file.
        file: String,
    },
    /// The value of an environment variable is written out.
    VariableInlined {
        /// The variable.
        variable: String,
    },
    /// Changes of a file are not followed.
    NotWatched,
    /// A key of a local set is not used.
    KeyLeftOut(SkippedKey),
    /// A verified cookie is taken away.
    CookieRemoved,
    /// What was dynamic metadata is filter state.
    FilterState,
    /// Something reads dynamic metadata that is no longer written.
    MetadataUnwritten,
    /// Something refuses by dynamic metadata that is no longer written.
    DenialUnwritten,
    /// A name does not fit.
    Renamed {
        /// The name that is written.
        to: String,
    },
    /// A condition that `jwt_authn` never looked at.
    ConditionIgnored,
    /// An empty requirement among others.
    EmptyRequirement,
    /// What a route asks for stands with the route.
    RouteOverride {
        /// JSON for `metadata.filter_metadata.portcullis`.
        metadata: String,
    },
    /// A route's override that named no filter of the document.
    OverrideOfNone,
    /// A route with policies beside it that is matched by what the module edits.
    UnsettledRoute,
    /// Routes that this document does not hold.
    RoutesElsewhere,
    /// Comments and anchors are lost.
    CommentsLost,
}

/// Why a filter cannot be carried over, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct NotCarried {
    /// The place in what was read.
    pub at: Location,
    /// Why.
    pub reason: Obstacle,
}

/// Why something has no counterpart.
#[derive(Clone, Debug, PartialEq)]
pub enum Obstacle {
    /// Not a field of `jwt_authn`, as far as is known.
    UnknownField,
    /// Both spellings of one field.
    SpeltTwice,
    /// Of another type.
    WrongType {
        /// What belongs there.
        expected: &'static str,
    },
    /// A field without counterpart.
    NoCounterpart {
        /// What to do instead.
        instead: &'static str,
    },
    /// A file that cannot be read.
    File {
        /// The file.
        file: String,
        /// The system's words.
        fault: String,
    },
    /// An environment variable that is not there, or is no text.
    Variable {
        /// The variable.
        variable: String,
    },
    /// Bytes that are no text.
    NotText,
    /// Keys that cannot be read.
    Keys(KeySetError),
    /// The equivalent configuration is refused.
    Refused(ConfigError),
    /// An override for one of several filters.
    OverrideOfOne,
    /// An override for a filter that is disabled by default.
    OverrideEnables,
    /// A route with policies beside it that is matched by what the module edits.
    UnsettledRoute,
    /// An override whose routes are not all here.
    OverrideUnmoved,
    /// A named requirement that asks for nothing in some filters only.
    EmptyForSome,
    /// Clusters of one route with unequal overrides.
    UnequalClusters,
    /// RBAC that would let in whom it refuses.
    DenialByMetadata,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.what)
    }
}

/// What differs, and what to do.
impl fmt::Display for Deviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Cow<'_, str> = match self {
            Self::Answers => {
                "a refusal has a JSON body and the realm \"api\"; a wrong audience is 401 (was \
                403), keys that cannot be had are 503 (was 401); look through clients and alerts"
                    .into()
            }
            Self::AudienceSpellings => {
                "jwt_authn does not mind http://, https:// and a last / in audiences, so each \
                spelling is listed; delete those that the issuer does not write"
                    .into()
            }
            Self::CallBounded { timeout } => format!(
                "a call without a bound in time is now given up after {timeout}; set \
                http_uri.timeout"
            )
            .into(),
            Self::CommentsLost => "comments and anchors are lost; copy them over".into(),
            Self::ConditionIgnored => {
                "jwt_authn does not look at this condition, so it is left out; delete it".into()
            }
            Self::CookieRemoved => {
                "a token that verified is removed from its cookie too (jwt_authn leaves it); set \
                forward: true if the upstream needs it"
                    .into()
            }
            Self::Counters => {
                "counters are wasmcustom.portcullis.…, not http.….jwt_authn.…; change dashboards \
                and alerts"
                    .into()
            }
            Self::EmptyRequirement => {
                "an empty requirement among others is written as allow_missing_or_failed, which \
                lends the identity of a token that verifies; delete it if none is meant"
                    .into()
            }
            Self::FetchedKeys => {
                "keys are fetched once for all workers, ahead of their end; while that fails the \
                last good ones serve for max_stale (an hour), then every token gets 503; set \
                max_stale"
                    .into()
            }
            Self::FileInlined { file } => {
                format!("the keys are those that {file:?} holds now; migrate again when it changes")
                    .into()
            }
            Self::FilterState => {
                "it goes to filter state, where jwt_authn writes dynamic metadata; change what \
                reads the namespace envoy.filters.http.jwt_authn"
                    .into()
            }
            Self::KeyLeftOut(skipped) => {
                format!("{skipped}; it is not used: replace it, or take it out").into()
            }
            Self::ListenerDoesNotWait => {
                "the listener does not wait for keys, the first requests do; raise \
                limits.park_timeout if fetching takes long"
                    .into()
            }
            Self::MetadataUnwritten => {
                "what this reads in the dynamic metadata of jwt_authn is no longer written, so \
                that it finds nothing; decide by \"authorize\" (and unmatched: deny, where this \
                refuses the rest), or read filter state"
                    .into()
            }
            Self::DenialUnwritten => {
                "this refuses by what it finds in the dynamic metadata of jwt_authn, which is no \
                longer written: it would LET IN whom it refuses; decide by \"authorize\" before \
                you take jwt_authn out"
                    .into()
            }
            Self::NotWatched => {
                "a change of the files is not followed; migrate again when they change".into()
            }
            Self::OverrideOfNone => {
                "it is for a filter that this document does not have, and is left out; delete it"
                    .into()
            }
            Self::Renamed { to } => {
                format!("the name does not fit and is now {to:?}; use that in dashboards").into()
            }
            Self::RetriesUnbounded => {
                "every failed fetch is repeated, with back-off, until the keys are there; \
                num_retries and retry_on have no effect: delete them"
                    .into()
            }
            Self::RouteOverride { metadata } => format!(
                "what a route asks for stands in its metadata; write \
                metadata.filter_metadata.portcullis: {metadata}, or migrate with --rewrite"
            )
            .into(),
            Self::RoutesElsewhere => {
                "routes come from elsewhere; what they ask of jwt_authn must be rewritten too: \
                migrate --rewrite takes a file of routes; none may be matched by what the module \
                sets or takes away"
                    .into()
            }
            Self::UnsettledRoute => {
                "a route is matched by what the module sets or takes away, so that behind it Envoy \
                may choose one that was NEVER ASKED what it requires; match by something else, or \
                put the filters of envoy/routes.yaml around the module"
                    .into()
            }
            Self::SeveralTokens => {
                "two tokens in the places of one provider are refused with 400 (jwt_authn asks \
                that all verify); have clients send one"
                    .into()
            }
            Self::StricterKeys => {
                "not used are keys whose \"use\" is not \"sig\", RSA keys of less than 2048 \
                bits, secrets shorter than the hash, and secrets in fetched sets; replace them"
                    .into()
            }
            Self::StricterTokens => {
                "refused are tokens with \"crit\", \"b64\" or a nested token, with a \"cnf\" that is \
                not this connection's, with \"exp\": 0, in loose base64url, and of more than 8192 \
                bytes; correct the issuer, or raise limits.token_bytes"
                    .into()
            }
            Self::StrictBearer => {
                "Authorization is read as RFC 6750 says: \"Bearer\" in any case, then the token \
                alone; jwt_authn finds \"Bearer \" anywhere; correct clients that send it \
                otherwise"
                    .into()
            }
            Self::VariableInlined { variable } => format!(
                "the value of {variable} stands in the output, and may be a secret; guard the \
                file"
            )
            .into(),
        };
        formatter.write_str(&text)
    }
}

impl fmt::Display for NotCarried {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.reason)
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField => formatter.write_str("unknown field; correct or delete it"),
            Self::SpeltTwice => formatter.write_str("there in both of its spellings; keep one"),
            Self::WrongType { expected } => write!(formatter, "not {expected}; correct it"),
            Self::NoCounterpart { instead } => write!(formatter, "has no counterpart; {instead}"),
            Self::File { file, fault } => write!(
                formatter,
                "the file {file:?} cannot be read ({fault}); run this where it is"
            ),
            Self::Variable { variable } => write!(
                formatter,
                "the environment variable {variable} is not set; run this where it is"
            ),
            Self::NotText => formatter.write_str("these bytes are no text; write a JWK set"),
            Self::Keys(error) => write!(formatter, "{error}; correct the keys"),
            Self::Refused(error) => write!(formatter, "the equivalent is refused: {error}"),
            Self::OverrideOfOne => formatter.write_str(
                "for one of several jwt_authn filters, or for a filter within another, where a \
                 route's metadata are for all that it meets; give the filters one name, or \
                 migrate a file for each",
            ),
            Self::OverrideEnables => formatter.write_str(
                "for a filter that is disabled by default; enable it \
                 and disable it on the other routes first",
            ),
            Self::DenialByMetadata => formatter.write_str(
                "this refuses by what it finds in the dynamic metadata of jwt_authn, which a \
                 module cannot write: it would let in whom it refuses; migrate without --rewrite, \
                 and decide by \"authorize\"",
            ),
            Self::UnsettledRoute => formatter.write_str(
                "a route is matched by what the module sets or takes away, so that behind it Envoy \
                 may choose one that was never asked what it requires; match by something else, \
                 or migrate without --rewrite and put the filters of envoy/routes.yaml around it",
            ),
            Self::OverrideUnmoved => formatter.write_str(
                "this says something for routes that are not here (vhds), or not where routes \
                 are looked for, and only a route's own metadata reach a module; move it to them",
            ),
            Self::EmptyForSome => formatter.write_str(
                "this requirement asks for nothing in one jwt_authn filter and is another, or \
                 unknown, in the next; give it names of its own",
            ),
            Self::UnequalClusters => formatter.write_str(
                "weighted clusters of one route ask for different tokens, and \
                 a module sees the route alone; make them alike, or split the route",
            ),
        }
    }
}

impl core::error::Error for NotCarried {}

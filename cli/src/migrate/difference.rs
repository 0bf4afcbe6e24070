//! Differences in behaviour after a migration.
//!
//! A [`Difference`] does not stop a migration: the configuration is still written, and the
//! difference is reported. Its [`Severity`] gives its position in the [report](super::report);
//! [`wording`](super::wording) has its text.

use core::fmt;

use portcullis::{config::ConfigPath, jose::SkippedKey};

/// How much a difference matters, in the order of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// May let in requests that `jwt_authn` refuses, unless the operator acts.
    Danger,
    /// May break clients, upstreams or later changes, unless the operator acts.
    Warning,
    /// For information.
    Note,
}

/// A difference in behaviour, and the place that causes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The place in the document that was read.
    pub at: ConfigPath,
    /// What differs.
    pub what: Deviation,
}

/// Each way in which Portcullis may behave differently from `jwt_authn`.
#[derive(Clone, Debug, PartialEq)]
pub enum Deviation {
    /// Refusals have another status, body or realm.
    Answers,
    /// Tokens are parsed more strictly.
    StricterTokens,
    /// Keys are parsed more strictly.
    StricterKeys,
    /// A request with two tokens for one provider is refused.
    SeveralTokens,
    /// `Authorization` is parsed as RFC 6750 requires.
    StrictBearer,
    /// Counters have other names.
    Counters,
    /// The audience spellings that `jwt_authn` accepts tacitly are now listed.
    AudienceSpellings,
    /// Fetched keys are cached and refreshed differently.
    FetchedKeys,
    /// The listener starts before the keys are fetched.
    ListenerDoesNotWait,
    /// The number of retries of a failed fetch has no limit.
    RetriesUnbounded,
    /// A fetch without a timeout gets one.
    CallBounded {
        /// The timeout that is written.
        timeout: &'static str,
    },
    /// The content of a file is copied into the configuration.
    FileInlined {
        /// The file.
        file: String,
    },
    /// The value of an environment variable is copied into the configuration.
    VariableInlined {
        /// The variable.
        variable: String,
    },
    /// Changes of a file have no effect after the migration.
    NotWatched,
    /// A key of a local set is not used.
    KeyLeftOut(SkippedKey),
    /// A cookie with a verified token is removed from the request.
    CookieRemoved,
    /// Claims go to the filter state instead of the dynamic metadata.
    FilterState,
    /// Another filter reads dynamic metadata that is no longer written.
    MetadataUnwritten,
    /// An RBAC filter denies by dynamic metadata that is no longer written.
    DenialUnwritten,
    /// A route or a matcher branch depends on dynamic metadata that is no longer written.
    ChoiceUnwritten,
    /// A route's metadata applies to every Portcullis filter in its listener.
    MetadataForAll,
    /// A provider's name is not valid in Portcullis.
    Renamed {
        /// The new name.
        to: String,
    },
    /// A condition on a query that can only match after the query is decoded.
    QueryDecoded,
    /// A regular expression that counts octets in Envoy, but characters in Portcullis.
    CountsOctets,
    /// A condition that `jwt_authn` ignores.
    ConditionIgnored,
    /// A requirement without content, which a route or rule may name.
    EmptyRequirement,
    /// A route's requirement moves into the route's metadata.
    RouteOverride {
        /// JSON for `metadata.filter_metadata.portcullis`.
        metadata: String,
    },
    /// A route's override for a filter that the document does not have.
    OverrideOfNone,
    /// A route that matches on something the module edits, next to other routes with policies.
    UnsettledRoute,
    /// Routes that match on something a module may edit, in a file without filters.
    PerhapsUnsettledRoutes {
        /// The number of such conditions.
        places: usize,
    },
    /// Routes in another file, without a guard in this listener.
    RoutesElsewhere,
    /// Routes in another file, which the listener's guards refuse until they are rewritten.
    RoutesGuarded,
    /// Several guards that no single file of routes can switch off.
    SeveralGuards {
        /// The names of the guards.
        guards: Vec<String>,
    },
    /// Guards that the virtual hosts of a file of routes switch off.
    GuardsLifted {
        /// The names of the guards.
        guards: Vec<String>,
    },
    /// A `requires_all` in which one member takes a token away from another.
    TakenTokens,
    /// `allow_missing` inside a requirement other than the outermost `requires_any`.
    NestedAllowMissing,
    /// The output has no comments and no anchors.
    CommentsLost,
}

impl Deviation {
    /// How much the difference matters.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::ChoiceUnwritten
            | Self::CountsOctets
            | Self::DenialUnwritten
            | Self::MetadataForAll
            | Self::PerhapsUnsettledRoutes { .. }
            | Self::QueryDecoded
            | Self::RouteOverride { .. }
            | Self::RoutesElsewhere
            | Self::RoutesGuarded
            | Self::SeveralGuards { .. }
            | Self::UnsettledRoute => Severity::Danger,
            Self::CookieRemoved
            | Self::EmptyRequirement
            | Self::FileInlined { .. }
            | Self::FilterState
            | Self::KeyLeftOut(_)
            | Self::MetadataUnwritten
            | Self::NestedAllowMissing
            | Self::NotWatched
            | Self::TakenTokens
            | Self::VariableInlined { .. } => Severity::Warning,
            Self::Answers
            | Self::AudienceSpellings
            | Self::CallBounded { .. }
            | Self::CommentsLost
            | Self::ConditionIgnored
            | Self::Counters
            | Self::FetchedKeys
            | Self::GuardsLifted { .. }
            | Self::ListenerDoesNotWait
            | Self::OverrideOfNone
            | Self::Renamed { .. }
            | Self::RetriesUnbounded
            | Self::SeveralTokens
            | Self::StrictBearer
            | Self::StricterKeys
            | Self::StricterTokens => Severity::Note,
        }
    }

    /// Whether the difference is the same for every filter, so that one line reports it for all.
    #[must_use]
    pub const fn is_common(&self) -> bool {
        matches!(
            self,
            Self::Answers
                | Self::AudienceSpellings
                | Self::CommentsLost
                | Self::Counters
                | Self::FetchedKeys
                | Self::ListenerDoesNotWait
                | Self::RetriesUnbounded
                | Self::SeveralTokens
                | Self::StrictBearer
                | Self::StricterKeys
                | Self::StricterTokens
        )
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Danger => "danger",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.what)
    }
}

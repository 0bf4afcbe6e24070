//! Differences in behaviour after a migration.
//!
//! A [`Difference`] does not stop a migration: the configuration is still written, and the
//! difference is reported. [`wording`](super::wording) has the text of each difference. The
//! [report](super::report) is sorted by [`Severity`].

use core::fmt;

use portcullis::{config::ConfigPath, jose::SkippedKey};

/// How much a difference matters. A report lists the most severe differences first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Unless the operator acts, requests that `jwt_authn` refuses may pass.
    Danger,
    /// Unless the operator acts, something may break: a client, an upstream or a later change.
    Warning,
    /// The operator need not do anything.
    Note,
}

/// A difference in behaviour, and the part of the document that causes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The path of this part in the original document.
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
    /// `jwt_authn` tacitly accepts several spellings of an audience. The new configuration lists
    /// all of them.
    AudienceSpellings,
    /// Fetched keys are cached and refreshed differently.
    FetchedKeys,
    /// The listener starts before the keys are fetched.
    ListenerDoesNotWait,
    /// The number of retries of a failed fetch has no limit.
    RetriesUnbounded,
    /// A fetch without a timeout gets a timeout.
    CallBounded {
        /// The timeout in the new configuration.
        timeout: &'static str,
    },
    /// The content of a file is copied into the configuration.
    FileInlined {
        /// The file's path.
        file: String,
    },
    /// The value of an environment variable is copied into the configuration.
    VariableInlined {
        /// The variable's name.
        variable: String,
    },
    /// Later changes to a key file have no effect.
    NotWatched,
    /// A key of a local key set is not used.
    KeyLeftOut(SkippedKey),
    /// A cookie with a verified token is removed from the request.
    CookieRemoved,
    /// Claims go to the filter state instead of the dynamic metadata.
    FilterState,
    /// Another filter reads dynamic metadata that is no longer written.
    MetadataUnwritten,
    /// An RBAC filter denies requests based on dynamic metadata that is no longer written.
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
    /// A condition on the query never matched in `jwt_authn`, but may match now, because the module
    /// decodes the query first.
    QueryDecoded,
    /// A regular expression counts octets in Envoy, but characters in Portcullis.
    CountsOctets,
    /// A rule has a condition that `jwt_authn` ignores.
    ConditionIgnored,
    /// A field is null, which means absent in `jwt_authn`, but may be an error in Portcullis.
    EmptyField,
    /// A requirement is empty. It is written as `allow_missing_or_failed`.
    EmptyRequirement,
    /// A route's requirement moves into the route's metadata.
    RouteOverride {
        /// JSON for `metadata.filter_metadata.portcullis`.
        metadata: String,
    },
    /// A route has an override for a filter that the document does not have.
    OverrideOfNone,
    /// A route matches on a part of the request that the module edits, and other routes have
    /// policies. After the edit, Envoy may choose a route whose policy was not checked.
    UnsettledRoute,
    /// A route has a requirement, and the module sets a header. If a client sends this header, the
    /// module refuses the request.
    SentHeaders,
    /// In a file without filters, routes match on parts of the request that a module may edit.
    PerhapsUnsettledRoutes {
        /// The number of conditions on such parts.
        places: usize,
    },
    /// The routes are in another file, and this listener has no guards. Guards would refuse
    /// requests until the rewritten routes arrive.
    RoutesElsewhere,
    /// The routes are in another file. The listener's guards refuse requests to routes that have
    /// not been rewritten.
    RoutesGuarded,
    /// The listener has several guards. No file of routes can switch off all of them.
    SeveralGuards {
        /// The names of the guards.
        guards: Vec<String>,
    },
    /// In a file of routes, the rewritten virtual hosts switch off guards.
    GuardsLifted {
        /// The names of the guards.
        guards: Vec<String>,
    },
    /// Members of a `requires_all` use the same token. In `jwt_authn`, the first member removes the
    /// token, so the next member does not find it.
    TakenTokens,
    /// `allow_missing` is inside a group, but is not a direct member of a top-level `requires_any`.
    NestedAllowMissing,
    /// The comments and YAML anchors of the document are lost.
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
            | Self::SentHeaders
            | Self::TakenTokens
            | Self::VariableInlined { .. } => Severity::Warning,
            Self::Answers
            | Self::AudienceSpellings
            | Self::CallBounded { .. }
            | Self::CommentsLost
            | Self::ConditionIgnored
            | Self::Counters
            | Self::EmptyField
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

    /// Whether the difference is the same for every filter, so that one line can report it for all
    /// filters.
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

//! Differences in behaviour after a migration.
//!
//! A closed set. A [`Difference`] is reported, and the configuration is still written. Each has a
//! [`Severity`], by which a [report](super::report) is sorted; [`wording`](super::wording) has its text.

use core::fmt;

use portcullis::{config::ConfigPath, jose::SkippedKey};

/// How much a difference matters, in the order of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// May let in requests that `jwt_authn` refuses, if ignored.
    Danger,
    /// May break clients, upstreams or later changes, if ignored.
    Warning,
    /// For information.
    Note,
}

/// One difference in behaviour, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The place in what was read.
    pub at: ConfigPath,
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
    /// A route or a branch is chosen by dynamic metadata that is no longer written.
    ChoiceUnwritten,
    /// What routes ask for reaches every Portcullis in their listener.
    MetadataForAll,
    /// A name does not fit.
    Renamed {
        /// The name that is written.
        to: String,
    },
    /// A condition on a query that only holds once the query is decoded.
    QueryDecoded,
    /// A regular expression that counts octets in Envoy, and characters here.
    CountsOctets,
    /// A condition that `jwt_authn` never looked at.
    ConditionIgnored,
    /// An empty requirement that a route or rule may name.
    EmptyRequirement,
    /// A route's requirement moves into the route.
    RouteOverride {
        /// JSON for `metadata.filter_metadata.portcullis`.
        metadata: String,
    },
    /// A route's override that named no filter of the document.
    OverrideOfNone,
    /// A route next to others with policies that is matched by what the module edits.
    UnsettledRoute,
    /// Routes in a file without filters that match on something a module may edit.
    PerhapsUnsettledRoutes {
        /// How many conditions are like this one.
        places: usize,
    },
    /// Routes that are not in this document and have no guard.
    RoutesElsewhere,
    /// Routes that are not in this document, refused until they are rewritten.
    RoutesGuarded,
    /// Guards that no file of routes with overrides switches off together.
    SeveralGuards {
        /// Their names.
        guards: Vec<String>,
    },
    /// Guards that the virtual hosts of a file of routes switch off.
    GuardsLifted {
        /// Their names.
        guards: Vec<String>,
    },
    /// `requires_all` with a member that takes a token away from another.
    TakenTokens,
    /// `allow_missing` below another requirement than the outermost `requires_any`.
    NestedAllowMissing,
    /// Comments and anchors are lost.
    CommentsLost,
}

impl Deviation {
    /// How much it matters.
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

    /// Whether it is the same for every filter, so that one line reports it for all of them.
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

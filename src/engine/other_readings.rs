//! The ways in which servers may read the target of a request, other than as it was sent.

use crate::{
    config::Config,
    decision::Reason,
    http::path::{Readings, Target, decoded_queries, readings},
    policy::PathPolicy,
};

/// The other ways in which servers may read a request's target. Most requests have none.
#[derive(Debug, Default)]
pub(super) struct OtherReadings {
    /// The other readings of the path.
    pub(super) paths: Readings,
    /// The queries that the path hides behind an encoded `?`. Empty if no rule reads the query.
    pub(super) hidden_queries: Vec<String>,
}

impl OtherReadings {
    /// Finds the other readings of this target. With `path_policy: raw`, there are none.
    pub(super) fn of(config: &Config, target: Target<'_>) -> Result<Self, Reason> {
        let paths = match config.path_policy {
            PathPolicy::Raw => return Ok(Self::default()),
            PathPolicy::Reject => readings(target.path).map_err(|_| Reason::AmbiguousPath)?,
        };
        // Some servers end a request target at `#`, and others do not. Envoy refuses such a request
        // by default, but other hosts may not.
        if target.query.is_some_and(|query| query.contains('#')) {
            return Err(Reason::AmbiguousPath);
        }
        let hidden_queries = match paths.iter().next() {
            Some(_) if config.rules.read_query() => decoded_queries(target),
            _ => Vec::new(),
        };
        Ok(Self {
            paths,
            hidden_queries,
        })
    }

    /// Returns true if all servers read the target as it was sent.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.iter().next().is_none()
    }
}

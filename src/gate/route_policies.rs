//! The policies of the proxy's routes. Each policy is parsed once per worker.
//!
//! For each request, one host call returns the policy of the request's route as bytes. If the
//! worker has parsed the same bytes before, it finds the parsed policy by these bytes. If
//! `route_policies` is `off`, the call is skipped for most requests.
//! [`route_sampling`](super::route_sampling) decides for which requests the call is still made.

use std::{borrow::Cow, rc::Rc};

use serde_json::Value;

use crate::{
    config::{Config, ConfigError},
    connection::Refused,
    gate::{
        Log, LogLevel,
        route_sampling::{Finding, RouteSampling},
    },
    policy::{RouteLookup, RoutePolicy},
    time::UnixMillis,
};

/// The maximum number of parsed policies, low enough for a linear search. When the list is full, it
/// is emptied. The list fills up as the proxy gets new routes, so most entries of a full list are
/// outdated.
const CAPACITY: usize = 128;

/// The maximum number of malformed policies that one worker reports for one configuration. The
/// limit keeps these lines from crowding other lines out of the log.
const REPORTS: usize = 128;

/// The namespace in a route's metadata that holds the route's policy. The proxy-wasm module reads
/// the policy there. The dynamic module refuses requests to a route that has a policy only there.
pub const ROUTE_METADATA: &str = "portcullis";

/// The route that the proxy chose for a request.
pub trait Route {
    /// The bytes that encode the policy of the route; `None` if the route has no policy. Equal
    /// bytes encode the same policy.
    ///
    /// # Errors
    /// If the host does not return the bytes.
    fn metadata(&self) -> Result<Option<Vec<u8>>, Refused>;

    /// Decodes the policy in these bytes to JSON. `None` if the bytes contain no policy for
    /// Portcullis.
    ///
    /// # Errors
    /// If the bytes cannot be decoded.
    fn policy(&self, metadata: &[u8]) -> Result<Option<Value>, Malformed>;

    /// Returns true if [`metadata`](Self::metadata) describes the new route once the host has
    /// chosen the route again.
    fn reports_next_route(&self) -> bool {
        false
    }
}

/// The error for bytes that cannot be decoded to a policy. It contains the log line, which says
/// what happens to requests to the route, and what the operator can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// The parsed policies of routes. The key of each policy is the metadata that encodes it.
#[derive(Debug)]
pub(super) struct RoutePolicies {
    by_metadata: Vec<Known>,
    /// The metadata of the malformed policies that were reported. Unlike `by_metadata`, this list
    /// is never emptied. Otherwise a client could fill the log: by sending requests to many routes,
    /// it could make the worker empty `by_metadata`, and report the same policies again.
    reported: Vec<Vec<u8>>,
    sampling: RouteSampling,
}

/// A route's metadata, and the policy that it encodes.
type Known = (Vec<u8>, Option<Rc<RoutePolicy>>);

impl RoutePolicies {
    /// Creates an empty list.
    pub(crate) const fn new(lookup: RouteLookup) -> Self {
        Self {
            by_metadata: Vec::new(),
            reported: Vec::new(),
            sampling: RouteSampling::new(lookup),
        }
    }

    /// The policy of a request's route. `None` if the route has no policy, or if this request skips
    /// the lookup.
    pub(super) fn current(
        &mut self,
        config: &Config,
        now: UnixMillis,
        route: &impl Route,
        log: &impl Log,
    ) -> Result<Option<Rc<RoutePolicy>>, Refused> {
        if !self.sampling.asks(now) {
            return Ok(None);
        }
        let policy = self.read(config, route, log)?;
        if self.sampling.answered(policy.is_some(), now) == Finding::Unexpected {
            log.log(
                LogLevel::Error,
                "a route has its own policy, but route_policies is \"off\"; until the next \
                 configuration, every request looks up its route's policy; set route_policies to \
                 \"on\"",
            );
        }
        Ok(policy)
    }

    fn read(
        &mut self,
        config: &Config,
        route: &impl Route,
        log: &impl Log,
    ) -> Result<Option<Rc<RoutePolicy>>, Refused> {
        let Some(metadata) = route.metadata()? else {
            return Ok(None);
        };
        let mut known = self.by_metadata.iter();
        if let Some((_, policy)) = known.find(|(bytes, _)| *bytes == metadata) {
            return Ok(policy.clone());
        }
        if self.by_metadata.len() >= CAPACITY {
            self.by_metadata.clear();
        }
        let read = match route.policy(&metadata) {
            Ok(members) => members
                .map(|members| config.parse_route_policy(&members))
                .transpose()
                .map_err(|error| line(&error).into()),
            Err(Malformed(line)) => Err(Cow::Borrowed(line)),
        };
        let policy = read.unwrap_or_else(|line| {
            self.report(&metadata, &line, log);
            Some(RoutePolicy::Unreadable)
        });
        let policy = policy.map(Rc::new);
        self.by_metadata.push((metadata, policy.clone()));
        Ok(policy)
    }

    /// Tells the operator once why the policy in `metadata` is malformed. Without this line, the
    /// operator would only see that requests get 403.
    fn report(&mut self, metadata: &[u8], line: &str, log: &impl Log) {
        let is_known = self.reported.iter().any(|known| known == metadata);
        if !is_known && self.reported.len() < REPORTS {
            self.reported.push(metadata.to_vec());
            log.log(LogLevel::Error, line);
        }
    }
}

/// The line for the log about a policy that cannot be parsed.
fn line(error: &ConfigError) -> String {
    let start = "a route's policy is malformed, so requests to this route get 403";
    match error.location().steps() {
        [] => format!("{start}: {}", error.without_location()),
        _ => format!("{start}: {error}"),
    }
}

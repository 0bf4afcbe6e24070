//! What the proxy's routes say, read once.
//!
//! A request costs one host call; the bytes that come are looked up, and understood only when they
//! are new. A proxy has one for each different policy of its routes. With `route_policies: off`
//! most requests save the call; [`route_sampling`](super::route_sampling) says which.

use std::rc::Rc;

use serde_json::Value;

use crate::{
    config::Config,
    connection::Refused,
    gate::{
        Log, LogLevel,
        route_sampling::{Finding, RouteSampling},
    },
    policy::{RouteLookup, RoutePolicy},
    time::UnixMillis,
};

/// Different metadata that is kept. New routes come with new configurations of the proxy, so the
/// list is emptied when it is full. It is short enough to search from the start.
const CAPACITY: usize = 128;

/// What the proxy says of the route of one request.
pub trait Route {
    /// The bytes that hold the route's policy, if the route has any. Equal bytes hold the same policy.
    ///
    /// # Errors
    /// When the host does not tell.
    fn metadata(&self) -> Result<Option<Vec<u8>>, Refused>;

    /// The policy in such bytes, as its members; `None` if they are for others.
    ///
    /// # Errors
    /// When the bytes cannot be read.
    fn policy(&self, metadata: &[u8]) -> Result<Option<Value>, Malformed>;
}

/// The bytes are not of the message that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// What routes say, by their metadata.
#[derive(Debug)]
pub(super) struct RoutePolicies {
    by_metadata: Vec<Known>,
    sampling: RouteSampling,
}

/// A route's metadata, and what it says.
type Known = (Vec<u8>, Option<Rc<RoutePolicy>>);

impl RoutePolicies {
    /// Nothing is known yet.
    pub(crate) const fn new(lookup: RouteLookup) -> Self {
        Self {
            by_metadata: Vec::new(),
            sampling: RouteSampling::new(lookup),
        }
    }

    /// The policy of the route of a request, if it has one and this request asks.
    ///
    /// # Errors
    /// When the host does not tell.
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
        let policy = self.read(config, route)?;
        if self.sampling.answered(policy.is_some(), now) == Finding::Unexpected {
            log.log(
                LogLevel::Error,
                "portcullis: a route has a policy of its own although route_policies is off; every \
                 request asks for it until the next configuration: set route_policies to \"on\"",
            );
        }
        Ok(policy)
    }

    fn read(
        &mut self,
        config: &Config,
        route: &impl Route,
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
        let policy = match route.policy(&metadata) {
            Ok(members) => members.map(|members| config.route_policy(&members)),
            Err(Malformed) => Some(RoutePolicy::Unreadable),
        };
        let policy = policy.map(Rc::new);
        self.by_metadata.push((metadata, policy.clone()));
        Ok(policy)
    }
}

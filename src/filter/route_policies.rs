//! What the proxy's routes say, read once.
//!
//! A request costs one host call; the bytes that come are looked up, and understood only when they
//! are new. A proxy has one for each different policy of its routes. With `route_policies: off`
//! most requests save the call; [`route_sampling`](super::route_sampling) says which.

use core::cell::RefCell;
use std::rc::Rc;

use crate::{
    config::Config,
    filter::{
        abi::{self, LogLevel, Status},
        protobuf,
        route_sampling::{Finding, RouteSampling},
    },
    policy::{RouteLookup, RoutePolicy},
    time::UnixMillis,
};

/// Metadata that is for this module.
const NAMESPACE: &str = "portcullis";

/// Different metadata that is kept. New routes come with new configurations of the proxy, so the
/// list begins anew where it is full. Short enough to walk through.
const CAPACITY: usize = 128;

/// What routes say, by their metadata.
#[derive(Debug)]
pub(super) struct RoutePolicies {
    by_metadata: RefCell<Vec<Known>>,
    sampling: RouteSampling,
}

impl RoutePolicies {
    /// Nothing is known yet.
    pub(super) const fn new(lookup: RouteLookup) -> Self {
        Self {
            by_metadata: RefCell::new(Vec::new()),
            sampling: RouteSampling::new(lookup),
        }
    }

    /// The policy of the route of the current context's request, if it has one and this request
    /// asks.
    ///
    /// # Errors
    /// When the host does not tell.
    pub(super) fn current(
        &self,
        config: &Config,
        now: UnixMillis,
    ) -> Result<Option<Rc<RoutePolicy>>, Status> {
        if !self.sampling.asks(now) {
            return Ok(None);
        }
        let policy = self.read(config)?;
        if self.sampling.answered(policy.is_some(), now) == Finding::Unexpected {
            abi::log(
                LogLevel::Error,
                "portcullis: a route has a policy of its own although route_policies is off; every \
                 request asks for it until the next configuration: set route_policies to \"on\"",
            );
        }
        Ok(policy)
    }

    fn read(&self, config: &Config) -> Result<Option<Rc<RoutePolicy>>, Status> {
        let metadata = match abi::property("xds\0route_metadata") {
            Ok(metadata) if !metadata.is_empty() => metadata,
            Ok(_) | Err(Status::NOT_FOUND) => return Ok(None),
            Err(status) => return Err(status),
        };
        let mut known = self.by_metadata.borrow_mut();
        if let Some((_, policy)) = known.iter().find(|(bytes, _)| *bytes == metadata) {
            return Ok(policy.clone());
        }
        if known.len() >= CAPACITY {
            known.clear();
        }
        let policy = policy(config, &metadata).map(Rc::new);
        known.push((metadata, policy.clone()));
        Ok(policy)
    }
}

/// A route's metadata, and what it says.
type Known = (Vec<u8>, Option<Rc<RoutePolicy>>);

fn policy(config: &Config, metadata: &[u8]) -> Option<RoutePolicy> {
    match protobuf::metadata(metadata, NAMESPACE) {
        Ok(members) => members.map(|members| config.route_policy(&members)),
        Err(protobuf::Malformed) => Some(RoutePolicy::Unreadable),
    }
}

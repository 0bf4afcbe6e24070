//! Calls to authorization servers. Envoy makes these calls through its clusters.

use core::mem;
use std::collections::BTreeMap;

use portcullis::{
    gate::{CallError, Caller},
    keys::Fetch,
};

use crate::abi::Configuration;

/// The calls in progress, by the number that Envoy gave to each call.
#[derive(Default)]
pub(super) struct Calls(BTreeMap<u64, Fetch>);

impl Calls {
    /// The call with this number.
    pub(super) fn find(&self, number: u64) -> Option<Fetch> {
        self.0.get(&number).cloned()
    }

    /// Removes the call with this number.
    pub(super) fn remove(&mut self, number: u64) {
        self.0.remove(&number);
    }

    /// Removes and returns all calls.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Fetch> + use<> {
        mem::take(&mut self.0).into_values()
    }
}

/// Makes calls to authorization servers on the main thread.
pub(super) struct MainCaller<'hook> {
    pub(super) configuration: &'hook Configuration<'hook>,
    pub(super) calls: &'hook mut Calls,
}

impl Caller for MainCaller<'_> {
    fn call(&mut self, fetch: &Fetch) -> Result<(), CallError> {
        let cluster = &fetch.endpoint.cluster;
        let number = self
            .configuration
            .call(cluster, &fetch.headers(), fetch.timeout)?;
        self.calls.0.insert(number, fetch.clone());
        Ok(())
    }
}

//! Route policies. The library loads them for the host.

use core::ptr;

use serde_json::json;

use crate::{
    abi::{Octets, Own},
    library::Library,
    live::die,
};

/// A route's policy. As in Envoy, the policy is released as soon as neither the route table nor a
/// stream uses it. The release can happen on any thread.
pub(crate) struct RoutePolicy {
    library: &'static Library,
    /// The number that the library returned for this policy.
    own: usize,
    /// True if routes with this policy need no token.
    pub(crate) disables: bool,
}

impl RoutePolicy {
    /// Loads a policy. Must run on the main thread. Returns `None` if a test made the library
    /// panic.
    pub(crate) fn load(library: &'static Library, disables: bool) -> Option<Self> {
        let policy = match disables {
            true => json!({ "disabled": true }),
            false => json!({ "requirement_name": "signed_in" }),
        };
        let text = policy.to_string();
        let (name, config) = (Octets::lend(b"portcullis"), Octets::lend(text.as_bytes()));
        let own = library.http_filter_per_route_config_new(name, config);
        (!own.is_null()).then(|| Self {
            library,
            own: own.addr(),
            disables,
        })
    }

    /// Offers a policy that the library must reject.
    pub(crate) fn offer_invalid(library: &'static Library) {
        let (name, config) = (Octets::lend(b"portcullis"), Octets::lend(b"[]"));
        if !library
            .http_filter_per_route_config_new(name, config)
            .is_null()
        {
            die("the library accepted an invalid policy");
        }
    }

    pub(crate) fn is_of(&self, library: &'static Library) -> bool {
        ptr::eq(self.library, library)
    }

    /// The pointer that the library returned for this policy.
    pub(crate) fn own(&self) -> Own {
        ptr::without_provenance(self.own)
    }
}

impl Drop for RoutePolicy {
    fn drop(&mut self) {
        self.library
            .http_filter_per_route_config_destroy(self.own());
    }
}

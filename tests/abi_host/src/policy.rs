//! The policies of routes, as the library loads them.

use core::ptr;

use serde_json::json;

use crate::{
    abi::{Octets, Own},
    library::Library,
    live::die,
};

/// A route's policy. Envoy releases it as soon as neither the route table nor a stream uses it, on
/// any thread.
pub(crate) struct RoutePolicy {
    library: &'static Library,
    /// The number that the library returned for the policy.
    own: usize,
    /// Whether routes with this policy need no token.
    pub(crate) disables: bool,
}

impl RoutePolicy {
    /// Loads a policy. Must run on the main thread. `None` if a test has made the library panic.
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

    /// Offers a policy that the library must refuse.
    pub(crate) fn offer_invalid(library: &'static Library) {
        let (name, config) = (Octets::lend(b"portcullis"), Octets::lend(b"[]"));
        if !library
            .http_filter_per_route_config_new(name, config)
            .is_null()
        {
            die("an invalid policy was accepted");
        }
    }

    pub(crate) fn is_of(&self, library: &'static Library) -> bool {
        ptr::eq(self.library, library)
    }

    /// What the library returned for the policy.
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

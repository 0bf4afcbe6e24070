//! Determines how a path relates to the protected resources.

use crate::{config::Config, http::Request, policy::ProtectedResource};

/// How a path relates to the protected resources. Each number is the index of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ResourceMatch {
    below: Option<usize>,
    metadata_of: Option<usize>,
    /// The resource that the request would belong to if the request named the resource's host.
    /// `None` if the request already belongs to a resource.
    below_elsewhere: Option<usize>,
    /// Whether the request's host is the host of any resource.
    is_known_host: bool,
}

impl ResourceMatch {
    /// Determines how this path, on the request's host, relates to the protected resources.
    pub(super) fn of(config: &Config, request: &Request<'_>, path: &str) -> Self {
        let resources = &config.protected_resources;
        if resources.is_empty() {
            return Self::default();
        }
        let authority = request.authority();
        let position =
            |is_it: &dyn Fn(&ProtectedResource) -> bool| resources.iter().position(is_it);
        let is_known_host = resources.iter().any(|own| own.url.is_at(authority));
        let below = position(&|own| own.is_above(authority, path));
        Self {
            below,
            below_elsewhere: match below {
                Some(_) => None,
                None => position(&|own| may_lead_to(own, authority, path, is_known_host)),
            },
            metadata_of: position(&|own| own.has_metadata_at(authority, path)),
            is_known_host,
        }
    }

    /// Returns the resource that the request belongs to.
    pub(super) fn resource(self, config: &Config) -> Option<&ProtectedResource> {
        config.protected_resources.get(self.below?)
    }

    /// Returns the resources that a request for this path reaches if Envoy and the upstream ignore
    /// the host. The list is empty if the request belongs to a resource.
    pub(super) fn resources_elsewhere<'c>(
        self,
        config: &'c Config,
        request: &Request<'_>,
        path: &str,
    ) -> Vec<&'c ProtectedResource> {
        if self.below_elsewhere.is_none() {
            return Vec::new();
        }
        let authority = request.authority();
        let resources = config.protected_resources.iter();
        resources
            .filter(|own| may_lead_to(own, authority, path, self.is_known_host))
            .collect()
    }

    /// Returns the resource whose metadata the request asks for.
    pub(super) fn metadata(self, config: &Config) -> Option<&ProtectedResource> {
        config.protected_resources.get(self.metadata_of?)
    }
}

/// Returns true if a request for this path would reach the resource on a server that ignores the
/// host. A resource with the path `/` would claim every path of every host. If the request's host
/// is the host of some resource (`is_known_host`), the result is therefore false for a resource
/// with the path `/` on another host. A host with another port does not count as another host.
/// Otherwise, a client could evade the checks of one resource by sending the port of another
/// resource on the same host.
fn may_lead_to(
    resource: &ProtectedResource,
    authority: &str,
    path: &str,
    is_known_host: bool,
) -> bool {
    let url = &resource.url;
    resource.is_above_path(path) && !(is_known_host && url.is_root() && !url.has_host(authority))
}

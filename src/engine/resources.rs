//! Functions for requests to protected resources. They check the `Origin` of a request, and answer
//! requests for a resource's metadata.

use super::{Engine, refusal::No, resource_match::ResourceMatch};
use crate::{
    config::Config,
    decision::Decision,
    http::{
        Request,
        path::{Target, readings},
    },
    policy::ProtectedResource,
    resource,
};

/// Returns true if a server could read the request's path as the path of a resource's metadata.
pub(super) fn may_ask_for_metadata(config: &Config, request: &Request<'_>) -> bool {
    if config.protected_resources.is_empty() {
        return false;
    }
    let Some(Target { path, .. }) = request.split_target().ok().flatten() else {
        return false;
    };
    let others = readings(path).unwrap_or_default();
    let mut all = std::iter::once(path).chain(others.iter());
    all.any(|path| {
        ResourceMatch::of(config, request, path)
            .metadata(config)
            .is_some()
    })
}

/// Returns true if a web page from the request's `Origin` may send requests to the resource. A
/// request without `Origin` is allowed, because most clients that are not browsers send no
/// `Origin`. A request with several origins is not allowed if the resource restricts origins.
pub(super) fn allows_origin(resource: &ProtectedResource, request: &Request<'_>) -> bool {
    let mut origins = request.values("origin");
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => resource.allows_origin(origin),
        (Some(_), Some(_)) => resource.allowed_origins.is_none(),
    }
}

impl Engine {
    /// Answers a request for a resource's metadata. No token is needed: clients read the metadata
    /// to learn where to get a token.
    pub(super) fn metadata(&self, resource: &ProtectedResource, request: &Request<'_>) -> Decision {
        match resource::response(resource, request.method()) {
            Some(response) => Decision::Serve(response),
            None => self.refuse(No::Method(&resource::METHODS)),
        }
    }
}

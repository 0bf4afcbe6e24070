//! Functions for requests to protected resources. They check the `Origin` of a request, answer
//! requests for a resource's metadata, and add the URL of the metadata to challenges.

use std::sync::Arc;

use super::{Access, Engine, refusal::No, resource_match::ResourceMatch};
use crate::{
    config::Config,
    decision::{Decision, Denial, Reason},
    http::{Request, path::readings},
    policy::{OFFLINE_ACCESS, ProtectedResource},
    resource,
};

/// Returns true if a server could read the request's path as the path of a resource's metadata.
pub(super) fn may_ask_for_metadata(config: &Config, request: &Request<'_>) -> bool {
    if config.protected_resources.is_empty() {
        return false;
    }
    let Some(path) = path(request) else {
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

/// Returns the path of a request, or `None` if the request has no path or the path is not UTF-8.
fn path<'a>(request: &Request<'a>) -> Option<&'a str> {
    Some(request.split_target().ok()??.path)
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

/// Adds the URL of the resource's metadata to the challenge of a denial. If the status is 401, or
/// if the denial already names scopes, the challenge also names all scopes of the rule, so that a
/// client can request all of them in one step. With `challenge_scope: false`, a challenge with
/// status 401 names no scopes.
pub(super) fn lead_to(resource: &ProtectedResource, denial: &mut Denial, access: Access<'_>) {
    denial.resource_metadata = Some(Arc::clone(resource.url.metadata_url()));
    let names_scopes = match denial.is_unauthenticated() {
        true => resource.challenge_scope,
        false => !denial.scopes.is_empty(),
    };
    denial.scopes = match access {
        Access::Required(required) if names_scopes => required.scopes(),
        _ => Vec::new(),
    };
    denial.scopes.retain(|scope| scope != OFFLINE_ACCESS);
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

    /// Makes the same denial as [`decide`](Engine::decide) makes if it refuses `request` for
    /// `reason` without checking a credential. The challenge names the schemes of all providers. If
    /// the request belongs to a protected resource, the challenge also contains the URL of the
    /// resource's metadata.
    #[must_use]
    pub fn refusal(&self, reason: Reason, request: &Request<'_>) -> Denial {
        let found = path(request).map(|path| ResourceMatch::of(&self.config, request, path));
        let resource = found.and_then(|found| found.resource(&self.config));
        self.denial(reason.into(), Access::Denied(reason), Vec::new(), resource)
    }
}

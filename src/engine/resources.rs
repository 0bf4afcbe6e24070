//! Finds the protected resource of a request, and binds the request to it: its metadata, its
//! origins, and the challenges that lead to it.

use std::sync::Arc;

use super::{Access, Decided, Engine};
use crate::{
    config::Config,
    decision::{Decision, Denial, Reason},
    http::{
        Request,
        path::{Target, readings},
    },
    policy::{OFFLINE_ACCESS, ProtectedResource},
    resource,
};

/// What a path is to the protected resources, as indices of resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    below: Option<usize>,
    metadata_of: Option<usize>,
}

impl Place {
    /// The place of this path on the request's host.
    pub(super) fn of(config: &Config, request: &Request<'_>, path: &str) -> Self {
        let resources = &config.protected_resources;
        if resources.is_empty() {
            return Self::default();
        }
        let authority = request.values(":authority").next();
        let Some(authority) = authority.and_then(|value| str::from_utf8(value).ok()) else {
            return Self::default();
        };
        let mut all = resources.iter();
        Self {
            below: all.position(|own| own.is_above(authority, path)),
            metadata_of: resources
                .iter()
                .position(|own| own.has_metadata_at(authority, path)),
        }
    }

    /// The resource of the request.
    pub(super) fn resource(self, config: &Config) -> Option<&ProtectedResource> {
        config.protected_resources.get(self.below?)
    }

    /// The resource whose metadata the request asks for.
    pub(super) fn metadata(self, config: &Config) -> Option<&ProtectedResource> {
        config.protected_resources.get(self.metadata_of?)
    }
}

/// Whether a server could take the request's path for the path of a resource's metadata.
pub(super) fn may_ask_for_metadata(config: &Config, request: &Request<'_>) -> bool {
    if config.protected_resources.is_empty() {
        return false;
    }
    let Some(path) = path(request) else {
        return false;
    };
    let others = readings(path).unwrap_or_default();
    let mut all = std::iter::once(path).chain(others.iter());
    all.any(|path| Place::of(config, request, path).metadata_of.is_some())
}

/// The path of a request; `None` if it has none or is not UTF-8.
fn path<'a>(request: &Request<'a>) -> Option<&'a str> {
    let target = str::from_utf8(request.target()?).ok()?;
    Some(Target::new(target).path)
}

/// Answers a request for a resource's metadata. Nobody needs a token for it: clients read it to
/// learn where to get one.
pub(super) fn metadata(resource: &ProtectedResource, request: &Request<'_>) -> Decided {
    let response = resource::response(resource, request.method());
    let decision = response.map_or_else(
        || {
            Decision::Deny(Denial {
                methods: &resource::METHODS,
                ..Denial::new(Reason::Method)
            })
        },
        Decision::Serve,
    );
    decision.into()
}

/// Whether a page of the request's `Origin` may send requests to the resource. Without `Origin`, no
/// page sent it. Several origins are none that is allowed.
pub(super) fn allows_origin(resource: &ProtectedResource, request: &Request<'_>) -> bool {
    let mut origins = request.values("origin");
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => resource.allows_origin(origin),
        (Some(_), Some(_)) => resource.allowed_origins.is_none(),
    }
}

/// Makes the challenge of a refusal lead to the resource's metadata. A challenge with status 401
/// also names the scopes of the rule, so that a client can ask for all of them at once.
pub(super) fn lead_to(resource: &ProtectedResource, denial: &mut Denial, access: Access<'_>) {
    denial.resource_metadata = Some(Arc::clone(resource.url.metadata_url()));
    if denial.is_unauthenticated() {
        denial.scopes = match access {
            Access::Required(required) if resource.challenge_scope => required.scopes().to_vec(),
            _ => Vec::new(),
        };
    }
    denial.scopes.retain(|scope| scope != OFFLINE_ACCESS);
}

impl Engine {
    /// A refusal of `request` for `reason`, with a challenge that leads to the metadata of its
    /// resource.
    #[must_use]
    pub fn refusal(&self, reason: Reason, request: &Request<'_>) -> Denial {
        let mut denial = Denial::new(reason);
        let place = path(request).map(|path| Place::of(&self.config, request, path));
        if let Some(resource) = place.and_then(|place| place.resource(&self.config)) {
            lead_to(resource, &mut denial, Access::Unmatched);
        }
        denial
    }
}

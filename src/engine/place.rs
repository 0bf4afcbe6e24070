//! Determines how a path relates to the protected resources.

use crate::{config::Config, http::Request, policy::ProtectedResource};

/// How a path relates to the protected resources. Each field is the index of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    below: Option<usize>,
    metadata_of: Option<usize>,
    /// The resource that the request would belong to if its host were the resource's host. `None`
    /// if the request's host is the host of any resource.
    below_elsewhere: Option<usize>,
}

impl Place {
    /// Determines how this path, on the request's host, relates to the protected resources.
    pub(super) fn of(config: &Config, request: &Request<'_>, path: &str) -> Self {
        let resources = &config.protected_resources;
        if resources.is_empty() {
            return Self::default();
        }
        let authority = request.values(":authority").next();
        let authority = authority.and_then(|value| str::from_utf8(value).ok());
        let authority = authority.unwrap_or_default();
        let mut all = resources.iter();
        let is_known = resources.iter().any(|own| own.url.is_at(authority));
        Self {
            below_elsewhere: match is_known {
                true => None,
                false => resources.iter().position(|own| own.is_above_path(path)),
            },
            below: all.position(|own| own.is_above(authority, path)),
            metadata_of: resources
                .iter()
                .position(|own| own.has_metadata_at(authority, path)),
        }
    }

    /// Returns the resource that the request belongs to.
    pub(super) fn resource(self, config: &Config) -> Option<&ProtectedResource> {
        config.protected_resources.get(self.below?)
    }

    /// Returns true if the path is below a resource, but the request's host is not the host of any
    /// resource.
    pub(super) const fn is_below_elsewhere(self) -> bool {
        self.below_elsewhere.is_some()
    }

    /// Returns the resource whose metadata the request asks for.
    pub(super) fn metadata(self, config: &Config) -> Option<&ProtectedResource> {
        config.protected_resources.get(self.metadata_of?)
    }
}

//! Makes the denials of the engine: adds the authentication schemes and the URL of the resource's
//! metadata to what follows from the reason for a refusal.

use std::sync::Arc;

use super::{
    Engine,
    access::Access,
    credentials,
    refusal::{No, Refusal},
    resource_match::ResourceMatch,
    sanitise::Sanitised,
};
use crate::{
    decision::{Decision, Denial, Reason, StateEntry},
    http::Request,
    policy::{OFFLINE_ACCESS, Places, ProtectedResource, ProviderId, Schemes},
};

impl Engine {
    /// Makes the same denial as [`decide`](Engine::decide) makes if it refuses `request` for
    /// `reason` without checking a credential. The challenge names the schemes of all providers. If
    /// the request belongs to a protected resource, the challenge also contains the URL of the
    /// resource's metadata.
    #[must_use]
    pub fn refusal(&self, reason: Reason, request: &Request<'_>) -> Denial {
        let target = request.split_target().ok().flatten();
        let found = target.map(|own| ResourceMatch::of(&self.config, request, own.path));
        let resource = found.and_then(|found| found.resource(&self.config));
        let denial = Denial::new(reason);
        self.complete(denial, Access::Denied(reason), Vec::new(), resource)
    }

    /// Makes the decision for a request that does not pass, or that has to wait for keys. `exports`
    /// are the filter-state entries for other filters. `resource` is the protected resource that
    /// the request belongs to.
    pub(super) fn deny(
        &self,
        no: No,
        access: Access<'_>,
        exports: Vec<StateEntry>,
        resource: Option<&ProtectedResource>,
    ) -> Decision {
        match no.denial() {
            Ok(denial) => Decision::Deny(self.complete(denial, access, exports, resource)),
            Err(wanted) => Decision::AwaitKeys(wanted),
        }
    }

    /// Refuses a request before a rule decides on it, or on a path that Portcullis itself serves.
    pub(super) fn refuse(&self, no: No) -> Decision {
        self.deny(no, Access::Unmatched, Vec::new(), None)
    }

    /// Refuses a request that no token can admit. If the request has no credential, the status is
    /// 401, because the client may not know that it has to authenticate. Neither verifies tokens nor
    /// fetches keys.
    pub(super) fn closed(
        &self,
        reason: Reason,
        access: Access<'_>,
        sanitised: Sanitised<'_, '_>,
        resource: Option<&ProtectedResource>,
    ) -> Decision {
        let Sanitised {
            request, target, ..
        } = sanitised;
        let all = &self.config.places;
        // The query may be long, so it is searched once for all places.
        let query = target.and_then(|target| target.query);
        let holds_credential = query.is_some_and(|query| Places::any_reads_query(all, query))
            || (all.iter()).any(|places| !matches!(places.find(request, None), Ok(None)));
        let no = match holds_credential {
            true => No::Closed(reason),
            false => No::Refused(Refusal::Missing),
        };
        self.deny(no, access, Vec::new(), resource)
    }

    /// Adds the fields of a denial that do not follow from the reason for the refusal. All denials of
    /// the engine are completed here, so that each challenge names the schemes that the client can
    /// use.
    fn complete(
        &self,
        mut denial: Denial,
        access: Access<'_>,
        exports: Vec<StateEntry>,
        resource: Option<&ProtectedResource>,
    ) -> Denial {
        denial.schemes = self.schemes(denial.provider, access);
        denial.exports = exports;
        if let Some(resource) = resource {
            lead_to(resource, &mut denial, access);
        }
        denial
    }

    /// Returns the authentication schemes for the challenge. If `provider` refused a credential,
    /// the result is the scheme of this provider. Otherwise, the result contains all schemes of the
    /// rule. If `access` requires no tokens, the result contains the schemes of all providers.
    fn schemes(&self, provider: Option<ProviderId>, access: Access<'_>) -> Schemes {
        let all = self.schemes;
        if !all.basic {
            return all;
        }
        match (provider.and_then(|id| self.config.provider(id)), access) {
            (Some(provider), _) => Schemes::default().and(provider.scheme()),
            (None, Access::Required(required)) => {
                credentials::schemes(&self.config, required.requirement)
            }
            (None, _) => all,
        }
    }
}

/// Adds the URL of the resource's metadata to the challenge of a denial. If the status is 401, or
/// if the denial already names scopes, the challenge also names all scopes of the rule, so that a
/// client can request all of them in one step. With `challenge_scope: false`, a challenge with
/// status 401 names no scopes.
fn lead_to(resource: &ProtectedResource, denial: &mut Denial, access: Access<'_>) {
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

//! Decides from a request's headers whether the request may pass.
//!
//! The engine has no clock and makes no network calls. The time and the connection are arguments.
//! The host implements traits for shared key records and for the accelerator (native signature
//! verification). The engine returns decisions, and the HTTP calls that the host should make. The
//! proxy modules and the command line program all use this engine.
//!
//! The checks run in the order that `docs/decisions.md` lists. Each check either refuses a request
//! or passes it to the next check.

mod access;
mod cached_token;
mod claim_headers;
mod credentials;
mod decided;
mod deny;
mod evaluation;
mod export;
mod fetched_keys;
mod first_match;
mod forward;
mod hidden_query;
mod mcp;
mod notes;
mod other_readings;
mod plain;
mod refusal;
mod repetition;
mod required;
mod resource_match;
mod resources;
mod restrictions;
mod routing;
mod sanitise;
mod spent;
mod status;
mod token;
mod token_caches;
mod verified;

use core::{
    cell::{LazyCell, RefCell},
    fmt, mem,
};
use std::sync::Arc;

use crate::{
    config::Config,
    connection::Connection,
    decision::{Decision, Denial, HeaderEdit, Permit, PermitReason, Reason, ResponseStyle, Text},
    http::{Request, Response},
    jose::HeaderMemo,
    keys::KeyStore,
    policy::{Mode, ProtectedResource, RoutePolicy, RuleId, Schemes, Standing, Unmatched},
    time::UnixMillis,
    verification::{Accelerator, Allowance, Circumstances},
};

use self::{
    access::{Access, AccessRequirement, access},
    mcp::Admission,
    refusal::No,
    routing::Routed,
    sanitise::{Removals, Sanitised},
    token_caches::TokenCaches,
};

pub use self::{decided::Decided, restrictions::Restrictions, token_caches::CacheUse};
pub use crate::verification::{Backend, Patience};

/// Decides on requests under one configuration.
pub struct Engine {
    config: Arc<Config>,
    /// The authentication schemes of all providers.
    schemes: Schemes,
    restrictions: Option<Restrictions>,
    keys: KeyStore,
    caches: TokenCaches,
    headers: RefCell<HeaderMemo>,
    accelerator: Option<Box<dyn Accelerator>>,
}

/// Written by hand, because a derived implementation would require every host's accelerator to
/// implement `Debug`, and would link these `Debug` implementations into the WebAssembly module.
impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Creates an engine that has no fetched keys yet.
    #[must_use]
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        let config = config.into();
        let keys = config.key_store();
        let caches = TokenCaches::new(&config);
        Self {
            schemes: config.schemes(),
            config,
            restrictions: None,
            keys,
            caches,
            headers: RefCell::default(),
            accelerator: None,
        }
    }

    /// Verifies signatures with this backend from now on. The caller must have chosen the backend
    /// (see [`Backend::choose`]) for this configuration and this accelerator.
    pub fn use_backend(&mut self, backend: Backend, accelerator: Box<dyn Accelerator>) {
        self.accelerator = (backend == Backend::Accelerator).then_some(accelerator);
    }

    /// The configuration of this engine.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration, as a shared pointer.
    #[must_use]
    pub fn shared_config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    /// Sets or removes the restrictions of a newer configuration. Under restrictions, the engine
    /// also refuses the credentials that the newer configuration refuses.
    pub fn restrict(&mut self, restrictions: Option<Restrictions>) {
        self.restrictions = restrictions;
    }

    /// Decides on a request. `policy` is the policy of the request's route, if the route has one.
    ///
    /// In shadow mode, a request that would be denied gets a permit that contains the denial. Even
    /// in shadow mode, these requests are decided as in enforce mode: ambiguous requests, requests
    /// with a path, header or query parameter that is too long, and requests for the status page or
    /// for a resource's metadata.
    #[must_use]
    pub fn decide(
        &self,
        request: &Request<'_>,
        policy: Option<&RoutePolicy>,
        now: UnixMillis,
        patience: Patience,
        connection: &dyn Connection,
    ) -> Decided {
        // Remove forged identity headers first. They are removed whatever the decision will be.
        let Removals {
            standing,
            edits,
            is_forged,
        } = Removals::new(&self.config, request, connection);
        let (received, removals) = (request, &*edits);
        let request = &*sanitise::sanitised(received, removals);
        if self.config.bypass_cors_preflight
            && is_cors_preflight(request)
            && !resources::may_ask_for_metadata(&self.config, request)
        {
            return permit(PermitReason::CorsPreflight, removals.to_vec()).into();
        }
        let routed = match routing::route(&self.config, request) {
            Ok(routed) => routed,
            Err(reason) => return self.refuse(No::Closed(reason)).into(),
        };
        let sanitised = Sanitised {
            request,
            target: routed.target,
            removals,
        };
        // The digest of the client's certificate is read at most once, and only if a token is bound
        // to a certificate.
        let own = self.config.client_certificate.as_ref();
        let digest = LazyCell::new(|| match (own, standing) {
            (None, _) => connection.client_certificate_digest(),
            (Some(own), Standing::Trusted) => own.digest(received),
            (Some(_), Standing::Absent | Standing::Forged) => None,
        });
        let resources_elsewhere =
            routed.resources_elsewhere(&self.config, request, policy.is_some());
        let circumstances = Circumstances {
            keys: &self.keys,
            now,
            patience,
            certificate_digest: &|| *digest,
            accelerator: self.accelerator.as_deref(),
            allowance: &Allowance::default(),
            resource: routed.resource_match.resource(&self.config),
            resources_elsewhere: &resources_elsewhere,
        };
        if let Some(served) = self.serve(&routed, sanitised, &circumstances) {
            return served;
        }
        // A header that the client forged may have selected the route. After the header is removed,
        // Envoy selects the route again. The policy of the new route is not known here, so deny the
        // request.
        let access = if policy.is_some() && is_forged {
            Access::Denied(Reason::UnsettledRoute)
        } else {
            access(&self.config, policy, &routed, connection)
        };
        let access = self.check_origin(access, request, &circumstances);
        let decided = self.decide_access(access, sanitised, &circumstances);
        match self.config.mode {
            Mode::Enforce => decided,
            // In shadow mode, a request that would be denied passes, but without forged headers.
            Mode::Shadow => in_shadow(decided, removals),
        }
    }

    /// Answers a request for a path that Portcullis itself serves: the status page, or the metadata
    /// of a protected resource. Returns `None` for all other paths.
    fn serve(
        &self,
        routed: &Routed<'_, '_>,
        sanitised: Sanitised<'_, '_>,
        circumstances: &Circumstances<'_>,
    ) -> Option<Decided> {
        if let Some(status) = &self.config.status
            && (routed.target).is_some_and(|target| target.path == status.path)
        {
            return Some(self.status(status, sanitised, circumstances));
        }
        let resource = routed.resource_match.metadata(&self.config)?;
        Some(self.metadata(resource, sanitised.request).into())
    }

    /// Denies access if the request is for a protected resource, or may reach one, and the resource
    /// does not allow the request's `Origin`.
    fn check_origin<'a>(
        &self,
        access: Access<'a>,
        request: &Request<'_>,
        circumstances: &Circumstances<'_>,
    ) -> Access<'a> {
        let elsewhere = circumstances.resources_elsewhere;
        let mut protected = circumstances.resource.iter().chain(elsewhere);
        match access {
            Access::Denied(_) => access,
            Access::Unmatched if self.config.unmatched == Unmatched::Deny => access,
            _ if protected.all(|own| resources::allows_origin(own, request)) => access,
            _ => Access::Denied(Reason::Origin),
        }
    }

    /// Decides on a request according to its `access`.
    fn decide_access(
        &self,
        access: Access<'_>,
        sanitised: Sanitised<'_, '_>,
        circumstances: &Circumstances<'_>,
    ) -> Decided {
        let resource = circumstances.resource;
        let removals = sanitised.removals;
        match access {
            Access::Denied(reason) => self
                .deny(No::Closed(reason), access, Vec::new(), resource)
                .into(),
            Access::Open => permit(PermitReason::NotRequired, removals.to_vec()).into(),
            Access::Required(required) => self
                .decide_plainly(required, sanitised, circumstances)
                .unwrap_or_else(|| self.apply(required, sanitised, circumstances)),
            Access::Unmatched if self.config.unmatched == Unmatched::Allow => {
                permit(PermitReason::Unmatched, removals.to_vec()).into()
            }
            Access::Unmatched => self
                .closed(Reason::Unmatched, access, sanitised, resource)
                .into(),
            Access::Uncallable(reason) => self.closed(reason, access, sanitised, resource).into(),
        }
    }

    /// Returns the edits that remove forged headers: headers that only Portcullis or a trusted peer
    /// may set. The decisions of [`decide`](Self::decide) already include these edits.
    #[must_use]
    pub fn removals(&self, request: &Request<'_>, connection: &dyn Connection) -> Vec<HeaderEdit> {
        sanitise::forged(&self.config, request, connection).1
    }

    /// Returns the names of the trailers to remove from a request: identities, tokens, MCP headers,
    /// and headers that rules have conditions on. Remove these trailers whatever the decision on the
    /// headers was. Otherwise, a server that merges trailers into headers would use, for example, an
    /// identity or a token from the trailers.
    #[must_use]
    pub fn trailer_removals(&self, trailers: &[(&[u8], &[u8])]) -> Vec<Text> {
        sanitise::trailers(&self.config, trailers)
    }

    /// Returns true if requests may wait for keys. In shadow mode no request waits, because shadow
    /// mode must not delay requests.
    #[must_use]
    pub fn parks(&self) -> bool {
        self.config.mode == Mode::Enforce
    }

    /// Returns the first rule that matches a request. Returns `None` if no rule matches, or if the
    /// request is refused before a rule can decide. Headers that the client may have forged are
    /// ignored, as in [`decide`](Self::decide).
    #[must_use]
    pub fn rule(&self, request: &Request<'_>, connection: &dyn Connection) -> Option<RuleId> {
        self.routed(request, connection, |routed| {
            let decides = matches!(routed.admission, Admission::Settled);
            routed.rule.filter(|_| decides).map(|own| own.id)
        })?
    }

    /// Returns the protected resource that a request belongs to, and the resources that the request
    /// may reach although it names another host. If there are any such resources, a token is
    /// refused if it is meant for none of them.
    #[must_use]
    pub fn resources(
        &self,
        request: &Request<'_>,
        connection: &dyn Connection,
    ) -> (Option<&ProtectedResource>, Vec<&ProtectedResource>) {
        self.routed(request, connection, |routed| {
            (
                routed.resource_match.resource(&self.config),
                routed.resources_elsewhere(&self.config, request, false),
            )
        })
        .unwrap_or_default()
    }

    /// Matches a request to its rule, as [`decide`](Self::decide) does, and reads something from
    /// the result. Returns `None` if the request is refused before a rule can decide.
    fn routed<'s, R>(
        &'s self,
        request: &Request<'_>,
        connection: &dyn Connection,
        read: impl FnOnce(&Routed<'_, 's>) -> R,
    ) -> Option<R> {
        let removals = Removals::new(&self.config, request, connection);
        let request = &*sanitise::sanitised(request, &removals.edits);
        let routed = routing::route(&self.config, request).ok()?;
        Some(read(&routed))
    }

    /// Returns the HTTP response to a denied request.
    #[must_use]
    pub fn response(&self, denial: &Denial) -> Response {
        denial.response(ResponseStyle {
            realm: &self.config.realm,
            stripped: self.config.strip_failure_response,
        })
    }
}

/// Converts a decision for shadow mode: a denied request passes, with `removals` as its only edits.
fn in_shadow(decided: Decided, removals: &[HeaderEdit]) -> Decided {
    let Decided {
        decision,
        cache_use,
    } = decided;
    let decision = match decision {
        Decision::Deny(mut denial) => {
            let exports = mem::take(&mut denial.exports);
            let mut permit = Permit::new(PermitReason::Shadow(denial), removals.to_vec());
            permit.exports = exports;
            Decision::Permit(permit)
        }
        other => other,
    };
    Decided {
        decision,
        cache_use,
    }
}

fn permit(reason: PermitReason, edits: Vec<HeaderEdit>) -> Decision {
    Decision::Permit(Permit::new(reason, edits))
}

/// Returns true if the request is a CORS preflight: an `OPTIONS` request with the headers `Origin`
/// and `Access-Control-Request-Method` (Fetch standard, section "CORS-preflight fetch").
fn is_cors_preflight(request: &Request<'_>) -> bool {
    let present = |name| (request.values(name)).any(|value| !value.trim_ascii().is_empty());
    request.method() == "OPTIONS" && present("origin") && present("access-control-request-method")
}

#[cfg(test)]
mod tests;

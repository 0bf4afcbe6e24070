//! The engine: from a request's head to a decision.
//!
//! It reads no clock and calls no one: the time, the host's answers and the fetched documents are
//! arguments, decisions and calls to make are results. The filter and the command line program run
//! this same code.
//!
//! The order of checks is that of `docs/decisions.md`; each step can only refuse or hand on.

mod caches;
mod claim_headers;
mod course;
mod evaluation;
mod export;
mod forward;
mod identity;
mod refusal;
mod restrictions;
mod routing;
mod sanitise;
mod spent;
mod status;
mod verified;

use core::{
    cell::{LazyCell, RefCell},
    fmt, mem,
};
use std::sync::Arc;

use crate::{
    config::Config,
    connection::Connection,
    decision::{Decision, Denial, HeaderEdit, Permit, PermitReason, Reason, ResponseStyle},
    few::Few,
    http::{Request, Response, path::Target},
    jose::{HeaderMemo, KeySetLimits},
    keys::{
        Answer, Fetch, FetchCause, FetchError, KeyStore, Progress, Records, SourceId, Unshared,
    },
    policy::{Mode, ProviderId, RoutePolicy, Schemes, Unmatched},
    shared_memory::{SeenRecords, SharedMemory, SharedRecords},
    time::UnixMillis,
    verification::{Accelerator, Circumstances, Issuer, KeySource},
};

use self::{
    caches::Caches,
    course::{Asked, Course, course},
    evaluation::{Evaluation, Failures, Means},
    verified::{Held, Verified},
};

pub use self::{caches::CacheUse, restrictions::Restrictions};
pub use crate::verification::{Backend, Patience, UnfitHost};

/// Decides on requests with one configuration.
pub struct Engine {
    config: Arc<Config>,
    restrictions: Option<Restrictions>,
    keys: KeyStore,
    /// How the workers of the process share what they fetch.
    records: Box<dyn Records>,
    caches: Caches,
    headers: RefCell<HeaderMemo>,
    accelerator: Option<Box<dyn Accelerator>>,
}

/// Derived, it would need the same of every host's records, and bring all of it into the module.
impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine for `config`, without any fetched keys yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let keys = key_store(&config);
        let caches = Caches::new(&config);
        Self {
            config: Arc::new(config),
            restrictions: None,
            keys,
            records: Box::new(Unshared),
            caches,
            headers: RefCell::default(),
            accelerator: None,
        }
    }

    /// Has an accelerator verify signatures from now on, if the configuration allows it and it proves that
    /// it can.
    ///
    /// # Errors
    /// When the configuration demands an accelerator that can.
    pub fn accelerate(&mut self, accelerator: Box<dyn Accelerator>) -> Result<Backend, UnfitHost> {
        let backend = Backend::choose(self.config.signature_backend, &*accelerator)?;
        self.accelerator = (backend == Backend::Host).then_some(accelerator);
        Ok(backend)
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration, shared.
    #[must_use]
    pub fn shared_config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    /// Also refuses what these restrictions refuse from now on.
    pub fn restrict(&mut self, restrictions: Option<Restrictions>) {
        self.restrictions = restrictions;
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &KeyStore {
        &self.keys
    }

    /// Shares what is fetched with other workers from now on; see [`synchronize`](Self::synchronize).
    pub fn share(&mut self, records: Box<dyn Records>) {
        self.records = records;
    }

    /// The records of its keys in memory that the proxy's modules share.
    pub fn shared_records<M: SharedMemory>(
        &self,
        memory: M,
        seen: &mut SeenRecords,
    ) -> SharedRecords<M> {
        let limits = key_set_limits(&self.config);
        let key = self.config.shared_memory_key.as_ref();
        SharedRecords::new(memory, self.keys.sources(), limits, key, seen)
    }

    /// Puts a document in the place of a fetched one, as a fetch at `now` would.
    ///
    /// # Errors
    /// When it is no key set with a usable key, or the provider has no remote source.
    pub fn preload(
        &mut self,
        provider: ProviderId,
        document: &[u8],
        now: UnixMillis,
    ) -> Result<(), FetchError> {
        self.keys.preload(provider, document, now)
    }

    /// Decides on a request, whose route in the proxy may have a policy of its own.
    ///
    /// In shadow mode a denial becomes a permit that says so, except where the path is refused or
    /// the status asked for.
    #[must_use]
    pub fn decide(
        &self,
        request: &Request<'_>,
        policy: Option<&RoutePolicy>,
        now: UnixMillis,
        patience: Patience,
        connection: &dyn Connection,
    ) -> Decision {
        // Before all else: whatever way the request takes from here, headers that claim an
        // identity are ours alone to set.
        let removals = sanitise::removals(&self.config.owned_headers, request);
        let without_owned;
        let request = if removals.is_empty() {
            request
        } else {
            without_owned = sanitise::without_owned(&self.config.owned_headers, request);
            &without_owned
        };
        if self.config.bypass_cors_preflight && is_cors_preflight(request) {
            return permit(PermitReason::CorsPreflight, removals);
        }
        let (target, rule) = match routing::route(&self.config, request) {
            Ok(routed) => routed,
            Err(reason) => return Decision::Deny(Denial::new(reason)),
        };
        // Asked for at most once, and only by a token that is bound to a certificate.
        let digest = LazyCell::new(|| connection.client_certificate_digest());
        let circumstances = Circumstances {
            keys: &self.keys,
            now,
            patience,
            certificate_digest: &|| *digest,
            accelerator: self.accelerator.as_deref(),
        };
        if let Some(status) = &self.config.status
            && target.is_some_and(|target| target.path == status.path)
        {
            return self.status(status, request, target, &circumstances);
        }
        // The proxy chose the route by what the client made up, and will choose again without it: by
        // which policy, nobody here can tell.
        let course = if policy.is_some() && !removals.is_empty() {
            Course::Closed(Reason::UnsettledRoute)
        } else {
            course(&self.config, policy, rule, connection)
        };
        let mut decision = match course {
            Course::Closed(reason) => Decision::Deny(Denial::new(reason)),
            Course::Open => permit(PermitReason::NotRequired, removals.clone()),
            Course::Tokens(asked) => {
                self.apply(asked, request, target, removals.clone(), &circumstances)
            }
            Course::Unmatched => self.unmatched(request, target, removals.clone()),
        };
        if let Decision::Deny(denial) = &mut decision {
            denial.schemes = self.schemes(denial.provider, course);
        }
        match (self.config.mode, decision) {
            (Mode::Shadow, Decision::Deny(mut denial)) => {
                let exports = mem::take(&mut denial.exports);
                Decision::Permit(Permit {
                    exports,
                    ..passing(PermitReason::Shadow(denial), removals)
                })
            }
            (_, decision) => decision,
        }
    }

    /// The edits that clean a request's trailers. A server that merges trailers into headers would
    /// read an identity from them, so they must not hold one, however the headers were decided.
    #[must_use]
    pub fn trailer_removals(&self, trailers: &[(&[u8], &[u8])]) -> Vec<HeaderEdit> {
        sanitise::lines(&self.config.owned_headers, trailers)
    }

    /// Whether a request may be made to wait for keys. In shadow mode that would be to block it.
    #[must_use]
    pub fn parks(&self) -> bool {
        self.config.mode == Mode::Enforce
    }

    /// A request has to wait for these keys: see that they are fetched.
    pub fn want(&mut self, source: SourceId, cause: FetchCause) {
        self.keys.want(source, cause);
    }

    /// Reads what other workers wrote about keys. True when something changed.
    pub fn synchronize(&mut self) -> bool {
        self.keys.synchronize(&*self.records)
    }

    /// Reads what other workers wrote about the keys that `decision` lacks, if it is wrong where they
    /// wrote of any: a token was refused, or let pass as if it were not there, for want of its key.
    /// Not twice in one millisecond. True when something changed.
    pub fn synchronize_for(&mut self, decision: &Decision, now: UnixMillis) -> bool {
        let denial = match decision {
            Decision::Deny(denial) => denial,
            Decision::Permit(permit) => match &permit.reason {
                PermitReason::Shadow(denial) => denial,
                // Which tokens it let pass unverified, and why, it does not say.
                PermitReason::Lenient => {
                    return self.keys.synchronize_where(&|_| true, now, &*self.records);
                }
                _ => return false,
            },
            Decision::AwaitKeys { .. } | Decision::Report(_) => return false,
        };
        if !matches!(denial.reason, Reason::UnknownKey | Reason::KeysUnavailable) {
            return false;
        }
        let config = &self.config;
        let refusing = denial.provider.and_then(|id| config.provider(id));
        // Another provider may have known the token if it can be of both.
        let may_know = |id| {
            let issuers = (refusing.map(|own| &own.trust.issuer), config.provider(id));
            match issuers {
                (Some(Issuer::Exact(own)), Some(provider)) => match &provider.trust.issuer {
                    Issuer::Exact(other) => own == other,
                    _ => true,
                },
                _ => true,
            }
        };
        self.keys.synchronize_where(&may_know, now, &*self.records)
    }

    /// The calls to make now.
    pub fn due(&mut self, now: UnixMillis) -> Vec<Fetch> {
        self.keys.due(now, &*self.records)
    }

    /// Takes in the answer to a call.
    pub fn complete(
        &mut self,
        fetch: &Fetch,
        answer: Result<Answer, FetchError>,
        now: UnixMillis,
    ) -> Progress {
        self.keys.complete(fetch, answer, now, &*self.records)
    }

    /// Gives a call up whose answer will not come.
    pub fn abandon(&mut self, fetch: &Fetch) {
        self.keys.abandon(fetch, &*self.records);
    }

    /// Where among the rules the first one for a request stands; `None` where there is none, or the
    /// path is refused.
    #[must_use]
    pub fn rule(&self, request: &Request<'_>) -> Option<usize> {
        let (_, rule) = routing::route(&self.config, request).ok()?;
        rule.map(|(index, _)| index)
    }

    /// How often verified tokens were found again since the last call.
    pub fn take_cache_use(&self) -> CacheUse {
        self.caches.take_uses()
    }

    /// The answer to a denied request.
    #[must_use]
    pub fn response(&self, denial: &Denial) -> Response {
        denial.response(ResponseStyle {
            realm: &self.config.realm,
            stripped: self.config.strip_failure_response,
        })
    }

    /// How a client could have authenticated; where one credential was looked at, how it has.
    fn schemes(&self, provider: Option<ProviderId>, course: Course<'_>) -> Schemes {
        let all = self.config.schemes();
        if !all.basic {
            return all;
        }
        match (provider.and_then(|id| self.config.provider(id)), course) {
            (Some(provider), _) => Schemes::default().and(provider.scheme()),
            (None, Course::Tokens(asked)) => evaluation::schemes(&self.config, asked.requirement),
            (None, _) => all,
        }
    }

    /// No rule is for the request. Nothing is verified or fetched for it.
    fn unmatched(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        removals: Vec<HeaderEdit>,
    ) -> Decision {
        if self.config.unmatched == Unmatched::Allow {
            return permit(PermitReason::Unmatched, removals);
        }
        let holds_credential = self
            .config
            .providers
            .iter()
            .any(|provider| !matches!(provider.places.find(request, target), Ok(None)));
        Decision::Deny(Denial::new(if holds_credential {
            Reason::Unmatched
        } else {
            Reason::MissingCredential
        }))
    }

    fn apply(
        &self,
        asked: Asked<'_>,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        removals: Vec<HeaderEdit>,
        circumstances: &Circumstances<'_>,
    ) -> Decision {
        let failures = Failures::default();
        let means = Means {
            config: &self.config,
            caches: &self.caches,
            restrictions: self.restrictions.as_ref(),
            circumstances,
            failures: &failures,
            headers: &self.headers,
        };
        let decision = Evaluation::new(means, asked.requirement, request, target);
        let decision = decision.and_then(|evaluation| {
            let held = evaluation.evaluate(asked.requirement)?;
            Ok(match self.shortfall(asked, &held.verified) {
                Some(denial) => Decision::Deny(denial),
                None => self.forward(&evaluation, &held, asked, request, target, removals),
            })
        });
        let mut decision = decision.unwrap_or_else(Decision::from);
        match &mut decision {
            Decision::Permit(Permit { exports, .. }) | Decision::Deny(Denial { exports, .. }) => {
                exports.extend(failures.into_inner());
            }
            Decision::AwaitKeys { .. } => {
                // It will be looked for again.
                let _ = self.caches.take_uses();
            }
            Decision::Report(_) => {}
        }
        decision
    }

    /// Passes a request on with what its tokens say.
    fn forward(
        &self,
        evaluation: &Evaluation<'_, '_>,
        held: &Held<'_, '_>,
        asked: Asked<'_>,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        removals: Vec<HeaderEdit>,
    ) -> Decision {
        let verified = &held.verified;
        let forwarded = match held.extraction {
            Some(extraction) if verified.is_empty() => Ok(forward::unverified(
                &self.config,
                evaluation,
                extraction,
                removals,
            )),
            _ => forward::verified(&self.config, request, target, verified, asked, removals),
        };
        match forwarded {
            Ok(forwarded) => Decision::Permit(Permit {
                reason: match verified.is_empty() {
                    true => PermitReason::Lenient,
                    false => PermitReason::Verified,
                },
                provider: verified.first().map(|token| token.provider),
                edits: forwarded.edits,
                exports: forwarded.exports,
                clears_route_cache: forwarded.clears_route_cache,
            }),
            Err(id) => {
                let reason = Reason::HeaderValue;
                let provider = self.config.provider(id);
                let exports = provider.and_then(|provider| export::failure(provider, reason));
                Decision::Deny(Denial {
                    exports: exports.into_iter().collect(),
                    ..Denial::of(reason, id)
                })
            }
        }
    }

    /// What the verified tokens fall short of. One of them must grant everything: two tokens of
    /// which each grants half would otherwise add up to a right that nobody was given.
    fn shortfall(&self, asked: Asked<'_>, verified: &Few<Verified<'_>>) -> Option<Denial> {
        let (authorization, rule) = (asked.authorization?, asked.rule);
        let mut first = None;
        for token in verified.iter() {
            if rule.is_some_and(|rule| token.identity.satisfies(rule)) {
                return None;
            }
            let (Some(provider), Some(claims)) =
                (self.config.provider(token.provider), token.claims())
            else {
                continue;
            };
            match authorization.check(&verified::grants(provider, claims)) {
                Ok(()) => {
                    if let Some(rule) = rule {
                        token.identity.note_satisfied(rule);
                    }
                    return None;
                }
                Err(shortfall) => {
                    first.get_or_insert_with(|| Denial::short_of(&shortfall, token.provider));
                }
            }
        }
        // The requirement let the request through without a token, but rights need one.
        Some(first.unwrap_or_else(|| Denial::new(Reason::MissingCredential)))
    }
}

/// Bounds on fetched key sets.
const fn key_set_limits(config: &Config) -> KeySetLimits {
    KeySetLimits {
        bytes: config.limits.jwks_bytes,
        keys: config.limits.jwks_keys,
    }
}

/// The keys that the configuration has fetched.
fn key_store(config: &Config) -> KeyStore {
    let sources = config
        .providers()
        .filter(|(_, provider)| provider.trust.enabled);
    let sources = sources.filter_map(|(id, provider)| match &provider.trust.keys {
        KeySource::Remote(keys) => Some((id, keys)),
        KeySource::Clients(_) | KeySource::Local(_) => None,
    });
    KeyStore::new(sources, key_set_limits(config))
}

fn permit(reason: PermitReason, edits: Vec<HeaderEdit>) -> Decision {
    Decision::Permit(passing(reason, edits))
}

fn passing(reason: PermitReason, edits: Vec<HeaderEdit>) -> Permit {
    Permit {
        reason,
        provider: None,
        edits,
        exports: Vec::new(),
        clears_route_cache: false,
    }
}

/// `OPTIONS` with `Origin` and `Access-Control-Request-Method` (Fetch, section "CORS-preflight
/// fetch").
fn is_cors_preflight(request: &Request<'_>) -> bool {
    let present = |name| request.values(name).any(|value| !value.is_empty());
    request.method() == "OPTIONS" && present("origin") && present("access-control-request-method")
}

#[cfg(test)]
mod tests;

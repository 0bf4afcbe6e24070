//! What every host does around an engine, written once.
//!
//! A [`Gate`] takes the requests of one worker. It lets the engine decide, makes requests wait for
//! keys and wakes them, counts, and carries out decisions. A [`Keeper`] keeps the keys fresh.
//! Neither knows how a host is called: a shell translates the proxy's calls into theirs, and
//! implements [`Exchange`], [`Environment`] and [`Caller`] by calling the proxy. A shell has no
//! rules of its own. The tests implement the same traits to play the proxy.
//!
//! If the host refuses anything that a decision needs, the request is refused: a gate never fails
//! open. A failing metric or log line is no reason to refuse.

mod answers;
mod body_hold;
mod carry_out;
mod host;
mod keeper;
mod log;
mod metrics;
mod route_policies;
mod route_sampling;
mod succession;
mod waiting;

use std::rc::Rc;

use crate::{
    connection::{Connection, Refused},
    decision::{Decision, Denial, Reason},
    engine::{Decided, Engine, Patience},
    http::Request,
    keys::{FetchCause, SourceId},
    policy::RoutePolicy,
    shared_memory::SharedMemory,
    time::UnixMillis,
};

use self::{answers::Answers, route_policies::RoutePolicies, waiting::Waiting};

pub use self::{
    answers::Answer,
    body_hold::BodyHold,
    host::{CallError, Caller, Environment, Exchange},
    keeper::Keeper,
    log::{Log, LogLevel},
    metrics::{DecisionMetrics, KeyMetrics, Meter, MetricId, MetricRegistry},
    route_policies::{Malformed, Route},
    succession::{ConnectionId, Membership, Policies},
    waiting::StreamId,
};

/// One worker's engine for one configuration, and the requests that wait for its keys.
#[derive(Debug)]
pub struct Gate {
    engine: Engine,
    metrics: DecisionMetrics,
    answers: Answers,
    routes: RoutePolicies,
    /// The configuration's place among those with the same `policy_id`.
    membership: Option<Membership>,
    waiting: Waiting,
    /// Whether keys have changed since the waiting requests were last resumed.
    has_news: bool,
    /// The keeper's epoch when the records were last read.
    epoch: u64,
    /// The keys that the last request lacked.
    wanted: Option<(SourceId, FetchCause)>,
}

/// What the host must do with a request. All other effects of the decision have already happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// End the request: it was answered, or cannot be.
    Answer,
    /// Let the request go on.
    Pass,
    /// Hold the request and its body until it is resumed.
    Wait(BodyHold),
}

/// A request's head and its route's policy, read once for all decisions of a hook.
type Head<'a> = (&'a Request<'a>, Option<Rc<RoutePolicy>>);

impl Gate {
    /// Makes a gate for an engine, with its place among the configurations of its policy, if it has
    /// one.
    #[must_use]
    pub fn new(engine: Engine, membership: Option<Membership>, metrics: DecisionMetrics) -> Self {
        let config = engine.config();
        let limits = config.limits;
        Self {
            metrics,
            answers: Answers::default(),
            routes: RoutePolicies::new(config.route_lookup),
            membership,
            waiting: Waiting::new(limits.parked_requests, limits.park_timeout),
            has_news: false,
            epoch: 0,
            wanted: None,
            engine,
        }
    }

    /// The engine.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, for a keeper that shares it.
    pub const fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Decides on a request that has just arrived. If the host does not return the head, the time
    /// or the route's policy, the request is refused.
    pub fn on_request(
        &mut self,
        stream: StreamId,
        request: Option<&Request<'_>>,
        now: Result<UnixMillis, Refused>,
        exchange: &impl Exchange,
    ) -> Verdict {
        self.wanted = None;
        let Ok(now) = now else {
            return self.fail(exchange);
        };
        if let Some(membership) = &self.membership {
            membership.on_request(|| exchange.connection(), now, exchange);
            self.engine.restrict(membership.restrictions());
        }
        let head = self.head(request, now, exchange);
        let mut decided = self.decide(&head, now, Patience::Waiting, exchange);
        // Another worker may have fetched the key since the last tick. A valid token that is
        // refused now would stay refused.
        if self.engine.synchronize_for(&decided.decision, now) {
            self.has_news = true;
            let before = decided.cache_use;
            decided = self.decide(&head, now, Patience::Waiting, exchange);
            decided.cache_use = decided.cache_use.plus(before);
        }
        let Decision::AwaitKeys { source, cause } = decided.decision else {
            return self.carry_out(&decided, &head, now, exchange);
        };
        self.want(source, cause);
        let hold = match self.engine.parks() {
            true => self.waiting.add(stream, now),
            false => None,
        };
        if let Some(hold) = hold {
            return Verdict::Wait(hold);
        }
        let decided = self.decide(&head, now, Patience::Exhausted, exchange);
        self.carry_out(&overloaded(decided), &head, now, exchange)
    }

    /// Removes from a request the headers that only Portcullis may set, and makes the host choose
    /// the route without them, if the host reports the new route. Returns true if anything was
    /// removed: the head has to be read again.
    ///
    /// Otherwise a client could use a forged header to choose the policy that decides on its
    /// request.
    ///
    /// # Errors
    /// When the host refuses an edit.
    pub fn settle(&self, request: &Request<'_>, exchange: &impl Exchange) -> Result<bool, Refused> {
        if !exchange.tells_the_next_route() {
            return Ok(false);
        }
        let removals = self.engine.removals(request);
        removals.iter().try_for_each(|edit| exchange.edit(edit))?;
        if !removals.is_empty() {
            exchange.clear_route_cache()?;
        }
        Ok(!removals.is_empty())
    }

    /// Decides again on a request that waits. Call this only if the stream is known to be alive and
    /// `exchange` belongs to it; otherwise another client's request would be let through.
    pub fn resume(
        &mut self,
        stream: StreamId,
        request: Option<&Request<'_>>,
        now: UnixMillis,
        exchange: &impl Exchange,
    ) -> Verdict {
        self.wanted = None;
        let Some(waiting) = self.waiting.find(stream) else {
            // It was already answered or let through.
            return Verdict::Answer;
        };
        let hold = waiting.hold.clone();
        let patience = if self.waiting.is_due(waiting, now) {
            Patience::Exhausted
        } else {
            Patience::Waited(waiting.arrived)
        };
        if let Some(membership) = &self.membership {
            self.engine.restrict(membership.restrictions());
        }
        let head = self.head(request, now, exchange);
        let decided = self.decide(&head, now, patience, exchange);
        if let Decision::AwaitKeys { source, cause } = decided.decision {
            // The keys have arrived, and the token's key is not among them.
            self.want(source, cause);
            return Verdict::Wait(hold);
        }
        self.waiting.remove(stream);
        let verdict = self.carry_out(&decided, &head, now, exchange);
        if matches!(verdict, Verdict::Pass) {
            hold.release();
        }
        verdict
    }

    /// Cleans the trailers of a request. Returns [`Verdict::Answer`] if the host refuses: the
    /// request goes no further.
    pub fn on_trailers(&mut self, stream: StreamId, exchange: &impl Exchange) -> Verdict {
        if self.clean_trailers(exchange).is_ok() {
            return Verdict::Pass;
        }
        self.waiting.remove(stream);
        self.fail(exchange)
    }

    /// Drops a request whose stream has ended.
    pub fn on_stream_end(&mut self, stream: StreamId) {
        self.waiting.remove(stream);
    }

    /// Reads what other workers wrote.
    pub fn synchronize(&mut self, memory: &dyn SharedMemory) {
        if let Some(membership) = &self.membership {
            membership.on_tick(memory);
        }
        self.has_news |= self.engine.synchronize();
    }

    /// Reads the records that a keeper with its own engine has written, unless they were already
    /// read in this epoch.
    pub fn follow(&mut self, epoch: u64) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.has_news |= self.engine.synchronize();
        }
    }

    /// Notes that a keeper that shares the engine has ended a fetch.
    pub const fn on_news(&mut self) {
        self.has_news = true;
    }

    /// The waiting requests to resume: all after keys have changed, otherwise those that waited too
    /// long.
    pub fn ready(&mut self, now: UnixMillis) -> Vec<StreamId> {
        let news = core::mem::take(&mut self.has_news);
        self.waiting.ready(news, now)
    }

    /// The keys that the request of the last hook lacked, for a keeper with its own engine.
    pub const fn take_wanted(&mut self) -> Option<(SourceId, FetchCause)> {
        self.wanted.take()
    }

    /// Whether requests are waiting.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether there is work between requests: keys to fetch, or newer configurations to learn of.
    #[must_use]
    pub fn has_background_work(&self) -> bool {
        !self.engine.keys().is_empty() || self.membership.is_some()
    }

    fn head<'a>(
        &mut self,
        request: Option<&'a Request<'a>>,
        now: UnixMillis,
        exchange: &impl Exchange,
    ) -> Result<Head<'a>, Refused> {
        let policy = self
            .routes
            .current(self.engine.config(), now, exchange, exchange)?;
        Ok((request.ok_or(Refused)?, policy))
    }

    fn decide(
        &self,
        head: &Result<Head<'_>, Refused>,
        now: UnixMillis,
        patience: Patience,
        connection: &dyn Connection,
    ) -> Decided {
        match head {
            Ok((request, policy)) => {
                self.engine
                    .decide(request, policy.as_deref(), now, patience, connection)
            }
            Err(Refused) => Decision::Deny(Denial::new(Reason::HostFailure)).into(),
        }
    }

    fn want(&mut self, source: SourceId, cause: FetchCause) {
        self.engine.want(source, cause);
        self.wanted = Some((source, cause));
    }
}

/// Changes a refusal for lack of keys to one for lack of room to wait.
fn overloaded(mut decided: Decided) -> Decided {
    if let Decision::Deny(denial) = &mut decided.decision
        && denial.reason == Reason::KeysUnavailable
    {
        denial.reason = Reason::Overloaded;
    }
    decided
}

#[cfg(test)]
mod tests;

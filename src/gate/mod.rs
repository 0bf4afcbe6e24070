//! The code around the engine that all hosts need.
//!
//! A [`Gate`] handles the requests of one worker. It asks the engine for decisions, counts them and
//! carries them out. It also holds requests that wait for keys, and later resumes them. A
//! [`Keeper`] fetches keys before the current keys become stale. Gates and keepers do not depend on
//! the API of a proxy. A shell connects gates and keepers to one proxy. When the proxy calls the
//! shell, the shell calls the methods of gates and keepers. The shell also implements the traits
//! [`Exchange`] and [`Caller`], and the supertraits of `Exchange`, by calling the proxy. A shell
//! makes no decisions. The tests implement these traits with a fake proxy.
//!
//! If the host refuses a call that a decision needs, the gate refuses the request. The gate never
//! fails open. If a metric or log line cannot be written, the request is still decided.

mod answers;
mod carry_out;
mod host;
mod keeper;
mod log;
mod metrics;
mod route_policies;
mod route_sampling;
mod settled;
mod succession;
mod waiting;

use std::rc::Rc;

use crate::{
    connection::{Connection, Refused},
    decision::{Decision, Denial},
    engine::{Decided, Engine, Patience},
    http::Request,
    keys::{KeyStore, WantedKeys},
    policy::{RouteLookup, RoutePolicy},
    shared_memory::SharedMemory,
    time::UnixMillis,
};

use self::{answers::Answers, route_policies::RoutePolicies, waiting::Waiting};

pub use self::{
    answers::Answer,
    host::{CallError, Caller, Exchange},
    keeper::Keeper,
    log::{Log, LogLevel},
    metrics::{DecisionMetrics, KeyMetrics, Meter, MetricId, MetricRegistry},
    route_policies::{Malformed, ROUTE_METADATA, Route},
    settled::{Rereading, Settled, SettledHead},
    succession::{ConfigDigest, ConnectionId, Membership, Policies},
    waiting::StreamId,
};
pub use crate::keys::News;

/// The engine of one worker for one configuration, and the requests that wait for keys.
#[derive(Debug)]
pub struct Gate {
    engine: Engine,
    metrics: DecisionMetrics,
    answers: Answers,
    routes: RoutePolicies,
    /// This configuration's membership in the group of configurations with the same `policy_id`.
    membership: Option<Membership>,
    waiting: Waiting,
    /// True if a fetch has ended since the waiting requests were last resumed.
    has_news: bool,
    /// The last value that was passed to [`follow`](Self::follow).
    epoch: u64,
}

/// What the gate did with a request, and which keys the request lacked.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handled {
    /// What the host must do with the request.
    pub verdict: Verdict,
    /// The keys that the request lacked. The shell passes them to the key store of the keeper (see
    /// [`KeyStore::want`]).
    pub wanted: Option<WantedKeys>,
}

impl From<Verdict> for Handled {
    /// Wraps the verdict on a request that lacked no keys.
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            wanted: None,
        }
    }
}

/// What the host must do with a request. Before the gate returns the verdict, it makes any edits to
/// the request, or sends any answer.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Stop the request. The gate has answered the request, or the host could not send the answer.
    Answer,
    /// Let the request go on.
    Pass,
    /// Hold the request and its body until the request is resumed.
    Wait,
}

/// A request's headers and its route's policy. They are read once and used for several decisions.
type Head<'a> = (&'a Request<'a>, Option<Rc<RoutePolicy>>);

impl Gate {
    /// Creates a gate around `engine`. `membership` is `None` if the configuration has no
    /// `policy_id`. `lookup` says how often the gate asks the host for the policy of a request's
    /// route. If asking is cheap, the shell passes [`RouteLookup::Always`], so that no policy is
    /// missed. Only if asking is expensive does the shell pass the configuration's `route_lookup`.
    #[must_use]
    pub fn new(
        engine: Engine,
        membership: Option<Membership>,
        lookup: RouteLookup,
        metrics: DecisionMetrics,
    ) -> Self {
        let limits = engine.config().limits;
        Self {
            metrics,
            answers: Answers::default(),
            routes: RoutePolicies::new(lookup),
            membership,
            waiting: Waiting::new(limits.parked_requests, limits.park_timeout),
            has_news: false,
            epoch: 0,
            engine,
        }
    }

    /// The engine of this gate.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The key store of this gate's engine, for a keeper that shares it.
    pub const fn keys_mut(&mut self) -> &mut KeyStore {
        self.engine.keys_mut()
    }

    /// Decides on a request that has just arrived. If the host does not return the request's
    /// headers, the time or the route's policy, the request is refused.
    pub fn on_request(
        &mut self,
        stream: StreamId,
        head: SettledHead<'_>,
        now: Result<UnixMillis, Refused>,
        exchange: &impl Exchange,
    ) -> Handled {
        let Ok(now) = now else {
            return self.fail(exchange).into();
        };
        if let Some(membership) = &self.membership {
            membership.on_request(|| exchange.connection_id(), now, exchange);
            self.engine.restrict(membership.restrictions());
        }
        let head = self.head(head.request(), now, exchange);
        let mut decided = self.decide(&head, now, Patience::Waiting, exchange);
        // Another worker may have fetched the missing key after this worker last read the shared
        // records. Without a second decision, a valid token could be refused.
        let news = self.engine.synchronize_for(&decided.decision, now);
        self.on_news(news);
        if news != News::Nothing {
            decided = self.decide(&head, now, Patience::Waiting, exchange);
        }
        let Decision::AwaitKeys(wanted) = decided.decision else {
            return self.carry_out(&decided, &head, now, exchange).into();
        };
        let wanted = Some(wanted);
        let patience = if !self.engine.parks() {
            Patience::Exhausted
        } else if self.waiting.add(stream, now) {
            let verdict = Verdict::Wait;
            return Handled { verdict, wanted };
        } else {
            Patience::Overloaded
        };
        let decided = self.decide(&head, now, patience, exchange);
        let verdict = self.carry_out(&decided, &head, now, exchange);
        Handled { verdict, wanted }
    }

    /// Strips a request of the headers that only Portcullis may set, and makes the host choose the
    /// route again without them. Does nothing if the host did not return the headers, or does not
    /// report the new route.
    ///
    /// Without this step, a client could use a forged header to choose the route of its request,
    /// and thereby the policy.
    pub fn settle<'r>(
        &self,
        request: Option<&'r Request<'r>>,
        exchange: &impl Exchange,
    ) -> Settled<'r> {
        let unchanged = Settled::Head(SettledHead::of(request));
        let Some(request) = request.filter(|_| exchange.reports_next_route()) else {
            return unchanged;
        };
        let removals = self.engine.removals(request, exchange);
        if removals.is_empty() {
            return unchanged;
        }
        let edited = removals.iter().try_for_each(|edit| exchange.edit(edit));
        match edited.and_then(|()| exchange.clear_route_cache()) {
            Ok(()) => Settled::ReadAgain(Rereading::new()),
            Err(Refused) => Settled::Head(SettledHead::FAILED),
        }
    }

    /// Decides again on a request that waits. If the host does not return the request's headers, the
    /// time or the route's policy, the request is refused. The stream must be alive, and `exchange`
    /// must belong to that stream. Otherwise the decision could let another client's request
    /// through.
    pub fn resume(
        &mut self,
        stream: StreamId,
        head: SettledHead<'_>,
        now: Result<UnixMillis, Refused>,
        exchange: &impl Exchange,
    ) -> Handled {
        let Some(waiting) = self.waiting.find(stream) else {
            // The request was already answered or let through.
            return Verdict::Answer.into();
        };
        let Ok(now) = now else {
            self.waiting.remove(stream);
            return self.fail(exchange).into();
        };
        let patience = if self.waiting.is_due(waiting, now) {
            Patience::Exhausted
        } else {
            Patience::Waited(waiting.arrived)
        };
        if let Some(membership) = &self.membership {
            self.engine.restrict(membership.restrictions());
        }
        let head = self.head(head.request(), now, exchange);
        let decided = self.decide(&head, now, patience, exchange);
        if let Decision::AwaitKeys(wanted) = decided.decision {
            // The key that the token needs has still not arrived.
            return Handled {
                verdict: Verdict::Wait,
                wanted: Some(wanted),
            };
        }
        self.waiting.remove(stream);
        self.carry_out(&decided, &head, now, exchange).into()
    }

    /// Removes identities, tokens and MCP headers from a request's trailers. The request is refused
    /// if the host does not remove them. The verdict is never [`Verdict::Wait`].
    ///
    /// `waiting` is the ID of a request that may still be waiting. If the gate refuses this request
    /// here, it also forgets that the request waits. On a host that holds trailers back until the
    /// request is resumed, the request no longer waits, so the shell passes `None`.
    pub fn on_trailers(&mut self, waiting: Option<StreamId>, exchange: &impl Exchange) -> Verdict {
        if self.clean_trailers(exchange).is_ok() {
            return Verdict::Pass;
        }
        if let Some(stream) = waiting {
            self.waiting.remove(stream);
        }
        self.fail(exchange)
    }

    /// Forgets a request whose stream has ended.
    pub fn on_stream_end(&mut self, stream: StreamId) {
        self.waiting.remove(stream);
    }

    /// Reads the key records and the policy records that other workers wrote.
    pub fn synchronize(&mut self, memory: &dyn SharedMemory) {
        if let Some(membership) = &self.membership {
            membership.on_tick(memory);
        }
        let news = self.engine.keys_mut().synchronize();
        self.on_news(news);
    }

    /// Reads the key records again if `epoch` differs from the value that was passed in the last
    /// call. A shell whose keeper has its own key store changes this number when the keeper returns
    /// anything but [`News::Nothing`].
    pub fn follow(&mut self, epoch: u64) {
        if self.epoch != epoch {
            self.epoch = epoch;
            let news = self.engine.keys_mut().synchronize();
            self.on_news(news);
        }
    }

    /// Records what the keeper that shares this gate's key store has done. After a fetch has ended,
    /// [`ready`](Self::ready) returns all waiting requests.
    pub fn on_news(&mut self, news: News) {
        self.has_news |= news == News::Ended;
    }

    /// Returns the waiting requests to resume: all of them if a fetch has ended, otherwise only the
    /// requests that have waited too long.
    pub fn ready(&mut self, now: UnixMillis) -> Vec<StreamId> {
        let news = core::mem::take(&mut self.has_news);
        self.waiting.ready(news, now)
    }

    /// Returns whether any request is waiting.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes the counts of decisions that have not been written yet (see
    /// [`Meter::counts_at_once`]). Makes no call to the host if there are no such counts.
    pub fn write_counts(&mut self, meter: &impl Meter) {
        self.metrics.write(meter);
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
            Err(Refused) => Decision::Deny(Denial::host_failure()).into(),
        }
    }
}

#[cfg(test)]
mod tests;

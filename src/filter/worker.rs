//! What one worker holds for one configuration: the engine, its metrics and who waits.

use core::time::Duration;

use crate::{
    config::Provider,
    decision::{Decision, Denial, Reason},
    engine::{Engine, Patience},
    filter::{
        abi,
        answers::Answers,
        call,
        current_request::{self, Fate},
        in_use,
        parked::Parked,
        policies,
        proxy::Proxy,
        seen_records,
    },
    gate::{ConnectionId, DecisionMetrics, KeyMetrics, LogLevel, Membership, RoutePolicies},
    keys::{self, Answer, Fetch, FetchError, FetchOutcome, Progress, Standing},
    time::UnixMillis,
    verification::KeySource,
};

/// Ticks while requests wait, and before the first fetch.
const BUSY_TICK_MILLISECONDS: u32 = 20;
/// Ticks otherwise. A key that another worker saw leave the set verifies here for no longer.
const IDLE_TICK_MILLISECONDS: u32 = 100;

/// One worker's engine and what surrounds it.
#[derive(Debug)]
pub(super) struct Worker {
    root_id: u32,
    engine: Engine,
    metrics: DecisionMetrics,
    key_metrics: KeyMetrics,
    answers: Answers,
    policies: RoutePolicies,
    /// Its place among the configurations with its `policy_id`.
    membership: Option<Membership>,
    parked: Parked,
    /// Calls under way, by the host's token.
    calls: Vec<(u32, Fetch)>,
    /// Whether a record was read anew since requests that wait were last looked at.
    has_news: bool,
    /// The period asked for.
    tick: Option<u32>,
    /// Whether this VM has announced what it uses. The host tries a configuration in a VM of its
    /// own, which gets no ticks and no requests, and which must not announce anything.
    is_announced: bool,
}

impl Worker {
    /// A worker that starts with the keys that other workers have fetched. `text` is the
    /// configuration's.
    pub(super) fn new(root_id: u32, mut engine: Engine, text: &[u8]) -> Self {
        let config = engine.config();
        let metrics = DecisionMetrics::define(config, &Proxy);
        let key_metrics = KeyMetrics::define(config, &Proxy);
        for (id, provider) in config.providers() {
            if let Some(standing) = configured(provider) {
                key_metrics.set(id, standing, &Proxy);
            }
        }
        let limits = config.limits;
        let route_policies = RoutePolicies::new(config.route_lookup);
        let parked = Parked::new(
            limits.parked_requests,
            Duration::from_millis(limits.park_timeout_ms),
        );
        seen_records::share(&mut engine);
        engine.synchronize(&Proxy);
        let membership = policies::enter(&engine, text);
        let key = engine.config().shared_memory_key.as_ref();
        in_use::enter(engine.keys().record_names(), key);
        in_use::enter(key_metrics.gauges(), None);
        let mut worker = Self {
            root_id,
            engine,
            metrics,
            key_metrics,
            answers: Answers::default(),
            policies: route_policies,
            membership,
            parked,
            calls: Vec::new(),
            has_news: false,
            tick: None,
            is_announced: false,
        };
        worker.set_tick(BUSY_TICK_MILLISECONDS);
        worker
    }

    /// Decides on the request of the current context, which has just arrived.
    pub(super) fn on_request(&mut self, context_id: u32) -> Fate {
        self.announce();
        let Ok(now) = Proxy::now() else {
            return self.carry_out(&Decision::Deny(Denial::new(Reason::HostFailure)));
        };
        if let Some(membership) = &self.membership {
            membership.on_request(connection_id, now, &Proxy);
            self.engine.restrict(membership.restrictions());
        }
        let mut decision =
            current_request::decide(&self.engine, &mut self.policies, now, Patience::Waiting);
        // Another worker may have fetched the key since the last tick: who throws a good token away
        // does so for good.
        if self.engine.synchronize_for(&decision, now, &Proxy) {
            self.has_news = true;
            decision =
                current_request::decide(&self.engine, &mut self.policies, now, Patience::Waiting);
        }
        let Decision::AwaitKeys { source, cause } = decision else {
            return self.carry_out(&decision);
        };
        self.engine.want(source, cause);
        let gate = if self.engine.parks() {
            self.parked.park(context_id, now)
        } else {
            None
        };
        let Some(gate) = gate else {
            let decision =
                current_request::decide(&self.engine, &mut self.policies, now, Patience::Exhausted);
            return self.carry_out(&overloaded(decision));
        };
        self.set_tick(BUSY_TICK_MILLISECONDS);
        Fate::Waits(gate)
    }

    /// Cleans the trailers of the current context's request. False if the host refuses; the request
    /// is then answered and goes no further.
    pub(super) fn on_trailers(&mut self, context_id: u32) -> bool {
        if current_request::clean_trailers(&self.engine).is_ok() {
            return true;
        }
        self.parked.remove(context_id);
        self.carry_out(&Decision::Deny(Denial::new(Reason::HostFailure)));
        false
    }

    /// Drops a request whose stream has ended.
    pub(super) fn on_stream_end(&mut self, context_id: u32) {
        self.parked.remove(context_id);
    }

    /// Fetches what is due and wakes who has waited. The current context is the root's.
    pub(super) fn on_tick(&mut self) {
        let Ok(now) = Proxy::now() else { return };
        self.announce();
        if let Some(membership) = &self.membership {
            membership.on_tick(now, &Proxy);
        }
        let mut news = core::mem::take(&mut self.has_news);
        news |= self.engine.synchronize(&Proxy);
        for fetch in self.engine.due(now, &Proxy) {
            news |= !self.dispatch(fetch, now);
        }
        for (provider, standing) in self.engine.keys().standings(now) {
            self.key_metrics.set(provider, standing, &Proxy);
        }
        self.wake(news, now);
        let is_busy = !self.parked.is_empty() || !self.calls.is_empty();
        self.set_tick(if is_busy {
            BUSY_TICK_MILLISECONDS
        } else {
            IDLE_TICK_MILLISECONDS
        });
    }

    /// Takes in the answer to a call. The current context is the root's.
    pub(super) fn on_call_response(&mut self, token: u32, headers: usize, body_size: usize) {
        let Some(index) = self.calls.iter().position(|(own, _)| *own == token) else {
            return;
        };
        let (_, fetch) = self.calls.swap_remove(index);
        let Ok(now) = Proxy::now() else { return };
        let limit = self.engine.config().limits.jwks_bytes;
        let answer = call::answer(headers, body_size, limit);
        if self.complete(&fetch, answer, now) {
            self.wake(true, now);
        }
    }

    /// Makes a call. False when the host refused it.
    fn dispatch(&mut self, fetch: Fetch, now: UnixMillis) -> bool {
        match call::begin(&fetch) {
            Ok(token) => {
                self.calls.push((token, fetch));
                true
            }
            Err(error) => {
                self.complete(&fetch, Err(error), now);
                false
            }
        }
    }

    /// Takes in an answer, and makes the call that follows. True when none does.
    fn complete(
        &mut self,
        fetch: &Fetch,
        answer: Result<Answer, FetchError>,
        now: UnixMillis,
    ) -> bool {
        match self.engine.complete(fetch, answer, now, &Proxy) {
            Progress::Next(next) => return !self.dispatch(next, now),
            Progress::Ended(outcome) => self.report(&outcome),
            Progress::Superseded => {}
        }
        true
    }

    fn report(&self, outcome: &FetchOutcome) {
        self.key_metrics.fetched(outcome, &Proxy);
        let (level, said) = match (&outcome.keys, outcome.nameless, outcome.failures) {
            (Err(error), ..) => (LogLevel::Warn, error.to_string()),
            (Ok(_), Some(nameless), _) => (LogLevel::Warn, nameless.to_string()),
            (Ok(_), None, 0) => return,
            (Ok(_), None, failures) => (
                LogLevel::Info,
                format!("there again after {failures} failures"),
            ),
        };
        let config = self.engine.config();
        for provider in outcome
            .providers
            .iter()
            .filter_map(|id| config.provider(*id))
        {
            let (name, uri) = (&provider.name, &outcome.uri);
            abi::log(
                level,
                &format!("portcullis: keys of {name:?}, {uri}: {said}"),
            );
        }
    }

    /// Decides anew on requests that wait.
    fn wake(&mut self, news: bool, now: UnixMillis) {
        if let Some(membership) = &self.membership {
            self.engine.restrict(membership.restrictions());
        }
        for waiting in self.parked.ready(news, now) {
            // Act only where the stream is still there: otherwise the previous context stays in
            // force, and what follows would let another client's request through.
            if abi::set_effective_context(waiting.context_id).is_err() {
                self.parked.remove(waiting.context_id);
                continue;
            }
            let patience = if self.parked.is_due(&waiting, now) {
                Patience::Exhausted
            } else {
                Patience::Waited(waiting.arrived)
            };
            let decision = current_request::decide(&self.engine, &mut self.policies, now, patience);
            if let Decision::AwaitKeys { source, cause } = decision {
                // The keys are there now, and the token's is not among them.
                self.engine.want(source, cause);
                continue;
            }
            self.parked.remove(waiting.context_id);
            if let Fate::Passes = self.carry_out(&decision) {
                waiting.gate.open();
                // A stream that cannot go on stays paused: closed, not open.
                let _ = abi::continue_request();
            }
        }
        let _ = abi::set_effective_context(self.root_id);
    }

    /// Announces to other VMs what this one uses, once it serves.
    fn announce(&mut self) {
        if !self.is_announced {
            self.is_announced = in_use::announce(&Proxy);
        }
    }

    fn carry_out(&mut self, decision: &Decision) -> Fate {
        self.metrics.looked_up(self.engine.take_cache_use(), &Proxy);
        let refuse = |denial: &Denial| {
            current_request::refuse(&self.engine, &self.metrics, &self.answers, denial)
        };
        match decision {
            Decision::Permit(permit) => {
                current_request::pass(&self.engine, &self.metrics, &self.answers, permit)
            }
            Decision::Deny(denial) => refuse(denial),
            Decision::Report(format) => {
                // Every worker tells the same, also within a tick of what another has learnt.
                self.has_news |= self.engine.synchronize(&Proxy);
                current_request::report(&self.engine, &self.metrics, &self.answers, *format)
            }
            // Patience was exhausted, so this cannot be; if it were, nothing may pass.
            Decision::AwaitKeys { .. } => refuse(&Denial::new(Reason::KeysUnavailable)),
        }
    }

    /// Asks for ticks if there are keys to fetch or newer configurations to learn of.
    fn set_tick(&mut self, milliseconds: u32) {
        let has_work = !self.engine.keys().is_empty() || self.membership.is_some();
        if has_work && self.tick != Some(milliseconds) {
            // Refused: keys cannot be kept fresh. The next request asks again.
            self.tick = abi::set_tick_period_milliseconds(milliseconds)
                .ok()
                .map(|()| milliseconds);
        }
    }
}

impl Drop for Worker {
    /// The configuration is gone: others need not wait for its fetches, and neither keys that nobody
    /// keeps fresh any more nor gauges that nobody writes are left behind.
    fn drop(&mut self) {
        for (_, fetch) in core::mem::take(&mut self.calls) {
            self.engine.abandon(&fetch, &Proxy);
        }
        let names = self.engine.keys().record_names();
        let unused = in_use::leave(names.chain(self.key_metrics.gauges()), &Proxy);
        self.key_metrics.clear(&unused, &Proxy);
        let records = self.engine.keys().record_names();
        records
            .filter(|name| unused.contains(name))
            .for_each(|name| keys::clear(name, &Proxy));
    }
}

/// The number of the current request's connection.
fn connection_id() -> Option<ConnectionId> {
    let property = abi::property("connection\0id").ok()?;
    let number = property.as_slice().try_into().ok()?;
    Some(ConnectionId::new(u64::from_le_bytes(number)))
}

/// How keys stand that the configuration holds or has no use for. Of others nothing is known yet: the
/// first tick tells.
fn configured(provider: &Provider) -> Option<Standing> {
    if !provider.trust.enabled {
        return Some(Standing::default());
    }
    match &provider.trust.keys {
        KeySource::Clients(_) => Some(Standing::default()),
        KeySource::Local(key_set) => Some(Standing {
            keys: key_set.keys().len(),
            ..Standing::default()
        }),
        KeySource::Remote(_) => None,
    }
}

/// Says of a refusal for lack of keys that there was no room to wait for them.
fn overloaded(decision: Decision) -> Decision {
    match decision {
        Decision::Deny(denial) if denial.reason == Reason::KeysUnavailable => {
            Decision::Deny(Denial {
                reason: Reason::Overloaded,
                ..denial
            })
        }
        other => other,
    }
}

//! Tests how workers fetch, share and use a key set during random sequences of events (histories).
//! Several workers share the fetched keys through one store. The server's answers are good, bad,
//! late or missing. Workers die and are replaced, and time passes.
//!
//! In every history, at most one pending fetch has the lease, which is the right to fetch. No
//! worker uses keys for longer than the limits allow. The server gets no more requests than the
//! back-off and the cool-down allow. Once the server answers with keys again, every worker
//! recovers.

mod intruder;
mod store;

use std::mem;

use portcullis::{
    engine::Engine,
    keys::{Caching, Fetch, FetchError, FetchResponse, Keys, Progress},
    policy::ProviderId,
    time::UnixMillis,
};
use portcullis_wasm::{SeenRecords, SharedRecords};
use proptest::prelude::*;
use serde_json::json;

use self::store::SharedStore;
use crate::world::{engine, runs};

const CACHE_DURATION: u64 = 60_000;
const REFRESH_AFTER: u64 = 55_000;
const MAX_STALE: u64 = 120_000;
const TIMEOUT: u64 = 5000;
const LEASE: u64 = TIMEOUT + 1000;
const COOLDOWN: u64 = 30_000;
const BACK_OFF: u64 = 1000;
const MAX_BACK_OFF: u64 = 10_000;
const PROVIDER: ProviderId = ProviderId::new(0);
const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// An event in a history. All events except `Pass` concern one worker.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// This many milliseconds pass for all workers.
    Pass(u64),
    /// The worker's timer ticks, so the worker starts the fetches that are due.
    Tick,
    /// A token names a key that the worker does not have.
    UnknownKid,
    /// The server answers with keys.
    Succeed,
    /// The server answers that the key set is unchanged.
    NotModified,
    /// The server answers with an error.
    Fail,
    /// The server answers with a body that is not a key set.
    Garbage,
    /// The worker dies without any cleanup, and a new worker takes its place.
    Die,
    /// The worker's configuration is replaced, and the worker's pending calls are cancelled.
    Leave,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => prop_oneof![0_u64..200, 200_u64..8000, 8000_u64..100_000].prop_map(Event::Pass),
        8 => Just(Event::Tick),
        3 => Just(Event::UnknownKid),
        4 => Just(Event::Succeed),
        2 => Just(Event::NotModified),
        3 => Just(Event::Fail),
        1 => Just(Event::Garbage),
        1 => Just(Event::Die),
        1 => Just(Event::Leave),
    ]
}

/// A pending call to the server.
struct Call {
    fetch: Fetch,
    begun: u64,
}

/// A worker: its engine and its pending calls.
type Worker = (Engine, Vec<Call>);

struct World {
    host: SharedStore,
    now: u64,
    workers: Vec<Worker>,
    /// The time at which a worker last accepted a good answer.
    good_at: Option<u64>,
    /// The number of failures since the last good answer.
    failures: u32,
    /// The time of the last failure.
    failed_at: u64,
    /// The time at which an unknown `kid` last caused a fetch.
    kid_begun_at: Option<u64>,
}

fn worker(host: &SharedStore) -> Worker {
    (
        sealed_engine(None, host, &mut SeenRecords::new()),
        Vec::new(),
    )
}

fn sealed_engine(
    shared_memory_key: Option<&str>,
    host: &SharedStore,
    seen: &mut SeenRecords,
) -> Engine {
    let mut config = json!({
        "providers": { "a": {
            "issuer": "https://a.example", "audiences": ["orders"],
            "remote_jwks": {
                "http_uri": {
                    "uri": "https://a.example/jwks", "cluster": "as",
                    "timeout": format!("{}s", TIMEOUT / 1000),
                },
                "cache_duration": format!("{}s", CACHE_DURATION / 1000),
                "max_stale": format!("{}s", MAX_STALE / 1000),
                "unknown_kid_cooldown": format!("{}s", COOLDOWN / 1000),
            },
        }},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
    });
    if let Some(key) = shared_memory_key {
        config["shared_memory_key"] = json!(key);
    }
    let mut engine = engine(&config);
    let records = SharedRecords::of(&engine, host.clone(), seen);
    engine.keys_mut().share(Box::new(records));
    engine
}

impl World {
    fn new(workers: usize) -> Self {
        let host = SharedStore::default();
        Self {
            now: 1_700_000_000_000,
            workers: (0..workers).map(|_| worker(&host)).collect(),
            host,
            good_at: None,
            failures: 0,
            failed_at: 0,
            kid_begun_at: None,
        }
    }

    fn happen(&mut self, event: Event, worker: usize) {
        let document = |body: &str| {
            Ok(FetchResponse::Document {
                body: body.into(),
                caching: Caching {
                    etag: Some("\"1\"".into()),
                    max_age: Some(1),
                },
            })
        };
        match event {
            Event::Pass(milliseconds) => self.now += milliseconds,
            Event::Tick => self.tick(worker),
            Event::UnknownKid => self.meet_unknown_kid(worker),
            Event::Succeed => self.answer(worker, document(JWKS)),
            Event::Garbage => self.answer(worker, document("<html>")),
            Event::Fail => self.answer(worker, Err(FetchError::Status(503))),
            Event::NotModified => {
                let caching = Caching::default();
                self.answer(worker, Ok(FetchResponse::NotModified { caching }));
            }
            Event::Die => self.workers[worker] = self::worker(&self.host),
            Event::Leave => {
                let newcomer = self::worker(&self.host);
                let (mut engine, calls) = mem::replace(&mut self.workers[worker], newcomer);
                for call in calls {
                    engine.keys_mut().abandon(&call.fetch);
                }
            }
        }
        self.check_serving();
    }

    fn at(&self) -> UnixMillis {
        UnixMillis::new(self.now)
    }

    fn tick(&mut self, worker: usize) {
        let now = self.at();
        let (engine, _) = &mut self.workers[worker];
        let _ = engine.keys_mut().synchronize();
        let may_learn_kid = match engine.keys().keys(PROVIDER, now) {
            Some(Keys::Serving(_, source)) => engine.keys().learnable(source, now).is_some(),
            _ => false,
        };
        for fetch in engine.keys_mut().due(now) {
            self.check_begin(may_learn_kid);
            let begun = self.now;
            self.workers[worker].1.push(Call { fetch, begun });
        }
    }

    fn meet_unknown_kid(&mut self, worker: usize) {
        let now = self.at();
        let (engine, ..) = &mut self.workers[worker];
        if let Some(Keys::Serving(_, source)) = engine.keys().keys(PROVIDER, now)
            && let Some(wanted) = engine.keys().learnable(source, now)
        {
            engine.keys_mut().want(wanted);
        }
    }

    /// Answers the worker's oldest call.
    fn answer(&mut self, worker: usize, answer: Result<FetchResponse, FetchError>) {
        let now = self.at();
        let (engine, calls) = &mut self.workers[worker];
        if calls.is_empty() {
            return;
        }
        let Call { fetch, .. } = calls.remove(0);
        match engine.keys_mut().complete(&fetch, answer, now) {
            Progress::Ended(outcome) if outcome.keys.is_ok() => {
                self.good_at = Some(self.now);
                self.failures = 0;
            }
            Progress::Ended(_) => {
                self.failures += 1;
                self.failed_at = self.now;
            }
            Progress::Superseded => {}
            Progress::Next(_) => panic!("a fetch of a JWKS is a single call"),
        }
    }

    /// Checks that a fetch may begin now. Fails if another fetch has the lease, or if the back-off
    /// or the cool-down has not passed.
    fn check_begin(&mut self, may_learn_kid: bool) {
        let leased: Vec<u64> = self
            .workers
            .iter()
            .flat_map(|(.., calls)| calls)
            .map(|call| call.begun)
            .filter(|begun| self.now < begun + LEASE)
            .collect();
        assert!(leased.is_empty(), "a second lease: {leased:?}");
        if self.failures > 0 {
            let doublings = self.failures.saturating_sub(1).min(20);
            let wait = (BACK_OFF << doublings).min(MAX_BACK_OFF) * 9 / 10;
            assert!(self.now >= self.failed_at + wait, "back-off of {wait}");
            return;
        }
        let Some(good_at) = self.good_at else { return };
        if self.now >= good_at + REFRESH_AFTER {
            return;
        }
        assert!(may_learn_kid, "no request asked for a fetch");
        let last = self.kid_begun_at.replace(self.now);
        assert!(
            last.is_none_or(|last| self.now >= last + COOLDOWN),
            "cool-down"
        );
    }

    /// Fails if a worker still uses keys although the last good answer is too old.
    fn check_serving(&self) {
        for (engine, ..) in &self.workers {
            if let Some(Keys::Serving(..)) = engine.keys().keys(PROVIDER, self.at()) {
                let good_at = self.good_at.expect("keys are used before any answer");
                assert!(
                    self.now < good_at + CACHE_DURATION + MAX_STALE,
                    "keys are used for too long"
                );
            }
        }
    }

    /// Lets the server answer every fetch with keys from now on. Checks that every worker has fresh
    /// keys once the lease and the longest back-off have passed.
    fn recover(&mut self) {
        let patience = LEASE + MAX_BACK_OFF * 11 / 10 + 1000;
        let workers = self.workers.len();
        for _ in 0..patience / 100 {
            for worker in 0..workers {
                self.tick(worker);
                self.happen(Event::Succeed, worker);
            }
            self.now += 100;
        }
        for worker in 0..workers {
            self.tick(worker);
        }
        for (engine, ..) in &self.workers {
            let keys = engine.keys().keys(PROVIDER, self.at());
            assert!(matches!(keys, Some(Keys::Serving(..))), "{keys:?}");
            assert_eq!(
                engine
                    .keys()
                    .statuses(self.at())
                    .next()
                    .map(|(_, status)| status.is_stale),
                Some(false)
            );
        }
    }
}

proptest! {
    #![proptest_config(runs(700))]

    #[test]
    fn keys_serve_within_their_bounds_whatever_happens(
        workers in 1..5_usize,
        events in prop::collection::vec((event(), 0..60_usize), 1..120),
    ) {
        let mut world = World::new(workers);
        for (event, worker) in events {
            world.happen(event, worker % workers);
        }
        world.recover();
    }
}

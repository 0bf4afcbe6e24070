//! An intruder overwrites the record of a key set in shared memory with garbage, or with earlier
//! values of the record.
//!
//! If `shared_memory_key` is configured, a worker that has used one key set never returns to an
//! older one, not even after an update of its configuration. No worker uses keys for longer than
//! the configuration allows.

use portcullis::{
    engine::Engine,
    keys::{Caching, FetchCause, FetchError, FetchResponse, Keys, WantedKeys},
    shared_memory::SharedData,
    time::UnixMillis,
};
use portcullis_wasm::{SeenRecords, SharedRecords};
use proptest::prelude::*;

use super::{
    CACHE_DURATION, Call, Event, JWKS, LEASE, MAX_BACK_OFF, MAX_STALE, PROVIDER, event,
    sealed_engine, store::SharedStore,
};
use crate::world::runs;

/// An event in a history with an intruder, who can write to shared memory.
#[derive(Clone, Debug)]
enum Hostile {
    Happens(Event),
    /// The intruder overwrites the record with these bytes.
    Garbage(Vec<u8>),
    /// The intruder overwrites the record with an earlier value of the record.
    Restore(prop::sample::Index),
}

fn hostile() -> impl Strategy<Value = Hostile> {
    prop_oneof![
        12 => event().prop_map(Hostile::Happens),
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Hostile::Garbage),
        4 => any::<prop::sample::Index>().prop_map(Hostile::Restore),
    ]
}

/// A worker: its engine, its pending calls, the number of the newest key set that it has used, and
/// the records that its VM remembers when the configuration is updated.
type Worker = (Engine, Vec<Call>, u64, SeenRecords);

struct World {
    host: SharedStore,
    now: u64,
    workers: Vec<Worker>,
    /// The time at which the server published each key set. The index is the key set's number.
    published_at: Vec<u64>,
}

impl World {
    fn new(workers: usize) -> Self {
        let host = SharedStore::default();
        Self {
            now: 1_700_000_000_000,
            workers: (0..workers).map(|_| Self::newcomer(&host)).collect(),
            host,
            published_at: Vec::new(),
        }
    }

    fn newcomer(host: &SharedStore) -> Worker {
        let key = "c2hhcmVkLW1lbW9yeS1rZXktb2YtMzItb2N0ZXRzLi4";
        let mut seen = SeenRecords::new();
        let engine = sealed_engine(Some(key), host, &mut seen);
        (engine, Vec::new(), 0, seen)
    }

    /// Replaces the worker's configuration with an equal one. The worker's VM stays the same.
    fn update(&mut self, worker: usize) {
        let (mut engine, calls, ..) = Self::newcomer(&self.host);
        let (former, former_calls, _, seen) = &mut self.workers[worker];
        let records = SharedRecords::of(&engine, self.host.clone(), seen);
        engine.keys_mut().share(Box::new(records));
        *former = engine;
        *former_calls = calls;
    }

    fn happen(&mut self, event: Hostile, worker: usize) {
        match event {
            Hostile::Garbage(bytes) => self.overwrite(&bytes),
            Hostile::Restore(index) => {
                let history = self.host.0.history.borrow();
                let former = (!history.is_empty()).then(|| index.get(&history).clone());
                drop(history);
                former.iter().for_each(|value| self.overwrite(value));
            }
            Hostile::Happens(Event::Pass(milliseconds)) => self.now += milliseconds,
            Hostile::Happens(Event::Tick) => self.tick(worker),
            Hostile::Happens(Event::UnknownKid) => {
                let now = UnixMillis::new(self.now);
                let (engine, ..) = &mut self.workers[worker];
                if let Some(Keys::Serving(_, source)) = engine.keys().keys(PROVIDER, now) {
                    engine.keys_mut().want(WantedKeys {
                        source,
                        cause: FetchCause::UnknownKid,
                        generation: u64::MAX,
                    });
                }
            }
            Hostile::Happens(Event::Succeed) => {
                // A worker that cannot read another worker's record treats the key set that arrived
                // later as the newer one. So no two answers may arrive at the same time.
                self.now += 1;
                let number = self.published_at.len();
                self.published_at.push(self.now);
                let body = JWKS.replace(r#""k""#, &format!("\"{number}\"")).into();
                let caching = Caching::default();
                self.answer(worker, Ok(FetchResponse::Document { body, caching }));
            }
            Hostile::Happens(Event::NotModified | Event::Fail | Event::Garbage) => {
                self.answer(worker, Err(FetchError::Status(503)));
            }
            Hostile::Happens(Event::Die) => self.workers[worker] = Self::newcomer(&self.host),
            Hostile::Happens(Event::Leave) => self.update(worker),
        }
        self.check();
    }

    fn overwrite(&self, value: &[u8]) {
        let version = self.host.0.versions.get() + 1;
        self.host.0.versions.set(version);
        for entry in self.host.0.entries.borrow_mut().values_mut() {
            let value = value.to_vec();
            *entry = SharedData { value, version };
        }
    }

    fn tick(&mut self, worker: usize) {
        let now = UnixMillis::new(self.now);
        let (engine, calls, ..) = &mut self.workers[worker];
        let _ = engine.keys_mut().synchronize();
        for fetch in engine.keys_mut().due(now) {
            let begun = self.now;
            calls.push(Call { fetch, begun });
        }
    }

    fn answer(&mut self, worker: usize, answer: Result<FetchResponse, FetchError>) {
        let (engine, calls, ..) = &mut self.workers[worker];
        if !calls.is_empty() {
            let Call { fetch, .. } = calls.remove(0);
            engine
                .keys_mut()
                .complete(&fetch, answer, UnixMillis::new(self.now));
        }
    }

    fn check(&mut self) {
        for (engine, _, latest, _) in &mut self.workers {
            let keys = engine.keys().keys(PROVIDER, UnixMillis::new(self.now));
            let Some(Keys::Serving(key_set, _)) = keys else {
                continue;
            };
            let number: u64 = key_set.keys()[0].kid().unwrap().parse().unwrap();
            assert!(
                number >= *latest,
                "key set {number} is used after the newer key set {latest}"
            );
            *latest = number;
            let published_at = self.published_at[usize::try_from(number).unwrap()];
            assert!(
                self.now < published_at + CACHE_DURATION + MAX_STALE,
                "keys are used for too long"
            );
        }
    }

    /// Checks that every worker gets fresh keys once the intruder is gone and the server answers.
    fn recover(&mut self) {
        let patience = LEASE + MAX_BACK_OFF * 11 / 10 + 1000;
        for _ in 0..patience / 100 {
            for worker in 0..self.workers.len() {
                self.tick(worker);
                self.happen(Hostile::Happens(Event::Succeed), worker);
            }
            self.now += 100;
        }
        for (engine, ..) in &self.workers {
            let mut statuses = engine.keys().statuses(UnixMillis::new(self.now));
            let (_, status) = statuses.next().unwrap();
            assert!(status.keys > 0 && !status.is_stale, "{status:?}");
        }
    }
}

proptest! {
    #![proptest_config(runs(1000))]

    #[test]
    fn no_intruder_brings_an_older_key_set_back(
        workers in 1..5_usize,
        events in prop::collection::vec((hostile(), 0..60_usize), 1..120),
    ) {
        let mut world = World::new(workers);
        for (event, worker) in events {
            world.happen(event, worker % workers);
        }
        world.recover();
    }
}

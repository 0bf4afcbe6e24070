//! The life of a key set, over random histories: several workers share records through one store,
//! a server answers well, badly, late or not at all, workers die and come back, clocks go on.
//!
//! Whatever happens: at most one fetch has the right to be under way, keys serve within their
//! bounds and not past them, the server is not asked more often than back-off and cool-down allow,
//! and once it answers again everything is well again.
//!
//! A second set of histories has an intruder, who overwrites the shared record with garbage and with
//! anything that ever stood there. With `shared_memory_key` no worker goes back to a key set that
//! is older than one it has had, not even after an update of its configuration, and none serves past
//! its bounds.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    mem,
    rc::Rc,
};

use portcullis::{
    config::Config,
    engine::Engine,
    keys::{Answer, Caching, Fetch, FetchCause, FetchError, Keys, Progress},
    policy::ProviderId,
    shared_memory::{Expected, SetSharedDataError, SharedData, SharedMemory},
    time::UnixMillis,
};
use portcullis_wasm::{SeenRecords, SharedRecords};
use proptest::prelude::*;
use serde_json::json;

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

/// What happens to a worker.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Time passes, for all.
    Pass(u64),
    Tick,
    /// A token names a key that is not there.
    UnknownKid,
    /// The server answers: with keys, that nothing changed, with an error or with something else.
    Succeed,
    NotModified,
    Fail,
    Garbage,
    /// It is gone without a word, and another comes in its place.
    Die,
    /// Its configuration goes, and it says so.
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

/// Shared data as Envoy has it.
#[derive(Clone, Debug, Default)]
struct SharedStore(Rc<Entries>);

#[derive(Debug, Default)]
struct Entries {
    entries: RefCell<BTreeMap<String, SharedData>>,
    /// Everything that was ever written.
    history: RefCell<Vec<Vec<u8>>>,
    versions: Cell<u32>,
}

impl SharedMemory for SharedStore {
    fn shared_data(&self, key: &str) -> Option<SharedData> {
        self.0.entries.borrow().get(key).cloned()
    }

    fn set_shared_data(
        &self,
        key: &str,
        value: &[u8],
        expected: Expected,
    ) -> Result<(), SetSharedDataError> {
        let mut entries = self.0.entries.borrow_mut();
        let fits = match (entries.get(key), expected) {
            (None, _) => true,
            (Some(entry), Expected::Version(version)) => entry.version == version,
            (Some(_), Expected::Absent) => false,
        };
        if !fits {
            return Err(SetSharedDataError::Changed);
        }
        let version = self.0.versions.get() + 1;
        self.0.versions.set(version);
        let value = value.to_vec();
        self.0.history.borrow_mut().push(value.clone());
        entries.insert(key.to_owned(), SharedData { value, version });
        Ok(())
    }
}

/// A call under way, and when it was begun.
struct Call {
    fetch: Fetch,
    begun: u64,
}

/// An engine and its calls.
type Worker = (Engine, Vec<Call>);

struct World {
    host: SharedStore,
    now: u64,
    workers: Vec<Worker>,
    /// When the last good word of the server was taken in.
    good_at: Option<u64>,
    /// Failures since, and when the last was.
    failures: u32,
    failed_at: u64,
    /// When an unknown kid last made a fetch begin.
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
    let config = json!({
        "shared_memory_key": shared_memory_key,
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
    let mut engine = Engine::new(Config::parse(config.to_string().as_bytes()).unwrap());
    engine.share(Box::new(SharedRecords::of(&engine, host.clone(), seen)));
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
            Ok(Answer::Document {
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
                self.answer(worker, Ok(Answer::NotModified { caching }));
            }
            Event::Die => self.workers[worker] = self::worker(&self.host),
            Event::Leave => {
                let newcomer = self::worker(&self.host);
                let (mut engine, calls) = mem::replace(&mut self.workers[worker], newcomer);
                for call in calls {
                    engine.abandon(&call.fetch);
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
        engine.synchronize();
        let may_learn_kid = match engine.keys().keys(PROVIDER, now) {
            Some(Keys::Serving(_, source)) => engine.keys().may_learn_kid(source, now),
            _ => false,
        };
        for fetch in engine.due(now) {
            self.check_begin(may_learn_kid);
            let begun = self.now;
            self.workers[worker].1.push(Call { fetch, begun });
        }
    }

    fn meet_unknown_kid(&mut self, worker: usize) {
        let now = self.at();
        let (engine, ..) = &mut self.workers[worker];
        if let Some(Keys::Serving(_, source)) = engine.keys().keys(PROVIDER, now)
            && engine.keys().may_learn_kid(source, now)
        {
            engine.want(source, FetchCause::UnknownKid);
        }
    }

    /// The oldest call of the worker is answered.
    fn answer(&mut self, worker: usize, answer: Result<Answer, FetchError>) {
        let now = self.at();
        let (engine, calls) = &mut self.workers[worker];
        if calls.is_empty() {
            return;
        }
        let Call { fetch, .. } = calls.remove(0);
        match engine.complete(&fetch, answer, now) {
            Progress::Ended(outcome) if outcome.keys.is_ok() => {
                self.good_at = Some(self.now);
                self.failures = 0;
            }
            Progress::Ended(_) => {
                self.failures += 1;
                self.failed_at = self.now;
            }
            Progress::Superseded => {}
            Progress::Next(_) => panic!("one call is enough"),
        }
    }

    /// A fetch may begin: no other has the lease, and it is time.
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
        assert!(may_learn_kid, "nobody asked");
        let last = self.kid_begun_at.replace(self.now);
        assert!(
            last.is_none_or(|last| self.now >= last + COOLDOWN),
            "cool-down"
        );
    }

    /// Keys serve only within the bound that the last good word sets.
    fn check_serving(&self) {
        for (engine, ..) in &self.workers {
            if let Some(Keys::Serving(..)) = engine.keys().keys(PROVIDER, self.at()) {
                let good_at = self.good_at.expect("keys out of nothing");
                assert!(
                    self.now < good_at + CACHE_DURATION + MAX_STALE,
                    "past the bound"
                );
            }
        }
    }

    /// The server is well: within a lease and the longest back-off, every worker has fresh keys.
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
                    .standings(self.at())
                    .next()
                    .map(|(_, standing)| standing.is_stale),
                Some(false)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::times::times(700), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn holds_whatever_happens(
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

/// Events in the presence of an intruder.
#[derive(Clone, Debug)]
enum Siege {
    Happens(Event),
    /// The record is overwritten with these bytes.
    Garbage(Vec<u8>),
    /// The record is overwritten with an earlier one.
    Restore(prop::sample::Index),
}

fn siege() -> impl Strategy<Value = Siege> {
    prop_oneof![
        12 => event().prop_map(Siege::Happens),
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Siege::Garbage),
        4 => any::<prop::sample::Index>().prop_map(Siege::Restore),
    ]
}

/// A worker, its calls, the number of the latest key set that it has served, and what its VM
/// remembers across updates.
type Besieged = (Engine, Vec<Call>, u64, SeenRecords);

struct Castle {
    host: SharedStore,
    now: u64,
    workers: Vec<Besieged>,
    /// When the server said each of its key sets; a set's number is its place.
    said_at: Vec<u64>,
}

impl Castle {
    fn new(workers: usize) -> Self {
        let host = SharedStore::default();
        Self {
            now: 1_700_000_000_000,
            workers: (0..workers).map(|_| Self::newcomer(&host)).collect(),
            host,
            said_at: Vec::new(),
        }
    }

    fn newcomer(host: &SharedStore) -> Besieged {
        let key = "c2hhcmVkLW1lbW9yeS1rZXktb2YtMzItb2N0ZXRzLi4";
        let mut seen = SeenRecords::new();
        let engine = sealed_engine(Some(key), host, &mut seen);
        (engine, Vec::new(), 0, seen)
    }

    /// Gives the VM of a worker the same configuration once more.
    fn update(&mut self, worker: usize) {
        let (mut engine, calls, ..) = Self::newcomer(&self.host);
        let (former, former_calls, _, seen) = &mut self.workers[worker];
        engine.share(Box::new(SharedRecords::of(
            &engine,
            self.host.clone(),
            seen,
        )));
        *former = engine;
        *former_calls = calls;
    }

    fn happen(&mut self, siege: Siege, worker: usize) {
        match siege {
            Siege::Garbage(bytes) => self.overwrite(&bytes),
            Siege::Restore(index) => {
                let history = self.host.0.history.borrow();
                let former = (!history.is_empty()).then(|| index.get(&history).clone());
                drop(history);
                former.iter().for_each(|value| self.overwrite(value));
            }
            Siege::Happens(Event::Pass(milliseconds)) => self.now += milliseconds,
            Siege::Happens(Event::Tick) => self.tick(worker),
            Siege::Happens(Event::UnknownKid) => {
                let now = UnixMillis::new(self.now);
                let (engine, ..) = &mut self.workers[worker];
                if let Some(Keys::Serving(_, source)) = engine.keys().keys(PROVIDER, now) {
                    engine.want(source, FetchCause::UnknownKid);
                }
            }
            Siege::Happens(Event::Succeed) => {
                // No two answers arrive at the same time: workers that know nothing of each other
                // order them by time.
                self.now += 1;
                let number = self.said_at.len();
                self.said_at.push(self.now);
                let body = JWKS.replace(r#""k""#, &format!("\"{number}\"")).into();
                let caching = Caching::default();
                self.answer(worker, Ok(Answer::Document { body, caching }));
            }
            Siege::Happens(Event::NotModified | Event::Fail | Event::Garbage) => {
                self.answer(worker, Err(FetchError::Status(503)));
            }
            Siege::Happens(Event::Die) => self.workers[worker] = Self::newcomer(&self.host),
            Siege::Happens(Event::Leave) => self.update(worker),
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
        engine.synchronize();
        for fetch in engine.due(now) {
            let begun = self.now;
            calls.push(Call { fetch, begun });
        }
    }

    fn answer(&mut self, worker: usize, answer: Result<Answer, FetchError>) {
        let (engine, calls, ..) = &mut self.workers[worker];
        if !calls.is_empty() {
            let Call { fetch, .. } = calls.remove(0);
            engine.complete(&fetch, answer, UnixMillis::new(self.now));
        }
    }

    fn check(&mut self) {
        for (engine, _, latest, _) in &mut self.workers {
            let keys = engine.keys().keys(PROVIDER, UnixMillis::new(self.now));
            let Some(Keys::Serving(key_set, _)) = keys else {
                continue;
            };
            let number: u64 = key_set.keys()[0].kid().unwrap().parse().unwrap();
            assert!(number >= *latest, "{number} came back after {latest}");
            *latest = number;
            let said_at = self.said_at[usize::try_from(number).unwrap()];
            assert!(
                self.now < said_at + CACHE_DURATION + MAX_STALE,
                "past the bound"
            );
        }
    }

    /// The intruder has gone, and the server is well: every worker has fresh keys.
    fn recover(&mut self) {
        let patience = LEASE + MAX_BACK_OFF * 11 / 10 + 1000;
        for _ in 0..patience / 100 {
            for worker in 0..self.workers.len() {
                self.tick(worker);
                self.happen(Siege::Happens(Event::Succeed), worker);
            }
            self.now += 100;
        }
        for (engine, ..) in &self.workers {
            let mut standings = engine.keys().standings(UnixMillis::new(self.now));
            let (_, standing) = standings.next().unwrap();
            assert!(standing.keys > 0 && !standing.is_stale, "{standing:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_intruder_brings_an_older_key_set_back(
        workers in 1..5_usize,
        events in prop::collection::vec((siege(), 0..60_usize), 1..120),
    ) {
        let mut castle = Castle::new(workers);
        for (event, worker) in events {
            castle.happen(event, worker % workers);
        }
        castle.recover();
    }
}

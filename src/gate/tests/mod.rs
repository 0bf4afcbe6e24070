//! Tests of a gate and a keeper inside a fake proxy.

mod keeper;
mod requests;
mod trailers;
mod waiting;

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use serde_json::{Value, json};

use super::*;
use crate::{
    config::Config,
    decision::{HeaderEdit, StateEntry},
    jose::base64url,
    keys::{
        Fetch, FetchCause, Order, Reading, Received, Record as KeyRecord, Records, SourceId,
        Version, WriteError,
    },
    shared_memory::{Expected, OneRecord, SetSharedDataError, SharedData, SharedMemory},
    tests::{header_bytes, merge},
};

const NOW: u64 = 1_700_000_000_000;
const KID: &str = "k";
const UNKNOWN_KID: &str = "unknown";

/// The time that is `milliseconds` after [`NOW`].
fn at(milliseconds: u64) -> UnixMillis {
    UnixMillis::new(NOW + milliseconds)
}

/// The operations that the host can refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    ClearRouteCache,
    Edit,
    Export,
    /// Every read of the route's policy but the first.
    NextRoute,
    RemoveTrailer,
    Route,
    Trailers,
}

/// A fake store that several workers can share. It has at most one key record, with the record's
/// version.
#[derive(Clone, Default)]
struct SharedKeys(Rc<RefCell<Option<(KeyRecord, u32)>>>);

impl Records for SharedKeys {
    fn read(&self, _: SourceId, known: Option<Version>, _: Order) -> Reading {
        match self.0.borrow().clone() {
            None => Reading::Absent,
            Some((_, version)) if known == Some(Version(version)) => Reading::Same,
            Some((record, version)) => Reading::New(record, Version(version)),
        }
    }

    fn write(
        &self,
        _: SourceId,
        record: &KeyRecord,
        expected: Option<Version>,
    ) -> Result<Version, WriteError> {
        let mut kept = self.0.borrow_mut();
        let present = kept.as_ref().map(|(_, version)| Version(*version));
        if present != expected {
            return Err(WriteError::Changed);
        }
        let version = present.map_or(1, |Version(version)| version + 1);
        *kept = Some((record.clone(), version));
        Ok(Version(version))
    }
}

/// A fake proxy that handles one request at a time.
#[derive(Default)]
struct FakeProxy {
    /// The record through which workers tell each other which configuration is the newest.
    record: OneRecord,
    keys: SharedKeys,
    refuses: Cell<Option<Effect>>,
    /// The policy of the request's route, as JSON.
    route: RefCell<Option<Value>>,
    routes_read: Cell<u32>,
    /// The policy of the route that the host chooses after the gate has edited the request. The
    /// outer `None` means that the host does not report the new route.
    next_route: RefCell<Option<Option<Value>>>,
    connection: Cell<u64>,
    trailers: Vec<(&'static str, &'static str)>,
    /// The challenges of the last answer.
    challenges: RefCell<Vec<String>>,
    /// The operations that the gate has performed, in order.
    done: RefCell<Vec<String>>,
    log: RefCell<Vec<String>>,
    metrics: RefCell<Vec<(String, u64)>>,
}

impl FakeProxy {
    fn does(&self, effect: Effect, what: String) -> Result<(), Refused> {
        if self.refuses.get() == Some(effect) {
            return Err(Refused);
        }
        self.done.borrow_mut().push(what);
        Ok(())
    }

    /// The operations that the gate has performed since the last call of this function.
    fn take_done(&self) -> Vec<String> {
        self.done.take()
    }

    /// The metrics that are not zero, with shortened names.
    fn counted(&self) -> Vec<(String, u64)> {
        let metrics = self.metrics.borrow();
        let counted = metrics.iter().filter(|(_, value)| *value > 0);
        counted
            .map(|(name, value)| (name.replace("portcullis.", ""), *value))
            .collect()
    }

    fn define(&self, name: &str) -> Option<MetricId> {
        let mut metrics = self.metrics.borrow_mut();
        metrics.push((name.to_owned(), 0));
        Some(MetricId(u32::try_from(metrics.len() - 1).unwrap()))
    }

    fn metric(&self, id: MetricId, change: impl FnOnce(&mut u64)) {
        let mut metrics = self.metrics.borrow_mut();
        change(&mut metrics[usize::try_from(id.0).unwrap()].1);
    }
}

impl SharedMemory for FakeProxy {
    fn shared_data(&self, key: &str) -> Option<SharedData> {
        self.record.shared_data(key)
    }

    fn set_shared_data(
        &self,
        key: &str,
        value: &[u8],
        expected: Expected,
    ) -> Result<(), SetSharedDataError> {
        self.record.set_shared_data(key, value, expected)
    }
}

impl Connection for FakeProxy {}

impl Log for FakeProxy {
    fn log(&self, level: LogLevel, line: &str) {
        self.log.borrow_mut().push(format!("{level:?} {line}"));
    }
}

impl MetricRegistry for FakeProxy {
    fn counter(&self, name: &str) -> Option<MetricId> {
        self.define(name)
    }

    fn gauge(&self, name: &str) -> Option<MetricId> {
        self.define(name)
    }
}

impl Meter for FakeProxy {
    fn increment(&self, counter: MetricId, by: u64) {
        self.metric(counter, |value| *value += by);
    }

    fn record(&self, gauge: MetricId, value: u64) {
        self.metric(gauge, |own| *own = value);
    }

    fn read(&self, metric: MetricId) -> Option<u64> {
        let mut read = 0;
        self.metric(metric, |value| read = *value);
        Some(read)
    }
}

impl Route for FakeProxy {
    fn metadata(&self) -> Result<Option<Vec<u8>>, Refused> {
        let before = self.routes_read.replace(self.routes_read.get() + 1);
        match self.refuses.get() {
            Some(Effect::Route) => return Err(Refused),
            Some(Effect::NextRoute) if before > 0 => return Err(Refused),
            _ => {}
        }
        let route = self.route.borrow();
        Ok(route.as_ref().map(|policy| policy.to_string().into_bytes()))
    }

    fn policy(&self, metadata: &[u8]) -> Result<Option<Value>, Malformed> {
        serde_json::from_slice(metadata).map_err(|_| Malformed("not JSON"))
    }

    fn reports_next_route(&self) -> bool {
        self.next_route.borrow().is_some()
    }
}

impl Exchange for FakeProxy {
    fn connection_id(&self) -> Option<ConnectionId> {
        Some(ConnectionId::new(self.connection.get()))
    }

    fn edit(&self, edit: &HeaderEdit) -> Result<(), Refused> {
        let what = match edit {
            HeaderEdit::Remove(name) => format!("remove {}", &**name),
            HeaderEdit::Set(name, value) => format!("set {}: {}", &**name, &**value),
        };
        self.does(Effect::Edit, what)
    }

    fn export(&self, entry: &StateEntry) -> Result<(), Refused> {
        self.does(Effect::Export, format!("export {}", entry.key.as_str()))
    }

    fn clear_route_cache(&self) -> Result<(), Refused> {
        self.does(Effect::ClearRouteCache, "clear route cache".to_owned())?;
        if let Some(next) = &*self.next_route.borrow() {
            self.route.replace(next.clone());
        }
        Ok(())
    }

    fn trailers(&self, visit: impl FnOnce(&[(&[u8], &[u8])])) -> Result<(), Refused> {
        self.does(Effect::Trailers, "read trailers".to_owned())?;
        let trailers = self.trailers.iter();
        let trailers: Vec<_> = trailers
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect();
        visit(&trailers);
        Ok(())
    }

    fn remove_trailer(&self, name: &str) -> Result<(), Refused> {
        self.does(Effect::RemoveTrailer, format!("remove trailer {name}"))
    }

    fn answer(&self, answer: &Answer) {
        // A host encodes each response once.
        let encoded = answer.encoded(|response| {
            self.done.borrow_mut().push("encode".to_owned());
            vec![u8::try_from(response.status % 256).unwrap()]
        });
        assert_eq!(encoded.len(), 1);
        let response = answer.response();
        let headers = response.headers.iter();
        let challenges = headers.filter(|(name, _)| *name == "www-authenticate");
        self.challenges
            .replace(challenges.map(|(_, value)| value.clone()).collect());
        let what = format!("answer {} {}", response.status, response.details);
        self.done.borrow_mut().push(what);
    }
}

/// A fake [`Caller`] that records the calls of a keeper.
#[derive(Default)]
struct FakeCaller {
    calls: Vec<Fetch>,
    refuses: Option<CallError>,
}

impl Caller for FakeCaller {
    fn call(&mut self, fetch: &Fetch) -> Result<(), CallError> {
        match self.refuses {
            Some(error) => Err(error),
            None => {
                self.calls.push(fetch.clone());
                Ok(())
            }
        }
    }
}

/// Passes a request that has just arrived to a gate.
fn arrive(
    gate: &mut Gate,
    stream: u32,
    request: &Request<'_>,
    now: UnixMillis,
    proxy: &FakeProxy,
) -> Handled {
    let head = SettledHead::of(Some(request));
    gate.on_request(StreamId(stream), head, Ok(now), proxy)
}

/// A gate and a keeper that share a key store, and the fake proxy around them.
struct World {
    gate: Gate,
    keeper: Keeper,
    proxy: FakeProxy,
    caller: FakeCaller,
}

impl World {
    /// Creates a world. Its configuration has one rule, which requires a token of provider `a`. The
    /// keys of `a` are remote, and not fetched yet. `rest` is merged into this configuration.
    fn new(rest: Value) -> Self {
        let proxy = FakeProxy::default();
        let (gate, keeper) = gate_and_keeper(rest, &proxy);
        Self {
            gate,
            keeper,
            proxy,
            caller: FakeCaller::default(),
        }
    }

    /// Like [`World::new`], but the keys were already fetched at [`NOW`].
    fn with_keys(rest: Value) -> Self {
        let mut world = Self::new(rest);
        assert!(!world.fetch_due(at(0)));
        assert!(world.receive(200, &jwks(), at(0)));
        world.gate.ready(at(0));
        world
    }

    fn request(&mut self, stream: u32, headers: &[(&str, &str)], now: UnixMillis) -> Verdict {
        let headers = head(headers);
        let request = Request::new(headers);
        let handled = arrive(&mut self.gate, stream, &request, now, &self.proxy);
        self.pass_on_wanted(handled)
    }

    /// Passes the keys that a request lacked to the key store, as a shell does.
    fn pass_on_wanted(&mut self, handled: Handled) -> Verdict {
        if let Some(wanted) = handled.wanted {
            self.gate.keys_mut().want(wanted);
        }
        handled.verdict
    }

    /// Sends a request with a valid token whose key ID is `kid`.
    fn bearer(&mut self, stream: u32, kid: &str, now: UnixMillis) -> Verdict {
        self.request(stream, &[("authorization", &bearer(kid))], now)
    }

    /// Resumes a request that was sent with [`World::bearer`].
    fn resume(&mut self, stream: u32, kid: &str, now: UnixMillis) -> Verdict {
        let value = bearer(kid);
        let request = Request::new(head(&[("authorization", &value)]));
        let handled = self.gate.resume(
            StreamId(stream),
            SettledHead::of(Some(&request)),
            Ok(now),
            &self.proxy,
        );
        self.pass_on_wanted(handled)
    }

    /// Starts the fetches that are due.
    fn run_keeper(&mut self, now: UnixMillis) -> News {
        let keys = self.gate.keys_mut();
        self.keeper.due(keys, now, &self.proxy, &mut self.caller)
    }

    /// Starts the fetches that are due. Returns true if a fetch has ended.
    fn fetch_due(&mut self, now: UnixMillis) -> bool {
        self.run_keeper(now) == News::Ended
    }

    /// Delivers a response to the oldest call. Returns true if a fetch has ended.
    fn receive(&mut self, status: u16, body: &str, now: UnixMillis) -> bool {
        let fetch = self.caller.calls.remove(0);
        let status = status.to_string();
        let received = Received {
            headers: &[(b":status", status.as_bytes())],
            body_size: body.len(),
            body: &|| Some(body.as_bytes().to_vec()),
        };
        let (keys, proxy) = (self.gate.keys_mut(), &self.proxy);
        let news = self
            .keeper
            .on_fetched(keys, &fetch, &received, now, proxy, &mut self.caller);
        self.gate.on_news(news);
        news == News::Ended
    }
}

fn gate_and_keeper(rest: Value, proxy: &FakeProxy) -> (Gate, Keeper) {
    let mut config = json!({
        "providers": {"a": {
            "issuer": "https://a.example",
            "audiences": ["orders"],
            "remote_jwks": {"http_uri": {
                "uri": "https://a.example/jwks", "cluster": "as", "timeout": "1s",
            }},
        }},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
    });
    merge(&mut config, rest);
    let text = config.to_string();
    let mut engine = Engine::new(Config::parse(text.as_bytes()).unwrap());
    engine.keys_mut().share(Box::new(proxy.keys.clone()));
    let key_metrics = KeyMetrics::define(engine.config(), proxy);
    let keeper = Keeper::new(engine.shared_config(), key_metrics, proxy);
    let metrics = DecisionMetrics::define(engine.config(), proxy);
    let mut policies = Policies::new();
    let membership = Membership::enter(
        engine.shared_config(),
        ConfigDigest::of(text.as_bytes()),
        &mut policies,
    );
    let lookup = engine.config().route_lookup;
    (Gate::new(engine, membership, lookup, metrics), keeper)
}

fn head<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a [u8], &'a [u8])> {
    let own = [(":method", "GET"), (":path", "/"), (":authority", "api")];
    header_bytes(&[&own[..], headers].concat())
}

fn signer() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[9; 32])
}

/// A key set with the key that verifies the tokens of [`bearer`].
fn jwks() -> String {
    let x = base64url::encode(signer().verifying_key().as_bytes());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": KID, "x": x}]}).to_string()
}

/// A value of `Authorization` with a correctly signed token whose key ID is `kid`.
fn bearer(kid: &str) -> String {
    let claims = json!({
        "iss": "https://a.example", "aud": "orders", "sub": "s", "exp": NOW / 1000 + 300,
    });
    let input = [json!({"alg": "EdDSA", "kid": kid}), claims]
        .map(|part| base64url::encode(part.to_string().as_bytes()))
        .join(".");
    let signature = ed25519_dalek::Signer::sign(&signer(), input.as_bytes());
    let signature = base64url::encode(&signature.to_bytes());
    format!("Bearer {input}.{signature}")
}

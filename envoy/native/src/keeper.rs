//! The keepers on the main thread. There is one keeper for each configuration. A keeper fetches
//! keys and sets the gauges that report on the keys.
//!
//! Each keeper has its own key store. A keeper starts its first fetches when its configuration is
//! loaded, before any request arrives. After that, the keeper runs whenever the [`clock`], a worker
//! or another keeper asks it to.

use core::cell::{Cell, RefCell};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use portcullis::{
    gate::{Keeper, KeyMetrics, News},
    keys::{KeyStore, LONGEST_REASON, Received},
};

use crate::{
    abi::{self, Body, Configuration, HeaderList},
    call::{Calls, MainCaller},
    clock, defects,
    exchange::MainHost,
    filter::Filter,
    load::Gauges,
    numbers::Number,
    registry,
};

/// The keeper of one configuration, with its keys, calls and gauges.
struct Keeping {
    filter: Arc<Filter>,
    keys: KeyStore,
    keeper: Keeper,
    /// The gauges that the keeper sets.
    own: KeyMetrics,
    calls: Calls,
    /// The call whose response is being handled. After a panic, this field says which call caused
    /// the panic.
    answered: Option<u64>,
    /// The gauges of configurations that were loaded before this one.
    others: Vec<(Number, KeyMetrics)>,
    /// Gauges to reset, because no configuration sets them any longer.
    unused: Vec<(KeyMetrics, Vec<String>)>,
}

/// A response that arrived while its keeper was running. This can happen because Envoy may deliver
/// the response to a call before the function that starts the call has returned.
struct Early {
    number: Number,
    call: u64,
    headers: HeaderList,
    body: Body,
}

thread_local! {
    static KEEPINGS: RefCell<BTreeMap<Number, Rc<RefCell<Keeping>>>> = const { RefCell::new(BTreeMap::new()) };
    static EARLY: RefCell<Vec<Early>> = const { RefCell::new(Vec::new()) };
    /// The version of the list of configurations at the last [`sweep`].
    static SWEPT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Starts the keeper of a configuration. If Envoy only validates the configuration, the keeper
/// fetches nothing.
pub(super) fn start(filter: &Arc<Filter>, gauges: Gauges, configuration: &Configuration<'_>) {
    sweep();
    let keys = key_store(filter);
    let fetches = !keys.is_empty();
    let main = MainHost {
        filter,
        at: *configuration,
    };
    let keeping = Keeping {
        keeper: Keeper::new(Arc::clone(&filter.config), gauges.own.clone(), &main),
        own: gauges.own,
        filter: Arc::clone(filter),
        keys,
        calls: Calls::default(),
        answered: None,
        others: gauges.others,
        unused: Vec::new(),
    };
    let keeping = Rc::new(RefCell::new(keeping));
    KEEPINGS.with_borrow_mut(|all| all.insert(filter.number, keeping));
    if !abi::is_validating() && fetches {
        clock::register(filter.number, Arc::clone(&filter.scheduler));
        tick(filter.number, configuration);
    }
}

/// Creates a key store that already has the keys in the shared records.
fn key_store(filter: &Filter) -> KeyStore {
    let mut keys = filter.config.key_store();
    keys.share(Box::new(filter.records.clone()));
    let _ = keys.synchronize();
    keys
}

/// Rebuilds a keeper after a panic, because its state may be broken. Calls in progress continue.
///
/// The clock runs the new keeper within a second. If the keeper ran as soon as a fetch was due, a
/// repeated panic would keep the main thread busy.
pub(super) fn rebuild(number: Number, configuration: &Configuration<'_>) {
    with_keeping(number, configuration, |keeping, main| {
        defects::trip("rebuild");
        keeping.keys = key_store(main.filter);
        let config = Arc::clone(&main.filter.config);
        keeping.keeper = Keeper::new(config, keeping.own.clone(), main);
        if let Some(call) = keeping.answered.take() {
            // The response that caused the panic counts as a failed fetch, so the next fetch is
            // delayed.
            let _ = keeping.on_response(main, call, &HeaderList::default(), &Body::default());
        }
        // Because of the panic, workers may not have been notified of new keys. So they are notified
        // in any case.
        main.filter.pass_on(News::Ended);
        wake_others(main.filter);
    });
}

/// Runs `act` on a keeper. Does nothing if the configuration was removed, or if its keeper is
/// already running.
fn with_keeping(
    number: Number,
    configuration: &Configuration<'_>,
    act: impl FnOnce(&mut Keeping, &MainHost<'_>),
) {
    let Some(keeping) = find(number) else {
        return;
    };
    let Ok(mut keeping) = keeping.try_borrow_mut() else {
        return;
    };
    let filter = Arc::clone(&keeping.filter);
    let main = MainHost {
        filter: &filter,
        at: *configuration,
    };
    act(&mut keeping, &main);
}

fn find(number: Number) -> Option<Rc<RefCell<Keeping>>> {
    KEEPINGS.with_borrow(|all| all.get(&number).cloned())
}

/// Stops the keeper of a configuration. Envoy has already cancelled the keeper's calls.
pub(super) fn stop(number: Number) {
    let stopped = KEEPINGS.with_borrow_mut(|all| all.remove(&number));
    if let Some(keeping) = stopped
        && let Ok(mut keeping) = keeping.try_borrow_mut()
    {
        let Keeping {
            filter,
            keys,
            calls,
            ..
        } = &mut *keeping;
        // While a fetch holds its lease, no other configuration can fetch the same keys. Abandoning
        // the fetch releases the lease at once, so the others need not wait until it expires.
        calls.take_all().for_each(|fetch| keys.abandon(&fetch));
        let filter = Arc::clone(filter);
        let gauges: Vec<_> = keeping.keeper.gauges().map(str::to_owned).collect();
        leave(number, gauges);
        wake_others(&filter);
    }
}

/// Makes other keepers reset the gauges of a configuration that was removed, because stale values
/// would raise alerts. If other configurations share a gauge, the one that was loaded last sets it
/// again.
fn leave(number: Number, mut gauges: Vec<String>) {
    let all: Vec<_> = KEEPINGS.with_borrow(|all| all.values().cloned().collect());
    let mut heirs = Vec::new();
    let mut owners = Vec::new();
    // The list is in the order in which the configurations were loaded.
    for keeping in all.iter().rev() {
        let Ok(mut keeping) = keeping.try_borrow_mut() else {
            continue;
        };
        let is_own = |name: &String| keeping.keeper.gauges().any(|own| own == name);
        if gauges.iter().any(is_own) {
            keeping.keeper.set_gauges_again();
            owners.push(Arc::clone(&keeping.filter));
        }
        gauges.retain(|name| !is_own(name));
        let place = keeping
            .others
            .iter()
            .position(|(other, _)| *other == number);
        if let Some(place) = place {
            let (_, metrics) = keeping.others.swap_remove(place);
            heirs.push((keeping, metrics));
        }
    }
    for (mut heir, metrics) in heirs {
        heir.unused.push((metrics, gauges.clone()));
        heir.filter.scheduler.commit();
    }
    // The configuration that was loaded last runs last, so its values remain.
    let owners = owners.iter().rev();
    owners.for_each(|filter| filter.scheduler.commit());
}

/// Starts the fetches that are due or that workers asked for.
pub(super) fn tick(number: Number, configuration: &Configuration<'_>) {
    work(number, configuration, |keeping, main| {
        let now = clock::now();
        // This is the first step, so waiting requests are woken at their deadlines even if a later
        // step panics.
        keeping.filter.wake_due(now);
        defects::trip("tick");
        // The keeper of another configuration may have fetched the same keys, or may have abandoned
        // a fetch of these keys.
        keeping.filter.pass_on(keeping.keys.synchronize());
        for wanted in keeping.filter.take_wanted() {
            keeping.keys.want(wanted);
        }
        let calls = &mut keeping.calls;
        let mut caller = MainCaller {
            configuration,
            calls,
        };
        let keys = &mut keeping.keys;
        let news = keeping.keeper.due(keys, now, main, &mut caller);
        for (metrics, names) in keeping.unused.drain(..) {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            metrics.clear(&names, main);
        }
        news
    });
}

/// The size of the largest body that a configuration's keeper reads.
pub(super) fn body_limit(number: Number) -> usize {
    // The core also reads short texts in which Envoy explains a failure.
    let limits = registry::find(number).map(|filter| filter.config.limits.key_sets.bytes);
    limits.unwrap_or_default().max(LONGEST_REASON)
}

/// Handles the response to a call. `headers` is empty if there was no response.
pub(super) fn on_response(
    number: Number,
    configuration: &Configuration<'_>,
    call: u64,
    headers: HeaderList,
    body: Body,
) {
    if find(number).is_some_and(|keeping| keeping.try_borrow().is_err()) {
        let early = Early {
            number,
            call,
            headers,
            body,
        };
        EARLY.with_borrow_mut(|all| all.push(early));
        return;
    }
    work(number, configuration, |keeping, main| {
        keeping.on_response(main, call, &headers, &body)
    });
}

/// Runs `act` on a keeper. Then notifies the workers if there is news, and tells the clock when the
/// keeper must run next.
fn work(
    number: Number,
    configuration: &Configuration<'_>,
    act: impl FnOnce(&mut Keeping, &MainHost<'_>) -> News,
) {
    sweep();
    with_keeping(number, configuration, |keeping, main| {
        let mut news = act(keeping, main);
        while let Some(early) = take_early(number) {
            let response = keeping.on_response(main, early.call, &early.headers, &early.body);
            news = news.max(response);
        }
        main.filter.pass_on(news);
        if news > News::Nothing {
            wake_others(main.filter);
        }
        let now = clock::now();
        let next = [keeping.keys.next_wakeup(now), main.filter.next_deadline()];
        let next = next.into_iter().flatten().min();
        clock::call_within(number, next.map_or(clock::LONGEST, |next| next.since(now)));
    });
}

/// Makes Envoy run the keepers of other configurations that share a key source with this one,
/// because requests may be waiting for the same keys there.
fn wake_others(own: &Filter) {
    let all = registry::all();
    all.iter()
        .filter(|filter| filter.number != own.number)
        .filter(|filter| filter.records.share_a_source(&own.records))
        .for_each(|filter| filter.scheduler.commit());
}

/// Stops the keepers of configurations that Envoy released on another thread. Does nothing if the
/// list of configurations has not changed: every keeper calls this function at least once a second,
/// and an Envoy may have hundreds of keepers.
fn sweep() {
    let version = registry::version();
    if SWEPT.get() == Some(version) {
        return;
    }
    let held: BTreeSet<Number> = registry::all().iter().map(|own| own.number).collect();
    let ended = KEEPINGS.with_borrow(|all| {
        let numbers = all.keys().copied();
        numbers
            .filter(|number| !held.contains(number))
            .collect::<Vec<_>>()
    });
    ended.into_iter().for_each(stop);
    SWEPT.set(Some(version));
}

fn take_early(number: Number) -> Option<Early> {
    EARLY.with_borrow_mut(|all| {
        let place = all.iter().position(|early| early.number == number)?;
        Some(all.remove(place))
    })
}

impl Keeping {
    fn on_response(
        &mut self,
        main: &MainHost<'_>,
        call: u64,
        headers: &HeaderList,
        body: &Body,
    ) -> News {
        // The call is not in the list if Envoy delivered its response early and then reported that
        // the call could not be started.
        let Some(fetch) = self.calls.find(call) else {
            return News::Nothing;
        };
        self.answered = Some(call);
        let received = Received {
            headers: &headers.pairs(),
            body_size: body.size,
            body: &|| body.octets.clone(),
        };
        let mut caller = MainCaller {
            configuration: &main.at,
            calls: &mut self.calls,
        };
        let (keys, now) = (&mut self.keys, clock::now());
        let news = self
            .keeper
            .on_fetched(keys, &fetch, &received, now, main, &mut caller);
        defects::trip("fetched");
        self.calls.remove(call);
        self.answered = None;
        news
    }
}

//! Counters of decisions.

use crate::{
    config::Config,
    decision::{Permit, PermitReason, Reason},
    engine::CacheUse,
    gate::metrics::meter::{Meter, MetricId, MetricRegistry, Tally, increment, prefix},
    status::Count,
};

/// The counters of one configuration's decisions. A counter that the host refused to define is
/// `None` or missing from its list, and is never written.
#[derive(Clone, Debug, Default)]
pub struct DecisionMetrics {
    allowed: Option<MetricId>,
    cache_hit: Option<MetricId>,
    cache_miss: Option<MetricId>,
    cors_preflight_bypassed: Option<MetricId>,
    denied: Vec<(Reason, MetricId)>,
    shadow_denied: Vec<(Reason, MetricId)>,
    tally: Tally,
}

impl DecisionMetrics {
    /// Defines the counters of `config`.
    #[must_use]
    pub fn define(config: &Config, registry: &impl MetricRegistry) -> Self {
        let prefix = prefix(config);
        let counter = |name: &str| registry.counter(&format!("{prefix}{name}"));
        let by_reason = |family: &str| {
            Reason::ALL
                .into_iter()
                .filter_map(|reason| {
                    Some((reason, counter(&format!("{family}.{}", reason.label()))?))
                })
                .collect()
        };
        Self {
            allowed: counter("allowed"),
            cache_hit: counter("cache.hit"),
            cache_miss: counter("cache.miss"),
            cors_preflight_bypassed: counter("cors_preflight_bypassed"),
            denied: by_reason("denied"),
            shadow_denied: by_reason("shadow_denied"),
            tally: Tally::default(),
        }
    }

    /// Counts a request that passes.
    pub(in crate::gate) fn permitted(&mut self, permit: &Permit, meter: &impl Meter) {
        let counter = match &permit.reason {
            PermitReason::CorsPreflight => self.cors_preflight_bypassed,
            _ => self.allowed,
        };
        self.tally.count(counter, 1, meter);
    }

    /// Counts a request that passes, but would be refused without shadow mode.
    pub(in crate::gate) fn shadow_denied(&mut self, reason: Reason, meter: &impl Meter) {
        let counter = of_reason(&self.shadow_denied, reason);
        self.tally.count(counter, 1, meter);
    }

    /// Counts a request that is refused.
    pub(in crate::gate) fn denied(&mut self, reason: Reason, meter: &impl Meter) {
        let counter = of_reason(&self.denied, reason);
        self.tally.count(counter, 1, meter);
    }

    /// Counts a request that the shell refuses itself, because it has no gate for it or the gate has
    /// panicked.
    pub fn panicked(&self, meter: &impl Meter) {
        increment(of_reason(&self.denied, Reason::Panic), meter);
    }

    /// Counts hits and misses of the token cache.
    pub(in crate::gate) fn looked_up(&mut self, uses: CacheUse, meter: &impl Meter) {
        for (metric, count) in [(self.cache_hit, uses.hits), (self.cache_miss, uses.misses)] {
            self.tally.count(metric, u64::from(count), meter);
        }
    }

    /// Writes the counts that have not been written yet.
    pub(in crate::gate) fn write(&mut self, meter: &impl Meter) {
        self.tally.write(meter);
    }

    /// Returns how often each decision was made, summed over all workers. The list is empty if the
    /// host does not return the values of counters. Otherwise it contains `allowed`, and every
    /// other decision that was made at least once.
    pub(in crate::gate) fn counts(&self, meter: &impl Meter) -> Vec<Count> {
        let read = |metric: Option<MetricId>| metric.and_then(|id| meter.read(id));
        let Some(allowed) = read(self.allowed) else {
            return Vec::new();
        };
        let mut counts = vec![Count {
            decision: "allowed",
            reason: "",
            times: allowed,
        }];
        let bypassed = self.cors_preflight_bypassed;
        let bypassed = bypassed.map(|id| ("allowed", "cors_preflight", id));
        let by_reason = |decision, family: &[(Reason, MetricId)]| {
            let named = |(reason, id): &(Reason, MetricId)| (decision, reason.label(), *id);
            family.iter().map(named).collect::<Vec<_>>()
        };
        let denied = by_reason("denied", &self.denied);
        let shadowed = by_reason("would have denied", &self.shadow_denied);
        for (decision, reason, id) in bypassed.into_iter().chain(denied).chain(shadowed) {
            let times = read(Some(id)).unwrap_or_default();
            if times > 0 {
                counts.push(Count {
                    decision,
                    reason,
                    times,
                });
            }
        }
        counts
    }
}

/// Returns the counter of a reason. The list is in the order of the reasons.
fn of_reason(metrics: &[(Reason, MetricId)], reason: Reason) -> Option<MetricId> {
    let place = metrics.binary_search_by_key(&reason, |(counted, _)| *counted);
    metrics.get(place.ok()?).map(|(_, metric)| *metric)
}

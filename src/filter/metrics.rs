//! Counters and gauges: a closed set of names, defined once.

use std::cell::Cell;

use proxy_wasm::types::MetricType;

use crate::{
    config::{Config, ProviderId},
    decision::{Permit, PermitReason, Reason},
    engine::CacheUse,
    filter::abi::{self, MetricId},
    keys::{FetchOutcome, Standing},
    status::Count,
};

/// The metrics of one configuration. One that the host refused to define is not counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    allowed: Option<MetricId>,
    cache_hit: Option<MetricId>,
    cache_miss: Option<MetricId>,
    cors_preflight_bypassed: Option<MetricId>,
    denied: Vec<(Reason, MetricId)>,
    shadow_denied: Vec<(Reason, MetricId)>,
    /// In the order of [`Config::providers`].
    providers: Vec<ProviderMetrics>,
}

#[derive(Debug)]
struct ProviderMetrics {
    fetch_success: Option<MetricId>,
    fetch_failed: Option<MetricId>,
    last_success_seconds: Option<MetricId>,
    keys: Option<MetricId>,
    stale: Option<MetricId>,
    /// Part of each name.
    name: String,
    /// What the gauges say.
    standing: Cell<Option<Standing>>,
}

impl Metrics {
    /// Defines the metrics of `config`.
    pub(super) fn define(config: &Config) -> Self {
        let prefix = match config.stat_prefix.as_str() {
            "" => "portcullis.".to_owned(),
            prefix => format!("portcullis.{prefix}."),
        };
        let define = |kind, name: &str| abi::define_metric(kind, &format!("{prefix}{name}")).ok();
        let counter = |name: &str| define(MetricType::Counter, name);
        let by_reason = |family: &str| {
            Reason::ALL
                .into_iter()
                .filter_map(|reason| {
                    Some((reason, counter(&format!("{family}.{}", reason.label()))?))
                })
                .collect()
        };
        let providers = config.providers().map(|(_, provider)| {
            let name = format!("provider.{}", provider.name);
            let metric = |kind, metric: &str| define(kind, &format!("{name}.{metric}"));
            ProviderMetrics {
                fetch_success: metric(MetricType::Counter, "jwks.fetch_success"),
                fetch_failed: metric(MetricType::Counter, "jwks.fetch_failed"),
                last_success_seconds: metric(MetricType::Gauge, "jwks.last_success_seconds"),
                keys: metric(MetricType::Gauge, "keys"),
                stale: metric(MetricType::Gauge, "jwks.stale"),
                name: format!("{prefix}{name}"),
                standing: Cell::new(None),
            }
        });
        Self {
            allowed: counter("allowed"),
            cache_hit: counter("cache.hit"),
            cache_miss: counter("cache.miss"),
            cors_preflight_bypassed: counter("cors_preflight_bypassed"),
            denied: by_reason("denied"),
            shadow_denied: by_reason("shadow_denied"),
            providers: providers.collect(),
        }
    }

    /// A request passes.
    pub(super) fn permitted(&self, permit: &Permit) {
        match &permit.reason {
            PermitReason::CorsPreflight => increment(self.cors_preflight_bypassed),
            PermitReason::Shadow(denial) => {
                increment(of_reason(&self.shadow_denied, denial.reason));
            }
            _ => increment(self.allowed),
        }
    }

    /// Verified tokens were looked for.
    pub(super) fn looked_up(&self, uses: CacheUse) {
        for (metric, count) in [(self.cache_hit, uses.hits), (self.cache_miss, uses.misses)] {
            for _ in 0..count {
                increment(metric);
            }
        }
    }

    /// A request is refused.
    pub(super) fn denied(&self, reason: Reason) {
        increment(of_reason(&self.denied, reason));
    }

    /// How often each decision was made that was made at all, over all workers; nothing where the
    /// host does not tell.
    pub(super) fn counts(&self) -> Vec<Count> {
        let read = |metric: Option<MetricId>| metric.and_then(|id| abi::metric(id).ok());
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

    /// A fetch ended.
    pub(super) fn fetched(&self, outcome: &FetchOutcome) {
        for metrics in outcome
            .providers
            .iter()
            .filter_map(|id| self.providers.get(id.index()))
        {
            increment(match outcome.keys {
                Ok(_) => metrics.fetch_success,
                Err(_) => metrics.fetch_failed,
            });
        }
    }

    /// How a provider's keys stand. Written when it changes: this runs with each tick.
    pub(super) fn stand(&self, provider: ProviderId, standing: Standing) {
        if let Some(metrics) = self.providers.get(provider.index())
            && metrics.standing.replace(Some(standing)) != Some(standing)
        {
            metrics.write(standing);
        }
    }

    /// The names of the gauges, provider by provider.
    pub(super) fn gauges(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|metrics| metrics.name.as_str())
    }

    /// Nobody writes these gauges any more: what they say of a provider that is gone must alarm
    /// nobody.
    pub(super) fn clear(&self, gauges: &[&str]) {
        for metrics in &self.providers {
            if gauges.contains(&metrics.name.as_str()) {
                metrics.write(Standing::default());
            }
        }
    }
}

impl ProviderMetrics {
    fn write(&self, standing: Standing) {
        record(self.keys, u64::try_from(standing.keys).unwrap_or(u64::MAX));
        record(self.stale, u64::from(standing.is_stale));
        if let Some(fetched_at) = standing.fetched_at {
            let seconds = u64::try_from(fetched_at.seconds().as_i64()).unwrap_or(0);
            record(self.last_success_seconds, seconds);
        }
    }
}

fn of_reason(metrics: &[(Reason, MetricId)], reason: Reason) -> Option<MetricId> {
    let found = metrics.iter().find(|(counted, _)| *counted == reason);
    found.map(|(_, metric)| *metric)
}

/// A host that refuses to count is no reason to refuse requests.
fn increment(metric: Option<MetricId>) {
    if let Some(id) = metric {
        let _ = abi::increment_metric(id);
    }
}

fn record(metric: Option<MetricId>, value: u64) {
    if let Some(id) = metric {
        let _ = abi::record_metric(id, value);
    }
}

//! Counters and gauges: a closed set of names, defined once.

use std::cell::Cell;

use proxy_wasm::types::MetricType;

use crate::{
    config::{Config, Provider},
    decision::{Permit, PermitReason, Reason},
    engine::CacheUse,
    filter::abi::{self, MetricId},
    keys::{FetchOutcome, Standing},
    policy::ProviderId,
    status::Count,
    verification::KeySource,
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

/// A provider only has the metrics that apply to it. Zero keys of a provider with client secrets,
/// or a last fetch in 1970 of one that never fetches, would raise alerts.
#[derive(Debug)]
struct ProviderMetrics {
    keys: Option<Gauges<Option<MetricId>>>,
    fetches: Option<Gauges<FetchMetrics>>,
    /// What the gauges say.
    standing: Cell<Option<Standing>>,
}

/// Metrics, and the beginning of their names.
#[derive(Debug)]
struct Gauges<M> {
    name: String,
    metrics: M,
}

#[derive(Debug)]
struct FetchMetrics {
    success: Option<MetricId>,
    failed: Option<MetricId>,
    last_success_seconds: Option<MetricId>,
    stale: Option<MetricId>,
}

impl Metrics {
    /// Defines the metrics of `config`.
    pub(super) fn define(config: &Config) -> Self {
        let prefix = match config.stat_prefix.as_str() {
            "" => "portcullis.".to_owned(),
            prefix => format!("portcullis.{prefix}."),
        };
        let counter =
            |name: &str| abi::define_metric(MetricType::Counter, &format!("{prefix}{name}")).ok();
        let by_reason = |family: &str| {
            Reason::ALL
                .into_iter()
                .filter_map(|reason| {
                    Some((reason, counter(&format!("{family}.{}", reason.label()))?))
                })
                .collect()
        };
        let providers = config.providers().map(|(_, provider)| {
            ProviderMetrics::define(provider, &format!("{prefix}provider.{}", provider.name))
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
        let fetching = outcome.providers.iter().filter_map(|id| {
            let metrics = self.providers.get(id.index())?;
            Some(&metrics.fetches.as_ref()?.metrics)
        });
        for metrics in fetching {
            increment(match outcome.keys {
                Ok(_) => metrics.success,
                Err(_) => metrics.failed,
            });
        }
    }

    /// How a provider's keys stand. Written when it changes: this runs with each tick.
    pub(super) fn stand(&self, provider: ProviderId, standing: Standing) {
        if let Some(metrics) = self.providers.get(provider.index())
            && metrics.standing.replace(Some(standing)) != Some(standing)
        {
            metrics.write(standing, |_| true);
        }
    }

    /// The names of the gauges, group by group.
    pub(super) fn gauges(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().flat_map(|metrics| {
            let keys = metrics.keys.as_ref().map(|gauges| gauges.name.as_str());
            let fetches = metrics.fetches.as_ref().map(|gauges| gauges.name.as_str());
            keys.into_iter().chain(fetches)
        })
    }

    /// Resets the gauges of removed providers, so that stale values raise no alert.
    pub(super) fn clear(&self, unused: &[&str]) {
        for metrics in &self.providers {
            metrics.write(Standing::default(), |name| unused.contains(&name));
        }
    }
}

impl ProviderMetrics {
    fn define(provider: &Provider, name: &str) -> Self {
        let has_keys = !matches!(provider.trust.keys, KeySource::Clients(_));
        let fetches = matches!(provider.trust.keys, KeySource::Remote(_));
        let define =
            |kind, metric: &str| abi::define_metric(kind, &format!("{name}.{metric}")).ok();
        Self {
            keys: has_keys.then(|| Gauges {
                name: format!("{name}.keys"),
                metrics: define(MetricType::Gauge, "keys"),
            }),
            fetches: fetches.then(|| Gauges {
                name: format!("{name}.jwks"),
                metrics: FetchMetrics {
                    success: define(MetricType::Counter, "jwks.fetch_success"),
                    failed: define(MetricType::Counter, "jwks.fetch_failed"),
                    last_success_seconds: define(MetricType::Gauge, "jwks.last_success_seconds"),
                    stale: define(MetricType::Gauge, "jwks.stale"),
                },
            }),
            standing: Cell::new(None),
        }
    }

    /// Writes the groups of gauges with the given names.
    fn write(&self, standing: Standing, is_asked: impl Fn(&str) -> bool) {
        if let Some(Gauges { name, metrics }) = &self.keys
            && is_asked(name)
        {
            let keys = u64::try_from(standing.keys).unwrap_or(u64::MAX);
            record(*metrics, keys);
        }
        if let Some(Gauges { name, metrics }) = &self.fetches
            && is_asked(name)
        {
            record(metrics.stale, u64::from(standing.is_stale));
            if let Some(fetched_at) = standing.fetched_at {
                let seconds = u64::try_from(fetched_at.seconds().as_i64()).unwrap_or(0);
                record(metrics.last_success_seconds, seconds);
            }
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

//! Counters and gauges: a closed set of names, defined once.

use std::{cell::Cell, collections::BTreeMap};

use proxy_wasm::types::MetricType;

use crate::{
    config::{Config, ProviderId},
    decision::{Permit, PermitReason, Reason},
    engine::CacheUse,
    filter::abi::{self, MetricId},
    keys::FetchOutcome,
    time::UnixMillis,
};

/// The metrics of one configuration. One that the host refused to define is not counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    allowed: Option<MetricId>,
    cache_hit: Option<MetricId>,
    cache_miss: Option<MetricId>,
    cors_preflight_bypassed: Option<MetricId>,
    denied: BTreeMap<Reason, MetricId>,
    shadow_denied: BTreeMap<Reason, MetricId>,
    providers: BTreeMap<ProviderId, ProviderMetrics>,
}

#[derive(Debug)]
struct ProviderMetrics {
    fetch_success: Option<MetricId>,
    fetch_failed: Option<MetricId>,
    last_success_seconds: Option<MetricId>,
    keys: Option<MetricId>,
    stale: Option<MetricId>,
    is_stale: Cell<Option<bool>>,
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
        let providers = config.providers().map(|(id, provider)| {
            let name = |metric: &str| format!("provider.{}.{metric}", provider.name);
            let metrics = ProviderMetrics {
                fetch_success: counter(&name("jwks.fetch_success")),
                fetch_failed: counter(&name("jwks.fetch_failed")),
                last_success_seconds: define(MetricType::Gauge, &name("jwks.last_success_seconds")),
                keys: define(MetricType::Gauge, &name("keys")),
                stale: define(MetricType::Gauge, &name("jwks.stale")),
                is_stale: Cell::new(None),
            };
            (id, metrics)
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
                increment(self.shadow_denied.get(&denial.reason).copied());
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
        increment(self.denied.get(&reason).copied());
    }

    /// A fetch ended.
    pub(super) fn fetched(&self, outcome: &FetchOutcome, now: UnixMillis) {
        for metrics in outcome
            .providers
            .iter()
            .filter_map(|id| self.providers.get(id))
        {
            match outcome.keys {
                Ok(keys) => {
                    increment(metrics.fetch_success);
                    let seconds = u64::try_from(now.seconds().as_i64()).unwrap_or(0);
                    record(metrics.last_success_seconds, seconds);
                    record(metrics.keys, u64::try_from(keys).unwrap_or(u64::MAX));
                }
                Err(_) => increment(metrics.fetch_failed),
            }
        }
    }

    /// Whether keys serve past their freshness. Written when it changes: this runs with each tick.
    pub(super) fn stale(&self, providers: impl Iterator<Item = (ProviderId, bool)>) {
        for (id, is_stale) in providers {
            if let Some(metrics) = self.providers.get(&id)
                && metrics.is_stale.replace(Some(is_stale)) != Some(is_stale)
            {
                record(metrics.stale, u64::from(is_stale));
            }
        }
    }

    /// Keys that stand in the configuration.
    pub(super) fn configured(&self, provider: ProviderId, keys: usize) {
        if let Some(metrics) = self.providers.get(&provider) {
            record(metrics.keys, u64::try_from(keys).unwrap_or(u64::MAX));
        }
    }
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

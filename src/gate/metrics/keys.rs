//! Metrics of each provider's keys, and of the fetches that get the keys.

use core::cell::Cell;

use crate::{
    config::{Config, Provider},
    gate::metrics::meter::{Meter, MetricId, MetricRegistry, increment, prefix, record},
    keys::{FetchOutcome, KeyStatus},
    policy::ProviderId,
};

/// The metrics of all providers of one configuration, in the order of [`Config::providers`]. A
/// metric that the host refused to define is never written.
#[derive(Clone, Debug, Default)]
pub struct KeyMetrics(Vec<ProviderMetrics>);

/// The metrics of one provider. Only the groups of metrics that apply to the provider are defined.
/// The others would raise false alerts: for example, a provider with client secrets would show zero
/// keys, and a provider that never fetches would show a last fetch in 1970.
#[derive(Clone, Debug)]
struct ProviderMetrics {
    is_enabled: bool,
    keys: Option<Gauges<KeyGauges>>,
    fetches: Option<Gauges<FetchMetrics>>,
    /// The status that the gauges show now; `None` before they are first set.
    status: Cell<Option<KeyStatus>>,
}

/// A group of metrics. `name` is the common prefix of the metrics' names.
#[derive(Clone, Debug)]
struct Gauges<M> {
    name: String,
    metrics: M,
}

#[derive(Clone, Debug)]
struct KeyGauges {
    count: Option<MetricId>,
    /// 1 if the provider is enabled and has no key, otherwise 0. Alerts should use this gauge,
    /// because `count` is also 0 for disabled and removed providers.
    missing: Option<MetricId>,
}

#[derive(Clone, Debug)]
struct FetchMetrics {
    success: Option<MetricId>,
    failed: Option<MetricId>,
    last_success_seconds: Option<MetricId>,
    stale: Option<MetricId>,
}

impl KeyMetrics {
    /// Defines the metrics of `config`.
    #[must_use]
    pub fn define(config: &Config, registry: &impl MetricRegistry) -> Self {
        let prefix = prefix(config);
        let providers = config.providers().map(|(_, provider)| {
            let name = format!("{prefix}provider.{}", provider.name);
            ProviderMetrics::define(provider, &name, registry)
        });
        Self(providers.collect())
    }

    /// Counts a fetch that has ended.
    pub(in crate::gate) fn fetched(&self, outcome: &FetchOutcome, meter: &impl Meter) {
        let fetching = outcome.providers.iter().filter_map(|id| {
            let metrics = self.0.get(id.index())?;
            Some(&metrics.fetches.as_ref()?.metrics)
        });
        for metrics in fetching {
            let counter = match outcome.keys {
                Ok(_) => metrics.success,
                Err(_) => metrics.failed,
            };
            increment(counter, meter);
        }
    }

    /// Sets the gauges of a provider's keys if the keys' status has changed. Called each time the
    /// keeper runs.
    pub(in crate::gate) fn set_key_gauges(
        &self,
        provider: ProviderId,
        status: KeyStatus,
        meter: &impl Meter,
    ) {
        if let Some(metrics) = self.0.get(provider.index())
            && metrics.status.replace(Some(status)) != Some(status)
        {
            let is_missing = metrics.is_enabled && status.keys == 0;
            metrics.write(status, is_missing, |_| true, meter);
        }
    }

    /// Makes the next calls of [`set_key_gauges`](Self::set_key_gauges) set every gauge, whether or
    /// not the status has changed.
    pub(in crate::gate) fn forget_status(&self) {
        self.0.iter().for_each(|metrics| metrics.status.set(None));
    }

    /// The names of all groups of metrics.
    pub(in crate::gate) fn gauges(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|metrics| {
            let keys = metrics.keys.as_ref().map(|gauges| gauges.name.as_str());
            let fetches = metrics.fetches.as_ref().map(|gauges| gauges.name.as_str());
            keys.into_iter().chain(fetches)
        })
    }

    /// Resets the groups of gauges named in `unused`. Their providers were removed, so stale values
    /// could raise false alerts.
    pub fn clear(&self, unused: &[&str], meter: &impl Meter) {
        for metrics in &self.0 {
            let selected = |name: &str| unused.contains(&name);
            metrics.write(KeyStatus::default(), false, selected, meter);
        }
    }
}

impl ProviderMetrics {
    fn define(provider: &Provider, name: &str, registry: &impl MetricRegistry) -> Self {
        let has_keys = provider.trust().is_some();
        let fetches = provider.remote_keys().is_some();
        let counter = |metric: &str| registry.counter(&format!("{name}.{metric}"));
        let gauge = |metric: &str| registry.gauge(&format!("{name}.{metric}"));
        Self {
            is_enabled: provider.is_enabled(),
            keys: has_keys.then(|| Gauges {
                name: format!("{name}.keys"),
                metrics: KeyGauges {
                    count: gauge("keys"),
                    missing: gauge("keys_missing"),
                },
            }),
            fetches: fetches.then(|| Gauges {
                name: format!("{name}.jwks"),
                metrics: FetchMetrics {
                    success: counter("jwks.fetch_success"),
                    failed: counter("jwks.fetch_failed"),
                    last_success_seconds: gauge("jwks.last_success_seconds"),
                    stale: gauge("jwks.stale"),
                },
            }),
            status: Cell::new(None),
        }
    }

    /// Writes the status to each group of gauges for whose name `is_selected` returns true.
    fn write(
        &self,
        status: KeyStatus,
        is_missing: bool,
        is_selected: impl Fn(&str) -> bool,
        meter: &impl Meter,
    ) {
        if let Some(Gauges { name, metrics }) = &self.keys
            && is_selected(name)
        {
            let keys = u64::try_from(status.keys).unwrap_or(u64::MAX);
            record(metrics.count, keys, meter);
            record(metrics.missing, u64::from(is_missing), meter);
        }
        if let Some(Gauges { name, metrics }) = &self.fetches
            && is_selected(name)
        {
            record(metrics.stale, u64::from(status.is_stale), meter);
            if let Some(fetched_at) = status.fetched_at {
                let seconds = u64::try_from(fetched_at.seconds().as_i64()).unwrap_or(0);
                record(metrics.last_success_seconds, seconds, meter);
            }
        }
    }
}

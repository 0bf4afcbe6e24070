//! Loads configurations, on the main thread.

use std::sync::Arc;

use portcullis::{
    config::{Config, ConfigError, Fault},
    decision::Exports,
    gate::{ConfigDigest, DecisionMetrics, KeyMetrics, LogLevel},
    json,
};
use serde_json::Value;

use crate::{
    abi::{self, Configuration},
    clock, defects,
    filter::{Filter, Signals},
    log::write_log,
    metrics::Definitions,
    numbers::Number,
    records::ProcessRecords,
    registry, signatures,
};

/// The only value of `filter_name` that this library accepts.
const NAME: &str = "portcullis";

/// The gauges that a configuration's keeper may set.
pub(super) struct Gauges {
    pub(super) own: KeyMetrics,
    /// The gauges of the configurations that Envoy loaded earlier. Envoy never removes a gauge, so
    /// this keeper resets the gauges of an earlier configuration when that configuration is
    /// removed. Envoy allows definitions only while a configuration is being loaded, so the gauges
    /// are defined in advance.
    pub(super) others: Vec<(Number, KeyMetrics)>,
}

/// Loads a configuration from the bytes that Envoy provides, and defines its metrics. If the
/// configuration is invalid, logs the reason and returns `None`.
pub(super) fn load(
    configuration: &Configuration<'_>,
    name: &[u8],
    bytes: &[u8],
) -> Option<(Arc<Filter>, Gauges)> {
    match read(configuration, name, bytes) {
        Ok(loaded) => Some(loaded),
        Err(reason) => {
            let line = format!("configuration refused: {reason}");
            write_log(LogLevel::Error, &line);
            None
        }
    }
}

fn read(
    configuration: &Configuration<'_>,
    name: &[u8],
    bytes: &[u8],
) -> Result<(Arc<Filter>, Gauges), String> {
    if name != NAME.as_bytes() {
        return Err(format!("filter_name: write \"{NAME}\""));
    }
    let (document, config) = parse(bytes).map_err(|error| error.to_string())?;
    if let Some(field) = nested_export(&config)
        && !abi::has_metadata_structs()
    {
        return Err(format!(
            "{field}: this Envoy does not support nested dynamic metadata; use Envoy 1.40 or later, or remove this field"
        ));
    }
    let scheduler = configuration
        .scheduler()
        .ok_or("Envoy offers no scheduler")?;
    for warning in config.warnings_at_load(Some(clock::now().seconds())) {
        let line = format!("configuration: {warning}");
        write_log(LogLevel::Warn, &line);
    }
    let definitions = Definitions::new(configuration);
    let decisions = DecisionMetrics::define(&config, &definitions);
    let gauges = Gauges {
        own: KeyMetrics::define(&config, &definitions),
        others: registry::all()
            .iter()
            .map(|other| {
                (
                    other.number,
                    KeyMetrics::define(&other.config, &definitions),
                )
            })
            .collect(),
    };
    // `serde_json` sorts the members, so equal configurations have equal texts.
    let digest = ConfigDigest::of(document.to_string().as_bytes());
    let backend = signatures::choose(&config)?;
    signatures::report(backend);
    let sources = config.key_store().identities().collect();
    defects::trip("read");
    // The following code cannot panic. So everything that it acquires is released when the
    // configuration is released.
    let filter = Filter {
        number: Number::next(),
        records: ProcessRecords::acquire(sources),
        config: Arc::new(config),
        backend,
        digest,
        decisions,
        metrics: definitions.into_metrics(),
        scheduler: Arc::new(scheduler),
        signals: Signals::default(),
    };
    Ok((Arc::new(filter), gauges))
}

/// Parses a configuration. Also returns its JSON.
fn parse(bytes: &[u8]) -> Result<(Value, Config), ConfigError> {
    let document = json::parse(bytes).map_err(Fault::Json)?;
    let config = Config::from_value(&document)?;
    Ok((document, config))
}

/// The name of the first field that exports nested values to other filters; `None` if no such field
/// is set.
fn nested_export(config: &Config) -> Option<&'static str> {
    let fields = |exports: &Exports| {
        let named = [
            (&exports.payload, "payload_in_metadata"),
            (&exports.header, "header_in_metadata"),
            (&exports.failed_status, "failed_status_in_metadata"),
        ];
        named
            .into_iter()
            .find_map(|(key, field)| key.is_some().then_some(field))
    };
    config
        .providers()
        .find_map(|(_, provider)| fields(&provider.exports))
}

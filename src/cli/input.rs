//! Files named on the command line.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde_json::Value;

use crate::{
    cli::Failure,
    config::{Config, ConfigError, KeySource, ProviderId},
};

/// `PROVIDER=FILE`.
#[derive(Clone, Debug)]
pub struct KeySetFile {
    provider: String,
    file: PathBuf,
}

impl FromStr for KeySetFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((provider, file)) if !provider.is_empty() && !file.is_empty() => Ok(Self {
                provider: provider.to_owned(),
                file: file.into(),
            }),
            _ => Err("write PROVIDER=FILE"),
        }
    }
}

impl KeySetFile {
    /// The provider's name.
    pub(super) fn provider_name(&self) -> &str {
        &self.provider
    }

    /// The provider, which must fetch its keys, and the file's bytes.
    pub(super) fn read(&self, config: &Config) -> Result<(ProviderId, Vec<u8>), Failure> {
        let unusable = |what: &str| Failure::Usage(format!("--jwks {}: {what}", self.provider));
        let (id, provider) = config
            .providers()
            .find(|(_, provider)| provider.name == self.provider)
            .ok_or_else(|| unusable("no such provider in the configuration"))?;
        if !matches!(provider.keys, KeySource::Remote(_)) {
            return Err(unusable("this provider fetches no keys"));
        }
        Ok((id, read(&self.file)?))
    }
}

/// Reads a configuration: JSON, or YAML that means the same.
pub(super) fn config(path: &Path) -> Result<Result<Config, ConfigError>, Failure> {
    let bytes = read(path)?;
    // JSON goes in as it is: the module reads those bytes, duplicate names and all.
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(Config::parse(&bytes));
    }
    let unreadable = |error: &dyn core::fmt::Display| {
        Failure::Usage(format!(
            "{}: neither JSON nor YAML: {error}",
            path.display()
        ))
    };
    let text = str::from_utf8(&bytes).map_err(|error| unreadable(&error))?;
    let value: Value = match serde_saphyr::from_str(text) {
        Ok(value) => value,
        Err(error) if error.to_string().contains("duplicate") => {
            return Err(Failure::Finding(format!(
                "{}: a name occurs twice; remove one of them",
                path.display()
            )));
        }
        Err(error) => return Err(unreadable(&error)),
    };
    if ["static_resources", "staticResources", "resources"]
        .iter()
        .any(|name| value.get(name).is_some())
    {
        return Err(Failure::Usage(format!(
            "{}: an Envoy configuration; give what stands under \"value\" in the filter's own, or ask \
             Envoy: --mode validate --log-level warning",
            path.display()
        )));
    }
    if holds_fraction(&value) {
        return Err(Failure::Finding(format!(
            "{}: a number with a fraction or an exponent, or beyond 2^53, stands unquoted; Envoy \
             reads it as text: quote it, or write a plain integer",
            path.display()
        )));
    }
    Ok(Config::parse(value.to_string().as_bytes()))
}

/// Whether some number is one that Envoy's reader of YAML takes for text, so that it would mean one
/// thing here and another there.
fn holds_fraction(value: &Value) -> bool {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Array(elements) => elements.iter().any(holds_fraction),
        Value::Object(members) => members.values().any(holds_fraction),
        Value::Number(number) => {
            number.is_f64()
                || number.as_i64().is_some_and(|n| n.unsigned_abs() > EXACT)
                || number.as_u64().is_some_and(|n| n > EXACT)
        }
        Value::Bool(_) | Value::Null | Value::String(_) => false,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

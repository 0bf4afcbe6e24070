//! Files named on the command line.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{
    cli::Failure,
    config::{Config, ConfigError, ProviderId},
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

    /// The provider, and the file's bytes.
    pub(super) fn read(&self, config: &Config) -> Result<(ProviderId, Vec<u8>), Failure> {
        let provider = config
            .providers()
            .find(|(_, provider)| provider.name == self.provider)
            .map(|(id, _)| id)
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "--jwks {}: no such provider in the configuration",
                    self.provider
                ))
            })?;
        Ok((provider, read(&self.file)?))
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
    let value: serde_json::Value =
        serde_saphyr::from_str(text).map_err(|error| unreadable(&error))?;
    Ok(Config::parse(value.to_string().as_bytes()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

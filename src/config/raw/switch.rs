//! A switch that is `on` or `off`.

use serde_json::Value;

use super::{Read, object::choose};
use crate::config::ConfigError;

/// `on` or `off`.
///
/// Booleans are accepted too, because Envoy's YAML reader turns an unquoted `off` into `false`.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) enum RawSwitch {
    /// `on` or `true`.
    On,
    /// `off` or `false`.
    Off,
}

impl Read for RawSwitch {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        match value {
            Value::Bool(true) => Ok(Self::On),
            Value::Bool(false) => Ok(Self::Off),
            _ => choose(value, &["off", "on"], [Self::Off, Self::On]),
        }
    }
}

super::describe::describe! {
    RawSwitch: {"enum": ["on", "off", true, false]},
}

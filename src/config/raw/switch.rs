//! A switch that is `on` or `off`.

use serde_json::Value;

use super::{Read, Reader, object::choose};

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
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        match value {
            Value::Bool(true) => Self::On,
            Value::Bool(false) => Self::Off,
            _ if choose(value, &["off", "on"], reader) == Some(1) => Self::On,
            _ => Self::Off,
        }
    }
}

super::describe::describe! {
    RawSwitch: {"enum": ["on", "off", true, false]},
}

//! The values of a header in a test.

use serde_json::Value;

use crate::{
    finding::{Finding, Severity},
    source::Source,
};
use portcullis::config::ConfigPath;

/// The value of a single header line, or the values of several lines with the same name.
#[derive(Debug)]
pub(super) enum Values {
    One(String),
    Several(Vec<String>),
}

impl Values {
    pub(super) fn read(source: &Source, at: &ConfigPath, written: &Value) -> Result<Self, Finding> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let read = match written {
            Value::Array(values) => {
                let values: Option<Vec<_>> = values.iter().map(text).collect();
                values.map(Self::Several)
            }
            value => text(value).map(Self::One),
        };
        read.ok_or_else(|| {
            let message = "write a string or a list of strings; put a number between quotes";
            source.at(Severity::Error, at, message)
        })
    }
}

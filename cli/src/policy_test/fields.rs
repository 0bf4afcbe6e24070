//! Reads the fields of an object in a test file.
//!
//! If a value is wrong, the deserializers that Serde derives do not name the field. The functions
//! in this file report the field, its position, and what to write there. They never repeat a value,
//! because it may be a secret.

use core::fmt::Display;

use serde_json::{Map, Value};

use crate::{
    finding::{Finding, Severity},
    source::Source,
};
use portcullis::config::{ConfigPath, Fault, nearest};

/// An object whose field names are all known.
pub(super) struct Fields<'a> {
    source: &'a Source,
    at: ConfigPath,
    members: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Opens the object at `at`. Fails if the value is not an object, or if it has a field with a
    /// name that is not in the list.
    pub(super) fn of(
        source: &'a Source,
        at: &ConfigPath,
        value: &'a Value,
        known: &[&'static str],
    ) -> Result<Self, Finding> {
        let members = value.as_object().ok_or_else(|| {
            let message = format!("write an object; its fields are {}", known.join(", "));
            in_object(source, at, at, message)
        })?;
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(Self {
                source,
                at: at.clone(),
                members,
            }),
            Some(name) => {
                let message = unknown_field(name, known);
                Err(in_object(source, at, &at.member(name), message))
            }
        }
    }

    /// An error in a field.
    pub(super) fn error(&self, name: &str, message: impl Into<String>) -> Finding {
        self.source
            .at(Severity::Error, &self.at.member(name), message)
    }

    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name)
    }

    /// Returns the value of a field. Fails if the field is missing.
    pub(super) fn required(&self, name: &str) -> Result<&'a Value, Finding> {
        self.value(name).ok_or_else(|| {
            let message = format!("\"{name}\" is missing; add \"{name}\"");
            in_object(self.source, &self.at, &self.at, message)
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Finding> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.read(
            name,
            text,
            "write a string; put a number or a word such as \"yes\" between quotes",
        )
    }

    /// Returns the value of a string field. Fails if the field is missing.
    pub(super) fn required_text(&self, name: &str) -> Result<String, Finding> {
        self.required(name)?;
        self.text(name).map(Option::unwrap_or_default)
    }

    /// Returns the value of a number field. If the value is wrong, the error message shows
    /// `example`.
    pub(super) fn number<T: Copy + TryFrom<u64> + Display>(
        &self,
        name: &str,
        example: T,
    ) -> Result<Option<T>, Finding> {
        let number = |value: &Value| T::try_from(value.as_u64()?).ok();
        let message = format!("write a number, such as {example}");
        self.read(name, number, &message)
    }

    /// Returns the value of a boolean field, or false if the field is absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Finding> {
        let flag = self.read(name, Value::as_bool, "write true or false");
        flag.map(Option::unwrap_or_default)
    }

    /// Returns the value of an object field, or an empty object if the field is absent. The
    /// object's members may have any name.
    pub(super) fn object(&self, name: &str) -> Result<Map<String, Value>, Finding> {
        let object = |value: &Value| value.as_object().cloned();
        let object = self.read(name, object, "write names and values: { NAME: VALUE }");
        object.map(Option::unwrap_or_default)
    }

    fn read<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
        message: &str,
    ) -> Result<Option<T>, Finding> {
        let value = self.value(name).map(read);
        match value {
            Some(None) => Err(self.error(name, message)),
            value => Ok(value.flatten()),
        }
    }
}

/// An error that names the object's path, `at`, but has the position of `place`.
fn in_object(source: &Source, at: &ConfigPath, place: &ConfigPath, message: String) -> Finding {
    let position = source.at(Severity::Error, place, "").position;
    // If the object is the whole file, the error needs no path.
    let path = match at.steps() {
        [] => String::new(),
        _ => at.to_string(),
    };
    source.finding(Severity::Error, position, path, message)
}

/// The message about an unknown field. Its wording is the same as for an unknown field in a policy.
fn unknown_field(name: &str, known: &[&'static str]) -> String {
    let nearest = nearest(name, known.iter().copied());
    let fault = Fault::UnknownField {
        field: name.to_owned(),
        known: known.to_vec(),
        nearest: nearest.map(str::to_owned),
    };
    match nearest {
        Some(nearest) => format!("{fault}, did you mean \"{nearest}\"?"),
        None => format!("{fault}; {}", fault.remedy()),
    }
}

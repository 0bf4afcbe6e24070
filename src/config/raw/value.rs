//! Parses typed values from JSON.
//!
//! `serde`'s derive macro is not used, for three reasons. First, its parsers accept a list in place
//! of an object and assign the fields by position, so `requires: ["okta"]` would set an arbitrary
//! field. Second, its errors are strings without a path. Third, the code that the macro generated
//! was a tenth of the WebAssembly module's size.
//!
//! Where an object is expected, this parser accepts nothing else. A double without a fraction
//! counts as an integer, because all numbers in a `google.protobuf.Struct` are doubles. `null`
//! means that a field is absent, as in protobuf JSON, unless the field is marked `!null` in
//! [`object!`](super::object). Every error is a [`ConfigError`], which contains the path of the
//! faulty value.

use serde_json::{Number, Value};

use crate::{
    config::{ConfigError, Fault, error::At},
    json,
};

/// A type that can be parsed from a JSON value.
pub(in crate::config) trait Read: Sized {
    /// Parses `value`.
    fn read(value: &Value) -> Result<Self, ConfigError>;

    /// Returns the value to use if the field `name` is absent, or an error if the field is
    /// required.
    fn absent(name: &'static str) -> Result<Self, ConfigError> {
        Err(Fault::MissingField { field: name }.into())
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        if value.is_null() {
            return Ok(None);
        }
        T::read(value).map(Some)
    }

    fn absent(_name: &'static str) -> Result<Self, ConfigError> {
        Ok(None)
    }
}

impl Read for bool {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        value
            .as_bool()
            .ok_or_else(|| wrong_type("a boolean", value))
    }
}

impl Read for u64 {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        let number = value.as_number();
        number
            .and_then(Number::as_u64)
            .or_else(|| Self::try_from(json::integer(number?)?).ok())
            .ok_or_else(|| wrong_type("an unsigned integer", value))
    }
}

impl Read for u32 {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        let number = u64::read(value)?;
        Self::try_from(number).map_err(|_| wrong_type("an unsigned integer", value))
    }
}

impl Read for String {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        text(value).map(str::to_owned)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        let elements = value
            .as_array()
            .ok_or_else(|| wrong_type("a list", value))?;
        let mut list = Self::new();
        for (index, element) in elements.iter().enumerate() {
            list.push(T::read(element).at_index(index)?);
        }
        Ok(list)
    }
}

/// The members of an object, sorted by name. The operator chooses the names.
#[derive(Debug)]
pub(in crate::config) struct Named<T>(pub(in crate::config) Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Named<T> {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        let members = value
            .as_object()
            .ok_or_else(|| wrong_type("an object", value))?;
        let mut named = Vec::new();
        // A `Map` is a `BTreeMap`, so the members are sorted.
        for (name, member) in members {
            named.push((name.clone(), T::read(member).at(name)?));
        }
        Ok(Self(named))
    }
}

/// Returns the string in `value`.
pub(super) fn text(value: &Value) -> Result<&str, ConfigError> {
    value.as_str().ok_or_else(|| wrong_type("a string", value))
}

/// Returns the error for a `value` that does not have the type `expected`.
pub(super) fn wrong_type(expected: &'static str, value: &Value) -> ConfigError {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => {
            json::integer(number).map_or_else(|| number.to_string(), |whole| whole.to_string())
        }
        Value::String(text) => format!("string {text:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    Fault::WrongType { expected, found }.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Providers and clients are looked up by binary search, so they must be sorted.
    #[test]
    fn sorts_names() {
        let read = Named::<u64>::read(&json!({"b": 1, "a": 2, "B": 3, "a.b": 4})).unwrap();
        let names: Vec<&str> = read.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["B", "a", "a.b", "b"]);
    }
}

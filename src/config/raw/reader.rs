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

use serde_json::{Map, Value};

use super::describe::Describe;
use crate::{
    config::{ConfigError, Fault},
    json,
};

/// Parses a value. Returns the first error.
pub(in crate::config) fn read<T: Read>(value: &Value) -> Result<T, ConfigError> {
    let mut reader = Reader::default();
    let object = T::read(value, &mut reader);
    reader.error.map_or(Ok(object), Err)
}

/// A type that can be parsed from a JSON value.
pub(in crate::config) trait Read: Describe {
    /// Parses `value`. If the value is wrong, records the error in `reader` and returns an
    /// arbitrary value.
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self;
}

/// The place of the value that is being parsed, and the first error.
///
/// A parser that finds an error records it here, returns a default and goes on. Only [`read`] turns
/// the recorded error into a `Result`. If each parser returned a `Result`, each of its callers would
/// need code to drop what it has parsed so far. That code would be 5 % of the WebAssembly module.
#[derive(Debug, Default)]
pub(in crate::config) struct Reader<'a> {
    path: Vec<Place<'a>>,
    error: Option<ConfigError>,
}

/// A step into an object or a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    Member(&'a str),
    Element(usize),
}

impl<'a> Reader<'a> {
    /// Parses the value at `place`, which is a step from the current place.
    pub(super) fn read<T: Read>(&mut self, place: Place<'a>, value: &'a Value) -> T {
        self.path.push(place);
        let read = T::read(value, self);
        self.path.pop();
        read
    }

    /// Records an error at the current place, unless there already is an error.
    pub(super) fn fail(&mut self, fault: Fault) {
        if self.error.is_none() {
            let mut error = ConfigError::from(fault);
            for place in self.path.iter().rev() {
                error = match *place {
                    Place::Member(name) => error.within(name),
                    Place::Element(index) => error.within_index(index),
                };
            }
            self.error = Some(error);
        }
    }

    /// Records an error at the member `name`.
    pub(super) fn fail_at(&mut self, name: &'a str, fault: Fault) {
        self.path.push(Place::Member(name));
        self.fail(fault);
        self.path.pop();
    }

    /// Records that `value` does not have the type `expected`.
    pub(super) fn wrong_type(&mut self, expected: &'static str, value: &Value) {
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
        self.fail(Fault::WrongType { expected, found });
    }

    /// Returns `parsed`. If it is `None`, records that `value` does not have the type `expected`.
    pub(super) fn expect<T>(
        &mut self,
        parsed: Option<T>,
        expected: &'static str,
        value: &Value,
    ) -> Option<T> {
        if parsed.is_none() {
            self.wrong_type(expected, value);
        }
        parsed
    }

    /// Returns the elements of a list.
    pub(super) fn elements(&mut self, value: &'a Value) -> &'a [Value] {
        let elements = self.expect(value.as_array(), "a list", value);
        elements.map_or(&[], Vec::as_slice)
    }

    /// Returns the members of an object.
    pub(super) fn members(
        &mut self,
        value: &'a Value,
        expected: &'static str,
    ) -> Option<&'a Map<String, Value>> {
        self.expect(value.as_object(), expected, value)
    }
}

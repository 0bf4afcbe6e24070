//! Reading of typed values out of JSON.
//!
//! [`Node`] is a `serde` deserializer over a parsed value. `serde_json` has one too, but it reads
//! a list as an object whose fields it takes by position (`requires: ["okta"]` would name some
//! field), and its errors are prose without a path. This one takes objects for objects only, takes
//! whole doubles for integers (a `google.protobuf.Struct` has nothing but doubles), reads `null`
//! as an absent field, as protobuf JSON does, and fails with a [`ConfigError`] at its path.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeSeed, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
        Visitor, value::BorrowedStrDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Number, Value, map};

use super::absence;
use crate::config::{ConfigError, Reason};

/// Largest magnitude up to which every integer is a double.
const MAX_EXACT_DOUBLE: f64 = 9_007_199_254_740_992.0;

/// Reads a `T` out of `value`.
pub(in crate::config) fn read<'de, T: Deserialize<'de>>(
    value: &'de Value,
) -> Result<T, ConfigError> {
    T::deserialize(Node(value))
}

/// One value of a parsed document.
#[derive(Clone, Copy)]
struct Node<'de>(&'de Value);

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => visit_number(number, visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => visitor.visit_seq(Elements {
                rest: elements.iter(),
                next: 0,
            }),
            Value::Object(members) => visitor.visit_map(Members::new(members)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        match self.0 {
            Value::Object(members) => visitor.visit_map(Members::new(members)),
            other => Err(de::Error::invalid_type(unexpected(other), &visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            other => Err(de::Error::invalid_type(unexpected(other), &"a string")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The elements of a list, with the position of the next one.
struct Elements<'de> {
    rest: std::slice::Iter<'de, Value>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = ConfigError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ConfigError> {
        let Some(element) = self.rest.next() else {
            return Ok(None);
        };
        let index = self.next;
        self.next = index.saturating_add(1);
        seed.deserialize(Node(element))
            .map(Some)
            .map_err(|error| error.within_index(index))
    }
}

/// The members of an object, with the one whose name has been read.
struct Members<'de> {
    rest: map::Iter<'de>,
    current: Option<(&'de str, &'de Value)>,
}

impl<'de> Members<'de> {
    fn new(members: &'de Map<String, Value>) -> Self {
        Self {
            rest: members.iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = ConfigError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ConfigError> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.current = Some((name, value));
        seed.deserialize(BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, ConfigError> {
        let (name, value) = self.current.take().unwrap_or(("", &Value::Null));
        seed.deserialize(Node(value))
            .map_err(|error| error.within(name))
    }
}

/// Gives a number to `visitor`: as an integer where it is one.
fn visit_number<'de, V: Visitor<'de>>(
    number: &Number,
    visitor: V,
) -> Result<V::Value, ConfigError> {
    if let Some(unsigned) = number.as_u64() {
        return visitor.visit_u64(unsigned);
    }
    if let Some(signed) = number.as_i64().or_else(|| whole(number.as_f64()?)) {
        // Visitors of unsigned integers take a signed one too, where it is not negative.
        return visitor.visit_i64(signed);
    }
    visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
}

/// The integer that a double is. `Display` of a whole double is its plain decimal digits.
fn whole(double: f64) -> Option<i64> {
    let is_whole = double.fract() == 0.0 && double.abs() <= MAX_EXACT_DOUBLE;
    is_whole.then(|| double.to_string().parse().ok()).flatten()
}

fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(flag) => Unexpected::Bool(*flag),
        Value::Number(number) => number
            .as_f64()
            .map_or(Unexpected::Other("number"), Unexpected::Float),
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

impl de::Error for ConfigError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Reason::WrongType {
            expected: message.to_string(),
            found: "something else".to_owned(),
        }
        .into()
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Reason::WrongType {
            expected: name_expected(expected),
            found: name_found(found),
        }
        .into()
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        match absence(field, known) {
            Some(reason) => reason.into(),
            None => Reason::UnknownField {
                field: field.to_owned(),
                known,
            }
            .into(),
        }
    }

    fn unknown_variant(value: &str, known: &'static [&'static str]) -> Self {
        Reason::UnknownValue {
            value: value.to_owned(),
            known,
        }
        .into()
    }

    fn missing_field(field: &'static str) -> Self {
        Reason::MissingField { field }.into()
    }

    fn duplicate_field(field: &'static str) -> Self {
        Reason::SpeltTwice { field }.into()
    }
}

/// `serde`'s names of types, in the words of JSON.
fn name_expected(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "u32" | "u64" => "an unsigned integer".to_owned(),
        "i64" => "an integer".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        other => other.to_owned(),
    }
}

fn name_found(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        Unexpected::Bool(flag) => flag.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Float(number) => number.to_string(),
        Unexpected::Str(text) => format!("string {text:?}"),
        other => other.to_string(),
    }
}

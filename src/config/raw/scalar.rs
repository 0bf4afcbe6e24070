//! Values that JSON writes in more than one way.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Unexpected, Visitor},
};
use serde_json::Value;

use crate::jose::ClaimPath;

/// An integer, which protobuf JSON may also write as a string of digits.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::config) struct Integer(pub(in crate::config) i64);

/// A string, number or boolean.
#[derive(Clone, Debug)]
pub(in crate::config) struct Scalar(pub(in crate::config) Value);

/// A claim: the name of one at the top, literally, or a list of literal segments.
#[derive(Clone, Debug)]
pub(in crate::config) struct ClaimName(pub(in crate::config) ClaimPath);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl<'de> Deserialize<'de> for ClaimName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ClaimVisitor)
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = Integer;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an integer")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Integer, E> {
        Ok(Integer(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Integer, E> {
        i64::try_from(number)
            .map(Integer)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Integer, E> {
        text.parse()
            .map(Integer)
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string, a number or a boolean")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Scalar, E> {
        Ok(Scalar(flag.into()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(number.into()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(text.into()))
    }
}

struct ClaimVisitor;

impl<'de> Visitor<'de> for ClaimVisitor {
    type Value = ClaimName;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a claim, or a list of the names on the way to it")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<ClaimName, E> {
        if name.is_empty() {
            return Err(E::invalid_value(Unexpected::Str(name), &self));
        }
        Ok(ClaimName(ClaimPath::top_level(name)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<ClaimName, A::Error> {
        let mut segments = Vec::<String>::new();
        while let Some(segment) = elements.next_element()? {
            segments.push(segment);
        }
        ClaimPath::from_segments(segments)
            .map(ClaimName)
            .ok_or_else(|| de::Error::invalid_value(Unexpected::Other("an empty list"), &self))
    }
}

//! Parses one level of JSON, so that an error inside one member does not affect the other members.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value whose members or elements are still unparsed text.
///
/// The visitor accepts values of every type, so `serde_json` never has to report a wrong type. The
/// report would format numbers, and the code for this would add 27 kB to the WebAssembly module.
pub(super) enum Shallow<'a> {
    Object(Vec<(String, &'a RawValue)>),
    List(Vec<&'a RawValue>),
    Scalar,
}

impl<'de> Deserialize<'de> for Shallow<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShallowVisitor)
    }
}

struct ShallowVisitor;

impl<'de> Visitor<'de> for ShallowVisitor {
    type Value = Shallow<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Shallow<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Shallow::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Shallow<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Shallow::List(elements))
    }

    fn visit_unit<E>(self) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }
}

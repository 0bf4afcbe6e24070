//! Types of JSON values: booleans, numbers, strings, lists, and objects whose members the operator
//! names.

use serde_json::{Number, Value, json};

use super::{
    describe::{Definitions, Describe},
    reader::{Place, Read, Reader},
};
use crate::json;

impl<T: Read> Read for Option<T> {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        if value.is_null() {
            return None;
        }
        Some(T::read(value, reader))
    }
}

impl Read for bool {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let flag = reader.expect(value.as_bool(), "a boolean", value);
        flag.unwrap_or_default()
    }
}

impl Read for u64 {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let number = value.as_number().and_then(|number| {
            let whole = Number::as_u64(number);
            whole.or_else(|| Self::try_from(json::integer(number)?).ok())
        });
        let number = reader.expect(number, "an unsigned integer", value);
        number.unwrap_or_default()
    }
}

impl Read for u32 {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let number = Self::try_from(u64::read(value, reader)).ok();
        let number = reader.expect(number, "an unsigned integer", value);
        number.unwrap_or_default()
    }
}

impl Read for String {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let text = reader.expect(value.as_str(), "a string", value);
        text.unwrap_or_default().to_owned()
    }
}

impl<T: Read> Read for Vec<T> {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let mut list = Self::new();
        for (index, element) in reader.elements(value).iter().enumerate() {
            list.push(reader.read(Place::Element(index), element));
        }
        list
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
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let mut named = Vec::new();
        // A `Map` is a `BTreeMap`, so the members are sorted.
        for (name, member) in reader.members(value, "an object").into_iter().flatten() {
            let read = reader.read(Place::Member(name), member);
            named.push((name.clone(), read));
        }
        Self(named)
    }
}

impl<T: Describe> Describe for Named<T> {
    fn describe(definitions: &mut Definitions) -> Value {
        json!({"type": "object", "additionalProperties": T::describe(definitions)})
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::super::reader::read;
    use super::*;

    /// Providers and clients are looked up by binary search, so they must be sorted.
    #[test]
    fn sorts_names() {
        let named = read::<Named<u64>>(&json!({"b": 1, "a": 2, "B": 3, "a.b": 4})).unwrap();
        let names: Vec<&str> = named.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["B", "a", "a.b", "b"]);
    }
}

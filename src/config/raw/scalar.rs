//! Scalars with more than one JSON form.

use serde_json::Value;

use super::{Read, Reader};
use crate::{
    config::Fault,
    jose::ClaimPath,
    json,
    time::{UnixSeconds, calendar},
};

/// An integer, which protobuf JSON may also write as a string of digits.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::config) struct Integer(pub(in crate::config) i64);

/// A string, number or boolean.
#[derive(Clone, Debug)]
pub(in crate::config) struct Scalar(pub(in crate::config) Value);

/// A point in time: RFC 3339 in UTC, or seconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::config) struct PointInTime(pub(in crate::config) UnixSeconds);

/// A claim: the literal name of a top-level claim, or a list of literal names on the path to a
/// nested claim.
#[derive(Clone, Debug)]
pub(in crate::config) struct ClaimName(pub(in crate::config) ClaimPath);

impl Default for ClaimName {
    fn default() -> Self {
        Self(ClaimPath::top_level(""))
    }
}

impl Read for Integer {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let integer = match value {
            Value::Number(number) => json::integer(number),
            Value::String(digits) => digits.parse().ok(),
            _ => None,
        };
        let integer = reader.expect(integer, "an integer", value);
        Self(integer.unwrap_or_default())
    }
}

impl Read for Scalar {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        match value {
            Value::Number(number) => {
                // A number of 17 digits that is rounded to a double would also match neighbouring
                // numbers, which could belong to other accounts.
                if json::is_inexact(number) {
                    reader.fail(Fault::InexactNumber);
                }
                let integer = json::integer(number).map(Value::from);
                return Self(integer.unwrap_or_else(|| value.clone()));
            }
            Value::Bool(_) | Value::String(_) => {}
            _ => reader.wrong_type("a string, a number or a boolean", value),
        }
        Self(value.clone())
    }
}

impl Read for PointInTime {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let time = match value {
            Value::Number(number) => json::integer(number)
                .filter(|seconds| *seconds >= 0)
                .map(UnixSeconds::new),
            Value::String(text) => calendar::rfc3339(text),
            _ => None,
        };
        let expected = "a time such as \"2027-01-31T00:00:00Z\", or seconds since 1970";
        let time = reader.expect(time, expected, value);
        Self(time.unwrap_or_default())
    }
}

impl Read for ClaimName {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let expected = "the name of a claim, or a list of the names on the path to it";
        match value {
            Value::String(name) if !name.is_empty() => return Self(ClaimPath::top_level(name)),
            Value::Array(_) => match ClaimPath::from_segments(Vec::read(value, reader)) {
                Some(path) => return Self(path),
                None => {
                    let found = "an empty list".to_owned();
                    reader.fail(Fault::WrongType { expected, found });
                }
            },
            _ => reader.wrong_type(expected, value),
        }
        Self::default()
    }
}

super::describe::describe! {
    Integer: {"type": ["integer", "string"], "pattern": "^[+-]?[0-9]+$"},
    PointInTime: {
        "type": ["string", "integer"],
        "minimum": 0,
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
        "examples": ["2027-01-31T00:00:00Z"],
    },
    Scalar: {"type": ["string", "number", "boolean"]},
    ClaimName: {
        "type": ["string", "array"],
        "minLength": 1,
        "minItems": 1,
        "items": {"type": "string"},
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::super::read;
    use super::*;

    #[test]
    fn numbers_that_a_double_rounds_are_refused() {
        for (number, kept) in [
            (json!(1.0), Some("1")),
            (json!(1.5), Some("1.5")),
            (json!(-562_949_953_421_311.0), Some("-562949953421311")),
            (json!(562_949_953_421_312.0), None),
            (json!(i64::MAX), Some("9223372036854775807")),
            (json!(u64::MAX), Some("18446744073709551615")),
            (json!(9_007_199_254_740_992.0), None), // may be a rounded 9007199254740993
            (json!(-9_007_199_254_740_992.0), None),
            (json!(1e300), None),
        ] {
            let read = read::<Scalar>(&number).map(|scalar| scalar.0.to_string());
            match kept {
                Some(kept) => assert_eq!(read.unwrap(), kept),
                None => assert_eq!(
                    *read.unwrap_err().reason(),
                    Fault::InexactNumber,
                    "{number}"
                ),
            }
        }
    }
}

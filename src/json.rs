//! A strict JSON parser.
//!
//! This parser is used for the configuration, JOSE headers, claims, keys and metadata. It accepts
//! the same grammar as `serde_json`, which is that of RFC 8259: UTF-8 without a byte order mark,
//! one value with nothing after it, no lone surrogates, no number that overflows, at most 128
//! levels. In addition, no object at any depth may contain the same name twice. If an object has
//! two members `"alg"` or `"sub"`, some parsers use the first and others use the last, and an
//! attacker can exploit the difference (RFC 8725 section 2.4). RFC 7515 section 4 permits refusing
//! such an object.
//!
//! Every error is a [`JsonError`], which may give a line and a column but never quotes the input.
//! Deep nesting is an error, never a stack overflow.
//!
//! ```
//! use portcullis::json::{JsonError, parse_object};
//!
//! assert!(parse_object(br#"{"alg": "ES256"}"#).is_ok());
//! let repeated = parse_object(br#"{"alg": "ES256", "alg": "none"}"#);
//! assert!(matches!(repeated, Err(JsonError::DuplicateName { line: 1, .. })));
//! ```

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};

/// Why bytes are not the expected JSON. Lines and columns are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// The bytes are not UTF-8 (RFC 8259 section 8.1).
    NotUtf8,
    /// The text is not exactly one JSON value, or has more than 128 levels.
    Malformed {
        /// Line of the first offending character.
        line: usize,
        /// Column of the first offending character, in bytes.
        column: usize,
    },
    /// A name occurs twice in an object. RFC 8259 section 4 does not define what this means.
    DuplicateName {
        /// Line at which the repetition was detected.
        line: usize,
        /// Column at which the repetition was detected, in bytes.
        column: usize,
    },
    /// The value is not an object.
    NotAnObject,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("not UTF-8: encode the JSON text as UTF-8"),
            Self::Malformed { line, column } => write!(
                f,
                "not a single JSON value, or nested deeper than 128 levels: correct line {line}, \
                 column {column}"
            ),
            Self::DuplicateName { line, column } => write!(
                f,
                "a name occurs twice in one object: remove one of the two members before line \
                 {line}, column {column}"
            ),
            Self::NotAnObject => f.write_str("not a JSON object: write `{…}`"),
        }
    }
}

impl std::error::Error for JsonError {}

/// If the magnitude of an integer `N` is below this limit, `serde_json` parses the text `N.0` to
/// exactly `N`. For larger integers, the result may be off by one. `serde_json` also has an exact
/// parser, but it would add 17 kB to the WebAssembly module.
const MAX_TEXT_INTEGER: u64 = 1 << 49;

/// Two different integers never round to the same double if their magnitudes are below this limit.
const MAX_DOUBLE_INTEGER: u64 = 1 << 53;

/// Parses one strict JSON value of any type.
///
/// # Errors
/// [`JsonError`] if the bytes are anything else.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let strict: Strict = serde_json::from_str(text).map_err(|error| from_serde(&error))?;
    Ok(strict.0)
}

/// Strictly parses a single JSON object.
///
/// # Errors
/// [`JsonError`] if the bytes are anything else.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    match parse(bytes)? {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::NotAnObject),
    }
}

/// Converts a number to an integer, if its value is an integer that fits into an `i64`. Doubles
/// such as `1.0` and `1e3` count as integers. Large doubles do not, because parsing may have
/// rounded them to another integer.
pub fn integer(number: &Number) -> Option<i64> {
    whole(number, MAX_TEXT_INTEGER)
}

/// Converts a double to a JSON number. Returns `None` if the double is not finite. A whole number
/// below 2^53 becomes an integer. A larger whole number stays a double, because it may be the
/// rounded value of a neighbouring integer.
pub fn from_double(double: f64) -> Option<Number> {
    let number = Number::from_f64(double)?;
    Some(whole(&number, MAX_DOUBLE_INTEGER).map_or(number, Number::from))
}

/// Returns true if two numbers are equal. An [inexact](is_inexact) double is equal to no number,
/// not even to itself.
pub fn are_equal(left: &Number, right: &Number) -> bool {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right && !is_inexact(left),
    }
}

/// Returns true if a number is a double so large that parsing may have rounded it to another
/// integer.
pub fn is_inexact(number: &Number) -> bool {
    const FIRST: f64 = 562_949_953_421_312.0; // MAX_TEXT_INTEGER
    number.is_f64() && number.as_f64().is_none_or(|double| double.abs() >= FIRST)
}

fn whole(number: &Number, end: u64) -> Option<i64> {
    if number.is_i64() {
        return number.as_i64();
    }
    // The number is written as text and parsed, because a cast would clamp a number that is too
    // large.
    let integer: i64 = number.to_string().strip_suffix(".0")?.parse().ok()?;
    (integer.unsigned_abs() < end).then_some(integer)
}

fn from_serde(error: &serde_json::Error) -> JsonError {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        // The visitor accepts every type of value, so its only error is a duplicate name.
        Category::Data => JsonError::DuplicateName { line, column },
        Category::Syntax | Category::Eof | Category::Io => JsonError::Malformed { line, column },
    }
}

/// A JSON value in which no object contains the same name twice. `Value`'s own `Deserialize` is not
/// used, for two reasons. It keeps the last of two members with the same name. And if the feature
/// `raw_value` is enabled, it treats one particular member name specially.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        // JSON text cannot express infinity or NaN, so `from_f64` succeeds and `Null` is never
        // used.
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Strict(element)) = access.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = access.next_entry::<String, Strict>()? {
            if members.insert(name, value).is_some() {
                return Err(de::Error::custom("duplicate name"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn parses_every_type_of_value() {
        let text = r#" {"a":[null,true,-1,18446744073709551615,0.5,"é\u00e9\ud83d\ude00"],"":{}} "#;
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_whole_double_is_an_integer_while_doubles_are_exact() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("-7", Some(-7)),
            ("1.0", Some(1)),
            ("1e3", Some(1000)),
            ("9223372036854775807", Some(i64::MAX)),
            ("562949953421311.0", Some(562_949_953_421_311)),
            ("-562949953421311.0", Some(-562_949_953_421_311)),
            ("562949953421312.0", None),
            ("1e16", None),
            ("1e300", None),
            ("9223372036854775808", None),
            ("0.5", None),
            ("1e-7", None),
        ] {
            let value = parse(text.as_bytes()).unwrap();
            assert_eq!(integer(value.as_number().unwrap()), expected, "{text}");
        }
    }

    /// Pseudo-random numbers that are at least 1 and below `end` (a linear congruential generator).
    fn spread(end: u64) -> impl Iterator<Item = u64> {
        let next = |seed: &u64| {
            let product = seed.wrapping_mul(6_364_136_223_846_793_005);
            Some(product.wrapping_add(1_442_695_040_888_963_407))
        };
        let seeds = core::iter::successors(Some(1), next);
        seeds
            .take(5_000)
            .map(move |seed| ((seed >> 11) % end).max(1))
    }

    #[test]
    fn a_double_in_a_token_never_equals_another_integer() {
        let number = |text: &str| match parse(text.as_bytes()) {
            Ok(Value::Number(number)) => number,
            other => panic!("{text}: {other:?}"),
        };
        for end in [1 << 49, 1 << 53, 1 << 54] {
            for integer in spread(end) {
                for text in [
                    format!("{integer}.0"),
                    format!("{integer}.000"),
                    format!("{integer}e0"),
                    format!("{integer}0e-1"),
                    format!("-{integer}.0"),
                ] {
                    let token = number(&text);
                    for other in [integer.wrapping_sub(1), integer + 1] {
                        for other in [format!("{other}"), format!("{other}.0")] {
                            assert!(!are_equal(&token, &number(&other)), "{text} is not {other}");
                        }
                    }
                }
                let exact = number(&format!("{integer}.0"));
                let equal = are_equal(&exact, &number(&format!("{integer}")));
                assert_eq!(equal, integer < 1 << 49, "{integer}");
            }
        }
        for text in ["0.5", "1.25", "-7", "18446744073709551615"] {
            assert!(are_equal(&number(text), &number(text)), "{text}");
        }
    }

    #[test]
    fn a_double_keeps_its_integer_through_text() {
        for integer in spread(1 << 53) {
            // A double represents every integer below 2^53 exactly.
            let double: f64 = format!("{integer}").parse().unwrap();
            let text = from_double(double).unwrap().to_string();
            assert_eq!(text, format!("{integer}"));
        }
        for (double, text) in [
            (1.5, "1.5"),
            (-0.0, "0"),
            (9_007_199_254_740_992.0, "9007199254740992.0"),
        ] {
            assert_eq!(from_double(double).unwrap().to_string(), text);
        }
        assert_eq!(from_double(f64::INFINITY), None);
    }

    #[test]
    fn refuses_a_name_that_occurs_twice_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"alg":"RS256","\u0061lg":"none"}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"[[{"x":[],"x":[]}]]"#,
            r#"{"":0,"":0}"#,
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error, JsonError::DuplicateName { line: 1, .. }),
                "{text}: {error}"
            );
        }
        assert!(parse(br#"{"a":{"b":1},"b":{"b":1},"A":0}"#).is_ok());
    }

    #[test]
    fn refuses_text_that_is_not_one_json_value() {
        for text in [
            "",
            " ",
            "{",
            "{}{}",
            "{} x",
            "[1,]",
            "{\"a\":1,}",
            "nul",
            "NaN",
            "Infinity",
            "1e999",
            "01",
            "+1",
            "'a'",
            "\"\\ud800\"",
            "\"\u{0}\"",
            "// x\n{}",
            "\u{feff}{}",
            "\u{a0}{}",
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error, JsonError::Malformed { .. }),
                "{text:?}: {error}"
            );
        }
    }

    #[test]
    fn refuses_bytes_that_are_not_utf8() {
        for bytes in [
            &b"\xff"[..],
            b"\"\xc0\xaf\"",
            b"\"\xed\xa0\x80\"",
            b"\xfe\xff\0{\0}",
        ] {
            assert_eq!(parse(bytes), Err(JsonError::NotUtf8), "{bytes:?}");
        }
    }

    #[test]
    fn parse_object_refuses_other_values() {
        for text in ["[]", "1", "\"{}\"", "null"] {
            assert_eq!(
                parse_object(text.as_bytes()),
                Err(JsonError::NotAnObject),
                "{text}"
            );
        }
        assert_eq!(parse_object(b"{}"), Ok(Map::new()));
    }

    #[test]
    fn deep_nesting_is_an_error_not_an_overflow() {
        let nested = |open: &str, close: &str, depth| open.repeat(depth) + &close.repeat(depth);
        assert!(parse(nested("[", "]", 127).as_bytes()).is_ok());
        for text in [
            nested("[", "]", 128),
            nested("[", "]", 100_000),
            "[".repeat(100_000),
            "{\"a\":".repeat(100_000),
            "[{\"\":".repeat(50_000),
        ] {
            assert!(matches!(
                parse(text.as_bytes()),
                Err(JsonError::Malformed { .. })
            ));
        }
    }

    #[test]
    fn a_member_named_like_serde_jsons_marker_is_a_member() {
        let name = "$serde_json::private::RawValue";
        let object = parse_object(format!(r#"{{"{name}":"[1]"}}"#).as_bytes()).unwrap();
        assert_eq!(object.get(name), Some(&Value::String("[1]".to_owned())));
    }
}

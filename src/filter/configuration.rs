//! The plugin configuration as the proxy hands it over.
//!
//! A `StringValue` arrives as its text. A `Struct`, which is what inline YAML in Envoy's
//! configuration becomes, arrives in protobuf's wire format (seen on Envoy 1.40): it is turned
//! into the JSON that it stands for. What is neither is left as it is, for the configuration's own
//! parser to refuse.

use serde_json::{Map, Number, Value};

/// Deepest nesting that is read; the parser of JSON has a bound of its own.
const MAX_DEPTH: u8 = 100;

/// The configuration as JSON.
pub(super) fn as_json(bytes: Vec<u8>) -> Vec<u8> {
    // Both may begin with a line feed, which is the tag of a Struct's first field, but no text is
    // both: in the wire format, control characters stand where JSON allows none.
    if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok() {
        return bytes;
    }
    match structure(&bytes, 0) {
        Some(value) => value.to_string().into_bytes(),
        None => bytes,
    }
}

/// One field of a message.
enum Field<'a> {
    Bytes(&'a [u8]),
    Fixed64([u8; 8]),
    Varint(u64),
}

/// `google.protobuf.Struct`: `map<string, Value> fields = 1`.
fn structure(message: &[u8], depth: u8) -> Option<Value> {
    let mut members = Map::new();
    each_field(message, |number, field| {
        let (1, Field::Bytes(entry)) = (number, field) else {
            return None;
        };
        let (name, value) = map_entry(entry, depth)?;
        // A name that stands twice means two things.
        members.insert(name, value).is_none().then_some(())
    })?;
    Some(Value::Object(members))
}

fn map_entry(message: &[u8], depth: u8) -> Option<(String, Value)> {
    let (mut name, mut value) = (String::new(), Value::Null);
    each_field(message, |number, field| {
        match (number, field) {
            (1, Field::Bytes(text)) => name = str::from_utf8(text).ok()?.to_owned(),
            (2, Field::Bytes(message)) => value = self::value(message, depth)?,
            _ => return None,
        }
        Some(())
    })?;
    Some((name, value))
}

/// `google.protobuf.Value`.
fn value(message: &[u8], depth: u8) -> Option<Value> {
    let depth = depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
    let mut value = Value::Null;
    each_field(message, |number, field| {
        value = match (number, field) {
            (1, Field::Varint(_)) => Value::Null,
            (2, Field::Fixed64(bits)) => Value::Number(Number::from_f64(f64::from_le_bytes(bits))?),
            (3, Field::Bytes(text)) => Value::String(str::from_utf8(text).ok()?.to_owned()),
            (4, Field::Varint(truth)) => Value::Bool(truth != 0),
            (5, Field::Bytes(message)) => structure(message, depth)?,
            (6, Field::Bytes(message)) => list(message, depth)?,
            _ => return None,
        };
        Some(())
    })?;
    Some(value)
}

/// `google.protobuf.ListValue`: `repeated Value values = 1`.
fn list(message: &[u8], depth: u8) -> Option<Value> {
    let mut elements = Vec::new();
    each_field(message, |number, field| {
        let (1, Field::Bytes(message)) = (number, field) else {
            return None;
        };
        elements.push(value(message, depth)?);
        Some(())
    })?;
    Some(Value::Array(elements))
}

fn each_field<'a>(
    mut message: &'a [u8],
    mut visit: impl FnMut(u64, Field<'a>) -> Option<()>,
) -> Option<()> {
    while !message.is_empty() {
        let (tag, rest) = varint(message)?;
        let (field, rest) = match tag & 7 {
            0 => {
                let (number, rest) = varint(rest)?;
                (Field::Varint(number), rest)
            }
            1 => {
                let (bits, rest) = rest.split_first_chunk::<8>()?;
                (Field::Fixed64(*bits), rest)
            }
            2 => {
                let (size, rest) = varint(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
                (Field::Bytes(bytes), rest)
            }
            _ => return None,
        };
        visit(tag >> 3, field)?;
        message = rest;
    }
    Some(())
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        let shift = u32::try_from(index.checked_mul(7)?).ok()?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index.checked_add(1)?..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"a": {"b": [1.5, true, null, "x"]}}` in the wire format.
    const STRUCT: &[u8] = b"\x0a(\x0a\x01a\x12#*!\x0a\x1f\x0a\x01b\x12\x1a2\x18\x0a\x09\x11\x00\x00\x00\x00\x00\x00\xf8?\
        \x0a\x02\x20\x01\x0a\x02\x08\x00\x0a\x03\x1a\x01x";

    #[test]
    fn reads_a_struct() {
        let json = as_json(STRUCT.to_vec());
        assert_eq!(
            str::from_utf8(&json),
            Ok(r#"{"a":{"b":[1.5,true,null,"x"]}}"#)
        );
    }

    #[test]
    fn leaves_text_as_it_is() {
        for text in ["\n{\"a\": 1, \"a\": 2}", "{", "", "nonsense", "\n\u{3}abc"] {
            let json = as_json(text.as_bytes().to_vec());
            // An empty Struct is an empty configuration.
            let expected = if text.is_empty() { "{}" } else { text };
            assert_eq!(str::from_utf8(&json), Ok(expected));
        }
    }

    #[test]
    fn refuses_a_struct_that_is_cut_short() {
        for size in 1..STRUCT.len() {
            assert_eq!(as_json(STRUCT[..size].to_vec()), STRUCT[..size], "{size}");
        }
    }
}

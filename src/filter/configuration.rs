//! The configuration as Envoy hands it over: JSON text, or a `google.protobuf.Struct` on the wire.
//!
//! Envoy's documentation says that a `Struct` becomes JSON on the way; it does not (seen with 1.40):
//! the module gets the message as protobuf encodes it. It is decoded here, strictly: what is not
//! exactly one `Struct` is left for the JSON reader, which says what is wrong with it. A text
//! cannot be taken for a `Struct` by mistake: every length in it would have to fit.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

/// Deeper than any configuration; each level is a frame of the module's small stack.
const MAX_DEPTH: u32 = 32;

/// The configuration as JSON text.
pub(super) fn json_text(bytes: &[u8]) -> Cow<'_, [u8]> {
    match object(bytes, MAX_DEPTH) {
        Some(members) => Cow::Owned(Value::Object(members).to_string().into_bytes()),
        None => Cow::Borrowed(bytes),
    }
}

/// `Struct`: `map<string, Value> fields = 1`, each entry a message of key (1) and value (2).
fn object(mut bytes: &[u8], depth: u32) -> Option<Map<String, Value>> {
    let depth = depth.checked_sub(1)?;
    let mut members = Map::new();
    while let Some((field, rest)) = Field::read(bytes)? {
        bytes = rest;
        let entry = field.message(1)?;
        let (key, rest) = Field::read(entry)??;
        let (value, rest) = Field::read(rest)??;
        let key = key.text(1)?;
        if !rest.is_empty() || members.insert(key, self::value(value.message(2)?, depth)?).is_some()
        {
            return None;
        }
    }
    Some(members)
}

/// `Value`: one of null (1), number (2), string (3), bool (4), struct (5), list (6).
fn value(bytes: &[u8], depth: u32) -> Option<Value> {
    let (field, rest) = Field::read(bytes)??;
    if !rest.is_empty() {
        return None;
    }
    match (field.number, field.payload) {
        (1, Payload::Varint(0)) => Some(Value::Null),
        (2, Payload::Double(number)) => Number::from_f64(number).map(Value::Number),
        (3, Payload::Bytes(_)) => field.text(3).map(Value::String),
        (4, Payload::Varint(flag @ (0 | 1))) => Some(Value::Bool(flag == 1)),
        (5, Payload::Bytes(message)) => object(message, depth).map(Value::Object),
        (6, Payload::Bytes(message)) => list(message, depth).map(Value::Array),
        _ => None,
    }
}

/// `ListValue`: `repeated Value values = 1`.
fn list(mut bytes: &[u8], depth: u32) -> Option<Vec<Value>> {
    let depth = depth.checked_sub(1)?;
    let mut values = Vec::new();
    while let Some((field, rest)) = Field::read(bytes)? {
        bytes = rest;
        values.push(value(field.message(1)?, depth)?);
    }
    Some(values)
}

/// A field of a protobuf message.
#[derive(Clone, Copy)]
struct Field<'a> {
    number: u64,
    payload: Payload<'a>,
}

#[derive(Clone, Copy)]
enum Payload<'a> {
    Varint(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    /// The first field and what follows; `Some(None)` at the end, `None` for what is no field.
    fn read(bytes: &'a [u8]) -> Option<Option<(Self, &'a [u8])>> {
        if bytes.is_empty() {
            return Some(None);
        }
        let (tag, rest) = varint(bytes)?;
        let (payload, rest) = match tag & 0b111 {
            0 => varint(rest).map(|(number, rest)| (Payload::Varint(number), rest))?,
            1 => {
                let (double, rest) = rest.split_first_chunk()?;
                (Payload::Double(f64::from_le_bytes(*double)), rest)
            }
            2 => {
                let (size, rest) = varint(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
                (Payload::Bytes(bytes), rest)
            }
            _ => return None,
        };
        Some(Some((Self { number: tag >> 3, payload }, rest)))
    }

    fn message(self, number: u64) -> Option<&'a [u8]> {
        match self.payload {
            Payload::Bytes(bytes) if self.number == number => Some(bytes),
            _ => None,
        }
    }

    fn text(self, number: u64) -> Option<String> {
        String::from_utf8(self.message(number)?.to_vec()).ok()
    }
}

/// Little-endian groups of seven bits; the top bit says that more follow.
fn varint(mut bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(number: u8, payload: &[u8]) -> Vec<u8> {
        let mut size = payload.len();
        let mut bytes = vec![number << 3 | 2];
        while size >= 0x80 {
            bytes.push(u8::try_from(size & 0x7f).unwrap() | 0x80);
            size >>= 7;
        }
        bytes.push(u8::try_from(size).unwrap());
        [&bytes, payload].concat()
    }

    fn encoded_value(value: &Value) -> Vec<u8> {
        match value {
            Value::Null => vec![0x08, 0],
            Value::Bool(flag) => vec![0x20, u8::from(*flag)],
            Value::Number(number) => {
                [&[0x11][..], &number.as_f64().unwrap().to_le_bytes()].concat()
            }
            Value::String(text) => field(3, text.as_bytes()),
            Value::Object(members) => field(5, &encoded(members)),
            Value::Array(values) => {
                let values = values.iter().flat_map(|value| field(1, &encoded_value(value)));
                field(6, &values.collect::<Vec<_>>())
            }
        }
    }

    fn encoded(members: &Map<String, Value>) -> Vec<u8> {
        let entry = |(name, value): (&String, &Value)| {
            field(1, &[field(1, name.as_bytes()), field(2, &encoded_value(value))].concat())
        };
        members.iter().flat_map(entry).collect()
    }

    fn example() -> Map<String, Value> {
        let value = json!({
            "providers": { "example": { "issuer": "https://login.example", "audiences": [] } },
            "rules": [{ "match": { "path": "/" } }, null, "", -0.5, 60.0],
            "long": "x".repeat(300),
            "bypass_cors_preflight": true,
            "off": false,
        });
        value.as_object().unwrap().clone()
    }

    #[test]
    fn decodes_a_struct_with_every_kind_of_value() {
        let text = json_text(&encoded(&example())).into_owned();
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), Value::Object(example()));
    }

    #[test]
    fn leaves_json_text_as_it_is() {
        for text in ["{}", "\n{\n}", "\n\n  {\"rules\": []}", "[1]", "{", "text", "\u{0}"] {
            assert_eq!(json_text(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn takes_no_part_of_a_struct_for_one() {
        let bytes = encoded(&example());
        let empty_members = [0, 0, 0];
        for end in 1..bytes.len() {
            let (part, _) = bytes.split_at(end);
            // A part that ends between two members is a `Struct`, and decodes to these members.
            if object(part, MAX_DEPTH).is_none() {
                assert_eq!(json_text(part), part);
            }
        }
        assert_eq!(json_text(&empty_members), &empty_members[..]);
    }

    #[test]
    fn refuses_depth_and_lengths_that_do_not_fit() {
        let mut nested = Map::new();
        for _ in 0..=MAX_DEPTH {
            nested = Map::from_iter([("a".to_owned(), Value::Object(nested))]);
        }
        assert!(object(&encoded(&nested), MAX_DEPTH).is_none());
        for bytes in [&[0x0a, 0xff][..], &[0x0a; 12], &[0xff; 11], &[0x0a, 5, 0x0a], &[0x13, 0]] {
            assert!(object(bytes, MAX_DEPTH).is_none(), "{bytes:?}");
        }
    }
}

//! Encodes JSON values as `google.protobuf.Struct`, which is Envoy's type for dynamic metadata.

use serde_json::Value;

/// The protobuf wire type of strings and messages.
const LENGTH_DELIMITED: u8 = 2;

/// Encodes a `Struct` with one field.
pub(super) fn with_member(name: &str, value: &Value) -> Vec<u8> {
    let mut message = Vec::new();
    field(&mut message, 1, &entry(name, value));
    message
}

/// Encodes an entry of `map<string, Value> fields = 1`.
fn entry(name: &str, value: &Value) -> Vec<u8> {
    let mut entry = Vec::new();
    field(&mut entry, 1, name.as_bytes());
    field(&mut entry, 2, &encode(value));
    entry
}

/// Encodes a `Value`. This message has exactly one of the following fields (field numbers in
/// parentheses): null (1), number (2), string (3), bool (4), struct (5), list (6). The recursion is
/// bounded, because the JSON parser limits the depth.
fn encode(value: &Value) -> Vec<u8> {
    let mut message = Vec::new();
    match value {
        Value::Null => message.extend([0x08, 0]),
        Value::Number(number) => {
            message.push(0x11);
            let number = number.as_f64().unwrap_or_default();
            message.extend(number.to_le_bytes());
        }
        Value::String(text) => field(&mut message, 3, text.as_bytes()),
        Value::Bool(value) => message.extend([0x20, u8::from(*value)]),
        Value::Object(members) => {
            let mut fields = Vec::new();
            for (name, value) in members {
                field(&mut fields, 1, &entry(name, value));
            }
            field(&mut message, 5, &fields);
        }
        Value::Array(items) => {
            let mut list = Vec::new();
            for item in items {
                field(&mut list, 1, &encode(item));
            }
            field(&mut message, 6, &list);
        }
    }
    message
}

/// Appends a length-delimited field. `number`, the field number, must be below 16.
fn field(message: &mut Vec<u8>, number: u8, content: &[u8]) {
    message.push(number << 3 | LENGTH_DELIMITED);
    let mut length = content.len();
    while length > 0x7f {
        message.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    message.push(u8::try_from(length).unwrap_or_default());
    message.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn encodes_every_kind_of_value() {
        for (value, expected) in [
            (json!(null), &[0x08, 0][..]),
            (json!(true), &[0x20, 1]),
            (json!("a"), &[0x1a, 1, b'a']),
            (json!(1), &[0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]),
            (json!([true]), &[0x32, 4, 0x0a, 2, 0x20, 1]),
            (json!({}), &[0x2a, 0]),
            (
                json!({"b": "c"}),
                &[0x2a, 10, 0x0a, 8, 0x0a, 1, b'b', 0x12, 3, 0x1a, 1, b'c'],
            ),
        ] {
            assert_eq!(encode(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_length_takes_as_many_octets_as_it_needs() {
        let text = "x".repeat(300);
        let encoded = encode(&json!(text));
        assert_eq!(encoded[..3], [0x1a, 0xac, 2]);
        assert_eq!(encoded.len(), 303);
    }
}

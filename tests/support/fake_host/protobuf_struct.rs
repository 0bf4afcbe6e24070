//! Encodes `google.protobuf.Struct`. If the plugin configuration is a `Struct`, Envoy passes this
//! encoding to the module instead of JSON.

use serde_json::Value;

/// Encodes a JSON object. A value that is not an object becomes an empty `Struct`.
pub fn encoded(value: &Value) -> Vec<u8> {
    let members = value.as_object().into_iter().flatten();
    let entry = |(name, value): (&String, &Value)| {
        delimited(
            1,
            &[
                delimited(1, name.as_bytes()),
                delimited(2, &encoded_value(value)),
            ]
            .concat(),
        )
    };
    members.flat_map(entry).collect()
}

/// Encodes Envoy's `Metadata`, which has a `Struct` for each namespace.
pub fn metadata(namespaces: &Value) -> Vec<u8> {
    let namespaces = namespaces.as_object().into_iter().flatten();
    let entry = |(name, members): (&String, &Value)| {
        let pair = [
            delimited(1, name.as_bytes()),
            delimited(2, &encoded(members)),
        ];
        delimited(1, &pair.concat())
    };
    namespaces.flat_map(entry).collect()
}

fn encoded_value(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![1 << 3, 0],
        Value::Number(number) => [
            [2 << 3 | 1].as_slice(),
            &number.as_f64().unwrap().to_le_bytes(),
        ]
        .concat(),
        Value::String(text) => delimited(3, text.as_bytes()),
        Value::Bool(truth) => vec![4 << 3, u8::from(*truth)],
        Value::Object(_) => delimited(5, &encoded(value)),
        Value::Array(items) => {
            let item = |item: &Value| delimited(1, &encoded_value(item));
            delimited(6, &items.iter().flat_map(item).collect::<Vec<_>>())
        }
    }
}

/// A length-delimited field: the tag with wire type 2, the length as a varint, and the content.
fn delimited(field: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![field << 3 | 2];
    let mut length = content.len();
    while length > 0x7f {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(content);
    bytes
}

//! `google.protobuf.Struct`: the parser reads the same value as the crate prost. If prost encodes
//! the message again, the parser still reads the same value.

use portcullis_wasm::protobuf;
use prost::Message as _;
use prost_types::{ListValue, Struct, Value as Message, value::Kind};
use serde_json::Value;

/// Reads the input as an encoded `Struct`.
pub fn check(input: &[u8]) {
    let Some(read) = protobuf::structure(input) else {
        return;
    };
    let message: Struct = Struct::decode(input).expect("prost reads no Struct");
    assert_eq!(value_of_struct(&message), read, "prost reads another value");

    let again = protobuf::structure(&message.encode_to_vec());
    assert_eq!(again, Some(read), "another value when it is written again");
}

/// The JSON value that a `Struct` represents.
pub(crate) fn value_of_struct(message: &Struct) -> Value {
    let members = message.fields.iter();
    members
        .map(|(name, value)| (name.clone(), value_of(value)))
        .collect()
}

fn value_of(message: &Message) -> Value {
    match &message.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::NumberValue(double)) => number(*double),
        Some(Kind::StringValue(text)) => Value::from(text.as_str()),
        Some(Kind::BoolValue(truth)) => Value::from(*truth),
        Some(Kind::StructValue(message)) => value_of_struct(message),
        Some(Kind::ListValue(ListValue { values })) => values.iter().map(value_of).collect(),
    }
}

/// Converts a double to an integer if it is whole and its magnitude is below 2^53. Doubles
/// represent every integer in this range exactly.
fn number(double: f64) -> Value {
    if double.fract() == 0.0 && double.abs() < 9_007_199_254_740_992.0 {
        Value::from(double as i64)
    } else {
        Value::from(double)
    }
}

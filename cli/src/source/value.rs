//! Converts a document to the JSON that the module would receive from Envoy.

use serde_json::{Map, Number, Value};

use crate::envoy::{
    document::{Node, boolean, integer},
    reader::Format,
};
use portcullis::config::ConfigPath;

/// The limit up to which a double represents every integer exactly. A `google.protobuf.Struct`
/// stores all numbers as doubles.
const EXACT: u64 = 1 << 53;

/// Returns the value that the module receives. There is one exception: Envoy reads some unquoted
/// numbers as strings, although the operator probably meant numbers. From such a number, drops the
/// fraction and the exponent, and adds the number's path to `texts`.
pub(crate) fn value(
    node: &Node,
    format: Format,
    at: &ConfigPath,
    texts: &mut Vec<ConfigPath>,
) -> Value {
    match node {
        Node::List(elements) => {
            let elements = elements.iter().enumerate();
            let values =
                elements.map(|(index, node)| value(node, format, &at.element(index), texts));
            Value::Array(values.collect())
        }
        Node::Map(members) => {
            let members = members.iter();
            let members = members.map(|(name, node)| {
                let value = value(node, format, &at.member(name), texts);
                (name.clone(), value)
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        Node::Text(text) => Value::String(text.clone()),
        node if node.is_null() => Value::Null,
        Node::Plain(text) if format == Format::Json => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        Node::Plain(text) => plain(text, at, texts),
    }
}

fn plain(text: &str, at: &ConfigPath, texts: &mut Vec<ConfigPath>) -> Value {
    if let Some(flag) = boolean(text) {
        return Value::Bool(flag);
    }
    match integer(text) {
        Some(number) if number.unsigned_abs() <= EXACT => Value::Number(number.into()),
        Some(number) => {
            texts.push(at.clone());
            Value::Number(number.into())
        }
        None => match fraction(text) {
            Some(whole) => {
                texts.push(at.clone());
                Value::Number(whole)
            }
            None => Value::String(text.to_owned()),
        },
    }
}

/// Returns a number without its fraction and its exponent, or 0 if the rest does not fit into 64
/// bits. Returns `None` if the text is not a number.
fn fraction(text: &str) -> Option<Number> {
    let is_numeric = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    let has_digit = text.contains(|letter: char| letter.is_ascii_digit());
    let is_float = has_digit && text.chars().all(is_numeric) && text.parse::<f64>().is_ok();
    let whole = text.split(['.', 'e', 'E']).next().unwrap_or_default();
    is_float.then(|| whole.parse::<i64>().unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_yaml_as_envoy_does() {
        let text = "[on, 'on', 1, 0x10, ~, a, 1.2.3, 60.5, 1e3, 9007199254740993, e]";
        let (node, format) = Node::read(text).unwrap();
        let mut texts = Vec::new();
        let read = value(&node, format, &ConfigPath::default(), &mut texts);
        let expected = json!([
            true,
            "on",
            1,
            16,
            null,
            "a",
            "1.2.3",
            60,
            1,
            9_007_199_254_740_993_i64,
            "e"
        ]);
        assert_eq!(read, expected);
        let places: Vec<String> = texts.iter().map(ToString::to_string).collect();
        assert_eq!(places, ["[7]", "[8]", "[9]"]);
    }

    #[test]
    fn reads_numbers_of_json_as_they_are() {
        let (node, format) = Node::read("[1, 60.5, true, null, \"1\"]").unwrap();
        let mut texts = Vec::new();
        let read = value(&node, format, &ConfigPath::default(), &mut texts);
        assert_eq!(read, json!([1, 60.5, true, null, "1"]));
        assert_eq!(texts, []);
    }
}

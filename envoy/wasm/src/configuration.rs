//! Parses the plugin configuration from the bytes that the proxy passes.
//!
//! The proxy passes a `StringValue` as plain text. It passes a `Struct`, which Envoy makes from
//! inline YAML, in protobuf's wire format (observed with Envoy 1.40).

use serde_json::Value;

use crate::protobuf;
use portcullis::{
    config::{Config, ConfigError, Fault},
    json::{self, JsonError},
};

/// Parses the configuration. Also returns the configuration as text. Plugins with the same
/// configuration get the same text.
pub(super) fn read(bytes: Vec<u8>) -> Result<(Config, Vec<u8>), ConfigError> {
    let (document, text) = document(bytes).map_err(Fault::Json)?;
    Ok((Config::from_value(&document)?, text))
}

/// Converts the configuration to JSON. Also returns the text of the JSON.
fn document(bytes: Vec<u8>) -> Result<(Value, Vec<u8>), JsonError> {
    // JSON is tried first. The first byte cannot tell JSON from a Struct: a line feed can begin a
    // JSON text, and is also the tag of a Struct's first field. But a Struct never parses as JSON,
    // because it has control characters where JSON allows none.
    match json::parse(&bytes) {
        Ok(document) => Ok((document, bytes)),
        Err(error) => {
            let document = protobuf::structure(&bytes).ok_or(error)?;
            // The fields of a Struct are in no fixed order. The JSON text has sorted members, so
            // that equal configurations have equal texts.
            let text = document.to_string().into_bytes();
            Ok((document, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `{"a": {"b": [1.5, true, null, "x"]}}` in the wire format.
    const STRUCT: &[u8] = b"\x0a(\x0a\x01a\x12#*!\x0a\x1f\x0a\x01b\x12\x1a2\x18\x0a\x09\x11\x00\x00\x00\x00\x00\x00\xf8?\
        \x0a\x02\x20\x01\x0a\x02\x08\x00\x0a\x03\x1a\x01x";

    fn value(bytes: &[u8]) -> Result<Value, JsonError> {
        document(bytes.to_vec()).map(|(value, _)| value)
    }

    #[test]
    fn parses_a_struct() {
        let json = json!({"a": {"b": [1.5, true, null, "x"]}});
        let text = json.to_string().into_bytes();
        assert_eq!(document(STRUCT.to_vec()), Ok((json, text)));
    }

    /// Operators write account numbers in inline YAML, where each number becomes a double.
    #[test]
    fn keeps_each_integer_of_a_struct() {
        for (integer, double) in [
            ("8226161561168607", 8_226_161_561_168_607.0_f64),
            ("8226161561168606", 8_226_161_561_168_606.0),
            ("9007199254740991", 9_007_199_254_740_991.0),
            ("-9007199254740991", -9_007_199_254_740_991.0),
        ] {
            let head = b"\x0a\x0e\x0a\x01a\x12\x09\x11";
            let message = [&head[..], &double.to_le_bytes()].concat();
            let read = value(&message).unwrap();
            assert_eq!(read.to_string(), format!("{{\"a\":{integer}}}"));
        }
    }

    #[test]
    fn parses_text_strictly() {
        let text = b"\n{\"a\": 1}";
        let read = document(text.to_vec());
        assert_eq!(read, Ok((json!({"a": 1}), text.to_vec())));
        let text = b"\n{\"a\": 1, \"a\": 2}";
        assert!(matches!(value(text), Err(JsonError::DuplicateName { .. })));
        for text in ["{", "nonsense", "\n\u{3}abc"] {
            let refused = value(text.as_bytes());
            assert!(
                matches!(refused, Err(JsonError::Malformed { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn an_empty_struct_is_an_empty_configuration() {
        assert_eq!(value(b""), Ok(json!({})));
    }

    #[test]
    fn refuses_a_truncated_struct() {
        for size in 1..STRUCT.len() {
            assert!(value(&STRUCT[..size]).is_err(), "{size}");
        }
    }
}

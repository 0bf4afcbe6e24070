//! The plugin configuration as the proxy hands it over.
//!
//! A `StringValue` arrives as its text. A `Struct`, which is what inline YAML in Envoy's
//! configuration becomes, arrives in protobuf's wire format (seen on Envoy 1.40): it is turned
//! into the JSON that it stands for. What is neither is left as it is, for the configuration's own
//! parser to refuse.

use crate::filter::protobuf;

/// The configuration as JSON.
pub(super) fn as_json(bytes: Vec<u8>) -> Vec<u8> {
    // Both may begin with a line feed, which is the tag of a Struct's first field, but no text is
    // both: in the wire format, control characters stand where JSON allows none.
    if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok() {
        return bytes;
    }
    match protobuf::structure(&bytes) {
        Some(value) => value.to_string().into_bytes(),
        None => bytes,
    }
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

    /// An account number as an operator writes it in inline YAML.
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
            let json = as_json(message);
            assert_eq!(
                str::from_utf8(&json).unwrap(),
                format!("{{\"a\":{integer}}}")
            );
        }
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

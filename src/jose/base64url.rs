//! Strict base64url (RFC 4648 section 5), as defined for JOSE in RFC 7515 section 2.
//!
//! The decoder refuses padding, white space, the characters `+` and `/` of plain base64, and
//! nonzero bits after the last octet (RFC 4648 section 3.5). So each octet string has exactly one
//! encoding. If there were several encodings, a client could evade a revocation list by sending the
//! same token in another encoding.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes `text`. Returns `None` if `text` is not strict base64url.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encodes `octets`.
pub fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn decodes_the_only_encoding_of_octets() {
        for (text, octets) in [
            ("", &b""[..]),
            ("_-8", b"\xff\xef"),
            ("Zg", b"f"),
            ("Zm9vYmFy", b"foobar"),
        ] {
            assert_eq!(decode(text).as_deref(), Some(octets), "{text}");
            assert_eq!(encode(octets), text);
        }
    }

    #[test]
    fn refuses_every_other_text() {
        for text in [
            "Z",
            "Zg=",
            "Zg==",
            "Zh",
            "Zm9=",
            "Zm9",
            "/+8",
            "Zg\n",
            " Zg",
            "Z g",
            "Zg?",
            "Zé",
            "Zm9vYmFyZ",
            "Zg.",
            "\0Zg",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}

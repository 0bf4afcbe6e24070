//! `Authorization: Basic`: a client's identifier and secret (RFC 7617 section 2).

use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::http::path::triplet;

/// The identifier and secret that a client sent. The secret has not been checked.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// The client's identifier.
    pub id: Vec<u8>,
    /// The client's secret.
    pub secret: Vec<u8>,
}

impl ClientCredentials {
    /// Parses the token68 (RFC 9110 section 11.2) after `Basic`. The token68 must be the base64
    /// encoding of `id:secret`, where `id` and `secret` contain no control characters. OAuth
    /// clients percent-encode the identifier and the secret (RFC 6749 section 2.3.1), so both are
    /// decoded. Decoding is harmless if the client did not encode them, because configured
    /// identifiers and generated secrets never contain `%`.
    #[must_use]
    pub fn parse(token68: &str) -> Option<Self> {
        let pair = STANDARD.decode(token68).ok()?;
        if pair.iter().any(u8::is_ascii_control) {
            return None;
        }
        let colon = pair.iter().position(|byte| *byte == b':')?;
        let (id, rest) = pair.split_at_checked(colon)?;
        Some(Self {
            id: percent_decoded(id),
            secret: percent_decoded(rest.get(1..)?),
        })
    }
}

/// Omits the identifier and the secret.
impl fmt::Debug for ClientCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientCredentials")
    }
}

/// Decodes percent-encoded octets. A `%` that is not followed by two hexadecimal digits is kept. A
/// `+` is kept too, although form decoding would turn it into a space: a secret in base64 can
/// contain `+`, and no identifier contains a space.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let (octet, behind) = triplet(rest).unwrap_or((*first, behind));
        decoded.push(octet);
        rest = behind;
    }
    decoded
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(pair: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let read = ClientCredentials::parse(&STANDARD.encode(pair))?;
        Some((read.id, read.secret))
    }

    #[test]
    fn parses_identifier_and_secret() {
        for (pair, id, secret) in [
            (
                &b"Aladdin:open sesame"[..],
                &b"Aladdin"[..],
                &b"open sesame"[..],
            ),
            (b"a:b:c", b"a", b"b:c"),
            (b"a:", b"a", b""),
            (b":b", b"", b"b"),
            (b":", b"", b""),
            (b"a\xff:b\xfe", b"a\xff", b"b\xfe"),
            // Percent-encoded, as OAuth clients send their credentials.
            (b"a%40b%3Ac:x%2Dy%5fz", b"a@b:c", b"x-y_z"),
            (b"a%:b%4", b"a%", b"b%4"),
            (b"%zz%:%%41+", b"%zz%", b"%A+"),
        ] {
            assert_eq!(read(pair), Some((id.to_vec(), secret.to_vec())), "{pair:?}");
        }
        // The example in RFC 7617 section 2.
        let example = ClientCredentials::parse("QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
        assert_eq!(example.id, b"Aladdin");
    }

    #[test]
    fn refuses_text_that_is_not_a_pair() {
        for pair in [&b""[..], b"a", b"a\0:b", b"a:b\n", b"a\x7f:b", b"\t:b"] {
            assert_eq!(read(pair), None, "{pair:?}");
        }
        for token68 in ["YTpi=", "YTpi==", "YTpiCg", "YTp", "YT-_", "a.b", "YTpi~"] {
            assert_eq!(ClientCredentials::parse(token68), None, "{token68}");
        }
    }

    /// Control characters are rejected before percent-decoding, so the decoded secret can still
    /// contain one. This is harmless, because the secret is only compared.
    #[test]
    fn an_encoded_control_character_is_part_of_a_wrong_secret() {
        assert_eq!(read(b"a:%0a"), Some((b"a".to_vec(), b"\n".to_vec())));
    }

    #[test]
    fn secret_is_not_in_debug_output() {
        let read = ClientCredentials::parse("YTpi").unwrap();
        assert_eq!(format!("{read:?}"), "ClientCredentials");
    }
}

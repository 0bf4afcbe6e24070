//! Removes from error messages anything that may be a token.
//!
//! A user may pass a token by mistake where a configuration or a request is expected. Parsers quote
//! unexpected input in their error messages, and CI systems keep these messages in logs.

use core::fmt::{Display, Write as _};

/// The text that replaces a word that may be a token.
const LEFT_OUT: &str = "(not shown: it may be a token)";
/// The start of every JWT: the Base64 encoding of `{"`.
const JSON_OBJECT: &str = "eyJ";
/// A word of at least this length that contains digits, lowercase letters and uppercase letters may
/// be an opaque token or a secret. Names in a configuration are shorter, or do not mix all three.
const OPAQUE: usize = 20;
/// A word of at least this length that has only hexadecimal digits may be a secret.
const HEX: usize = 32;

/// Returns the message, with `LEFT_OUT` in place of every word that may be a token, a part of a
/// token, or another secret.
pub(super) fn redacted(message: &impl Display) -> String {
    let message = message.to_string();
    let mut shown = String::new();
    let mut rest = message.as_str();
    while !rest.is_empty() {
        let end = rest
            .find(|letter| !is_of_word(letter))
            .unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        match may_be_token(word) {
            true => shown.push_str(LEFT_OUT),
            false => shown.push_str(word),
        }
        let mut letters = behind.chars();
        if let Some(letter) = letters.next() {
            // Writing to a `String` cannot fail.
            let _ = shown.write_char(letter);
        }
        rest = letters.as_str();
    }
    shown
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-._~+=".contains(letter)
}

fn may_be_token(word: &str) -> bool {
    word.contains(JSON_OBJECT) || word.split('.').any(is_opaque)
}

fn is_opaque(part: &str) -> bool {
    let has = |is_one: fn(&u8) -> bool| part.as_bytes().iter().any(is_one);
    let is_mixed =
        has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let is_hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
    part.len() >= OPAQUE && is_mixed || part.len() >= HEX && is_hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_tokens_and_nothing_else() {
        for token in [
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl",
            "eyJhbGci",
            "x.eyJhbGci",
            "2YotnFZFEjr1zCsicMWpAA",
            "d41d8cd98f00b204e9800998ecf8427e",
        ] {
            let message = redacted(&format_args!("rules[0]: found \"{token}\" at line 1"));
            let expected = format!("rules[0]: found \"{LEFT_OUT}\" at line 1");
            assert_eq!(message, expected);
        }
        for message in [
            r#"rules[2].requires: unknown field "provder_name", did you mean "provider_name"?"#,
            "providers.idp.require_expiration_of_every_token_here: unknown",
            "https://login.example.com/0d8e3e1c-8d5f-4f5a-b7c4-1f6e3b6d2c11/v2.0",
            "resources[0].typedConfig.providers.Okta2024.remoteJwks.httpUri: not a string",
            "Authorization, ES256, “ünïcode”: -",
            "",
        ] {
            assert_eq!(redacted(&message), message);
        }
    }
}

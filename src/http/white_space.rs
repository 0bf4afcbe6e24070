//! The white space that servers may remove from the ends of a header value.
//!
//! HTTP/1 servers remove spaces and tabs (RFC 9112 section 5.1). Many programs then convert the value
//! to text and trim it again: Java's `strip` and Python's `strip` remove all Unicode white space,
//! such as U+00A0, and JavaScript's `trim` also removes U+FEFF.

/// Returns the text without the white space at its ends.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(is_trimmed)
}

/// Returns the value without the white space at its ends. A value that is not UTF-8 is read as
/// Latin-1, in which 0x85 and 0xa0 are white space.
pub(crate) fn trimmed_octets(value: &[u8]) -> &[u8] {
    match str::from_utf8(value) {
        Ok(text) => trimmed(text).as_bytes(),
        Err(_) => {
            let is_kept = |octet: &u8| !is_trimmed(char::from(*octet));
            let start = value.iter().position(is_kept).unwrap_or(value.len());
            let end = value.iter().rposition(is_kept);
            let end = end.map_or(start, |last| last.saturating_add(1));
            value.get(start..end).unwrap_or_default()
        }
    }
}

/// Returns true if some programs remove this character from the ends of a text. U+FEFF is not white
/// space in Unicode, but it is in JavaScript.
fn is_trimmed(character: char) -> bool {
    character.is_whitespace() || character == '\u{feff}'
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn removes_what_any_server_removes() {
        for end in [
            " ", "\t", " \t ", "\u{85}", "\u{a0}", "\u{3000}", "\u{feff}",
        ] {
            for text in [
                format!("{end}a b"),
                format!("a b{end}"),
                format!("{end}a b{end}"),
            ] {
                assert_eq!(trimmed(&text), "a b", "{text:?}");
                assert_eq!(trimmed_octets(text.as_bytes()), b"a b", "{text:?}");
            }
            assert_eq!(trimmed(end), "", "{end:?}");
        }
        for (value, expected) in [
            (&b"\xa0a\xff\x85"[..], &b"a\xff"[..]),
            (b" \xff\t", b"\xff"),
            (b"\xa0", b""),
            (b"", b""),
            // In UTF-8, the last octet of this letter is 0xa0.
            ("voil\u{e0}".as_bytes(), "voil\u{e0}".as_bytes()),
        ] {
            assert_eq!(trimmed_octets(value), expected, "{value:?}");
        }
    }
}

//! Names that some servers cannot tell apart.
//!
//! CGI, PHP and similar servers turn the name of a header or parameter into the name of a variable.
//! They ignore the case of letters, and replace every octet that is neither a letter nor a digit
//! with `_`. Such a server cannot distinguish the headers `x.user` and `x_user` from the `x-user`
//! that Portcullis sets or reads. So Portcullis treats all three names as equal.

use std::borrow::Cow;

/// Returns true if some servers turn both names into the same variable.
pub(crate) fn are_confusable(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| fold(*one) == fold(*other))
}

/// Returns true if some servers turn the header names `own` and `written` into the same variable,
/// although the names differ. Always returns false for pseudo-headers such as `:path`, because no
/// server turns them into variables.
pub(crate) fn is_twin(own: &str, written: &[u8]) -> bool {
    let is_pseudo = |name: &[u8]| name.first() == Some(&b':');
    let own = own.as_bytes();
    are_confusable(own, written) && own != written && !is_pseudo(own) && !is_pseudo(written)
}

/// Returns true if some servers read the query parameter `written` as the parameter `own`.
/// `written` must already be decoded. PHP drops leading spaces and cuts the name at NUL, ASP.NET
/// decodes `%u0061`, and many frameworks read `own[]` and `own[a]` as parts of `own`. JavaScript's
/// `URLSearchParams` drops a `?` at the start of a query, so it reads `??own` as `own`.
pub fn is_parameter(own: &str, written: &str) -> bool {
    let written = without_unicode_escapes(written);
    let written = written.trim_start_matches([' ', '?']).as_bytes();
    written
        .split_at_checked(own.len())
        .is_some_and(|(start, rest)| {
            matches!(rest.first(), None | Some(b'[' | 0)) && are_confusable(own.as_bytes(), start)
        })
}

/// Decodes escapes such as `%u0061`, which ASP and ASP.NET decode although no standard defines them.
pub(crate) fn without_unicode_escapes(text: &str) -> Cow<'_, str> {
    let mut parts = text.split("%u");
    let mut decoded = match parts.next() {
        Some(first) if first.len() < text.len() => first.to_owned(),
        _ => return Cow::Borrowed(text),
    };
    for part in parts {
        let escaped = part.split_at_checked(4).and_then(|(digits, rest)| {
            let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
            Some((char::from_u32(number)?, rest))
        });
        match escaped {
            Some((character, rest)) => {
                decoded.push(character);
                decoded.push_str(rest);
            }
            None => {
                decoded.push_str("%u");
                decoded.push_str(part);
            }
        }
    }
    Cow::Owned(decoded)
}

const fn fold(octet: u8) -> u8 {
    if octet.is_ascii_alphanumeric() {
        octet.to_ascii_lowercase()
    } else {
        b'-'
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_octet_that_is_neither_letter_nor_digit_counts_as_a_hyphen() {
        for octet in 0..=u8::MAX {
            let written = [b'x', octet, b'u'];
            let expected = !octet.is_ascii_alphanumeric();
            assert_eq!(are_confusable(b"X-U", &written), expected, "{octet:#x}");
        }
        assert!(!are_confusable(b"x-u", b"x--u"));
        assert!(!are_confusable(b"x-u", b"x-"));
    }

    #[test]
    fn a_twin_is_confusable_but_not_equal() {
        for (own, written, expected) in [
            ("x-mode", "x_mode", true),
            ("x-mode", "x.mode", true),
            ("x-mode", "x-mode", false),
            ("x-mode", "x-modes", false),
            (":method", "-method", false),
            ("-method", ":method", false),
        ] {
            assert_eq!(is_twin(own, written.as_bytes()), expected, "{written}");
        }
    }

    #[test]
    fn a_parameter_matches_every_name_that_servers_read_like_its_own() {
        for (written, expected) in [
            ("a_tok", true),
            ("A.TOK", true),
            ("a_tok[]", true),
            ("a tok[b][c]", true),
            ("  a_tok", true),
            ("a_tok\0b", true),
            ("?a_tok", true),
            ("%u0061_tok", true),
            ("a%u005Ftok[]", true),
            ("%ua_tok", false),
            ("%u0061", false),
            ("a_tok]", false),
            ("a_toks", false),
            ("a_to", false),
            ("[a_tok", false),
            ("b[a_tok]", false),
            ("", false),
        ] {
            assert_eq!(is_parameter("a_tok", written), expected, "{written:?}");
        }
    }

    #[test]
    fn only_whole_unicode_escapes_are_decoded() {
        for (text, expected) in [
            ("", ""),
            ("a%61", "a%61"),
            ("%u0061%u00e9b", "aéb"),
            ("%u006", "%u006"),
            ("%u+061", "%u+061"),
            ("%uD800", "%uD800"),
            ("%u%u0061", "%ua"),
            ("%u00é", "%u00é"),
        ] {
            assert_eq!(without_unicode_escapes(text), expected, "{text}");
        }
    }
}

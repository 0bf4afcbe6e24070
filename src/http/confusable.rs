//! Names that some servers cannot tell apart.
//!
//! CGI, PHP and similar servers turn the name of a header or parameter into the name of a variable.
//! They ignore the case of letters, and replace every octet that is neither a letter nor a digit
//! with `_`. Such a server cannot distinguish the headers `x.user` and `x_user` from the `x-user`
//! that Portcullis sets or reads. So Portcullis treats all three names as equal.

use std::borrow::Cow;

use super::path::triplet;

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
/// `written` must already be decoded. Some servers decode it again ([`decoded_again`]).
pub fn is_parameter(own: &str, written: &str) -> bool {
    is_read_as(own, &decoded_again(written))
}

/// Returns true if some servers read the query parameter `written` as the parameter `own`.
/// `written` must already be decoded twice. PHP drops leading spaces and cuts the name at NUL, and
/// many frameworks read `own[]` and `own[a]` as parts of `own`.
pub(crate) fn is_read_as(own: &str, written: &str) -> bool {
    let written = written.trim_start_matches(' ').as_bytes();
    written
        .split_at_checked(own.len())
        .is_some_and(|(start, rest)| {
            matches!(rest.first(), None | Some(b'[' | 0)) && are_confusable(own.as_bytes(), start)
        })
}

/// Decodes a name or value of a query a second time, as some proxies do. Also decodes `%u0061`,
/// which no standard defines, but which ASP and ASP.NET decode.
pub(crate) fn decoded_again(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if let Some((octet, behind)) = triplet(rest) {
            decoded.push(octet);
            rest = behind;
        } else if let Some((character, behind)) = unicode(rest) {
            let mut octets = [0; 4];
            decoded.extend(character.encode_utf8(&mut octets).bytes());
            rest = behind;
        } else {
            decoded.push(*first);
            rest = behind;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

/// Decodes an escape such as `%u0061` at the start of the text, and returns its character and the
/// rest of the text.
fn unicode(text: &[u8]) -> Option<(char, &[u8])> {
    let [b'%', b'u' | b'U', rest @ ..] = text else {
        return None;
    };
    let (digits, behind) = rest.split_first_chunk::<4>()?;
    let number = digits.iter().try_fold(0_u32, |number, digit| {
        Some(number << 4 | char::from(*digit).to_digit(16)?)
    });
    Some((char::from_u32(number?)?, behind))
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
            ("?a_tok", false),
            ("%61_tok", true),
            ("%U0061_tok", true),
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
    fn only_whole_escapes_are_decoded_again() {
        for (text, expected) in [
            ("", ""),
            ("a", "a"),
            ("100%", "100%"),
            ("a%6", "a%6"),
            ("a%61%C3%A9", "aaé"),
            ("%C1%A1", "\u{fffd}\u{fffd}"),
            ("%u0061%U00e9b", "aéb"),
            ("%u006", "%u006"),
            ("%u+061", "%u+061"),
            ("%uD800", "%uD800"),
            ("%u%u0061", "%ua"),
            ("%u00é", "%u00é"),
        ] {
            assert_eq!(decoded_again(text), expected, "{text}");
        }
    }
}

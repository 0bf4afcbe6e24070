//! The values of MCP headers.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The start and the end of a base64 value (MCP specification, section "Value Encoding").
const ENCODED: (&str, &str) = ("=?base64?", "?=");

/// The start of all values that a server could mistake for base64, such as `=?BASE64?` or an
/// encoded word of RFC 2047.
const MARKER: &str = "=?";

/// Returns the value of a header as a string, or `None` if servers could read the value in
/// different ways. The value must be printable ASCII. A space at either end is not allowed, because
/// servers trim it. A comma is not allowed, because a proxy may have inserted it to join two
/// headers.
pub(super) fn plain(line: &[u8]) -> Option<&str> {
    let is_readable = |octet: &u8| matches!(octet, b' '..=b'~') && *octet != b',';
    let text = str::from_utf8(line).ok()?;
    let is_clear = line.iter().all(is_readable) && text.trim_ascii().len() == text.len();
    (is_clear && !text.is_empty()).then_some(text)
}

/// Returns the string in a header whose values are never encoded. Returns `None` if the value
/// starts like an encoded value, because some servers may decode it.
pub(super) fn literal(line: &[u8]) -> Option<&str> {
    plain(line).filter(|text| !text.starts_with(MARKER))
}

/// Returns the string in a header whose value may be encoded. Returns `None` if the value starts
/// like an encoded value but cannot be decoded. Servers disagree on the meaning of such a value.
pub(super) fn decoded(line: &[u8]) -> Option<Cow<'_, str>> {
    let text = plain(line)?;
    if !text.starts_with(MARKER) {
        return Some(Cow::Borrowed(text));
    }
    let encoded = text.strip_prefix(ENCODED.0)?.strip_suffix(ENCODED.1)?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    (!decoded.is_empty()).then_some(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn decodes_the_examples_of_the_specification() {
        for (line, text) in [
            ("us-west1", "us-west1"),
            ("=?base64?SGVsbG8sIOS4lueVjA==?=", "Hello, 世界"),
            ("=?base64?IHBhZGRlZCA=?=", " padded "),
            ("=?base64?bGluZTEKbGluZTI=?=", "line1\nline2"),
            ("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", "=?base64?literal?="),
            (
                "file:///projects/my app/config.json",
                "file:///projects/my app/config.json",
            ),
            ("a=?b", "a=?b"),
            ("query?=", "query?="),
        ] {
            assert_eq!(decoded(line.as_bytes()).as_deref(), Some(text), "{line}");
        }
    }

    #[test]
    fn a_value_that_servers_read_differently_has_no_text() {
        for line in [
            &b""[..],
            b" list_files",
            b"list_files ",
            b"\tlist_files",
            b"list\tfiles",
            b"list_files, delete_all",
            b"list_files\0",
            b"list_files\xff",
            "liste_des_accès".as_bytes(),
            b"=?base64??=",
            b"=?base64?=",
            b"=?base64?bGlzdF9maWxlcw==",
            b"=?base64?bGlzdF9maWxlcw?=",
            b"=?base64?bGlzdF9maWxlcx==?=",
            b"=?base64?bGlz dF9maWxlcw==?=",
            b"=?base64?bGlzdF9maWxlcw==?=x",
            b"=?base64?_-8=?=",
            b"=?base64?/w==?=",
            b"=?BASE64?bGlzdF9maWxlcw==?=",
            b"=?Base64?bGlzdF9maWxlcw==?=",
            b"=?utf-8?B?bGlzdF9maWxlcw==?=",
            b"=?list_files",
        ] {
            assert_eq!(decoded(line), None, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_literal_value_is_never_decoded() {
        assert_eq!(literal(b"tools/call"), Some("tools/call"));
        assert_eq!(literal(b"=?base64?dG9vbHMvY2FsbA==?="), None);
    }
}

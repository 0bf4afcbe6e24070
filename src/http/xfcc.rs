//! The header `x-forwarded-client-cert`, in which proxies forward client certificates. Each proxy
//! adds one element.
//!
//! An element is a list of pairs such as `Hash=…;Subject="CN=a"`. Some values come from clients'
//! certificates, so a quoted value may contain characters that are separators elsewhere in the
//! header. If any part of the header is malformed, the whole header is refused. Otherwise a client
//! could open a quote in its own part of the header, and thereby change where a proxy's part
//! begins.

use crate::certificate_digest::CertificateDigest;

const HASH: &[u8] = b"hash";

/// Returns the digest of the certificate in one element of the header. `from_right` is the
/// number of that element, counted from the right and starting with 1. Returns `None` if the header
/// is malformed or has fewer than `from_right` elements, or if the element does not have exactly
/// one digest. If the header has several lines, they are joined first (RFC 9110 section 5.3).
#[must_use]
pub fn digest<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    from_right: usize,
) -> Option<CertificateDigest> {
    let text = lines.collect::<Vec<_>>().join(&b","[..]);
    let mut elements = Vec::new();
    for element in split(&text, b',')? {
        elements.push(hash(element)?);
    }
    let index = elements.len().checked_sub(from_right)?;
    elements.get(index).copied().flatten()
}

/// Returns the digest in an element. The outer `None` means that the element is malformed. The
/// inner `None` means that the element has no digest.
#[expect(
    clippy::option_option,
    reason = "an element without a digest is well-formed"
)]
fn hash(element: &[u8]) -> Option<Option<CertificateDigest>> {
    let mut hash = None;
    for pair in split(element, b';')? {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = pair.split_at_checked(equals)?;
        if key.is_empty() || !key.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let value = value_of(value.get(1..)?)?;
        // Envoy ignores the case of keys. An element with two digests is malformed, because servers
        // could read either of them.
        if key.eq_ignore_ascii_case(HASH) {
            if hash.is_some() {
                return None;
            }
            hash = Some(CertificateDigest::from_hex(value)?);
        }
    }
    Some(hash)
}

/// Removes the quotes around a value. An unquoted value that has a quote in it is malformed.
fn value_of(written: &[u8]) -> Option<&[u8]> {
    match written.strip_prefix(b"\"") {
        // `split` has checked that the value ends with a quote.
        Some(quoted) => quoted.strip_suffix(b"\""),
        None => (!written.contains(&b'"')).then_some(written),
    }
}

/// Splits text at each separator outside of quotes, and trims the parts. Returns `None` if quotes
/// are not closed or are in the wrong place.
fn split(text: &[u8], separator: u8) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    let mut start = 0_usize;
    let mut state = State::Outside;
    for (index, byte) in text.iter().copied().enumerate() {
        state = match (state, byte) {
            (State::Outside | State::AfterEquals | State::AfterQuote, byte)
                if byte == separator =>
            {
                parts.push(text.get(start..index)?.trim_ascii());
                start = index.checked_add(1)?;
                State::Outside
            }
            (State::AfterEquals, b'"') | (State::Escaped, _) => State::Quoted,
            (State::Quoted, b'\\') => State::Escaped,
            (State::Quoted, b'"') => State::AfterQuote,
            (State::Quoted, _) => State::Quoted,
            (State::AfterQuote, b',' | b';') => State::Outside,
            (State::AfterQuote, b' ' | b'\t') => State::AfterQuote,
            (State::AfterQuote, _) | (_, b'"') => return None,
            (_, b'=') => State::AfterEquals,
            (State::Outside | State::AfterEquals, _) => State::Outside,
        };
    }
    if matches!(state, State::Quoted | State::Escaped) {
        return None;
    }
    parts.push(text.get(start..)?.trim_ascii());
    Some(parts)
}

/// The position of the parser in the header.
#[derive(Clone, Copy)]
enum State {
    Outside,
    /// Directly after `=`, the only position where a quoted value may begin.
    AfterEquals,
    Quoted,
    /// After a backslash inside a quoted value.
    Escaped,
    /// After the end of a quoted value. Only white space or a separator may follow.
    AfterQuote,
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn hash_of(octet: u8) -> String {
        format!("{octet:02x}").repeat(32)
    }

    /// Parses `text`, in which `A`, `B` and `C` stand for digests.
    fn read(text: &str, from_right: usize) -> Option<u8> {
        let text = text
            .replace('A', &hash_of(10))
            .replace('B', &hash_of(11))
            .replace('C', &hash_of(12));
        let found = digest(std::iter::once(text.as_bytes()), from_right)?;
        Some(found.as_bytes()[0])
    }

    #[test]
    fn elements_are_counted_from_the_right() {
        let header = "Hash=A,By=spiffe://x;Hash=B;Subject=\"CN=b\",Hash=C;URI=spiffe://c";
        for (from_right, expected) in [
            (1, Some(12)),
            (2, Some(11)),
            (3, Some(10)),
            (4, None),
            (0, None),
            (usize::MAX, None),
        ] {
            assert_eq!(read(header, from_right), expected, "{from_right}");
        }
    }

    #[test]
    fn several_lines_count_as_one() {
        let lines = [hash_of(10), hash_of(11)].map(|hash| format!("Hash={hash}").into_bytes());
        let found = |n| {
            let found = digest(lines.iter().map(Vec::as_slice), n);
            found.map(|digest| digest.as_bytes()[0])
        };
        assert_eq!((found(1), found(2)), (Some(11), Some(10)));
        assert_eq!(digest(std::iter::empty(), 1), None);
    }

    #[test]
    fn separators_in_quotes_separate_nothing() {
        for header in [
            r#"Hash=A;Subject="CN=a,Hash=B""#,
            r#"Hash=A;Subject="CN=a;Hash=B;URI=c""#,
            r#"Hash=A;Subject="CN=a\",Hash=B;Subject=\"b""#,
            r#"Hash=A;Subject="CN=a\\""#,
            r#"Hash=A;Subject="""#,
            r#"Subject="",Hash="A""#,
            r#"Hash=B;Subject="CN=a", Hash=A ;By="#,
            "hash=A;uri=spiffe://a?b=c",
            "haSH=A",
        ] {
            assert_eq!(read(header, 1), Some(10), "{header}");
        }
    }

    #[test]
    fn a_malformed_header_has_no_certificate() {
        for header in [
            "",
            ",",
            "Hash=A,",
            ",Hash=A",
            "Hash",
            "=A",
            "Hash=",
            "Hash=A;",
            "Hash=A;Hash=A",
            "Hash=A;hash=B",
            "Hash=A;Subject",
            "Hash=A;Sub ject=a",
            "Hash=\"A",
            "Hash=A\"",
            "Hash=\"A\"\"",
            "Hash=\"A\"b",
            "Hash=A;Subject=a\"b\"",
            r#"Hash=A;Subject="a\""#,
            r#"Hash=A;Subject="a\\"b""#,
            "Subject=\"CN=a\"",
            "Hash=B,Subject=\"CN=a\"",
            "Hash=0g",
            "Hash=AA",
            // A client opens a quote in its own part, and the proxy's part closes it.
            "By=\",Hash=A;Subject=\"CN=a\"",
        ] {
            assert_eq!(read(header, 1), None, "{header}");
        }
    }

    /// An element from a client may have no digest. The proxy's element is still used.
    #[test]
    fn an_element_without_a_digest_does_not_affect_the_others() {
        assert_eq!(read("By=x,Hash=A", 1), Some(10));
        assert_eq!(read("By=x,Hash=A", 2), None);
    }
}

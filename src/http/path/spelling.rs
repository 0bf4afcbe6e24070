//! The normal spelling of a path (RFC 3986 §6.2.2). Equivalent spellings of a path, such as `/%61`
//! and `/a`, have the same normal spelling.

use std::borrow::Cow;

/// An octet of a path.
#[derive(Clone, Copy)]
pub(super) struct Octet {
    pub(super) value: u8,
    is_encoded: bool,
}

impl Octet {
    /// Returns true if this octet is unencoded in the normal spelling.
    fn is_literal(self) -> bool {
        is_pchar(self.value) || (self.value == b'/' && !self.is_encoded)
    }

    /// Returns true if the octet is a `%` that is not followed by two hexadecimal digits.
    pub(super) const fn is_stray_percent(self) -> bool {
        self.value == b'%' && !self.is_encoded
    }
}

/// Decodes a path into octets. A `%` that is not followed by two hexadecimal digits stays a `%`.
pub(super) fn octets(path: &str) -> Vec<Octet> {
    let mut octets = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let (octet, behind) = match triplet(rest) {
            Some((value, behind)) => {
                let is_encoded = true;
                (Octet { value, is_encoded }, behind)
            }
            None => {
                let (value, is_encoded) = (*first, false);
                (Octet { value, is_encoded }, behind)
            }
        };
        rest = behind;
        octets.push(octet);
    }
    octets
}

/// Decodes a triplet such as `%2F` at the start of `text`, and returns its octet and the rest of
/// the text.
pub(crate) fn triplet(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, behind @ ..] = text else {
        return None;
    };
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let value = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
    Some((u8::try_from(value).ok()?, behind))
}

/// Converts `path` to its normal spelling. Octets that need no encoding in a segment (`pchar`, RFC
/// 3986 §3.3) are decoded. All other octets except the separator `/` are encoded, with capital
/// hexadecimal digits. So `/caf%c3%a9` and `/café` become `/caf%C3%A9`, `/%61` becomes `/a`, and
/// `/x[1]` becomes `/x%5B1%5D`. `%2F` stays encoded, because an encoded slash does not separate
/// segments.
#[must_use]
pub fn normal_spelling(path: &str) -> Cow<'_, str> {
    let mut normal = String::with_capacity(path.len());
    for octet in octets(path) {
        if octet.is_literal() {
            normal.push(char::from(octet.value));
        } else {
            let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
            normal.push('%');
            normal.push(digit(octet.value >> 4).to_ascii_uppercase());
            normal.push(digit(octet.value & 0xf).to_ascii_uppercase());
        }
    }
    match normal == path {
        true => Cow::Borrowed(path),
        false => Cow::Owned(normal),
    }
}

/// Returns true if this octet may occur unencoded in a segment (RFC 3986 §3.3).
pub(crate) const fn is_pchar(octet: u8) -> bool {
    matches!(
        octet,
        b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-' | b'.' | b'_' | b'~'
            | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
            | b':' | b'@'
    )
}

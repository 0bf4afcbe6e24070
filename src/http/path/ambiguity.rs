//! Refuses paths that different servers read as different resources.

use core::fmt;

use super::spelling::octets;

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguity {
    /// `\` or `%5c`, which some servers treat like `/`.
    Backslash,
    /// An encoded control character. Some servers end the path at `%00`, or strip a final `%0a`.
    Control,
    /// A segment `.` or `..`, plain or encoded (RFC 3986 §5.2.4).
    DotSegment,
    /// `%25` before two hexadecimal digits. For example, `%252f` becomes `/` if a path is decoded
    /// twice.
    DoubleEncoding,
    /// `//`, which some servers replace with `/`.
    EmptySegment,
    /// `%2f`, which some servers decode before they route the request.
    EncodedSlash,
    /// `#`, which starts a fragment. A request target has no fragment (RFC 9112 §3.2).
    Fragment,
    /// An encoded `?` or `#` in a path that also has a parameter, or both an encoded `?` and an
    /// encoded `#`. Such a path has so many readings that comparing them all would take too long.
    ManyEnds,
    /// Encoded octets that are not UTF-8, such as `%c0%af`, which old decoders read as `/`.
    NotText,
    /// `%u` before four hexadecimal digits, such as `%u002f`, which IIS and others decode to `/`.
    UnicodeEncoding,
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Backslash => "a backslash",
            Self::Control => "an encoded control character",
            Self::DotSegment => "a dot segment",
            Self::DoubleEncoding => "a doubly encoded character",
            Self::EmptySegment => "an empty segment",
            Self::EncodedSlash => "an encoded slash",
            Self::Fragment => "a fragment",
            Self::ManyEnds => "an encoded ? or # together with ; or with each other",
            Self::NotText => "encoded octets that are not UTF-8",
            Self::UnicodeEncoding => "a %u encoding, such as %u002f",
        })
    }
}

/// The part of a request's path that a rule specifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A prefix of the path.
    Start,
    /// The whole path.
    Whole,
}

/// Refuses a path that different servers read as different resources. `normal` is the normal
/// spelling of the path.
pub(super) fn refuse(normal: &str, extent: Extent) -> Result<(), Ambiguity> {
    if normal.contains("//") {
        return Err(Ambiguity::EmptySegment);
    }
    let mut segments = normal.split('/');
    if extent == Extent::Start {
        // The last segment of a prefix may be incomplete: `/.` is also a prefix of `/.well-known`.
        segments.next_back();
    }
    if segments.any(|segment| matches!(segment, "." | "..")) {
        return Err(Ambiguity::DotSegment);
    }
    refuse_encodings(normal, extent)
}

/// Checks each encoded octet of a path in its normal spelling.
fn refuse_encodings(normal: &str, extent: Extent) -> Result<(), Ambiguity> {
    if !normal.contains('%') {
        return Ok(());
    }
    for encoded in normal.split('%').skip(1) {
        let (code, behind) = encoded.split_at_checked(2).unwrap_or((encoded, ""));
        let ambiguity = match code.as_bytes() {
            b"2F" => Ambiguity::EncodedSlash,
            b"5C" => Ambiguity::Backslash,
            [b'0' | b'1', _] | b"7F" => Ambiguity::Control,
            b"25" if is_unicode_encoding(behind) => Ambiguity::UnicodeEncoding,
            b"25" if starts_with_digits::<2>(behind) => Ambiguity::DoubleEncoding,
            _ => continue,
        };
        return Err(ambiguity);
    }
    let decoded: Vec<u8> = octets(normal).iter().map(|octet| octet.value).collect();
    match str::from_utf8(&decoded) {
        Err(error) if extent == Extent::Whole || error.error_len().is_some() => {
            Err(Ambiguity::NotText)
        }
        _ => Ok(()),
    }
}

/// Returns true if the text begins with `u` or `U`, followed by four hexadecimal digits.
fn is_unicode_encoding(behind: &str) -> bool {
    let digits = behind.strip_prefix(['u', 'U']);
    digits.is_some_and(starts_with_digits::<4>)
}

/// Returns true if the text begins with `COUNT` hexadecimal digits.
fn starts_with_digits<const COUNT: usize>(text: &str) -> bool {
    let first = text.as_bytes().first_chunk::<COUNT>();
    first.is_some_and(|first| first.iter().all(u8::is_ascii_hexdigit))
}

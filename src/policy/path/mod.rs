//! One path, however it is spelled.
//!
//! A rule for `/admin` protects nothing if the upstream takes `/x/..%2fadmin`, `/%61dmin` or
//! `/admin;x` for the same resource. Normalising like one upstream would fail for another, so with
//! `path_policy: reject` a path that servers read as different resources is refused, and a path
//! that has several spellings must meet the same rule in each: [`readings`]. A rule's own path is
//! brought into the same spelling when the configuration is read ([`normal_spelling`]).
//!
//! Path parameters (`;v=1`) and encoded letters (`%61`) are legitimate. They are allowed where the
//! rules decide alike for every reading (CVE-2026-73553).

mod spelling;
mod written;

use core::{fmt, mem};
use std::borrow::Cow;

use self::spelling::{is_pchar, octets};
pub use self::{
    spelling::normal_spelling,
    written::{Extent, Unreachable, unreachable},
};

/// A request target, split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The path, before `?`.
    pub path: &'a str,
    /// What follows the first `?`.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Splits `:path` at its first `?`.
    #[must_use]
    pub fn new(target: &'a str) -> Self {
        match target.split_once('?') {
            Some((path, query)) => Self {
                path,
                query: Some(query),
            },
            None => Self {
                path: target,
                query: None,
            },
        }
    }

    /// The whole of it, as `:path` has it.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        match self.query {
            Some(query) => Cow::Owned(format!("{}?{query}", self.path)),
            None => Cow::Borrowed(self.path),
        }
    }
}

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguity {
    /// `\` or `%5c`: some servers take it for `/`.
    Backslash,
    /// `.` or `..` as a segment, plain or encoded (RFC 3986 §5.2.4).
    DotSegment,
    /// `%25` before two hexadecimal digits: decoded twice, it becomes another character.
    DoubleEncoding,
    /// `//`: some servers merge it.
    EmptySegment,
    /// `%2f`: some servers decode it before they route.
    EncodedSlash,
    /// `#`: a fragment is not part of a request target (RFC 9112 §3.2).
    Fragment,
    /// `%00`: some servers end the path there.
    Nul,
    /// Encoded octets that are not UTF-8, such as `%c0%af`, which old decoders read as `/`.
    NotText,
    /// `%u002f`: IIS and others decode it to a character.
    UnicodeEncoding,
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Backslash => "a backslash",
            Self::DotSegment => "a dot segment",
            Self::DoubleEncoding => "a character that is encoded twice",
            Self::EmptySegment => "an empty segment",
            Self::EncodedSlash => "an encoded slash",
            Self::Fragment => "a fragment",
            Self::Nul => "an encoded NUL",
            Self::NotText => "encoded octets that are not UTF-8",
            Self::UnicodeEncoding => "the encoding %u",
        })
    }
}

/// The ways in which servers may read a path, other than as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// In its normal spelling, where that differs.
    normal: Option<String>,
    /// In its normal spelling without its parameters, where it has some.
    bare: Option<String>,
}

impl Readings {
    /// Each of them once.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.normal.iter().chain(&self.bare).map(String::as_str)
    }
}

/// The other readings of `path` (without query).
///
/// # Errors
/// When servers read it as different resources.
pub fn readings(path: &str) -> Result<Readings, Ambiguity> {
    if is_plain(path.as_bytes()) {
        return Ok(Readings::default());
    }
    if path.contains('#') {
        return Err(Ambiguity::Fragment);
    }
    let normal = normal_spelling(path);
    refuse(&normal, Extent::Whole)?;
    let bare = normal.contains(';').then(|| without_parameters(&normal));
    if let Some(bare) = &bare {
        // Taking `;` out of `/..;/admin` leaves a dot segment.
        refuse(bare, Extent::Whole)?;
    }
    Ok(Readings {
        normal: (normal != path).then(|| normal.into_owned()),
        bare,
    })
}

/// Whether a path has one reading and nothing ambiguous. Most paths are like this, so it is one
/// scan without allocation.
fn is_plain(path: &[u8]) -> bool {
    const START: u8 = 0;
    let mut before = START;
    path.iter().all(|octet| {
        let before = mem::replace(&mut before, *octet);
        match octet {
            b'/' => before != b'/',
            b'.' => before != b'/' && before != START,
            b';' => false,
            octet => is_pchar(*octet),
        }
    })
}

/// Refuses a path in its normal spelling that servers read differently.
fn refuse(normal: &str, extent: Extent) -> Result<(), Ambiguity> {
    if normal.contains("//") {
        return Err(Ambiguity::EmptySegment);
    }
    let mut segments = normal.split('/');
    if extent == Extent::Start {
        segments.next_back(); // unfinished: `/.` also begins `/.well-known`
    }
    if segments.any(|segment| matches!(segment, "." | "..")) {
        return Err(Ambiguity::DotSegment);
    }
    refuse_encodings(normal, extent)
}

/// Looks at each encoded octet of a normal spelling.
fn refuse_encodings(normal: &str, extent: Extent) -> Result<(), Ambiguity> {
    if !normal.contains('%') {
        return Ok(());
    }
    for encoded in normal.split('%').skip(1) {
        let (code, behind) = encoded.split_at_checked(2).unwrap_or((encoded, ""));
        let ambiguity = match code {
            "2F" => Ambiguity::EncodedSlash,
            "5C" => Ambiguity::Backslash,
            "00" => Ambiguity::Nul,
            "25" if is_unicode_encoding(behind) => Ambiguity::UnicodeEncoding,
            "25" if starts_with_digits::<2>(behind) => Ambiguity::DoubleEncoding,
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

/// Whether `u` and four hexadecimal digits come first.
fn is_unicode_encoding(behind: &str) -> bool {
    let digits = behind.strip_prefix(['u', 'U']);
    digits.is_some_and(starts_with_digits::<4>)
}

/// Whether that many hexadecimal digits come first.
fn starts_with_digits<const COUNT: usize>(text: &str) -> bool {
    let first = text.as_bytes().first_chunk::<COUNT>();
    first.is_some_and(|first| first.iter().all(u8::is_ascii_hexdigit))
}

/// `path` without its parameters: everything from `;` to the end of each segment.
fn without_parameters(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(""))
        .collect();
    segments.join("/")
}

#[cfg(test)]
mod tests;

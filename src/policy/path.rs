//! Which paths two parties could read differently.
//!
//! A rule on `/admin` protects nothing if the upstream takes `/x/..%2fadmin` for the same
//! resource. Normalising like some upstream would only move the question, so ambiguous paths are
//! refused (`path_policy: reject`). Path parameters (`;v=1`) and encoded letters (`%61`) are
//! legitimate: they are allowed where the rules decide alike for the path without them
//! (CVE-2026-73553).

use core::{fmt, mem};
use std::borrow::Cow;

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
}

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguity {
    /// `\` or `%5c`: some servers take it for `/`.
    Backslash,
    /// `.` or `..` as a segment, plain or encoded (RFC 3986 §5.2.4).
    DotSegment,
    /// `%25` before two hexadecimal digits: decoded twice it becomes another character.
    DoubleEncoding,
    /// `//`: some servers merge it.
    EmptySegment,
    /// The rules decide differently for `%61` and `a`, which are one character (RFC 3986 §6.2.2.2).
    Encoding,
    /// `%2f`: some servers decode it before they route.
    EncodedSlash,
    /// `#`: a fragment is no part of a request target (RFC 9112 §3.2).
    Fragment,
    /// `%00`: some servers end the path there.
    Nul,
    /// Bytes that are not UTF-8.
    NotText,
    /// The rules decide differently with and without a path parameter.
    Parameter,
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Backslash => "the path holds a backslash",
            Self::DotSegment => "the path holds a dot segment",
            Self::DoubleEncoding => "the path is encoded twice",
            Self::EmptySegment => "the path holds an empty segment",
            Self::Encoding => "the path's encoding changes which rule applies",
            Self::EncodedSlash => "the path holds an encoded slash",
            Self::Fragment => "the path holds a fragment",
            Self::Nul => "the path holds an encoded NUL",
            Self::NotText => "the path is not UTF-8",
            Self::Parameter => "the path parameter changes which rule applies",
        })
    }
}

/// The first reason to refuse `path` (without query), if there is one.
#[must_use]
pub fn ambiguity(path: &str) -> Option<Ambiguity> {
    is_suspicious(path.as_bytes()).then(|| find_ambiguity(path))?
}

fn find_ambiguity(path: &str) -> Option<Ambiguity> {
    if path.contains('#') {
        return Some(Ambiguity::Fragment);
    }
    if path.contains("//") {
        return Some(Ambiguity::EmptySegment);
    }
    if path.contains('\\') {
        return Some(Ambiguity::Backslash);
    }
    encoded_ambiguity(path).or_else(|| {
        path.split('/')
            .any(is_dot_segment)
            .then_some(Ambiguity::DotSegment)
    })
}

/// Whether there is anything in it that an ambiguity begins with. Most paths have nothing, and are read
/// once.
fn is_suspicious(path: &[u8]) -> bool {
    const START: u8 = 0;
    let mut before = START;
    path.iter().any(|octet| {
        let before = mem::replace(&mut before, *octet);
        matches!(
            (before, octet),
            (_, b'#' | b'\\' | b'%') | (b'/', b'/') | (START | b'/', b'.')
        )
    })
}

/// `path` without its parameters: everything from `;` to the end of each segment.
#[must_use]
pub fn without_parameters(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(""))
        .collect();
    segments.join("/")
}

/// `path` in the one spelling that every reader gives it: what may stand in a path as it is stands
/// there as it is, and all else is encoded in capitals (RFC 3986 §6.2.2, and §3.3 for `pchar`). A
/// `%` that encodes nothing stays.
#[must_use]
pub fn normal_encoding(path: &str) -> Cow<'_, str> {
    let Some((start, rest)) = path.split_once('%') else {
        return Cow::Borrowed(path);
    };
    let mut normal = start.to_owned();
    for part in rest.split('%') {
        let (code, behind) = match part.split_at_checked(2) {
            Some((code, behind)) if is_hex(code) => (code, behind),
            _ => ("", part),
        };
        let octet = u8::from_str_radix(code, 16).map(char::from);
        match octet {
            Ok(char) if is_pchar(char) => normal.push(char),
            _ => {
                normal.push('%');
                normal.push_str(&code.to_ascii_uppercase());
            }
        }
        normal.push_str(behind);
    }
    Cow::Owned(normal)
}

/// What a segment may hold unencoded (RFC 3986 §3.3).
fn is_pchar(char: char) -> bool {
    char.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(char)
}

/// Looks at each `%` and the two digits after it.
fn encoded_ambiguity(path: &str) -> Option<Ambiguity> {
    let mut parts = path.split('%');
    parts.next(); // what stands before the first `%`
    let mut after_percent = false; // the last triplet was `%25` and nothing stood behind it
    for part in parts {
        let code = part.get(..2).map(str::to_ascii_lowercase);
        match code.as_deref() {
            Some("2f") => return Some(Ambiguity::EncodedSlash),
            Some("5c") => return Some(Ambiguity::Backslash),
            Some("00") => return Some(Ambiguity::Nul),
            Some("25") if part.get(2..4).is_some_and(is_hex) => {
                return Some(Ambiguity::DoubleEncoding);
            }
            // `%25%32%66` decodes to `%2f`: digits that are themselves encoded count as digits.
            _ if after_percent && part.get(..2).is_some_and(is_hex) => {
                return Some(Ambiguity::DoubleEncoding);
            }
            _ => {}
        }
        after_percent = part.len() <= 3 && code.as_deref() == Some("25");
    }
    None
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_dot_segment(segment: &str) -> bool {
    // Only dots and `%2e` in it: comparing the decoded form needs no general decoder.
    segment.contains(['.', '%'])
        && matches!(
            segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
            "." | ".."
        )
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn refuses_each_ambiguous_form() {
        for (path, reason) in [
            ("/a//b", Ambiguity::EmptySegment),
            ("//", Ambiguity::EmptySegment),
            ("/a/../b", Ambiguity::DotSegment),
            ("/a/..", Ambiguity::DotSegment),
            ("/./a", Ambiguity::DotSegment),
            ("/a/%2e%2E/b", Ambiguity::DotSegment),
            ("/a/.%2e", Ambiguity::DotSegment),
            ("/a\\b", Ambiguity::Backslash),
            ("/a%5Cb", Ambiguity::Backslash),
            ("/a%2fb", Ambiguity::EncodedSlash),
            ("/a%2Fb", Ambiguity::EncodedSlash),
            ("/a%00", Ambiguity::Nul),
            ("/a#b", Ambiguity::Fragment),
            ("/a%252fb", Ambiguity::DoubleEncoding),
            ("/a%252E%252e/b", Ambiguity::DoubleEncoding),
            ("/a%25%32%66b", Ambiguity::DoubleEncoding),
            ("/a%252%66b", Ambiguity::DoubleEncoding),
        ] {
            assert_eq!(ambiguity(path), Some(reason), "{path}");
        }
    }

    #[test]
    fn suspects_whatever_is_ambiguous() {
        let mut paths = vec![String::new()];
        for _ in 0..6 {
            let longer = paths.iter().flat_map(|path| {
                ["/", ".", "%2e", "%", "a", "#", "\\"].map(|next| format!("{path}{next}"))
            });
            paths = longer.collect();
            for path in &paths {
                assert_eq!(ambiguity(path), find_ambiguity(path), "{path}");
            }
        }
    }

    #[test]
    fn keeps_ordinary_paths() {
        for path in [
            "/",
            "/a/b/",
            "/a.b/..c/c..",
            "/100%25",
            "/%7Euser",
            "*",
            "/a;v=1/b",
            "/a%20b",
            "/...",
            "/a%2",
            "/a%",
            "/%e2%82%ac",
            "/a%25/b",
        ] {
            assert_eq!(ambiguity(path), None, "{path}");
        }
    }

    #[test]
    fn gives_each_path_one_spelling() {
        for (path, expected) in [
            ("/a", "/a"),
            ("/%61%7e%7E", "/a~~"),
            ("/%c3%A9%2f%20", "/%C3%A9%2F%20"),
            ("/%3b%25%2b%+1%1", "/;%25+%+1%1"),
            ("/%é%6", "/%é%6"),
            ("%", "%"),
        ] {
            assert_eq!(normal_encoding(path), expected, "{path}");
        }
    }

    #[test]
    fn strips_parameters_of_every_segment() {
        assert_eq!(without_parameters("/a;x=1/b;y/c"), "/a/b/c");
        assert_eq!(without_parameters("/..;/admin"), "/../admin");
        assert_eq!(without_parameters("/a"), "/a");
    }

    #[test]
    fn splits_at_the_first_question_mark() {
        assert_eq!(
            Target::new("/a?b?c"),
            Target {
                path: "/a",
                query: Some("b?c")
            }
        );
        assert_eq!(
            Target::new("/a"),
            Target {
                path: "/a",
                query: None
            }
        );
    }
}

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    ambiguity::refuse,
    readings::{is_plain, without_parameters},
    *,
};

#[test]
fn refuses_every_ambiguous_form() {
    for (path, reason) in [
        ("/a//b", Ambiguity::EmptySegment),
        ("//", Ambiguity::EmptySegment),
        ("/a/;x/b", Ambiguity::EmptySegment),
        ("/a/../b", Ambiguity::DotSegment),
        ("/a/..", Ambiguity::DotSegment),
        ("/./a", Ambiguity::DotSegment),
        ("/a/%2e%2E/b", Ambiguity::DotSegment),
        ("/a/.%2e", Ambiguity::DotSegment),
        ("/a/..;x/b", Ambiguity::DotSegment),
        ("/a/..%3bx/b", Ambiguity::DotSegment),
        ("/a\\b", Ambiguity::Backslash),
        ("/a%5Cb", Ambiguity::Backslash),
        ("/a%2fb", Ambiguity::EncodedSlash),
        ("/a%2Fb", Ambiguity::EncodedSlash),
        ("/a%00", Ambiguity::Control),
        ("/a%09", Ambiguity::Control),
        ("/a%0d%0a", Ambiguity::Control),
        ("/a%1f", Ambiguity::Control),
        ("/a%7f", Ambiguity::Control),
        ("/a/..%3Fx", Ambiguity::DotSegment),
        ("/a/.%23x", Ambiguity::DotSegment),
        ("/a/..;x%3Fy/b", Ambiguity::ManyEnds),
        ("/a;v/b%3Fx", Ambiguity::ManyEnds),
        ("/a%3fx%3Bv", Ambiguity::ManyEnds),
        ("/a;v%23x", Ambiguity::ManyEnds),
        ("/a/%23x%3Fy", Ambiguity::ManyEnds),
        ("/a/%3fx%23y", Ambiguity::ManyEnds),
        ("/a#b", Ambiguity::Fragment),
        ("/a%252fb", Ambiguity::DoubleEncoding),
        ("/a%252E%252e/b", Ambiguity::DoubleEncoding),
        ("/a%25%32%66b", Ambiguity::DoubleEncoding),
        ("/a%252%66b", Ambiguity::DoubleEncoding),
        ("/a%%32%66b", Ambiguity::DoubleEncoding),
        ("/a%u002fb", Ambiguity::UnicodeEncoding),
        ("/a%U002f", Ambiguity::UnicodeEncoding),
        ("/a%25u002f", Ambiguity::UnicodeEncoding),
        ("/%c0%af", Ambiguity::NotText),
        ("/%ff", Ambiguity::NotText),
        ("/caf%e9", Ambiguity::NotText),
        ("/%ed%a0%80", Ambiguity::NotText),
        ("/caf%c3", Ambiguity::NotText),
        ("/%c3é", Ambiguity::NotText),
    ] {
        assert_eq!(readings(path), Err(reason), "{path}");
    }
}

/// Every path that the quick scan accepts also passes the full check, and has only one reading.
#[test]
fn no_path_with_two_readings_is_plain() {
    let mut paths = vec![String::new()];
    for _ in 0..5 {
        let pieces = ["/", ".", "%2e", "%", "a", "#", "\\", ";", "é", "[", "%61"];
        let longer = paths.iter().flat_map(|path| {
            let next = pieces.iter();
            next.map(move |next| format!("{path}{next}"))
        });
        paths = longer.collect();
        for path in paths.iter().filter(|path| is_plain(path.as_bytes())) {
            assert_eq!(refuse(path, Extent::Whole), Ok(()), "{path}");
            assert_eq!(normal_spelling(path), path.as_str());
            assert!(!path.contains([';', '#']), "{path}");
        }
    }
}

#[test]
fn ordinary_paths_have_one_reading() {
    for path in [
        "/",
        "/a/b/",
        "/a.b/c..",
        "*",
        "",
        "/a@b:c!$&'()*+,=~-_",
        "/.well-known/x",
        "/...",
        "/..c/.d",
        "/%C3%A9",
        "/100%25",
        "/100%25user",
        "/%25u00",
    ] {
        assert_eq!(readings(path), Ok(Readings::default()), "{path}");
    }
}

#[test]
fn lists_the_readings_of_other_spellings_and_parameters() {
    for (path, expected) in [
        ("/%61dmin", &["/admin"][..]),
        ("/x[1]", &["/x%5B1%5D"]),
        ("/x%5b1]", &["/x%5B1%5D"]),
        ("/café", &["/caf%C3%A9"]),
        ("/caf%c3%a9", &["/caf%C3%A9"]),
        ("/a b", &["/a%20b"]),
        ("/100%", &["/100%25"]),
        ("/a%2", &["/a%252"]),
        ("/a%25/b%", &["/a%25/b%25"]),
        // Old servers end the path at the first `;`.
        ("/a;v=1/b", &["/a/b", "/a"]),
        ("/a%3bv/b", &["/a;v/b", "/a/b", "/a"]),
        ("/a%3Fx", &["/a"]),
        ("/a%3fx", &["/a%3Fx", "/a"]),
        ("/a%3Fx%3Fy", &["/a"]),
        // A server that removes parameters before it decodes reads `/a/b;c`. A server that removes
        // them after decoding reads `/a/b`.
        ("/a;v/b%3Bc", &["/a;v/b;c", "/a/b;c", "/a/b", "/a"]),
    ] {
        let found = readings(path).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{path}");
    }
}

#[test]
fn every_path_has_one_normal_spelling() {
    for (path, expected) in [
        ("/a", "/a"),
        ("/%61%7e%7E", "/a~~"),
        ("/%c3%A9%2f%20", "/%C3%A9%2F%20"),
        ("/é €", "/%C3%A9%20%E2%82%AC"),
        ("/%3b%25%2b%+1%1", "/;%25+%25+1%251"),
        ("/%é%6", "/%25%C3%A9%256"),
        ("%", "%25"),
        ("/{id}|\"<>^`", "/%7Bid%7D%7C%22%3C%3E%5E%60"),
    ] {
        assert_eq!(normal_spelling(path), expected, "{path}");
        assert_eq!(normal_spelling(expected), expected);
    }
}

#[test]
fn detects_paths_that_no_request_can_have() {
    let (start, whole) = (Extent::Start, Extent::Whole);
    let refused = Unreachable::Refused;
    for (path, extent, expected) in [
        ("//admin", whole, Some(refused(Ambiguity::EmptySegment))),
        ("/a/../b", whole, Some(refused(Ambiguity::DotSegment))),
        ("/a/..", whole, Some(refused(Ambiguity::DotSegment))),
        ("/a/%2e%2e/b", start, Some(refused(Ambiguity::DotSegment))),
        ("/a%2fb", start, Some(refused(Ambiguity::EncodedSlash))),
        ("/a%5cb", start, Some(refused(Ambiguity::Backslash))),
        ("/a\\b", start, Some(refused(Ambiguity::Backslash))),
        ("/a%252fb", whole, Some(refused(Ambiguity::DoubleEncoding))),
        ("/a%u00e9", whole, Some(refused(Ambiguity::UnicodeEncoding))),
        ("/a%00", whole, Some(refused(Ambiguity::Control))),
        ("/caf%e9", whole, Some(refused(Ambiguity::NotText))),
        ("/caf%c3", whole, Some(refused(Ambiguity::NotText))),
        ("/my docs", start, Some(Unreachable::Control)),
        ("/a\t", start, Some(Unreachable::Control)),
        ("/a\u{7f}", start, Some(Unreachable::Control)),
        ("/100%", whole, Some(Unreachable::Percent)),
        ("/a%2", start, Some(Unreachable::Percent)),
        // Each of these is a prefix of a path that is allowed in requests.
        ("/.", start, None),
        ("/a/..", start, None),
        ("/caf%c3", start, None),
        ("/a%252", start, None),
        // Paths with several spellings are normalised.
        ("/café", whole, None),
        ("/x[1]", whole, None),
        ("/a%20b", whole, None),
        ("/a;b", whole, None),
        ("*", whole, None),
        ("", start, None),
    ] {
        assert_eq!(unreachable(path, extent), expected, "{path} {extent:?}");
    }
}

#[test]
fn removes_the_parameters_of_every_segment() {
    assert_eq!(without_parameters("/a;x=1/b;y/c"), "/a/b/c");
    assert_eq!(without_parameters("/..;/admin"), "/../admin");
    assert_eq!(without_parameters("/a"), "/a");
}

#[test]
fn splits_at_the_first_question_mark() {
    for (target, path, query) in [("/a?b?c", "/a", Some("b?c")), ("/a", "/a", None)] {
        assert_eq!(Target::new(target), Target { path, query });
    }
}

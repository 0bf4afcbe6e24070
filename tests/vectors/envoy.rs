//! The key sets and tokens from Envoy's own tests of `jwt_authn`.

use portcullis::jose::{KeyOrigin, KeySet, KeySetError, KeySetLimits, UntrustedToken};
use portcullis::time::UnixSeconds;
use serde_json::Value;

use crate::{json, ran, sources, string, verifies};

fn constant(document: &Value, name: &str) -> String {
    string(&document[name]["value"]).to_owned()
}

fn parse(text: &str) -> Result<KeySet, KeySetError> {
    KeySet::parse(text.as_bytes(), KeyOrigin::Remote, KeySetLimits::default())
}

#[test]
fn tokens_verify_as_envoy_expects() {
    let Some(file) = sources::ENVOY.find() else {
        return;
    };
    let document = json(&file);
    let lenient = constant(&document, "PublicKey");
    // JSON does not allow the comma after the last key. Envoy accepts it.
    assert_eq!(parse(&lenient).unwrap_err(), KeySetError::NotAKeySet);
    let (keys, end) = lenient.rsplit_once(',').unwrap();
    let rsa = parse(&format!("{keys}{end}"));
    let ec = parse(&constant(&document, "ES256PublicKey"));
    let mut cases = 0;
    for (name, keys, expected) in [
        ("GoodToken", &rsa, true),
        ("GoodTokenWithSpaces", &rsa, true),
        ("NestedGoodToken", &rsa, true),
        ("ExpiredToken", &rsa, true),
        ("InvalidAudToken", &rsa, true),
        ("OtherGoodToken", &rsa, true),
        ("ES256WithoutIssToken", &ec, true),
        ("NonExpiringToken", &rsa, false),
        ("NotYetValidToken", &rsa, false),
        ("NonExistKidToken", &rsa, false),
        ("GoodToken", &ec, false),
        ("ES256WithoutIssToken", &rsa, false),
    ] {
        assert_eq!(
            verifies(&constant(&document, name), keys),
            expected,
            "{name}"
        );
        cases += 1;
    }
    ran("Envoy signatures", cases, sources::ENVOY.cases);
}

#[test]
fn claims_are_read_as_envoy_expects() {
    let Some(file) = sources::ENVOY.find() else {
        return;
    };
    let document = json(&file);
    let read = |name: &str| {
        let text = constant(&document, name);
        let token = UntrustedToken::parse(&text).unwrap();
        (
            token.jws().payload_segment().to_owned(),
            token.unverified_claims().clone(),
        )
    };
    let (payload, claims) = read("GoodToken");
    assert!(constant(&document, "ExpectedPayloadValue").starts_with(&payload[..60]));
    assert_eq!(claims.issuer(), Some("https://example.com"));
    assert_eq!(claims.audiences().collect::<Vec<_>>(), ["example_service"]);
    assert_eq!(
        claims.times().expiration,
        Some(UnixSeconds::new(2_001_001_001))
    );
    let (_, claims) = read("NotYetValidToken");
    assert_eq!(claims.times().not_before, Some(UnixSeconds::new(i64::MAX)));
    let (_, claims) = read("ES256WithoutIssToken");
    assert_eq!(claims.issuer(), None);
    let (_, claims) = read("NonExpiringToken");
    assert_eq!(
        (claims.times().expiration, claims.audiences().count()),
        (None, 0)
    );
}

//! Tests the best practices for JSON Web Tokens: those in section 3 of RFC 8725, and those that its
//! successor adds (draft-ietf-oauth-rfc8725bis-10). The name of each test contains the number of
//! the section that it tests.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{config::Config, jose::Algorithm};
use serde_json::{Value, json};

use crate::gate::{Gate, Outcome};
use support::{
    objects::with,
    signer::{self, Pair, Signer},
};

const NOW: u64 = 1_700_000_000;
const ISSUER: &str = "https://login.example.com";

const fn refused(reason: &'static str) -> Outcome {
    Err((401, reason))
}

fn es256() -> Signer {
    Signer::new(Algorithm::Es256)
}

fn provider() -> Value {
    json!({ "issuer": ISSUER, "audiences": ["orders"] })
}

fn gate_with(provider: Value, jwks: Value) -> Gate {
    Gate {
        provider,
        jwks,
        now: NOW,
    }
}

/// A gate that accepts the tokens of one signer.
fn gate(signer: &Signer) -> Gate {
    gate_with(provider(), signer.jwks())
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "orders", "sub": "alice", "exp": NOW + 300, "iat": NOW,
        "client_id": "shop", "jti": "1",
    })
}

/// A good token with these changes to its header; `null` removes a member.
fn token_with_header(signer: &Signer, changes: &Value) -> String {
    signer.token(&with(signer.header(), changes), &claims())
}

/// A good token with these changes to its claims; `null` removes a claim.
fn token_with_claims(signer: &Signer, changes: &Value) -> String {
    signer.sign_claims(&with(claims(), changes))
}

fn refused_configuration(provider: &Value) -> bool {
    let rules = json!([{ "match": { "prefix": "/" }, "requires": { "provider_name": "idp" } }]);
    let config = json!({ "providers": { "idp": provider }, "rules": rules });
    Config::parse(config.to_string().as_bytes()).is_err()
}

/// The allow-list of algorithms is case-sensitive, and each key is used with only one algorithm.
#[test]
fn rule_3_1_perform_algorithm_verification() {
    let own = es256();
    let gate = gate(&own);
    for (alg, expected) in [
        (json!("ES256"), Ok(())),
        (json!("es256"), refused("algorithm")),
        (json!("Es256"), refused("algorithm")),
        (json!("ES256 "), refused("algorithm")),
        (json!("none"), refused("algorithm")),
        (json!("noNE"), refused("algorithm")),
        (json!("HS256"), refused("algorithm")),
        (json!("ES384"), refused("unknown_key")),
        (json!(""), refused("algorithm")),
        (json!(["ES256"]), refused("malformed_token")),
        (Value::Null, refused("algorithm")),
    ] {
        let token = token_with_header(&own, &json!({ "alg": alg }));
        assert_eq!(gate.verify(&token), expected, "{alg}");
    }
    // The published key is for RS256, but the issuer signs with PS256.
    let rs256 = Signer::new(Algorithm::Rs256);
    let ps256 = Signer::new(Algorithm::Ps256).named(rs256.kid.as_deref());
    let token = ps256.sign_claims(&claims());
    let both = gate_with(provider(), rs256.jwks());
    assert_eq!(both.verify(&token), refused("unknown_key"));
    // A forger uses the published public key as a shared secret.
    let secret = json!({
        "kty": "oct", "k": URL_SAFE_NO_PAD.encode(signer::public_pem(Algorithm::Rs256)),
    });
    let secret = secret.as_object().unwrap().clone();
    let forger = Signer::from_private_jwk(Algorithm::Hs256, rs256.kid.as_deref(), secret);
    assert_eq!(
        both.verify(&forger.sign_claims(&claims())),
        refused("algorithm")
    );
}

#[test]
fn rule_3_2_use_appropriate_algorithms() {
    for algorithm in ["none", "None", "RSA1_5", "HS1", "es256", "ES256K"] {
        let provider = with(
            provider(),
            &json!({
                "algorithms": [algorithm],
                "local_jwks": { "inline_string": es256().jwks().to_string() },
            }),
        );
        assert!(refused_configuration(&provider), "{algorithm}");
    }
    // RFC 9864 defines the name `Ed25519` and deprecates `EdDSA`. Both names are accepted.
    let ed25519 = Signer::new(Algorithm::EdDsa);
    for alg in ["Ed25519", "EdDSA"] {
        let token = token_with_header(&ed25519, &json!({ "alg": alg }));
        assert_eq!(gate(&ed25519).verify(&token), Ok(()), "{alg}");
    }
}

/// Encrypted and nested tokens are refused, so a good outer token never makes an inner token
/// acceptable.
#[test]
fn rule_3_3_validate_all_cryptographic_operations() {
    let own = es256();
    let gate = gate(&own);
    let token = own.sign_claims(&claims());
    let (text, _) = token.rsplit_once('.').unwrap();
    assert_eq!(gate.verify(&format!("{text}.")), refused("malformed_token"));
    assert_eq!(gate.verify(text), refused("malformed_token"));
    let signature = own.sign(text.as_bytes());
    for octet in 0..signature.len() {
        let mut changed = signature.clone();
        changed[octet] ^= 1;
        let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(changed));
        assert_eq!(gate.verify(&token), refused("bad_signature"), "{octet}");
    }
    let nested = own.token_of_bytes(
        with(own.header(), &json!({ "cty": "JWT" }))
            .to_string()
            .as_bytes(),
        token.as_bytes(),
    );
    assert_eq!(gate.verify(&nested), refused("malformed_token"));
    let encrypted = format!("{token}.{text}");
    assert_eq!(gate.verify(&encrypted), refused("malformed_token"));
}

#[test]
fn rule_3_4_validate_cryptographic_inputs() {
    let (good, bad) = (es256(), es256().named(Some("off the curve")));
    let mut broken = bad.jwk();
    let y = URL_SAFE_NO_PAD
        .decode(broken["y"].as_str().unwrap())
        .unwrap();
    let mut octets = y;
    octets[31] ^= 1;
    broken["y"] = json!(URL_SAFE_NO_PAD.encode(octets));
    let remote = with(
        provider(),
        &json!({ "remote_jwks": { "http_uri": {
        "uri": "https://login.example.com/jwks", "cluster": "login", "timeout": "5s",
    } } }),
    );
    let gate = gate_with(remote, json!({ "keys": [good.jwk(), broken] }));
    assert_eq!(gate.verify(&good.sign_claims(&claims())), Ok(()));
    let token = bad.sign_claims(&claims());
    assert_eq!(gate.verify(&token), refused("unknown_key"));
}

#[test]
fn rule_3_5_ensure_that_keys_have_sufficient_entropy() {
    let secret = |octets: usize| {
        let secret = URL_SAFE_NO_PAD.encode(vec![7; octets]);
        with(
            provider(),
            &json!({ "shared_secrets": [{ "kid": "a", "secret": secret }] }),
        )
    };
    assert!(refused_configuration(&secret(31)));
    assert!(!refused_configuration(&secret(32)));
    let weak = include_str!("../support/keys/pem/rsa_1024.pem");
    let weak = with(provider(), &json!({ "public_keys": { "pem": [weak] } }));
    assert!(refused_configuration(&weak));
}

#[test]
fn rule_3_6_avoid_compression_of_encryption_inputs() {
    let own = es256();
    let token = token_with_header(&own, &json!({ "zip": "DEF" }));
    assert_eq!(gate(&own).verify(&token), refused("malformed_token"));
}

#[test]
fn rule_3_7_use_utf_8() {
    let own = es256();
    let gate = gate(&own);
    let (header, payload) = (own.header().to_string(), claims().to_string());
    let utf_16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>()
    };
    let latin_1 = payload.replace("alice", "ali\u{e7}e");
    let latin_1: Vec<u8> = latin_1
        .chars()
        .map(|letter| u8::try_from(letter).unwrap())
        .collect();
    for (header, payload) in [
        (header.clone().into_bytes(), utf_16(&payload)),
        (utf_16(&header), payload.clone().into_bytes()),
        (header.into_bytes(), latin_1),
    ] {
        let token = own.token_of_bytes(&header, &payload);
        assert_eq!(gate.verify(&token), refused("malformed_token"));
    }
}

/// A key verifies only tokens of its own issuer. The issuer is compared exactly, and the subject
/// must be one that the provider accepts.
#[test]
fn rule_3_8_validate_issuer_and_subject() {
    let own = es256();
    let gate = gate(&own);
    let other = Signer::with_pair(Algorithm::Es256, Pair::Other);
    assert_eq!(
        gate.verify(&other.sign_claims(&claims())),
        refused("bad_signature")
    );
    for issuer in [
        json!("https://login.example.com/"),
        json!("https://LOGIN.example.com"),
        json!("https://login.example.com.evil.example"),
        json!("http://login.example.com"),
        Value::Null,
    ] {
        let token = token_with_claims(&own, &json!({ "iss": issuer }));
        assert_eq!(gate.verify(&token), refused("issuer"), "{issuer}");
    }
    let users = gate.with("subjects", json!({ "prefix": "user:" }));
    for (subject, expected) in [
        (json!("user:1"), Ok(())),
        (json!("shop"), refused("subject")),
        (json!("USER:1"), refused("subject")),
        (Value::Null, refused("subject")),
    ] {
        let token = token_with_claims(&own, &json!({ "sub": subject }));
        assert_eq!(users.verify(&token), expected, "{subject}");
    }
}

#[test]
fn rule_3_9_use_and_validate_audience() {
    let own = es256();
    let gate = gate(&own);
    for (audience, expected) in [
        (json!("orders"), Ok(())),
        (json!(["billing", "orders"]), Ok(())),
        (json!("Orders"), refused("audience")),
        (json!("orders/"), refused("audience")),
        (json!("orders billing"), refused("audience")),
        (json!([]), refused("audience")),
        (Value::Null, refused("audience")),
    ] {
        let token = token_with_claims(&own, &json!({ "aud": audience }));
        assert_eq!(gate.verify(&token), expected, "{audience}");
    }
    let provider = with(
        provider(),
        &json!({
            "audiences": null, "local_jwks": { "inline_string": own.jwks().to_string() },
        }),
    );
    assert!(refused_configuration(&provider));
}

/// A token's `kid` can only select one of the issuer's keys. A URL or a key in a token's header is
/// never used. `Gate` checks that nothing is fetched.
#[test]
fn rule_3_10_do_not_trust_received_claims() {
    let own = es256();
    let gate = gate(&own);
    for kid in [
        "../../dev/null",
        "' OR '1'='1",
        "*)(kid=*",
        "ES256-1\u{0}",
        "es256-1",
    ] {
        let token = token_with_header(&own, &json!({ "kid": kid }));
        assert_eq!(gate.verify(&token), refused("unknown_key"), "{kid}");
    }
    let forger = Signer::with_pair(Algorithm::Es256, Pair::Other);
    for member in [
        json!({ "jwk": forger.jwk() }),
        json!({ "jku": "https://evil.example/jwks" }),
        json!({ "jku": "http://127.0.0.1/jwks" }),
        json!({ "x5u": "https://evil.example/cert.pem" }),
        json!({ "x5c": ["MIIB"] }),
    ] {
        let forged = token_with_header(&forger, &member);
        assert_eq!(gate.verify(&forged), refused("bad_signature"), "{member}");
        let unknown = with(member.clone(), &json!({ "kid": "evil" }));
        let forged = token_with_header(&forger, &unknown);
        assert_eq!(gate.verify(&forged), refused("unknown_key"), "{member}");
    }
}

/// A gate for the tokens of an authorization server that follows RFC 9068.
fn access_tokens(signer: &Signer) -> Gate {
    gate(signer).with("preset", json!("rfc9068"))
}

/// A `typ` without a slash is short for a media type that starts with `application/`.
#[test]
fn rule_3_11_use_explicit_typing() {
    let own = es256();
    let gate = access_tokens(&own);
    for (typ, expected) in [
        (json!("at+jwt"), Ok(())),
        (json!("AT+JWT"), Ok(())),
        (json!("application/at+jwt"), Ok(())),
        (json!("text/at+jwt"), refused("token_type")),
        (
            json!("application/application/at+jwt"),
            refused("token_type"),
        ),
        (json!("at+jwt;v=1"), refused("token_type")),
        (json!("JWT"), refused("token_type")),
        (json!(""), refused("token_type")),
        (Value::Null, refused("token_type")),
    ] {
        let token = token_with_header(&own, &json!({ "typ": typ }));
        assert_eq!(gate.verify(&token), expected, "{typ}");
    }
}

/// Tokens whose `typ` names another kind of token, such as a logout token, are refused, even if the
/// same issuer signs them with the same key.
#[test]
fn rule_3_12_use_mutually_exclusive_validation_rules() {
    let own = es256();
    let (strict, lenient) = (access_tokens(&own), gate(&own));
    for typ in [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "txntoken+jwt",
        "wit+jwt",
        "oauth-authz-req+jwt",
        "kb+jwt",
    ] {
        let token = token_with_header(&own, &json!({ "typ": typ }));
        assert_eq!(strict.verify(&token), refused("token_type"), "{typ}");
        assert_eq!(lenient.verify(&token), refused("token_type"), "{typ}");
    }
    // An ID token says who has logged in to a client. Its audience is the client, not the API.
    let header = with(own.header(), &json!({ "typ": "JWT" }));
    for (audience, of_strict, of_lenient) in [
        ("shop", refused("audience"), refused("audience")),
        ("orders", refused("token_type"), Ok(())),
    ] {
        let claims = with(claims(), &json!({ "aud": audience, "nonce": "n" }));
        let token = own.token(&header, &claims);
        assert_eq!(strict.verify(&token), of_strict, "{audience}");
        assert_eq!(lenient.verify(&token), of_lenient, "{audience}");
    }
}

/// Portcullis decrypts no tokens, so an iteration count in a header cannot cost time.
#[test]
fn rule_3_13_limit_the_iterations_of_hashes() {
    let own = es256();
    let header = json!({ "alg": "PBES2-HS256+A128KW", "p2c": 2_147_483_647, "p2s": "c2FsdA" });
    let token = token_with_header(&own, &header);
    assert_eq!(gate(&own).verify(&token), refused("algorithm"));
    let provider = with(
        provider(),
        &json!({
            "algorithms": ["PBES2-HS256+A128KW"],
            "local_jwks": { "inline_string": own.jwks().to_string() },
        }),
    );
    assert!(refused_configuration(&provider));
}

/// A token must consist of three parts in base64url. A token in JSON serialisation is refused,
/// because two parsers could read different claims from it.
#[test]
fn rule_3_14_check_the_format_of_tokens() {
    let own = es256();
    let gate = gate(&own);
    let token = own.sign_claims(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let json = json!({ "protected": header, "payload": payload, "signature": signature });
    let malformed = Err((400, "malformed_credential"));
    let several = Err((400, "several_credentials"));
    for (written, expected) in [
        (json.to_string(), several),
        (
            format!("{{\"payload\":\"{header}.{payload}.{signature}\"}}"),
            malformed,
        ),
        (format!("{header}. {payload}.{signature}"), malformed),
        (format!("{header}.{payload}.{signature},"), several),
        (
            format!("{header}.{payload}.{signature}="),
            refused("malformed_token"),
        ),
        (
            format!("{header}.{payload}.{signature}~"),
            refused("malformed_token"),
        ),
        (
            format!("{header}.{payload}/{signature}"),
            refused("malformed_token"),
        ),
        (
            format!(".{header}.{payload}.{signature}"),
            refused("malformed_token"),
        ),
        (format!("{header}..{signature}"), refused("malformed_token")),
        (
            format!("{header}.{payload}.{signature}.{signature}"),
            refused("malformed_token"),
        ),
    ] {
        assert_eq!(gate.verify(&written), expected, "{written}");
    }
}

/// Portcullis decompresses no tokens, so a small token cannot become a large one.
#[test]
fn rule_3_15_limit_the_size_of_decompressed_tokens() {
    let own = es256();
    for zip in [json!("DEF"), json!("def"), json!("GZ"), Value::Bool(true)] {
        let header = with(own.header(), &json!({ "enc": "A256GCM", "zip": zip }));
        let bomb = own.token_of_bytes(header.to_string().as_bytes(), &[0xed, 0xc1, 0x01]);
        assert_eq!(
            gate(&own).verify(&bomb),
            refused("malformed_token"),
            "{zip}"
        );
    }
}

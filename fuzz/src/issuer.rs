//! An issuer that the targets share: its keys, its tokens, and an engine that trusts it.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey as EdKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::{Signature as EcSignature, SigningKey as EcKey, signature::Verifier as _};
use portcullis::{config::Config, engine::Engine, time::UnixMillis};
use serde_json::{Value, json};
use sha2::Sha256;

/// The time of all requests, in seconds.
pub(crate) const SECONDS: i64 = 1_700_000_000;
/// The time of all requests, in milliseconds.
pub(crate) const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
/// The issuer's identifier.
pub(crate) const ISSUER: &str = "https://idp.example";
/// The audience of the issuer's tokens.
pub(crate) const AUDIENCE: &str = "orders";

const SECRET: [u8; 32] = [7; 32];

static ED: LazyLock<EdKey> = LazyLock::new(|| EdKey::from_bytes(&[9; 32]));
static EC: LazyLock<EcKey> = LazyLock::new(|| EcKey::from_slice(&[5; 32]).unwrap());

/// A token that passes.
pub(crate) static GOOD: LazyLock<String> = LazyLock::new(|| {
    let claims = json!({ "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "exp": SECONDS + 60 });
    token(
        br#"{"alg":"EdDSA","kid":"ed"}"#,
        claims.to_string().as_bytes(),
    )
});

/// The issuer's key set. It has one key for `EdDSA`, one for ES256 and one for HS256.
pub(crate) fn jwks() -> Value {
    let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    let point = EC.verifying_key().to_sec1_point(false);
    json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": encode(ED.verifying_key().as_bytes()) },
        { "kty": "EC", "crv": "P-256", "kid": "ec",
          "x": encode(&point.as_bytes()[1..33]), "y": encode(&point.as_bytes()[33..]) },
        { "kty": "oct", "kid": "secret", "k": encode(&SECRET) },
    ] })
}

/// An engine that requires a token of this issuer. `more` contains additional fields of the
/// provider.
pub(crate) fn engine(more: &Value) -> Engine {
    let mut provider = json!({
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "algorithms": ["EdDSA", "ES256", "HS256"],
        "local_jwks": { "inline_string": jwks().to_string() },
        "claim_to_headers": [{ "header_name": "x-user", "claim_name": "sub" }],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        provider[name] = value.clone();
    }
    let config = json!({
        "providers": { "idp": provider },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "idp" } }],
    });
    Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
}

/// A token with this header and payload. It is signed with the header's algorithm or, if the issuer
/// has no key for that algorithm, with `EdDSA`.
pub(crate) fn token(header: &[u8], payload: &[u8]) -> String {
    let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = sign(&algorithm(header), input.as_bytes());
    format!("{input}.{}", encode(&signature))
}

/// The `alg` of a header, read by a lenient parser.
pub(crate) fn algorithm(header: &[u8]) -> String {
    let header: Value = serde_json::from_slice(header).unwrap_or_default();
    header["alg"].as_str().unwrap_or_default().to_owned()
}

fn sign(algorithm: &str, message: &[u8]) -> Vec<u8> {
    match algorithm {
        "ES256" => {
            let signature: EcSignature = EC.sign(message);
            signature.to_bytes().to_vec()
        }
        "HS256" => mac(message).finalize().into_bytes().to_vec(),
        _ => ED.sign(message).to_bytes().to_vec(),
    }
}

/// Whether `signature` is the issuer's signature of `message`. The check does not use the code
/// under test.
pub(crate) fn has_signed(algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
    match algorithm {
        "ES256" => EcSignature::from_slice(signature)
            .is_ok_and(|signature| EC.verifying_key().verify(message, &signature).is_ok()),
        "HS256" => mac(message).verify_slice(signature).is_ok(),
        "EdDSA" | "Ed25519" => {
            ed25519_dalek::Signature::from_slice(signature).is_ok_and(|signature| {
                ED.verifying_key()
                    .verify_strict(message, &signature)
                    .is_ok()
            })
        }
        _ => false,
    }
}

fn mac(message: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(&SECRET)
        .unwrap()
        .chain_update(message)
}

//! Admission of JSON Web Keys (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
//!
//! Many key sets contain keys that cannot be used here: keys for encryption, keys with types or
//! curves that Portcullis does not know, and keys with misspelt algorithms. Such a key is refused
//! with a reason for the operator, and the rest of the set stays usable (RFC 7517 section 5). When
//! in doubt, Portcullis refuses a key. For example, it refuses a key if it does not understand a
//! member that restricts the key (`use`, `key_ops`, `alg`, `issuer`). Otherwise it could use the
//! key in a way that the key's owner did not intend. Members that restrict nothing are ignored.
//! This includes the private members of a key, although they should not be in a published set.

use serde_json::{Map, Value};

use crate::jose::algorithm::Algorithm;
use crate::jose::base64url;
use crate::jose::error::{KeyError, MAX_KID_BYTES};
use crate::jose::key::{KeyPurpose, VerifyingKey};
use crate::jose::numbers::{Curve, KeyNumbers};
use crate::json;

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// The key was fetched. A fetched key is not admitted if it is a shared secret: anyone who can
    /// read the key set could sign with the secret.
    Remote,
    /// The key is in the configuration. Shared secrets are admitted.
    Local,
}

impl VerifyingKey {
    /// Admits the key in a JWK.
    ///
    /// # Errors
    /// If the key cannot be used.
    pub fn from_jwk(jwk: &Map<String, Value>, origin: KeyOrigin) -> Result<Self, KeyError> {
        let purpose = purpose(jwk)?;
        let algorithm = match optional_str(jwk, "alg")? {
            Some(name) => Some(Algorithm::from_name(name).ok_or(KeyError::UnsupportedAlgorithm)?),
            None => None,
        };
        let kid = optional_str(jwk, "kid")?.map(admitted_kid).transpose()?;
        let issuer = optional_str(jwk, "issuer")?.map(str::to_owned);
        Ok(from_type(jwk, origin)?
            .with_algorithm(algorithm)?
            .with_kid(kid)
            .with_purpose(purpose)
            .with_issuer(issuer))
    }

    /// Parses the text of a JWK and admits the key.
    ///
    /// # Errors
    /// If the key cannot be used.
    pub fn from_jwk_json(text: &[u8], origin: KeyOrigin) -> Result<Self, KeyError> {
        let jwk = json::parse_object(text).map_err(KeyError::Json)?;
        Self::from_jwk(&jwk, origin)
    }
}

/// Checks the length of a `kid`.
pub(super) fn admitted_kid(kid: &str) -> Result<String, KeyError> {
    match kid.len() <= MAX_KID_BYTES {
        true => Ok(kid.to_owned()),
        false => Err(KeyError::KidTooLong),
    }
}

fn purpose(jwk: &Map<String, Value>) -> Result<KeyPurpose, KeyError> {
    let purpose = match optional_str(jwk, "use")? {
        None | Some("sig") => KeyPurpose::Signatures,
        // SPIFFE requires clients to ignore a `jwt-svid` key without `kid` ("Trust Domain and
        // Bundle" section 4.2.2).
        Some("jwt-svid") => match optional_str(jwk, "kid")? {
            Some(_) => KeyPurpose::JwtSvids,
            None => return Err(KeyError::MemberMissing { member: "kid" }),
        },
        Some("enc") => return Err(KeyError::ForEncryption),
        Some(_) => return Err(KeyError::NotForSignatures),
    };
    let Some(operations) = jwk.get("key_ops") else {
        return Ok(purpose);
    };
    let wrong = KeyError::MemberType { member: "key_ops" };
    let operations = operations.as_array().ok_or_else(|| wrong.clone())?;
    if !operations.iter().all(Value::is_string) {
        return Err(wrong);
    }
    if !operations.iter().any(|operation| operation == "verify") {
        return Err(KeyError::NotForVerifying);
    }
    Ok(purpose)
}

fn from_type(jwk: &Map<String, Value>, origin: KeyOrigin) -> Result<VerifyingKey, KeyError> {
    match required_str(jwk, "kty")? {
        "RSA" => {
            let (modulus, exponent) = (octets(jwk, "n")?, octets(jwk, "e")?);
            let numbers = KeyNumbers::Rsa {
                modulus: &modulus,
                exponent: &exponent,
            };
            VerifyingKey::from_numbers(numbers)
        }
        "EC" => {
            let curve = match required_str(jwk, "crv")? {
                "P-256" => Curve::P256,
                "P-384" => Curve::P384,
                "P-521" => Curve::P521,
                _ => return Err(KeyError::UnsupportedCurve),
            };
            let (x, y) = (octets(jwk, "x")?, octets(jwk, "y")?);
            VerifyingKey::from_numbers(KeyNumbers::Ec {
                curve,
                x: &x,
                y: &y,
            })
        }
        "OKP" => match required_str(jwk, "crv")? {
            "Ed25519" => VerifyingKey::from_numbers(KeyNumbers::Ed25519 {
                x: &octets(jwk, "x")?,
            }),
            _ => Err(KeyError::UnsupportedCurve),
        },
        "oct" if origin == KeyOrigin::Remote => Err(KeyError::SecretFromAfar),
        "oct" => VerifyingKey::from_numbers(KeyNumbers::Oct {
            secret: &octets(jwk, "k")?,
        }),
        _ => Err(KeyError::UnsupportedKeyType),
    }
}

fn optional_str<'a>(
    jwk: &'a Map<String, Value>,
    member: &'static str,
) -> Result<Option<&'a str>, KeyError> {
    match jwk.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyError::MemberType { member }),
    }
}

fn required_str<'a>(
    jwk: &'a Map<String, Value>,
    member: &'static str,
) -> Result<&'a str, KeyError> {
    optional_str(jwk, member)?.ok_or(KeyError::MemberMissing { member })
}

fn octets(jwk: &Map<String, Value>, member: &'static str) -> Result<Vec<u8>, KeyError> {
    base64url::decode(required_str(jwk, member)?).ok_or(KeyError::NotBase64url { member })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;
    use crate::jose::numbers::KeyType;
    use crate::json::JsonError;

    /// The coordinates x and y of the P-256 key in RFC 7517 appendix A.1.
    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    /// The Ed25519 key in RFC 8037 appendix A.2.
    const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn ec() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y })
    }

    fn oct(octets: usize) -> Value {
        json!({ "kty": "oct", "k": base64url::encode(&vec![1; octets]) })
    }

    fn with(mut jwk: Value, member: &str, value: Value) -> Value {
        jwk[member] = value;
        jwk
    }

    fn without(mut jwk: Value, member: &str) -> Value {
        jwk.as_object_mut().unwrap().remove(member);
        jwk
    }

    fn admit(jwk: &Value, origin: KeyOrigin) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::from_jwk_json(jwk.to_string().as_bytes(), origin)
    }

    fn refuse(jwk: &Value) -> KeyError {
        admit(jwk, KeyOrigin::Remote).expect_err(&jwk.to_string())
    }

    #[test]
    fn a_kid_has_at_most_256_bytes() {
        let named = |kid: String| with(ec(), "kid", json!(kid));
        for fits in ["k".repeat(256), "ü".repeat(128)] {
            let key = admit(&named(fits.clone()), KeyOrigin::Remote).unwrap();
            assert_eq!(key.kid(), Some(&*fits));
        }
        for long in ["k".repeat(257), "ü".repeat(129)] {
            assert_eq!(refuse(&named(long)), KeyError::KidTooLong);
        }
    }

    #[test]
    fn admits_a_key_that_is_for_verifying() {
        for jwk in [
            ec(),
            with(ec(), "use", json!("sig")),
            with(ec(), "key_ops", json!(["sign", "verify"])),
            with(ec(), "alg", json!("ES256")),
            with(ec(), "d", json!(1)),
            with(ec(), "x5t", json!(["any"])),
            with(ec(), "x5c", json!(null)),
        ] {
            let key = admit(&jwk, KeyOrigin::Remote).unwrap();
            assert_eq!(key.key_type(), KeyType::Ec(Curve::P256), "{jwk}");
        }
        let okp = json!({ "kty": "OKP", "crv": "Ed25519", "x": ED, "alg": "Ed25519" });
        assert_eq!(
            admit(&okp, KeyOrigin::Remote).unwrap().alg(),
            Some(Algorithm::EdDsa)
        );
    }

    #[test]
    fn parses_kid_algorithm_and_issuer_of_a_key() {
        let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
        let jwk = with(with(ec(), "kid", json!("")), "issuer", json!(issuer));
        let key = admit(&jwk, KeyOrigin::Remote).unwrap();
        assert_eq!(
            (key.kid(), key.alg(), key.issuer()),
            (Some(""), None, Some(issuer))
        );
        let key = admit(&ec(), KeyOrigin::Remote).unwrap();
        assert_eq!((key.kid(), key.alg(), key.issuer()), (None, None, None));
    }

    #[test]
    fn refuses_a_key_for_another_purpose() {
        for (member, value, expected) in [
            ("use", json!("enc"), KeyError::ForEncryption),
            ("use", json!(""), KeyError::NotForSignatures),
            ("key_ops", json!(["sign"]), KeyError::NotForVerifying),
            ("key_ops", json!([]), KeyError::NotForVerifying),
            (
                "key_ops",
                json!("verify"),
                KeyError::MemberType { member: "key_ops" },
            ),
            (
                "key_ops",
                json!(["verify", 1]),
                KeyError::MemberType { member: "key_ops" },
            ),
            ("alg", json!("ES521"), KeyError::UnsupportedAlgorithm),
            ("alg", json!("ECDH-ES"), KeyError::UnsupportedAlgorithm),
            ("alg", json!("none"), KeyError::UnsupportedAlgorithm),
            (
                "alg",
                json!("ES384"),
                KeyError::AlgorithmDoesNotFit {
                    algorithm: Algorithm::Es384,
                },
            ),
            (
                "alg",
                json!("HS256"),
                KeyError::AlgorithmDoesNotFit {
                    algorithm: Algorithm::Hs256,
                },
            ),
        ] {
            assert_eq!(
                refuse(&with(ec(), member, value.clone())),
                expected,
                "{member}: {value}"
            );
        }
    }

    #[test]
    fn refuses_a_restriction_that_it_does_not_understand() {
        for member in ["kty", "use", "alg", "kid", "issuer", "crv", "x", "y"] {
            for value in [json!(null), json!(1), json!(["sig"]), json!({})] {
                let refused = refuse(&with(ec(), member, value.clone()));
                assert_eq!(
                    refused,
                    KeyError::MemberType { member },
                    "{member}: {value}"
                );
            }
        }
    }

    #[test]
    fn refuses_a_key_that_lacks_a_member() {
        for member in ["kty", "crv", "x", "y"] {
            assert_eq!(
                refuse(&without(ec(), member)),
                KeyError::MemberMissing { member }
            );
        }
        for (jwk, member) in [
            (json!({ "kty": "RSA", "e": "AQAB" }), "n"),
            (json!({ "kty": "RSA", "n": "AQAB" }), "e"),
            (json!({ "kty": "OKP", "x": ED }), "crv"),
            (json!({ "kty": "OKP", "crv": "Ed25519" }), "x"),
        ] {
            assert_eq!(refuse(&jwk), KeyError::MemberMissing { member }, "{jwk}");
        }
    }

    #[test]
    fn refuses_unsupported_types_and_curves() {
        for kty in ["ec", "rsa", "EC2", "AKP", ""] {
            assert_eq!(
                refuse(&with(ec(), "kty", json!(kty))),
                KeyError::UnsupportedKeyType
            );
        }
        for crv in ["secp256k1", "P-224", "p-256", "BP-256", "Ed25519", ""] {
            assert_eq!(
                refuse(&with(ec(), "crv", json!(crv))),
                KeyError::UnsupportedCurve
            );
        }
        for crv in ["Ed448", "X25519", "P-256"] {
            let jwk = json!({ "kty": "OKP", "crv": crv, "x": ED });
            assert_eq!(refuse(&jwk), KeyError::UnsupportedCurve, "{crv}");
        }
    }

    #[test]
    fn refuses_numbers_that_are_not_strict_base64url() {
        for x in [
            format!("{X}="),
            format!(" {X}"),
            X.replace('4', "+"),
            "?".to_owned(),
        ] {
            assert_eq!(
                refuse(&with(ec(), "x", json!(x))),
                KeyError::NotBase64url { member: "x" }
            );
        }
    }

    #[test]
    fn refuses_a_key_in_which_a_name_occurs_twice() {
        let text = ec()
            .to_string()
            .replace("{", "{\"use\":\"sig\",\"use\":\"enc\",");
        let refused = VerifyingKey::from_jwk_json(text.as_bytes(), KeyOrigin::Remote).unwrap_err();
        assert!(
            matches!(refused, KeyError::Json(JsonError::DuplicateName { .. })),
            "{refused}"
        );
    }

    #[test]
    fn a_secret_is_admitted_only_from_the_configuration() {
        assert_eq!(refuse(&oct(64)), KeyError::SecretFromAfar);
        assert!(admit(&oct(32), KeyOrigin::Local).is_ok());
        let refused = admit(&oct(31), KeyOrigin::Local).unwrap_err();
        assert_eq!(
            refused,
            KeyError::SecretTooShort {
                octets: 31,
                needed: 32
            }
        );
        let refused = admit(&with(oct(32), "alg", json!("HS512")), KeyOrigin::Local).unwrap_err();
        assert_eq!(
            refused,
            KeyError::SecretTooShort {
                octets: 32,
                needed: 64
            }
        );
    }

    #[test]
    fn a_secret_must_be_as_long_as_the_hash_of_its_algorithm() {
        for (alg, needed) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
            let admitted = |octets| {
                let jwk = with(oct(octets), "alg", json!(alg));
                admit(&jwk, KeyOrigin::Local).map(|key| key.alg().map(Algorithm::name))
            };
            assert_eq!(admitted(needed), Ok(Some(alg)));
            let octets = needed - 1;
            let refused = KeyError::SecretTooShort { octets, needed };
            assert_eq!(admitted(octets), Err(refused));
        }
    }

    #[test]
    fn errors_do_not_repeat_the_key() {
        let secret = "c2VjcmV0";
        for jwk in [
            json!({ "kty": "oct", "k": secret }),
            json!({ "kty": "oct", "k": secret, "alg": secret }),
            json!({ "kty": secret, "k": secret }),
        ] {
            let refused = admit(&jwk, KeyOrigin::Local).unwrap_err();
            assert!(
                !format!("{refused} {refused:?}").contains(secret),
                "{refused:?}"
            );
        }
    }
}

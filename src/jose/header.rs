//! The JOSE header, which describes a token's signature (RFC 7515 section 4).
//!
//! An attacker may have written the header, so it can only narrow the verifier's choices. `alg`
//! must be supported, `kid` selects among keys that are already trusted, and callers check `typ`.
//! The header never provides a key: `jku`, `jwk`, `x5u`, `x5c` and `x5t` are ignored, whatever
//! their values (RFC 8725 section 3.10). No extension is supported, so `crit` is always refused
//! (RFC 7515 section 4.1.11).

use serde_json::{Map, Value};

use crate::jose::algorithm::Algorithm;
use crate::jose::base64url;
use crate::jose::error::{MAX_KID_BYTES, TokenError};
use crate::json;

/// The members of a token's header that Portcullis uses (RFC 7515 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoseHeader {
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
}

impl JoseHeader {
    /// The header's `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The header's `kid`. An empty string counts as a `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The header's `typ`, unchanged.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Decodes and parses the first segment of a token.
    ///
    /// # Errors
    /// [`TokenError::NotBase64url`], or an error of [`Self::parse`].
    pub fn of_segment(segment: &str) -> Result<Self, TokenError> {
        Self::parse(&base64url::decode(segment).ok_or(TokenError::NotBase64url)?)
    }

    /// Parses a header.
    ///
    /// # Errors
    /// If the header is malformed or has a member that is not supported; see [`TokenError`].
    pub fn parse(json: &[u8]) -> Result<Self, TokenError> {
        let members = json::parse_object(json).map_err(TokenError::HeaderJson)?;
        // An extension can change the meaning of all other members, so `crit` is checked before the
        // other members are parsed.
        if members.contains_key("crit") {
            return Err(TokenError::CriticalExtension);
        }
        if members.contains_key("b64") {
            return Err(TokenError::UnencodedPayload);
        }
        if members.contains_key("enc") || members.contains_key("zip") {
            return Err(TokenError::EncryptionHeader);
        }
        let name = header_str(&members, "alg")?.ok_or(TokenError::AlgorithmMissing)?;
        let algorithm = Algorithm::from_name(name).ok_or(TokenError::UnsupportedAlgorithm)?;
        if header_str(&members, "cty")?.is_some_and(is_jwt_type) {
            return Err(TokenError::Nested);
        }
        let kid = header_str(&members, "kid")?;
        // No admitted key has a `kid` this long (`KeyError::KidTooLong`), so fetching keys would
        // not help.
        if kid.is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
            return Err(TokenError::KidTooLong);
        }
        let kid = kid.map(str::to_owned);
        let typ = header_str(&members, "typ")?.map(str::to_owned);
        Ok(Self {
            algorithm,
            kid,
            typ,
        })
    }
}

fn header_str<'a>(
    members: &'a Map<String, Value>,
    member: &'static str,
) -> Result<Option<&'a str>, TokenError> {
    match members.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::HeaderType { member }),
    }
}

/// Returns true if a media type is `JWT`. Case does not matter, and `application/` may be left out
/// (RFC 7515 section 4.1.10).
fn is_jwt_type(media_type: &str) -> bool {
    let short = match media_type.split_once('/') {
        Some((tree, short)) if tree.eq_ignore_ascii_case("application") => short,
        _ => media_type,
    };
    short.eq_ignore_ascii_case("jwt")
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;
    use crate::json::JsonError;

    fn refuse_header(header: &Value) -> TokenError {
        JoseHeader::parse(header.to_string().as_bytes()).expect_err(&header.to_string())
    }

    #[test]
    fn parses_algorithm_kid_and_typ() {
        let header = br#"{"typ":"at+jwt","alg":"HS256","kid":"","cty":"json","x":[1]}"#;
        let header = JoseHeader::parse(header).unwrap();
        assert_eq!(header.algorithm(), Algorithm::Hs256);
        assert_eq!((header.kid(), header.typ()), (Some(""), Some("at+jwt")));
        let header = JoseHeader::parse(br#"{"alg":"Ed25519"}"#).unwrap();
        assert_eq!(header.algorithm(), Algorithm::EdDsa);
        assert_eq!((header.kid(), header.typ()), (None, None));
    }

    #[test]
    fn refuses_a_kid_that_no_key_can_have() {
        let header = |bytes| json!({ "alg": "ES256", "kid": "k".repeat(bytes) });
        assert!(JoseHeader::parse(header(256).to_string().as_bytes()).is_ok());
        assert_eq!(refuse_header(&header(257)), TokenError::KidTooLong);
    }

    #[test]
    fn refuses_a_header_that_is_not_one_strict_object() {
        for header in [
            "",
            "[]",
            "\"HS256\"",
            "{\"alg\":\"HS256\"",
            "{\"alg\":\"HS256\"}x",
            "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
            "{\"alg\":\"HS256\",\"x\":{\"y\":1,\"y\":1}}",
            "\u{feff}{\"alg\":\"HS256\"}",
        ] {
            let refused = JoseHeader::parse(header.as_bytes()).unwrap_err();
            assert!(
                matches!(refused, TokenError::HeaderJson(_)),
                "{header}: {refused}"
            );
        }
        let refused = JoseHeader::parse(b"{\"alg\":\"HS256\",\"\xff\":1}").unwrap_err();
        assert_eq!(refused, TokenError::HeaderJson(JsonError::NotUtf8));
    }

    #[test]
    fn refuses_unsupported_algorithms() {
        for alg in [
            "none", "None", "nOnE", "NONE", "", "hs256", "HS256 ", "ES256K", "RSA-OAEP",
        ] {
            assert_eq!(
                refuse_header(&json!({ "alg": alg })),
                TokenError::UnsupportedAlgorithm
            );
        }
        assert_eq!(refuse_header(&json!({})), TokenError::AlgorithmMissing);
        assert_eq!(
            refuse_header(&json!({ "ALG": "HS256" })),
            TokenError::AlgorithmMissing
        );
        for alg in [json!(null), json!(["HS256"]), json!(256), json!(true)] {
            let refused = refuse_header(&json!({ "alg": alg }));
            assert_eq!(refused, TokenError::HeaderType { member: "alg" });
        }
    }

    #[test]
    fn refuses_extensions_in_every_form() {
        for value in [
            json!(["exp"]),
            json!([]),
            json!(null),
            json!("b64"),
            json!(["b64"]),
        ] {
            let refused = refuse_header(&json!({ "alg": "HS256", "crit": value }));
            assert_eq!(refused, TokenError::CriticalExtension, "{value}");
        }
        for value in [json!(false), json!(true), json!(null), json!("false")] {
            let refused = refuse_header(&json!({ "alg": "HS256", "b64": value }));
            assert_eq!(refused, TokenError::UnencodedPayload, "{value}");
        }
        for member in ["enc", "zip"] {
            let refused = refuse_header(&json!({ "alg": "HS256", member: "DEF" }));
            assert_eq!(refused, TokenError::EncryptionHeader, "{member}");
        }
    }

    #[test]
    fn refuses_a_token_inside_a_token() {
        for cty in ["JWT", "jwt", "application/jwt", "Application/JWT"] {
            assert_eq!(
                refuse_header(&json!({ "alg": "HS256", "cty": cty })),
                TokenError::Nested
            );
        }
    }

    #[test]
    fn refuses_header_members_that_are_not_strings() {
        for member in ["kid", "typ", "cty"] {
            for value in [json!(null), json!(1), json!(["x"]), json!({})] {
                let refused = refuse_header(&json!({ "alg": "HS256", member: value }));
                assert_eq!(refused, TokenError::HeaderType { member }, "{value}");
            }
        }
    }

    #[test]
    fn keys_in_a_header_are_ignored() {
        for member in ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "nonce"] {
            for value in [
                json!("https://attacker.example/"),
                json!({ "kty": 1 }),
                json!([0]),
            ] {
                let header = json!({ "alg": "HS256", member: value }).to_string();
                assert!(JoseHeader::parse(header.as_bytes()).is_ok(), "{header}");
            }
        }
    }

    #[test]
    fn errors_do_not_repeat_the_token() {
        let secret = "c2VjcmV0";
        for header in [
            json!({ "alg": secret }),
            json!({ "alg": "HS256", "crit": [secret] }),
            json!({ "alg": "HS256", "kid": [secret] }),
        ] {
            let refused = refuse_header(&header);
            assert!(
                !format!("{refused} {refused:?}").contains(secret),
                "{refused:?}"
            );
        }
    }
}

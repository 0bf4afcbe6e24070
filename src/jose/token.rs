//! A token: its shape, its header, and the line between unverified and verified.
//!
//! A token is a JWS in compact serialization (RFC 7515 section 7.1) with a claims set for payload
//! (RFC 7519 section 3): three segments of strict base64url, a strict JSON object in the first two.
//! Nothing in a header is ever used to find a key: `jku`, `jwk`, `x5u`, `x5c` and `x5t` may be there,
//! in any shape, and are not looked at (RFC 8725 section 3.10). No extension is understood, so
//! `crit` is always refused (RFC 7515 section 4.1.11).
//!
//! An [`UntrustedToken`] has claims to choose a key by and for no other purpose. A
//! [`VerifiedToken`] has claims to decide by; only a good signature makes one.
//!
//! This is not jwt-compact's `UntrustedToken`, although its idea: that type takes the last of two
//! members with one name, refuses tokens for the length of an `x5t` that nobody asked it to read
//! (Entra's have one), and hides `crit`. Its algorithms and key types are used below this.

use std::fmt;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::jose::algorithm::Algorithm;
use crate::jose::base64url;
use crate::jose::claims::Claims;
use crate::jose::key::{Thumbprint, VerifyingKey};
use crate::json::{self, JsonError};

/// Why a text is no token that could be verified. Says nothing of what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Five segments: an encrypted token (RFC 7516 section 3.1).
    Encrypted,
    /// Not three segments (RFC 7515 section 7.1).
    SegmentCount,
    /// A segment is empty: no claims (RFC 7515 appendix F), or no signature (RFC 7519 section 6).
    SegmentEmpty,
    /// A segment is not strict base64url (RFC 7515 section 2).
    NotBase64url,
    /// The header is not one strict JSON object (RFC 7515 section 4).
    HeaderJson(JsonError),
    /// The header has no `alg` (RFC 7515 section 4.1.1).
    AlgorithmMissing,
    /// `alg` names none of the algorithms here; `none` in any spelling is one such.
    UnsupportedAlgorithm,
    /// A header member is not a string (RFC 7515 section 4.1).
    HeaderType {
        /// Its name.
        member: &'static str,
    },
    /// `crit` demands an extension, or is wrong in itself (RFC 7515 section 4.1.11).
    CriticalExtension,
    /// `b64` is there, which a JWT may not use (RFC 7797 section 7).
    UnencodedPayload,
    /// `cty` says that the payload is another token (RFC 7519 section 5.2).
    Nested,
    /// `enc` or `zip` is there, which belong to encrypted tokens (RFC 8725 section 3.6).
    EncryptionHeader,
    /// The payload is not one strict JSON object (RFC 7519 section 7.2).
    ClaimsJson(JsonError),
    /// A registered claim has not its type (RFC 7519 section 4.1).
    ClaimType {
        /// Its name.
        claim: &'static str,
    },
}

/// What the header of a token says (RFC 7515 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoseHeader {
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
}

/// A token whose shape is good and whose signature nobody has checked.
#[derive(Clone, Debug)]
pub struct UntrustedToken<'a> {
    text: &'a str,
    signing_input: &'a str,
    payload_segment: &'a str,
    header: JoseHeader,
    claims: Rc<Claims>,
    signature: Vec<u8>,
}

/// The claims of a token that a key has signed. That is all it says: whose key, for whom and until
/// when is yet to be decided.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    claims: Rc<Claims>,
    key: Thumbprint,
}

impl<'a> UntrustedToken<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// What is wrong with it, whoever may have signed it.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        let (signing_input, payload_segment, [header, payload, signature]) = split(text)?;
        let decode = |segment| base64url::decode(segment).ok_or(TokenError::NotBase64url);
        let header = JoseHeader::parse(&decode(header)?)?;
        let signature = decode(signature)?;
        let claims = Rc::new(Claims::parse(&decode(payload)?)?);
        Ok(Self {
            text,
            signing_input,
            payload_segment,
            header,
            claims,
            signature,
        })
    }

    /// The header. Whoever made the token wrote it.
    pub fn header(&self) -> &JoseHeader {
        &self.header
    }

    /// The claims, to choose a provider and its keys by, and to refuse early. Whoever made the token
    /// wrote them: nothing may be granted for them.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// The whole token.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// What is signed (RFC 7515 section 5.2, step 8).
    pub fn signing_input(&self) -> &'a str {
        self.signing_input
    }

    /// The second segment as it was sent, to be forwarded so.
    pub fn payload_segment(&self) -> &'a str {
        self.payload_segment
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// True where `key` has signed this token.
    pub fn verify_with(&self, key: &VerifyingKey) -> bool {
        key.verify(
            self.header.algorithm,
            self.signing_input.as_bytes(),
            &self.signature,
        )
    }

    /// The verified token where `key` has signed it.
    pub fn verify(&self, key: &VerifyingKey) -> Option<VerifiedToken> {
        self.verify_by(key, || self.verify_with(key))
    }

    /// The verified token where `check` says that `key` has signed [`Self::signing_input`] with
    /// [`Self::signature`]: for a host that does the arithmetic. It is not asked about a key that
    /// does not fit the algorithm.
    pub fn verify_by(
        &self,
        key: &VerifyingKey,
        check: impl FnOnce() -> bool,
    ) -> Option<VerifiedToken> {
        (key.fits(self.header.algorithm) && check()).then(|| VerifiedToken {
            claims: Rc::clone(&self.claims),
            key: key.thumbprint(),
        })
    }
}

impl VerifiedToken {
    /// The claims.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The key that verified it: once that is not in the key set any more, the token is not verified.
    pub fn key(&self) -> Thumbprint {
        self.key
    }
}

impl JoseHeader {
    /// `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid`; an empty one is a kid.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `typ`, as it was written.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    fn parse(json: &[u8]) -> Result<Self, TokenError> {
        let members = json::parse_object(json).map_err(TokenError::HeaderJson)?;
        // An extension changes what all else means, so it is refused before anything is read.
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
        let kid = header_str(&members, "kid")?.map(str::to_owned);
        let typ = header_str(&members, "typ")?.map(str::to_owned);
        Ok(Self {
            algorithm,
            kid,
            typ,
        })
    }
}

/// The signing input, the payload, and the three segments of `text`.
fn split(text: &str) -> Result<(&str, &str, [&str; 3]), TokenError> {
    // A fixed number of steps: a text of nothing but dots is not walked through.
    let mut segments = text.splitn(6, '.');
    let three = [segments.next(), segments.next(), segments.next()];
    let [Some(header), Some(payload), Some(signature)] = three else {
        return Err(TokenError::SegmentCount);
    };
    match segments.count() {
        0 => {}
        2 => return Err(TokenError::Encrypted),
        _ => return Err(TokenError::SegmentCount),
    }
    if header.is_empty() || payload.is_empty() || signature.is_empty() {
        return Err(TokenError::SegmentEmpty);
    }
    let signing_input = text.rsplit_once('.').map_or("", |(signed, _)| signed);
    Ok((signing_input, payload, [header, payload, signature]))
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

/// Media types are compared without regard to case and `application/` may be left out (RFC 7515
/// section 4.1.10).
fn is_jwt_type(media_type: &str) -> bool {
    let short = match media_type.split_once('/') {
        Some((tree, short)) if tree.eq_ignore_ascii_case("application") => short,
        _ => media_type,
    };
    short.eq_ignore_ascii_case("jwt")
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => f.write_str("encrypted: have the issuer send signed tokens only"),
            Self::SegmentCount => f.write_str("not three segments: send a JWS in compact form"),
            Self::SegmentEmpty => f.write_str("a segment is empty: send a signed token"),
            Self::NotBase64url => {
                f.write_str("a segment is not base64url: encode it without padding")
            }
            Self::HeaderJson(error) => write!(f, "header: {error}"),
            Self::AlgorithmMissing => f.write_str("header: add \"alg\""),
            Self::UnsupportedAlgorithm => {
                f.write_str("header: \"alg\" must be one of EdDSA, ES*, HS*, PS*, RS*")
            }
            Self::HeaderType { member } => write!(f, "header: \"{member}\" must be a string"),
            Self::CriticalExtension => f.write_str("header: remove \"crit\""),
            Self::UnencodedPayload => f.write_str("header: remove \"b64\""),
            Self::Nested => f.write_str("header: \"cty\" announces a token inside the token"),
            Self::EncryptionHeader => f.write_str("header: remove \"enc\" and \"zip\""),
            Self::ClaimsJson(error) => write!(f, "claims: {error}"),
            Self::ClaimType { claim: "aud" } => {
                f.write_str("claims: \"aud\" must be a string or an array of strings")
            }
            Self::ClaimType {
                claim: claim @ ("exp" | "nbf" | "iat"),
            } => {
                write!(
                    f,
                    "claims: \"{claim}\" must be a number of seconds, not negative"
                )
            }
            Self::ClaimType { claim } => write!(f, "claims: \"{claim}\" must be a string"),
        }
    }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
    use serde_json::json;

    use super::*;
    use crate::jose::key::KeyNumbers;

    const SECRET: [u8; 32] = [7; 32];

    fn key(secret: &[u8]) -> VerifyingKey {
        VerifyingKey::from_numbers(KeyNumbers::Oct { secret }).unwrap()
    }

    /// An HS256 token of that header and those claims, whatever they say.
    fn token(header: &str, claims: &str) -> String {
        let input = format!(
            "{}.{}",
            base64url::encode(header.as_bytes()),
            base64url::encode(claims.as_bytes())
        );
        let key = jwt_compact::alg::Hs256Key::new(SECRET);
        let tag = jwt_compact::alg::Hs256.sign(&key, input.as_bytes());
        format!("{input}.{}", base64url::encode(&tag.as_bytes()))
    }

    fn refuse_header(header: &Value) -> TokenError {
        UntrustedToken::parse(&token(&header.to_string(), "{}")).expect_err(&header.to_string())
    }

    #[test]
    fn claims_are_verified_by_the_key_that_signed_them() {
        let text = token(
            r#"{"typ":"at+jwt","alg":"HS256","kid":""}"#,
            r#"{"sub":"s"}"#,
        );
        let token = UntrustedToken::parse(&text).unwrap();
        assert_eq!(token.header().algorithm(), Algorithm::Hs256);
        assert_eq!(
            (token.header().kid(), token.header().typ()),
            (Some(""), Some("at+jwt"))
        );
        assert_eq!(token.unverified_claims().subject(), Some("s"));
        let verified = token.verify(&key(&SECRET)).unwrap();
        assert_eq!(verified.claims().subject(), Some("s"));
        assert_eq!(verified.key(), key(&SECRET).thumbprint());
        assert!(token.verify(&key(&[8; 32])).is_none());
    }

    #[test]
    fn segments_are_handed_on_as_they_came() {
        let text = token(r#"{"alg":"HS256"}"#, r#"{ "a" : 1 }"#);
        let token = UntrustedToken::parse(&text).unwrap();
        let [header, payload, signature] = text.split('.').collect::<Vec<_>>()[..] else {
            panic!("three segments");
        };
        assert_eq!(token.as_str(), text);
        assert_eq!(token.signing_input(), format!("{header}.{payload}"));
        assert_eq!(token.payload_segment(), payload);
        assert_eq!(base64url::encode(token.signature()), signature);
    }

    #[test]
    fn host_is_not_asked_about_a_key_that_does_not_fit() {
        let (rs256, hs256) = (
            token(r#"{"alg":"RS256"}"#, "{}"),
            token(r#"{"alg":"HS256"}"#, "{}"),
        );
        let secret = key(&SECRET);
        let verify_by = |text: &str, says| {
            let token = UntrustedToken::parse(text).unwrap();
            token.verify_by(&secret, || says).is_some()
        };
        assert!(!verify_by(&rs256, true));
        assert!(verify_by(&hs256, true));
        assert!(!verify_by(&hs256, false));
    }

    #[test]
    fn refuses_every_shape_but_three_segments() {
        let (h, p) = (
            base64url::encode(br#"{"alg":"HS256"}"#),
            base64url::encode(b"{}"),
        );
        for (text, expected) in [
            (String::new(), TokenError::SegmentCount),
            (h.clone(), TokenError::SegmentCount),
            (format!("{h}.{p}"), TokenError::SegmentCount),
            (format!("{h}.{p}.AA.AA"), TokenError::SegmentCount),
            (format!("{h}.{p}.AA.AA.AA"), TokenError::Encrypted),
            (format!("{h}..AA.AA.AA"), TokenError::Encrypted),
            (format!("{h}.{p}.AA.AA.AA.AA"), TokenError::SegmentCount),
            (".".repeat(100_000), TokenError::SegmentCount),
            ("..".to_owned(), TokenError::SegmentEmpty),
            (format!("{h}.{p}."), TokenError::SegmentEmpty),
            (format!("{h}..AA"), TokenError::SegmentEmpty),
            (format!(".{p}.AA"), TokenError::SegmentEmpty),
            (format!("{h}=.{p}.AA"), TokenError::NotBase64url),
            (format!("{h}.{p}.AB"), TokenError::NotBase64url),
            (format!("{h}.{p}.A"), TokenError::NotBase64url),
            (format!("{h}.{p}.AA=="), TokenError::NotBase64url),
            (format!("{h}.{p}.A A"), TokenError::NotBase64url),
            (format!("{h}.{p}.AA\n"), TokenError::NotBase64url),
            (format!(" {h}.{p}.AA"), TokenError::NotBase64url),
            (format!("{h}.{p}.+/+/"), TokenError::NotBase64url),
            (format!("{h}.{p}é.AA"), TokenError::NotBase64url),
        ] {
            assert_eq!(
                UntrustedToken::parse(&text).unwrap_err(),
                expected,
                "{text:.60}"
            );
        }
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
            let text = format!("{}.e30.AA", base64url::encode(header.as_bytes()));
            let refused = UntrustedToken::parse(&text).unwrap_err();
            let expected = matches!(
                refused,
                TokenError::HeaderJson(_) | TokenError::SegmentEmpty
            );
            assert!(expected, "{header}: {refused}");
        }
        let not_utf8 = format!(
            "{}.e30.AA",
            base64url::encode(b"{\"alg\":\"HS256\",\"\xff\":1}")
        );
        let refused = UntrustedToken::parse(&not_utf8).unwrap_err();
        assert_eq!(refused, TokenError::HeaderJson(JsonError::NotUtf8));
    }

    #[test]
    fn refuses_algorithms_that_do_not_exist_here() {
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
    fn refuses_extensions_whatever_they_look_like() {
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
        let other = token(r#"{"alg":"HS256","cty":"json"}"#, "{}");
        assert!(UntrustedToken::parse(&other).is_ok());
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
    fn keys_in_a_header_are_not_looked_at() {
        for member in ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "nonce"] {
            for value in [
                json!("https://attacker.example/"),
                json!({ "kty": 1 }),
                json!([]),
                json!(0),
            ] {
                let header = json!({ "alg": "HS256", member: value }).to_string();
                let text = token(&header, "{}");
                assert!(
                    UntrustedToken::parse(&text)
                        .unwrap()
                        .verify_with(&key(&SECRET)),
                    "{header}"
                );
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

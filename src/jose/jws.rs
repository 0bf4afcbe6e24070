//! The outer format of a token: a JWS in compact serialization (RFC 7515 section 7.1).
//!
//! A token has three segments of strict base64url. This module allows an empty payload;
//! [`token`](super::token) does not. The signature covers the text of the first two segments
//! exactly as sent (RFC 7515 section 5.2), not text that is rebuilt from parsed values.

use std::sync::Arc;

use jwt_compact::Algorithm as _;

use crate::jose::base64url;
use crate::jose::error::TokenError;
use crate::jose::header::JoseHeader;
use crate::jose::header_memo::HeaderMemo;
use crate::jose::key::VerifyingKey;
use crate::jose::signature::Signature;
use crate::jose::x509::X509Signature;

/// A JWS whose signature has not been checked.
#[derive(Clone, Debug)]
pub struct CompactJws<'a> {
    text: &'a str,
    signing_input: &'a str,
    payload_segment: &'a str,
    header: Arc<JoseHeader>,
    payload: Vec<u8>,
    signature: Signature,
}

impl<'a> CompactJws<'a> {
    /// Parses a JWS.
    ///
    /// # Errors
    /// If the text does not consist of three segments of base64url, or if the header is refused.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        Self::parse_with(text, &mut HeaderMemo::default())
    }

    /// Parses a JWS. If `headers` remembers the token's header, the header is not parsed again.
    ///
    /// # Errors
    /// The errors of [`Self::parse`].
    pub fn parse_with(text: &'a str, headers: &mut HeaderMemo) -> Result<Self, TokenError> {
        let [header, payload_segment, signature] = split(text)?;
        let signing_input = text.rsplit_once('.').map_or("", |(signed, _)| signed);
        let decode = |segment| base64url::decode(segment).ok_or(TokenError::NotBase64url);
        let header = headers.read(header)?;
        let (payload, signature) = (decode(payload_segment)?, decode(signature)?);
        Ok(Self {
            text,
            signing_input,
            payload_segment,
            header,
            payload,
            signature: Signature::new(signature),
        })
    }

    /// The whole text of the token.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The text that the signature covers (RFC 7515 section 5.2, step 8).
    pub fn signing_input(&self) -> &'a str {
        self.signing_input
    }

    /// The second segment, exactly as sent.
    pub fn payload_segment(&self) -> &'a str {
        self.payload_segment
    }

    /// The header.
    pub fn header(&self) -> &JoseHeader {
        &self.header
    }

    /// The payload, which may be forged.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        self.signature.octets()
    }

    /// Returns true if the token's signature is valid under `key`.
    pub fn verify_with(&self, key: &VerifyingKey) -> bool {
        let algorithm = self.header.algorithm();
        algorithm.verify_signature(&self.signature, key, self.signing_input.as_bytes())
    }

    /// Converts `key` and the token's signature to the encodings of X.509, for an accelerator;
    /// see [`VerifyingKey::as_x509`].
    pub fn as_x509<'b>(&'b self, key: &'b VerifyingKey) -> Option<X509Signature<'b>> {
        key.as_x509(
            self.header.algorithm(),
            self.signing_input.as_bytes(),
            self.signature.octets(),
        )
    }
}

fn split(text: &str) -> Result<[&str; 3], TokenError> {
    // The text is split into at most six pieces, so text with many dots costs no more than other
    // text.
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
    if header.is_empty() || signature.is_empty() {
        return Err(TokenError::SegmentEmpty);
    }
    Ok([header, payload, signature])
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn segments_are_kept_as_they_were_sent() {
        let text = "eyAiYWxnIjoiSFMyNTYiIH0.eyAiYSIgOiAxIH0.AAEC";
        let jws = CompactJws::parse(text).unwrap();
        assert_eq!(jws.as_str(), text);
        assert_eq!(
            jws.signing_input(),
            "eyAiYWxnIjoiSFMyNTYiIH0.eyAiYSIgOiAxIH0"
        );
        assert_eq!(jws.payload_segment(), "eyAiYSIgOiAxIH0");
        assert_eq!(jws.unverified_payload(), br#"{ "a" : 1 }"#);
        assert_eq!(jws.signature(), [0, 1, 2]);
    }

    #[test]
    fn a_payload_may_be_empty() {
        let jws = CompactJws::parse("eyJhbGciOiJIUzI1NiJ9..AA").unwrap();
        assert_eq!(
            (jws.payload_segment(), jws.unverified_payload()),
            ("", &b""[..])
        );
        assert_eq!(jws.signing_input(), "eyJhbGciOiJIUzI1NiJ9.");
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
            (format!(".{p}.AA"), TokenError::SegmentEmpty),
        ] {
            assert_eq!(
                CompactJws::parse(&text).unwrap_err(),
                expected,
                "{text:.60}"
            );
        }
    }

    #[test]
    fn refuses_segments_that_are_not_strict_base64url() {
        let (h, p) = (
            base64url::encode(br#"{"alg":"HS256"}"#),
            base64url::encode(b"{}"),
        );
        for text in [
            format!("{h}=.{p}.AA"),
            format!("{h}.{p}=.AA"),
            format!("{h}.{p}.AB"),
            format!("{h}.{p}.A"),
            format!("{h}.{p}.AA=="),
            format!("{h}.{p}.A A"),
            format!("{h}.{p}.AA\n"),
            format!(" {h}.{p}.AA"),
            format!("{h}.{p}.+/+/"),
            format!("{h}.{p}é.AA"),
            format!("{h}.{p}\0.AA"),
        ] {
            let refused = CompactJws::parse(&text).unwrap_err();
            assert_eq!(refused, TokenError::NotBase64url, "{text:?}");
        }
    }
}

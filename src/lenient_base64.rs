//! Base64 decoding with optional padding, because other software may omit the padding.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const PADDING_IS_OPTIONAL: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes base64 (RFC 4648 section 4) with or without padding. Returns `None` if the input is
/// malformed.
#[must_use]
pub fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    PADDING_IS_OPTIONAL.decode(encoded).ok()
}

/// Decodes base64 or base64url (RFC 4648 sections 4 and 5), with or without padding, as the protobuf
/// JSON mapping requires for a `bytes` field. Returns `None` if the input is malformed.
#[must_use]
pub fn decode_either(encoded: &str) -> Option<Vec<u8>> {
    decode(encoded.replace('-', "+").replace('_', "/").as_bytes())
}

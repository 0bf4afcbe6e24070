//! Base64 from other software, which may omit the padding.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const PADDING_IS_OPTIONAL: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes base64 (RFC 4648 section 4) with or without padding; `None` if it is malformed.
#[must_use]
pub fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    PADDING_IS_OPTIONAL.decode(encoded).ok()
}

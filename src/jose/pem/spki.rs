//! Public keys in DER: `SubjectPublicKeyInfo` and `RSAPublicKey`.
//!
//! The algorithm identifier decides how the key's octets are parsed. The algorithm's parameters
//! must be as the standards require: NULL for RSA (RFC 3279 section 2.3.1), a named curve for EC
//! (RFC 5480 section 2.1.1), and absent for Ed25519 (RFC 8410 section 3).

use super::BlockError;
use super::der::{Elements, Tag};
use crate::jose::key::VerifyingKey;
use crate::jose::numbers::{Curve, KeyNumbers};
use crate::jose::x509::{EC, P256, P384, P521, RSA, UNCOMPRESSED};

/// 1.2.840.113549.1.1.10, `id-RSASSA-PSS`.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// 1.3.101.112, `id-Ed25519`.
const ED25519: &[u8] = &[0x2b, 101, 112];

/// An algorithm with its parameters, and a key in the algorithm's format (RFC 5280 section 4.1).
pub(super) struct KeyInfo<'a> {
    algorithm: &'a [u8],
    parameters: Parameters<'a>,
    key: &'a [u8],
}

enum Parameters<'a> {
    None,
    Null,
    Name(&'a [u8]),
    Other,
}

impl<'a> KeyInfo<'a> {
    /// Parses the elements of a `SubjectPublicKeyInfo`.
    pub(super) fn read(mut info: Elements<'a>) -> Option<Self> {
        let mut algorithm = info.sequence()?;
        let key = info.bit_octets()?;
        info.end()?;
        Some(Self {
            algorithm: algorithm.next(Tag::OBJECT_IDENTIFIER)?,
            parameters: Parameters::read(algorithm)?,
            key,
        })
    }

    /// The key.
    pub(super) fn key(&self) -> Result<VerifyingKey, BlockError> {
        let numbers = match (self.algorithm, &self.parameters) {
            (RSA, Parameters::Null) => return rsa_key(self.key),
            (EC, Parameters::Name(curve)) => ec_numbers(curve, self.key)?,
            (EC, _) => return Err(BlockError::UnsupportedCurve),
            (ED25519, Parameters::None) => KeyNumbers::Ed25519 { x: self.key },
            (RSA_PSS, _) => return Err(BlockError::PssOnly),
            _ => return Err(BlockError::UnsupportedAlgorithm),
        };
        VerifyingKey::from_numbers(numbers).map_err(BlockError::Key)
    }
}

impl<'a> Parameters<'a> {
    fn read(mut rest: Elements<'a>) -> Option<Self> {
        let parameters = if rest.end().is_some() {
            Self::None
        } else if rest.next_is(Tag::NULL) {
            let content = rest.next(Tag::NULL)?;
            content.is_empty().then_some(Self::Null)?
        } else if rest.next_is(Tag::OBJECT_IDENTIFIER) {
            Self::Name(rest.next(Tag::OBJECT_IDENTIFIER)?)
        } else {
            rest.next(Tag::SEQUENCE)?;
            Self::Other
        };
        rest.end()?;
        Some(parameters)
    }
}

/// The key of a `SubjectPublicKeyInfo`.
pub(super) fn key(octets: &[u8]) -> Result<VerifyingKey, BlockError> {
    let info = Elements::of_sequence(octets).and_then(KeyInfo::read);
    info.ok_or(BlockError::Malformed)?.key()
}

/// The key of an `RSAPublicKey` (RFC 8017 appendix A.1.1).
pub(super) fn rsa_key(octets: &[u8]) -> Result<VerifyingKey, BlockError> {
    let (modulus, exponent) = rsa_numbers(octets).ok_or(BlockError::Malformed)?;
    VerifyingKey::from_numbers(KeyNumbers::Rsa { modulus, exponent }).map_err(BlockError::Key)
}

fn rsa_numbers(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut numbers = Elements::of_sequence(octets)?;
    let (modulus, exponent) = (numbers.unsigned()?, numbers.unsigned()?);
    numbers.end()?;
    Some((modulus, exponent))
}

fn ec_numbers<'a>(curve: &[u8], point: &'a [u8]) -> Result<KeyNumbers<'a>, BlockError> {
    let curve = match curve {
        P256 => Curve::P256,
        P384 => Curve::P384,
        P521 => Curve::P521,
        _ => return Err(BlockError::UnsupportedCurve),
    };
    let (x, y) = match point.split_first() {
        Some((&UNCOMPRESSED, xy)) => xy.split_at(xy.len().div_euclid(2)),
        Some((2 | 3, _)) => return Err(BlockError::CompressedPoint),
        _ => return Err(BlockError::Malformed),
    };
    Ok(KeyNumbers::Ec { curve, x, y })
}

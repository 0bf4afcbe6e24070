//! The key in an X.509 certificate (RFC 5280 section 4.1).
//!
//! An operator who configures a certificate trusts it. Portcullis therefore ignores the
//! certificate's signature, issuer and names, and checks neither a chain nor revocation. Two
//! restrictions still apply to the key. It is only used in the certificate's validity period. And
//! if the certificate has a `keyUsage`, it must allow signatures.

use super::BlockError;
use super::der::{Elements, Tag};
use super::spki::KeyInfo;
use crate::jose::key::{Validity, VerifyingKey};
use crate::time::{UnixSeconds, calendar};

/// 2.5.29.15, `id-ce-keyUsage`.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];

/// The parts of a certificate that are used.
struct Certificate<'a> {
    validity: Validity,
    info: KeyInfo<'a>,
    signs: bool,
}

/// Parses a `Certificate` and returns its key. The key is only valid in the certificate's validity
/// period.
pub(super) fn key(octets: &[u8]) -> Result<VerifyingKey, BlockError> {
    let certificate = Certificate::read(octets).ok_or(BlockError::Malformed)?;
    if !certificate.signs {
        return Err(BlockError::NotForSignatures);
    }
    let key = certificate.info.key()?;
    Ok(key.with_validity(certificate.validity))
}

impl<'a> Certificate<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let mut certificate = Elements::of_sequence(octets)?;
        let mut signed = certificate.sequence()?;
        certificate.next(Tag::SEQUENCE)?; // signatureAlgorithm
        certificate.next(Tag::BIT_STRING)?; // signatureValue
        certificate.end()?;

        skip(&mut signed, Tag::EXPLICIT_0)?; // version
        signed.next(Tag::INTEGER)?; // serialNumber
        signed.next(Tag::SEQUENCE)?; // signature
        signed.next(Tag::SEQUENCE)?; // issuer
        let validity = validity(signed.sequence()?)?;
        signed.next(Tag::SEQUENCE)?; // subject
        let info = KeyInfo::read(signed.sequence()?)?;
        skip(&mut signed, Tag::IMPLICIT_1)?; // issuerUniqueID
        skip(&mut signed, Tag::IMPLICIT_2)?; // subjectUniqueID
        let signs = if signed.next_is(Tag::EXPLICIT_3) {
            let extensions = signed.next(Tag::EXPLICIT_3)?;
            signs(Elements::of_sequence(extensions)?)?
        } else {
            true
        };
        signed.end()?;
        Some(Self {
            validity,
            info,
            signs,
        })
    }
}

/// Skips an optional element.
fn skip(elements: &mut Elements<'_>, tag: Tag) -> Option<()> {
    if elements.next_is(tag) {
        elements.next(tag)?;
    }
    Some(())
}

fn validity(mut dates: Elements<'_>) -> Option<Validity> {
    let validity = Validity {
        not_before: time(&mut dates)?,
        not_after: time(&mut dates)?,
    };
    dates.end()?;
    Some(validity)
}

/// Returns `Some(true)` if `keyUsage` is absent or allows signatures (RFC 5280 section 4.2.1.3).
/// Returns `None` if the extensions are malformed. Other extensions are ignored, because they only
/// matter for certificate chains.
fn signs(mut extensions: Elements<'_>) -> Option<bool> {
    let mut signs = true;
    while extensions.end().is_none() {
        let mut extension = extensions.sequence()?;
        let name = extension.next(Tag::OBJECT_IDENTIFIER)?;
        skip(&mut extension, Tag::BOOLEAN)?; // critical
        let value = extension.next(Tag::OCTET_STRING)?;
        extension.end()?;
        if name == KEY_USAGE {
            let mut usage = Elements::within(value);
            let bits = usage.next(Tag::BIT_STRING)?;
            usage.end()?;
            // The first octet is the number of unused bits. The next bit is `digitalSignature`. If
            // the extension is repeated, each copy must allow signatures.
            signs &= matches!(bits, [_, 0x80..=0xff, ..]);
        }
    }
    Some(signs)
}

/// Parses a `UTCTime` (two-digit year) or a `GeneralizedTime` (four-digit year). The time must have
/// seconds and be in UTC (RFC 5280 section 4.1.2.5).
fn time(dates: &mut Elements<'_>) -> Option<UnixSeconds> {
    let (century, digits) = if dates.next_is(Tag::UTC_TIME) {
        let digits = dates.next(Tag::UTC_TIME)?;
        (if digits.first()? < &b'5' { 20 } else { 19 }, digits)
    } else {
        let (first, digits) = dates.next(Tag::GENERALIZED_TIME)?.split_at_checked(2)?;
        (calendar::two_digits(first)?, digits)
    };
    calendar::utc(century, digits.strip_suffix(b"Z")?)
}

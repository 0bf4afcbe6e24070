//! The key of an X.509 certificate (RFC 5280 section 4.1).
//!
//! The certificate is a wrapping that the operator chose to trust by writing it down: its own
//! signature, its issuer and its names are not looked at, and there is no chain and no revocation.
//! What its owner said of the key holds all the same: until when it serves, and, where `keyUsage`
//! is there, that it is for signatures.

use super::BlockError;
use super::der::{Elements, Tag};
use super::spki::KeyInfo;
use crate::jose::key::{Validity, VerifyingKey};
use crate::time::UnixSeconds;

/// 2.5.29.15, `id-ce-keyUsage`.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];

/// What counts of a certificate.
struct Certificate<'a> {
    validity: Validity,
    info: KeyInfo<'a>,
    signs: bool,
}

/// The key of a `Certificate`, serving within its validity.
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

/// Passes over an element that may be there.
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

/// Whether `keyUsage` lets the key sign (RFC 5280 section 4.2.1.3). Other extensions are for those
/// who build chains.
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
            // After the number of unused bits, `digitalSignature` is the first. One that is there
            // twice must allow it twice.
            signs &= matches!(bits, [_, 0x80..=0xff, ..]);
        }
    }
    Some(signs)
}

/// RFC 5280 section 4.1.2.5: UTC to the second, the year in two digits or in four. No number has
/// more than that, so none of the arithmetic wraps.
fn time(dates: &mut Elements<'_>) -> Option<UnixSeconds> {
    let mut pairs = [0_i64; 7];
    let [century, rest @ ..] = &mut pairs;
    let digits = if dates.next_is(Tag::UTC_TIME) {
        let digits = dates.next(Tag::UTC_TIME)?;
        *century = if digits.first()? < &b'5' { 20 } else { 19 };
        digits
    } else {
        let (first, digits) = dates.next(Tag::GENERALIZED_TIME)?.split_at_checked(2)?;
        *century = two_digits(first)?;
        digits
    };
    let (digits, zone) = digits.split_at_checked(12)?;
    if zone != b"Z" {
        return None;
    }
    for (pair, digits) in rest.iter_mut().zip(digits.chunks(2)) {
        *pair = two_digits(digits)?;
    }
    let [century, year, month, day, hour, minute, second] = pairs;
    let year = century.wrapping_mul(100).wrapping_add(year);
    let month_days = days(year, month.wrapping_add(1), 1).wrapping_sub(days(year, month, 1));
    let is_real = (1..=12).contains(&month)
        && (1..=month_days).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let hours = days(year, month, day).wrapping_mul(24).wrapping_add(hour);
    let minutes = hours.wrapping_mul(60).wrapping_add(minute);
    let seconds = minutes.wrapping_mul(60).wrapping_add(second);
    is_real.then_some(UnixSeconds::new(seconds))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. A year begins in March here, so that
/// the day that some have more is their last.
#[inline(never)]
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month.wrapping_sub(3))
    } else {
        (year.wrapping_sub(1), month.wrapping_add(9))
    };
    let of_months = month.wrapping_mul(153).wrapping_add(2).div_euclid(5);
    year.wrapping_mul(365)
        .wrapping_add(year.div_euclid(4))
        .wrapping_sub(year.div_euclid(100))
        .wrapping_add(year.div_euclid(400))
        .wrapping_add(of_months)
        .wrapping_add(day)
        .wrapping_sub(719_469)
}

fn two_digits(digits: &[u8]) -> Option<i64> {
    let &[tens, ones] = digits else { return None };
    let digit = |octet: u8| char::from(octet).to_digit(10).map(i64::from);
    Some(digit(tens)?.wrapping_mul(10).wrapping_add(digit(ones)?))
}

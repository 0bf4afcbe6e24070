//! Converts dates of the Gregorian calendar to points in time.

use super::UnixSeconds;

/// Parses a date and time in UTC with whole seconds, such as `2027-01-31T00:00:00Z` (RFC 3339
/// section 5.6).
pub fn rfc3339(text: &str) -> Option<UnixSeconds> {
    const FORM: &[u8] = b"0000-00-00T00:00:00Z";
    if text.len() != FORM.len() {
        return None;
    }
    let mut digits = Vec::with_capacity(FORM.len());
    for (octet, form) in text.bytes().zip(FORM) {
        match form {
            b'0' => digits.push(octet),
            _ if octet == *form => {}
            _ => return None,
        }
    }
    let (century, rest) = digits.split_at_checked(2)?;
    utc(two_digits(century)?, rest)
}

/// Parses a point in time written as `YYMMDDhhmmss`, in the given century. All numbers, including
/// the century, have at most two digits, so the arithmetic cannot overflow.
pub fn utc(century: i64, digits: &[u8]) -> Option<UnixSeconds> {
    let mut pairs = [0_i64; 6];
    if digits.len() != 12 {
        return None;
    }
    for (pair, digits) in pairs.iter_mut().zip(digits.chunks(2)) {
        *pair = two_digits(digits)?;
    }
    let [year, month, day, hour, minute, second] = pairs;
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

/// Parses a number of two digits.
pub fn two_digits(digits: &[u8]) -> Option<i64> {
    let &[tens, ones] = digits else { return None };
    let digit = |octet: u8| char::from(octet).to_digit(10).map(i64::from);
    Some(digit(tens)?.wrapping_mul(10).wrapping_add(digit(ones)?))
}

/// Counts the days from 1970-01-01 to a day of the Gregorian calendar. Here, years begin in March,
/// so that the leap day is the last day of a year.
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn parses_dates_in_utc() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:30:15Z", 951_827_415),
            ("2027-01-31T00:00:00Z", 1_801_353_600),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(rfc3339(text), Some(UnixSeconds::new(seconds)), "{text}");
        }
    }

    #[test]
    fn refuses_text_that_is_not_a_date_in_utc() {
        for text in [
            "",
            "2027-01-31",
            "2027-01-31T00:00:00",
            "2027-01-31T00:00:00z",
            "2027-01-31 00:00:00Z",
            "2027-01-31T00:00:00+00:00",
            "2027-01-31T00:00:00.5Z",
            "2027-02-29T00:00:00Z",
            "2027-13-01T00:00:00Z",
            "2027-00-01T00:00:00Z",
            "2027-01-00T00:00:00Z",
            "2027-01-31T24:00:00Z",
            "2027-01-31T00:60:00Z",
            "2027-01-31T00:00:60Z",
            "+027-01-31T00:00:00Z",
            "2027-01-31T00:00:0\u{e9}",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }
}

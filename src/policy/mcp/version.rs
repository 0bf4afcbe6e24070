//! Revisions of MCP. The name of a revision is a date.

/// The first revision of MCP that requires servers to compare headers with the body.
const FIRST_COMPARED: &str = "2026-07-28";

/// Returns true if `text` is a date such as `2026-07-28`.
pub(super) fn is_well_formed(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |length, range: core::ops::RangeInclusive<u16>| {
        let digits = parts.next().filter(|part| part.len() == length);
        let digits = digits.filter(|part| part.bytes().all(|octet| octet.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse().ok())
            .is_some_and(|number| range.contains(&number))
    };
    part(4, 0..=9999) && part(2, 1..=12) && part(2, 1..=31) && parts.next().is_none()
}

/// Returns true if servers of this revision compare headers with the body. Comparing the dates as
/// strings is enough, because the alphabetical order of dates in this format is their chronological
/// order.
pub(super) fn compares_headers(version: &str) -> bool {
    version >= FIRST_COMPARED
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_version_is_a_date() {
        for (text, is_date) in [
            ("2024-11-05", true),
            ("2026-07-28", true),
            ("2026-13-01", false),
            ("2026-07-00", false),
            ("2026-7-28", false),
            ("20260728", false),
            ("2026-07-28-1", false),
            ("2026-07-2\u{668}", false),
            ("DRAFT-2026-v1", false),
            ("+026-07-28", false),
            ("", false),
        ] {
            assert_eq!(is_well_formed(text), is_date, "{text}");
        }
        for (text, expected) in [
            ("2025-11-25", false),
            ("2026-07-27", false),
            ("2026-07-28", true),
            ("2026-10-01", true),
            ("2027-01-01", true),
        ] {
            assert_eq!(compares_headers(text), expected, "{text}");
        }
    }
}

//! Durations as in protobuf JSON: a decimal number of seconds, followed by `s`.

use core::time::Duration;

use serde_json::Value;

use super::{Read, Reader};

/// A duration in whole milliseconds. Fractions are rounded up, so that a duration above zero never
/// becomes zero.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) struct RawDuration(pub(in crate::config) Duration);

impl RawDuration {
    /// The maximum duration: ten years. A point in time plus a few such durations, all in
    /// milliseconds, fits into 64 bits.
    pub(in crate::config) const MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
}

impl Read for RawDuration {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let expected = r#"a duration in seconds such as "600s" or "0.5s", at most ten years"#;
        let duration = value.as_str().and_then(parse);
        let duration = reader.expect(duration, expected, value);
        Self(duration.unwrap_or_default())
    }
}

super::describe::describe! {
    RawDuration: {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,9})?s$", "examples": ["5s", "0.5s"]},
}

/// Parses `digits [ "." 1*9digits ] "s"`.
fn parse(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let seconds = digits(whole)?;
    let nanoseconds = match fraction {
        None => 0,
        Some(fraction) if fraction.len() <= 9 => {
            digits(&format!("{fraction:0<9}")).filter(|_| !fraction.is_empty())?
        }
        Some(_) => return None,
    };
    let milliseconds = seconds
        .checked_mul(1000)?
        .checked_add(nanoseconds.div_ceil(1_000_000))?;
    let duration = Duration::from_millis(milliseconds);
    (duration <= RawDuration::MAX).then_some(duration)
}

/// Parses a number that consists only of digits. `str::parse` alone would also accept a sign.
fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn reads_whole_milliseconds_and_rounds_up() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("600s", 600_000),
            ("0.5s", 500),
            ("1.000000001s", 1001),
            ("0.000000000s", 0),
            ("0.001s", 1),
            ("007s", 7000),
            ("315360000s", 315_360_000_000),
        ] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(parse(text), Some(duration), "{text}");
        }
    }

    #[test]
    fn refuses_text_that_is_not_a_duration() {
        for text in [
            "",
            "s",
            "1",
            "1m",
            "1S",
            "-1s",
            "+1s",
            "1.s",
            ".5s",
            "1.0000000001s",
            "1 s",
            " 1s",
            "1e3s",
            "0x1s",
            "1.-5s",
            "1.5.5s",
            "315360000.1s",
            "99999999999999999999s",
            "١s",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}

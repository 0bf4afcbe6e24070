//! The `Accept` header: the engine chooses the same response format as a simple reference
//! implementation. The choice does not depend on letter case, spaces or order.

use portcullis::http::Format;

/// Treats each line of the input as the value of an `Accept` header.
pub fn check(input: &[u8]) {
    let lines: Vec<&[u8]> = input.split(|octet| *octet == b'\n').collect();
    let preferred = Format::preferred(lines.iter().copied());
    let reversed = Format::preferred(lines.iter().rev().copied());
    assert_eq!(reversed, preferred, "depends on the order of lines");

    let texts: Vec<&str> = lines
        .iter()
        .filter_map(|line| str::from_utf8(line).ok())
        .collect();
    let joined = texts.join(",");
    let of = |line: &str| Format::preferred([line.as_bytes()].into_iter());
    assert_eq!(of(&joined), preferred, "depends on how lines are joined");
    assert_eq!(
        of(&joined.to_ascii_uppercase()),
        preferred,
        "depends on case"
    );
    let mut ranges: Vec<&str> = joined.split(',').collect();
    assert_eq!(of(&ranges.join(" ,\t")), preferred, "depends on space");
    ranges.reverse();
    assert_eq!(
        of(&ranges.join(",")),
        preferred,
        "depends on the order of ranges"
    );

    let likes_html = quality(&joined, "text/html") > quality(&joined, "application/json");
    assert_eq!(preferred == Format::Html, likes_html, "{joined:?}");
}

/// The weight of a media type (RFC 9110 section 12.5.1). If several media ranges match it, the most
/// specific range decides. If several ranges are equally specific, the highest weight decides.
fn quality(accept: &str, media: &str) -> f64 {
    let (main, _) = media.split_once('/').unwrap();
    for specific in [media, &format!("{main}/*"), "*/*"] {
        let weights = accept.split(',').filter_map(|range| {
            let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
            let is_own = name.trim().eq_ignore_ascii_case(specific);
            if is_own { weight(parameters) } else { None }
        });
        if let Some(best) = weights.max_by(f64::total_cmp) {
            return best;
        }
    }
    0.0
}

/// The weight in the parameters of a media range; `None` if the weight is malformed.
fn weight(parameters: &str) -> Option<f64> {
    let mut weights = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("q").then_some(value)
    });
    let Some(text) = weights.next() else {
        return Some(1.0);
    };
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_number = matches!(whole, "0" | "1")
        && decimals.len() <= 3
        && decimals.bytes().all(|digit| digit.is_ascii_digit());
    let weight: f64 = is_number
        .then(|| format!("{whole}.{decimals}0"))?
        .parse()
        .ok()?;
    (weight <= 1.0).then_some(weight)
}

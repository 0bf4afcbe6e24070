//! Formats parts of a configuration that error messages quote.

/// The maximum length of a quoted value, in characters. Errors truncate longer values.
const MAX_ECHO: usize = 64;

/// The candidate that is most similar to `wrong`; `None` if none is similar enough.
#[must_use]
pub fn nearest<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // `wrong` may have any length, and the time of the comparison is quadratic in it.
    if wrong.len() > MAX_ECHO {
        return None;
    }
    candidates
        .map(|candidate| (strsim::jaro_winkler(wrong, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// Names in quotes.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> String {
    let mut quoted = String::new();
    for name in names {
        let separator = if quoted.is_empty() { "" } else { ", " };
        quoted.extend([separator, "\"", name, "\""]);
    }
    quoted
}

/// Names in quotes, or `none` if there are none.
pub(super) fn quoted_or_none(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => quoted(names),
    }
}

/// The first characters of a string.
pub(super) fn head(text: &str) -> String {
    text.chars().take(MAX_ECHO).collect()
}

/// A value, escaped and truncated.
pub(super) fn cut(text: &str) -> String {
    let mut cut: String = text
        .chars()
        .take(MAX_ECHO)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MAX_ECHO).is_some() {
        cut.push('…');
    }
    cut
}

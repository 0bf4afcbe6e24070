//! What errors repeat of a configuration.

/// Longest part of a value that an error repeats, in characters.
const MAX_ECHO: usize = 64;

/// The candidate most similar to `wrong`, if any is similar.
pub(super) fn nearest<'a>(
    wrong: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // The text may be of any length, and the comparison is quadratic.
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

/// Names in quotes; or a phrase that says there are none.
pub(super) fn quoted_or_none(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => quoted(names),
    }
}

/// The start of a text.
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

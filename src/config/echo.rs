//! Formats values and names from a configuration, for use in error messages.

/// The maximum length of a quoted value, in characters. Longer values are truncated.
const MAX_ECHO: usize = 64;

/// Returns the candidate that is most similar to `wrong`. If `wrong` is a misspelt field name, the
/// operator probably meant this candidate. Returns `None` if no candidate is similar enough.
#[must_use]
pub fn nearest<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A comparison takes quadratic time, so a long string is not compared.
    if wrong.len() > MAX_ECHO {
        return None;
    }
    candidates
        .map(|candidate| (strsim::jaro_winkler(wrong, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// Formats names in quotes, separated by commas.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> String {
    let mut quoted = String::new();
    for name in names {
        let separator = if quoted.is_empty() { "" } else { ", " };
        quoted.extend([separator, "\"", name, "\""]);
    }
    quoted
}

/// Formats names in quotes, separated by commas. Returns the word `none` if there are no names.
pub(super) fn quoted_or_none(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => quoted(names),
    }
}

/// Returns the first `MAX_ECHO` characters of a string.
pub(super) fn head(text: &str) -> String {
    text.chars().take(MAX_ECHO).collect()
}

/// Returns the part of a URL that can contain neither a password nor a secret query. If the URL has
/// an `@`, only the scheme is left, because a password may contain any character.
pub(super) fn without_secrets(url: &str) -> &str {
    if url.contains('@') {
        let mut schemes = ["https://", "http://"].into_iter();
        return schemes.find(|own| url.starts_with(own)).unwrap_or_default();
    }
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Truncates a value, and escapes the part that is kept.
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

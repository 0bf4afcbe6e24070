//! Writes parts of the HTML status page. Every value from the configuration or from a fetch goes
//! through [`escape`].

use core::time::Duration;

use crate::{foreign_text, time::UnixMillis};

/// Writes a point in time in words, and the exact time in small print.
pub(super) fn moment(page: &mut String, time: UnixMillis, now: UnixMillis) {
    relative(page, time, now, None);
    page.push_str("<small>");
    exact(page, time);
    page.push_str("</small>");
}

/// Writes a point in time in words, such as `3 hours ago`. The page's script updates the words
/// while the page is open. For a planned event, `due` is the word to show once the event's time has
/// passed.
pub(super) fn relative(page: &mut String, time: UnixMillis, now: UnixMillis, due: Option<&str>) {
    let class = if due.is_some() { " class=\"due\"" } else { "" };
    let text = match due {
        Some(due) if time <= now => due.to_owned(),
        _ if time > now => format!("in {}", words(time.since(now))),
        _ => format!("{} ago", words(now.since(time))),
    };
    let datetime = time.rfc3339();
    push(
        page,
        &[
            "<time",
            class,
            " datetime=\"",
            &datetime,
            "\">",
            &text,
            "</time>",
        ],
    );
}

/// Writes a point in time such as `2026-11-22 04:00:00 UTC`.
pub(super) fn exact(page: &mut String, time: UnixMillis) {
    let text = time.rfc3339();
    let (date, clock) = text.split_once('T').unwrap_or_default();
    push(page, &[date, " ", clock.trim_end_matches('Z'), " UTC"]);
}

/// Formats a time span in whole units, such as `3 hours`. The unit is the largest one that fits
/// into the span.
fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let (size, name) = units
        .into_iter()
        .find(|(size, _)| seconds >= *size)
        .unwrap_or((1, "second"));
    let many = seconds.checked_div(size).unwrap_or_default();
    format!("{many} {name}{}", plural(many))
}

/// The plural ending of a noun after this number: `s`, or nothing if the number is 1.
pub(super) const fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Writes text in a `bdi` element. Without this element, a name in Hebrew, for example, could
/// change the order of the text around it.
pub(super) fn isolated(page: &mut String, text: &str) {
    page.push_str("<bdi>");
    escape(page, text);
    page.push_str("</bdi>");
}

pub(super) fn isolated_code(page: &mut String, text: &str) {
    page.push_str("<bdi><code>");
    escape(page, text);
    page.push_str("</code></bdi>");
}

/// Appends HTML to the page without escaping.
pub(super) fn push(page: &mut String, parts: &[&str]) {
    for part in parts {
        page.push_str(part);
    }
}

/// Escapes `text` for use in an element or a quoted attribute. Escaped text cannot open or close an
/// element or an attribute. It also cannot change how the text around it is displayed.
pub(super) fn escape(page: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            char if foreign_text::misleads(char) => foreign_text::push_number(page, char),
            char => page.push(char),
        }
    }
}

//! The status report as a web page. The page loads no other resources.
//!
//! The template is `page.html`, in which names in double braces are placeholders. Every value from
//! the configuration or from a fetch goes through [`escape`].

use core::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::{Count, Report, state};
use crate::{
    config::Provider, foreign_text, jose::VerifyingKey, keys::KeyReport, policy::Scheme,
    time::UnixMillis,
};

const PAGE: &str = include_str!("page.html");

/// Shown instead of the issuer and the keys of a provider with client secrets, which has neither.
const NOT_APPLICABLE: &str = "<span>–</span>";

/// Writes the report as an HTML document.
pub(super) fn write(report: &Report<'_>, counts: &[Count]) -> String {
    let mut page = String::with_capacity(PAGE.len().saturating_mul(2));
    let mut parts = PAGE.split("{{");
    page.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or_default();
        match name {
            "version" => page.push_str(env!("CARGO_PKG_VERSION")),
            "mode" => page.push_str(report.mode()),
            "base_url" => {
                if let Some(url) = report.base_url() {
                    page.push_str(", before ");
                    isolated_code(&mut page, url);
                }
            }
            "now" => time(&mut page, report.now, &report.now.rfc3339()),
            "servers" => servers(&mut page, report),
            _ => decisions(&mut page, counts),
        }
        page.push_str(rest);
    }
    page
}

/// The content security policy of the page. The page cannot load or submit anything, and other
/// pages cannot frame it. It can run only its own script and style, which the policy identifies by
/// their hashes.
pub(super) fn content_security_policy() -> String {
    let digest = |start: &str, end: &str| {
        let text = PAGE
            .split_once(start)
            .and_then(|(_, rest)| rest.split_once(end));
        STANDARD.encode(Sha256::digest(text.unwrap_or_default().0))
    };
    let script = digest("<script>", "</script>");
    let style = digest("<style>", "</style>");
    format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn servers(page: &mut String, report: &Report<'_>) {
    for (provider, key_report) in report.providers() {
        page.push_str("<tr role=\"row\">");
        server(page, provider);
        cell(page, "Keys", Some(count(key_report.keys)));
        keys(page, provider, key_report.keys);
        fetches(page, &key_report, report.now);
        page.push_str("</td></tr>\n");
    }
}

fn server(page: &mut String, provider: &Provider) {
    page.push_str("<th role=\"rowheader\" scope=\"row\" data-label=\"Server\">");
    element(page, "bdi", &provider.name);
    if !provider.description.is_empty() {
        page.push_str("<small><bdi>");
        escape(page, &provider.description);
        page.push_str("</bdi></small>");
    }
    page.push_str("</th><td role=\"cell\" data-label=\"Status\"><span");
    if provider.trust.enabled {
        page.push_str(" class=\"good\"");
    }
    page.push('>');
    page.push_str(state(provider));
    page.push_str("</span>");
    cell(page, "Issuer", None);
    match provider.trust.issuer.as_written() {
        Some(issuer) => element(page, "bdi", &issuer),
        None if provider.scheme() == Scheme::Basic => page.push_str(NOT_APPLICABLE),
        None => page.push_str("<span>any</span>"),
    }
}

fn keys(page: &mut String, provider: &Provider, keys: &[VerifyingKey]) {
    if provider.scheme() == Scheme::Basic {
        page.push_str(NOT_APPLICABLE);
    } else if keys.is_empty() {
        let class = if provider.trust.enabled {
            " class=\"bad\""
        } else {
            ""
        };
        for part in ["<span", class, ">none</span>"] {
            page.push_str(part);
        }
    } else {
        list(page, keys);
    }
    element(page, "small", provider.key_source);
}

fn list(page: &mut String, keys: &[VerifyingKey]) {
    let (many, one) = (keys.len().to_string(), keys.len() == 1);
    let unit = if one { " key" } else { " keys" };
    for part in ["<details><summary>", &many, unit, "</summary><ul>"] {
        page.push_str(part);
    }
    for key in keys {
        page.push_str("<li>");
        if let Some(kid) = key.kid() {
            isolated_code(page, kid);
            page.push(' ');
        }
        page.push_str(key.key_type().name());
        if let Some(algorithm) = key.alg() {
            page.push(' ');
            page.push_str(algorithm.name());
        }
        page.push_str("</li>");
    }
    page.push_str("</ul></details>");
}

fn fetches(page: &mut String, key_report: &KeyReport<'_>, now: UnixMillis) {
    cell(
        page,
        "Last fetched",
        key_report.status.fetched_at.map(UnixMillis::as_u64),
    );
    since(page, key_report.status.fetched_at, now);
    if key_report.status.is_stale {
        page.push_str("<strong class=\"bad\">stale</strong>");
    }
    cell(page, "Last error", None);
    match key_report.last_error {
        Some(error) => {
            page.push_str("<span class=\"bad\">");
            escape(page, &error.to_string());
            page.push_str("</span><small>");
            since(page, key_report.attempted_at, now);
            page.push_str("</small>");
        }
        None => page.push_str("<span>none</span>"),
    }
    cell(
        page,
        "Next fetch",
        key_report.next_fetch.map(UnixMillis::as_u64),
    );
    match key_report.next_fetch {
        Some(next) if next <= now => time(page, next, "due"),
        Some(next) => time(page, next, &format!("in {}", words(next.since(now)))),
        None => page.push_str("<span>\u{2013}</span>"),
    }
}

fn since(page: &mut String, then: Option<UnixMillis>, now: UnixMillis) {
    match then {
        Some(then) => time(page, then, &format!("{} ago", words(now.since(then)))),
        None => page.push_str("<span>\u{2013}</span>"),
    }
}

fn decisions(page: &mut String, counts: &[Count]) {
    for counted in counts {
        page.push_str("<tr><th scope=\"row\">");
        page.push_str(counted.decision);
        page.push_str("</th><td>");
        page.push_str(counted.reason);
        page.push_str("</td><td>");
        page.push_str(&counted.times.to_string());
        page.push_str("</td></tr>\n");
    }
    if counts.is_empty() {
        page.push_str("<tr><td colspan=\"3\">The proxy withholds the metrics.</td></tr>");
    }
}

/// Ends a cell and begins the next one. `sort` is a sort key, for cells whose text would sort in
/// the wrong order.
fn cell(page: &mut String, label: &str, sort: Option<u64>) {
    page.push_str("</td><td role=\"cell\" data-label=\"");
    page.push_str(label);
    if let Some(sort) = sort {
        page.push_str("\" data-sort=\"");
        page.push_str(&sort.to_string());
    }
    page.push_str("\">");
}

/// Writes a point in time in words. A tooltip shows the exact time.
fn time(page: &mut String, time: UnixMillis, words: &str) {
    let exact = time.rfc3339();
    for part in [
        "<time datetime=\"",
        &exact,
        "\" title=\"",
        &exact,
        "\">",
        words,
        "</time>",
    ] {
        page.push_str(part);
    }
}

/// Formats a time span in the largest unit of which it contains at least one, such as `3 hours`.
fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let (size, name) = units
        .into_iter()
        .find(|(size, _)| seconds >= *size)
        .unwrap_or((1, "second"));
    let many = seconds.checked_div(size).unwrap_or_default();
    format!("{many} {name}{}", if many == 1 { "" } else { "s" })
}

/// Writes text in a `bdi` element. Without this element, a `kid` in Hebrew, for example, could
/// change the order of the text around it.
fn isolated_code(page: &mut String, text: &str) {
    page.push_str("<bdi>");
    element(page, "code", text);
    page.push_str("</bdi>");
}

fn element(page: &mut String, name: &str, text: &str) {
    for part in ["<", name, ">"] {
        page.push_str(part);
    }
    escape(page, text);
    for part in ["</", name, ">"] {
        page.push_str(part);
    }
}

/// Escapes `text` for use in an element or a quoted attribute. Escaped text cannot open or close an
/// element or an attribute. It also cannot change how the text around it is displayed.
fn escape(page: &mut String, text: &str) {
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

fn count(keys: &[VerifyingKey]) -> u64 {
    u64::try_from(keys.len()).unwrap_or(u64::MAX)
}

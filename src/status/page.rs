//! The status report as a web page. The page loads no other resources.
//!
//! The template is `page.html`, in which names in double braces are placeholders. The page begins
//! with a summary. Then it lists the servers, with the most urgent problems first.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::{
    Count, Health, Report, Server, columns,
    html::{exact, isolated_code, plural, push, relative},
};

const PAGE: &str = include_str!("page.html");

/// Writes the report as an HTML document.
pub(super) fn write(report: &Report<'_>, counts: &[Count]) -> String {
    let servers: Vec<_> = report.servers().collect();
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
                    isolated_code(&mut page, url);
                }
            }
            "now" => {
                exact(&mut page, report.now);
                page.push_str(" (");
                relative(&mut page, report.now, report.now, None);
                page.push(')');
            }
            "summary" => summary(&mut page, &servers),
            "columns" => columns::headings(&mut page),
            "servers" => {
                for health in Health::ALL {
                    for server in servers.iter().filter(|server| server.health == health) {
                        columns::row(&mut page, server, report.now);
                    }
                }
            }
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

/// Writes the summary: the number of servers in the most urgent state of health, and then the
/// number of servers in each state.
fn summary(page: &mut String, servers: &[Server<'_>]) {
    let count = |health| servers.iter().filter(|one| one.health == health).count();
    let disabled = count(Health::Disabled);
    let enabled = servers.len().saturating_sub(disabled);
    let worst = Health::ALL.into_iter().find(|health| count(*health) > 0);
    let worst = worst.unwrap_or(Health::Disabled);
    push(page, &["<section class=\"", worst.name(), "\"><h2>"]);
    if enabled == 0 {
        page.push_str("No authorization server is enabled");
    } else {
        let kind = if disabled > 0 { "enabled " } else { "" };
        let end = plural(u64::try_from(enabled).unwrap_or(u64::MAX));
        let some = count(worst);
        let (before, after) = worst.summary();
        page.push_str(&format!(
            "{before}{some} of {enabled} {kind}server{end}{after}"
        ));
    }
    page.push_str("</h2><ul>");
    for health in Health::ALL {
        let (many, name) = (count(health), health.name());
        if many > 0 {
            page.push_str(&format!("<li class=\"pill {name}\">{many} {name}</li>"));
        }
    }
    page.push_str("</ul></section>");
}

fn decisions(page: &mut String, counts: &[Count]) {
    for counted in counts {
        let times = counted.times.to_string();
        push(
            page,
            &[
                "<tr><th scope=\"row\">",
                counted.decision,
                "</th><td>",
                counted.reason,
                "</td><td>",
                &times,
                "</td></tr>\n",
            ],
        );
    }
    if counts.is_empty() {
        page.push_str("<tr><td colspan=\"3\">The proxy does not provide the metrics.</td></tr>");
    }
}

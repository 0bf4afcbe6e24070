//! The columns of the table of authorization servers on the status page.

use super::{
    Health, Server,
    html::{escape, exact, isolated, isolated_code, moment, plural, push, relative},
};
use crate::{jose::VerifyingKey, policy::Scheme, time::UnixMillis};

/// A column: its heading, and the function that writes the content of a cell.
struct Column(
    &'static str,
    fn(&mut String, server: &Server<'_>, now: UnixMillis),
);

/// The heading of the first column, which shows the server's name.
const NAME: &str = "Name";

/// The other columns. The viewer can hide each of them.
const COLUMNS: [Column; 8] = [
    Column("Status", status),
    Column("Description", |page, server, _| {
        if !server.provider.description.is_empty() {
            isolated(page, &server.provider.description);
        }
    }),
    Column("Last successful fetch", last_fetch),
    Column("Last error", last_error),
    Column("Next fetch", next_fetch),
    Column("Keys", keys),
    Column("Key source", key_source),
    Column("Issuer", |page, server, _| match server.provider.issuer() {
        Some(issuer) => isolated_code(page, &issuer),
        None if server.provider.scheme() == Scheme::Basic => {}
        None => page.push_str("<span>any</span>"),
    }),
];

/// Writes the heading of every column.
pub(super) fn headings(page: &mut String) {
    for heading in [NAME]
        .into_iter()
        .chain(COLUMNS.iter().map(|column| column.0))
    {
        let start = "<th role=\"columnheader\" scope=\"col\">";
        push(page, &[start, heading, "</th>"]);
    }
}

/// Writes a server's table row. The CSS class of the row is the server's health.
pub(super) fn row(page: &mut String, server: &Server<'_>, now: UnixMillis) {
    let start = "<tr role=\"row\" class=\"";
    let name = "\"><th role=\"rowheader\" scope=\"row\">";
    push(page, &[start, server.health.name(), name]);
    isolated(page, &server.provider.name);
    page.push_str("</th>");
    for Column(heading, write) in &COLUMNS {
        push(page, &["<td role=\"cell\" data-label=\"", heading, "\">"]);
        write(page, server, now);
        page.push_str("</td>");
    }
    page.push_str("</tr>\n");
}

fn status(page: &mut String, server: &Server<'_>, _: UnixMillis) {
    let note = match server.health {
        Health::Unavailable => ", no keys",
        Health::Degraded if server.keys.status.is_stale => ", keys are stale",
        Health::Degraded => ", last fetch failed",
        Health::Starting => ", no keys yet",
        Health::Working | Health::Disabled => "",
    };
    let state = server.state();
    let pill = "<span class=\"pill\">";
    push(page, &[pill, server.health.name(), "</span>"]);
    // For a disabled server, health and state are the same word, so the state is not repeated.
    if state != server.health.name() {
        push(page, &["<small>", state, note, "</small>"]);
    }
}

fn last_fetch(page: &mut String, server: &Server<'_>, now: UnixMillis) {
    match server.keys.status.fetched_at {
        Some(fetched_at) => moment(page, fetched_at, now),
        None if server.health != Health::Disabled && server.cluster().is_some() => {
            page.push_str("<span>never</span>");
        }
        None => {}
    }
}

fn last_error(page: &mut String, server: &Server<'_>, now: UnixMillis) {
    let Some(error) = server.keys.last_error else {
        return;
    };
    page.push_str("<span class=\"bad\">");
    escape(page, &error.to_string());
    page.push_str("</span>");
    if let Some(attempted_at) = server.keys.attempted_at {
        page.push_str("<small>");
        relative(page, attempted_at, now, None);
        page.push_str(", ");
        exact(page, attempted_at);
        page.push_str("</small>");
    }
}

fn next_fetch(page: &mut String, server: &Server<'_>, now: UnixMillis) {
    if let Some(next) = server.keys.next_fetch {
        relative(page, next, now, Some("due"));
        page.push_str("<small>");
        exact(page, next);
        page.push_str("</small>");
    }
}

fn keys(page: &mut String, server: &Server<'_>, _: UnixMillis) {
    let keys = server.keys.keys;
    let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
    let (many, end) = (count.to_string(), plural(count));
    if server.provider.scheme() == Scheme::Basic {
        // Clients of this provider send secrets instead of tokens, so the provider needs no keys.
    } else if keys.is_empty() {
        page.push_str("<span>0 keys</span>");
    } else {
        push(
            page,
            &["<details><summary>", &many, " key", end, "</summary><ol>"],
        );
        for key in keys {
            list_item(page, key);
        }
        page.push_str("</ol></details>");
    }
}

fn list_item(page: &mut String, key: &VerifyingKey) {
    page.push_str("<li>");
    if let Some(kid) = key.kid() {
        isolated_code(page, kid);
        page.push(' ');
    }
    page.push_str(key.key_type().name());
    if let Some(algorithm) = key.alg() {
        push(page, &[" ", algorithm.name()]);
    }
    page.push_str("</li>");
}

fn key_source(page: &mut String, server: &Server<'_>, _: UnixMillis) {
    let name = server.provider.key_source;
    let element = match server.jwks_uri() {
        Some(uri) => {
            isolated_code(page, uri);
            "small"
        }
        None => "span",
    };
    push(page, &["<", element, ">", name]);
    if let Some(cluster) = server.cluster() {
        page.push_str(", cluster ");
        isolated(page, cluster);
    }
    push(page, &["</", element, ">"]);
}

//! Removes from requests the headers that only Portcullis may set.

use std::borrow::Cow;

use crate::{
    config::Config,
    connection::Connection,
    decision::{HeaderEdit, Text, edited},
    http::{HeaderName, Request, is_token, path::Target},
    policy::{ForwardedCertificate, Standing, carries_certificate, mcp::is_mcp_header},
};

const CONNECTION: &str = "connection";

/// A request as the rules see it: without the headers that [`Removals`] lists.
#[derive(Clone, Copy)]
pub(super) struct Sanitised<'r, 'a> {
    pub(super) request: &'r Request<'a>,
    /// The request's path and query. `None` for a CONNECT request without a path.
    pub(super) target: Option<Target<'a>>,
    /// The edits that also remove these headers from the forwarded request.
    pub(super) removals: &'r [HeaderEdit],
}

/// What to remove from a request before the rules see it.
pub(super) struct Removals {
    /// How trustworthy the request's certificate headers are.
    pub(super) standing: Standing,
    pub(super) edits: Vec<HeaderEdit>,
    /// True if the client may have forged a header, or if the client's `Connection` was changed.
    pub(super) is_forged: bool,
}

impl Removals {
    /// Lists the edits that remove every header that the rules and the upstream must not see:
    /// forged headers, and the certificate headers that a trusted peer has set.
    pub(super) fn new(config: &Config, request: &Request<'_>, connection: &dyn Connection) -> Self {
        let (standing, mut edits) = forged(config, request, connection);
        let is_forged = !edits.is_empty();
        if let (Some(own), Standing::Trusted) = (&config.client_certificate, standing) {
            edits.extend(certificates(own, standing, request));
        }
        Self {
            standing,
            edits,
            is_forged,
        }
    }
}

/// Returns how trustworthy the request's certificate headers are, and the edits that remove the
/// headers that the client may have forged.
pub(super) fn forged(
    config: &Config,
    request: &Request<'_>,
    connection: &dyn Connection,
) -> (Standing, Vec<HeaderEdit>) {
    let mut edits = owned(config, request);
    let Some(own) = &config.client_certificate else {
        return (Standing::Absent, edits);
    };
    let standing = own.standing(request, connection);
    if standing == Standing::Forged {
        edits.extend(certificates(own, standing, request));
    }
    (standing, edits)
}

/// Returns the edits that remove every header that only Portcullis may set. The edits are needed
/// for every request, even for open paths: if such a header reached the upstream, a client could
/// claim any identity.
///
/// If `Connection` names a header that a rule has a condition on, an edit removes this name from
/// `Connection`. Otherwise the rule would match, but the next proxy would drop the header.
fn owned(config: &Config, request: &Request<'_>) -> Vec<HeaderEdit> {
    let owned = &config.owned_headers;
    let certificate = config.client_certificate.as_ref();
    let forwards_certificate = certificate.is_some_and(|own| own.forward);
    let mut edits = Vec::new();
    if may_need_edits(owned, request) {
        edits = removed(names(request.headers(), &|name| owns(owned, name)));
    }
    let read = config.rules.headers();
    if !owned.is_empty() || forwards_certificate || !read.is_empty() {
        edits.extend(connection(request, &|option| {
            owns(owned, option)
                || owns(read, option)
                || forwards_certificate && carries_certificate(option)
        }));
    }
    edits
}

/// Returns true if a header may have to be removed. This quick check compares only the lengths of
/// names. In most requests, no header name has the same length as the name of a header that
/// Portcullis sets.
fn may_need_edits(owned: &[HeaderName], request: &Request<'_>) -> bool {
    let bit = |length: usize| 1_u64.checked_shl(u32::try_from(length).unwrap_or(u32::MAX));
    // The highest bit stands for every length of 63 or more.
    let bit = |length: usize| bit(length.min(63)).unwrap_or_default();
    let lengths = owned
        .iter()
        .fold(0, |lengths, name| lengths | bit(name.as_str().len()));
    let mut headers = request.headers().iter();
    lengths != 0 && headers.any(|(name, _)| bit(name.len()) & lengths != 0)
}

/// Returns the names of the fields to remove from a request's trailers: the headers that only
/// Portcullis may set, the headers that can hold tokens, the headers that rules have conditions on,
/// and the headers that describe an MCP call. Otherwise, a server that merges trailers into headers
/// could find a forged identity, an unverified token next to a verified token, or a header value or
/// MCP call that the rules did not allow. RFC 9110 section 6.5.1 forbids credentials in trailers.
pub(super) fn trailers(config: &Config, trailers: &[(&[u8], &[u8])]) -> Vec<Text> {
    names(trailers, &|name| {
        let mut places = config.places.iter();
        owns(&config.owned_headers, name)
            || owns(config.rules.headers(), name)
            || config.client_certificate.is_some() && carries_certificate(name)
            || places.any(|places| places.reads_header(name))
            || config.rules.match_calls() && is_mcp_header(name)
    })
}

fn owns(owned: &[HeaderName], name: &[u8]) -> bool {
    owned.iter().any(|own| own.is_confusable_with(name))
}

/// Returns the names that `is_taken` accepts, without repetitions.
fn names(lines: &[(&[u8], &[u8])], is_taken: &dyn Fn(&[u8]) -> bool) -> Vec<Text> {
    let mut names: Vec<Text> = Vec::new();
    for (name, _) in lines {
        if is_taken(name) {
            let name = String::from_utf8_lossy(name).into_owned().into();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Returns the edits that remove all lines with these names from the request's headers.
fn removed(names: Vec<Text>) -> Vec<HeaderEdit> {
    names.into_iter().map(HeaderEdit::Remove).collect()
}

/// Returns the edit that removes from `Connection` the header names that `is_passed` accepts. These
/// are headers that Envoy passes on and that the upstream trusts. If a request asks for an upgrade,
/// Envoy forwards its `Connection` header. The next proxy then drops each header that `Connection`
/// names (RFC 9110 section 7.6.1). So a client could make that proxy drop the header that tells the
/// upstream who the client is (as in CVE-2024-45410). Malformed options (`x-user;`, `"x-user"`) are
/// removed too, because a lenient proxy might read them as header names.
fn connection(request: &Request<'_>, is_passed: &dyn Fn(&[u8]) -> bool) -> Option<HeaderEdit> {
    request.values(CONNECTION).next()?;
    let is_removed = |option: &&[u8]| !is_token(option) || is_passed(option);
    let (named, kept): (Vec<&[u8]>, Vec<&[u8]>) =
        request.connection_options().partition(is_removed);
    (!named.is_empty()).then(|| {
        let rest = String::from_utf8_lossy(&kept.join(&b", "[..])).into_owned();
        match rest.as_str() {
            "" => HeaderEdit::Remove(Text::Fixed(CONNECTION)),
            _ => HeaderEdit::Set(Text::Fixed(CONNECTION), rest.into()),
        }
    })
}

/// Returns the edits that remove headers with client certificates.
fn certificates(
    own: &ForwardedCertificate,
    standing: Standing,
    request: &Request<'_>,
) -> Vec<HeaderEdit> {
    removed(names(request.headers(), &|name| {
        own.removes(name, standing)
    }))
}

/// Returns the request after these edits. The rules must see what the upstream will see: a header
/// that does not reach the upstream must not affect the choice of a rule. A request without edits
/// is not copied, because most requests have none.
pub(super) fn sanitised<'r, 'a>(
    request: &'r Request<'a>,
    edits: &'a [HeaderEdit],
) -> Cow<'r, Request<'a>> {
    match edits {
        [] => Cow::Borrowed(request),
        _ => Cow::Owned(Request::new(edited(request.headers(), edits))),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn removes_every_spelling_of_an_owned_header() {
        let request = Request::new(vec![
            (b"x_user", b"a"),
            (b"x-user", b"b"),
            (b"x-user", b"c"),
            (b"x.user", b"d"),
            (b"x-user-id", b"e"),
        ]);
        let mut config = Config::parse(b"{}").unwrap();
        config.owned_headers = vec![HeaderName::parse("X-User").unwrap()];
        assert_eq!(
            owned(&config, &request),
            [
                HeaderEdit::Remove("x_user".into()),
                HeaderEdit::Remove("x-user".into()),
                HeaderEdit::Remove("x.user".into()),
            ]
        );
    }

    #[test]
    fn removes_tokens_from_trailers_under_every_configured_name() {
        let config = |places: &str| {
            let config = format!(
                r#"{{"providers": {{"a": {{"issuer": "https://a.example", "audiences": ["a"], {places}
                     "shared_secrets": [{{"secret": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}}]}}}}}}"#
            );
            Config::parse(config.as_bytes()).unwrap()
        };
        let sent: Vec<(&[u8], &[u8])> = vec![
            (b"authorization", b"Bearer t"),
            (b"x_token", b"t"),
            (b"cookie", b"t=t"),
            (b"x-checksum", b"1"),
        ];
        for (places, expected) in [
            ("", "authorization"),
            (r#""from_headers": [{"name": "X-Token"}],"#, "x_token"),
            (r#""from_cookies": ["t"],"#, "cookie"),
        ] {
            let expected = Text::from(expected);
            let config = config(places);
            assert_eq!(trailers(&config, &sent), [expected], "{places}");
        }
    }

    /// If MCP headers stayed in the trailers, a client could add a second call that no rule has
    /// allowed.
    #[test]
    fn removes_mcp_headers_from_trailers_if_rules_match_calls() {
        let config = |matches: &str| {
            let config = format!(r#"{{"rules": [{{"match": {{"path": "/mcp"{matches}}}}}]}}"#);
            Config::parse(config.as_bytes()).unwrap()
        };
        let sent: Vec<(&[u8], &[u8])> = vec![
            (b"mcp-name", b"delete_file"),
            (b"Mcp_Method", b"tools/call"),
            (b"mcp.protocol.version", b"2025-03-26"),
            (b"mcp-param-region", b"eu"),
            (b"mcp-session-id", b"1"),
            (b"x-checksum", b"1"),
        ];
        let removed = |matches: &str| {
            let config = config(matches);
            trailers(&config, &sent)
        };
        let expected = sent.iter().take(4);
        let expected: Vec<_> = expected
            .map(|(name, _)| Text::from(String::from_utf8_lossy(name).into_owned()))
            .collect();
        assert_eq!(removed(r#", "mcp": {"any": true}"#), expected);
        assert_eq!(removed(""), []);
    }
}

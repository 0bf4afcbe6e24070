//! The target of a call: a URI, and the cluster through which the proxy makes the call.

/// An absolute `http` or `https` URI, and the cluster through which the proxy requests it. The
/// cluster alone decides which server the proxy connects to. The URI decides what the proxy
/// requests from that server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole URI.
    pub uri: String,
    /// `http` or `https`, in lower case.
    pub scheme: &'static str,
    /// The authority of `uri`, sent as `:authority`.
    pub authority: String,
    /// Path and query of `uri`, sent as `:path`.
    pub path: String,
    /// The cluster through which the proxy makes the call.
    pub cluster: String,
}

impl Endpoint {
    /// Parses an absolute `http` or `https` URI (RFC 3986 §3). Returns `None` if `uri` is malformed
    /// or relative, has any other scheme, or contains userinfo or a fragment.
    #[must_use]
    pub fn parse(uri: &str, cluster: &str) -> Option<Self> {
        let (scheme, rest) = uri.split_once("://")?;
        let scheme = ["http", "https"]
            .into_iter()
            .find(|known| scheme.eq_ignore_ascii_case(known))?;
        if rest
            .bytes()
            .any(|byte| !byte.is_ascii_graphic() || b"#\\\"<>".contains(&byte))
        {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        is_authority(authority).then(|| Self {
            uri: uri.to_owned(),
            scheme,
            authority: authority.to_owned(),
            path: match path.starts_with('/') {
                true => path.to_owned(),
                false => format!("/{path}"),
            },
            cluster: cluster.to_owned(),
        })
    }
}

/// Returns the URI without its query, for logs and the status page. The query may contain a secret.
#[must_use]
pub fn without_query(uri: &str) -> &str {
    uri.split('?').next().unwrap_or_default()
}

/// Returns true if `authority` is a host with an optional port. Userinfo is refused, because it
/// would be sent to the server in `:authority`.
fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_ip_literal = |host: &str| {
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|address| {
                address
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
            })
    };
    let is_name = |host: &str| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    port.is_none_or(is_port) && (is_name(host) || is_ip_literal(host))
}

fn is_port(text: &str) -> bool {
    // `str::parse` alone would accept a leading `+`.
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|port: u16| port > 0)
}

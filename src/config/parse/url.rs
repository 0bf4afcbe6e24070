//! Parses the URLs of protected resources and their authorization servers.

use crate::http::{authority::is_ambiguous, path::is_pchar};

/// An absolute URL without userinfo, query or fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SecureUrl<'a> {
    /// `https` or `http`.
    pub(super) scheme: &'static str,
    /// The host, with the port if the URL has one.
    pub(super) authority: &'a str,
    /// The path, which is empty or begins with a slash.
    pub(super) path: &'a str,
}

impl<'a> SecureUrl<'a> {
    /// Parses an `https` URL, or an `http` URL whose host is a loopback host. Only local clients
    /// can reach a loopback host. Returns `None` for any other text.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = match text.strip_prefix("https://") {
            Some(rest) => ("https", rest),
            None => ("http", text.strip_prefix("http://")?),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.split(':').next().unwrap_or_default();
        let is_valid = !host.is_empty()
            && !is_ambiguous(authority.as_bytes())
            && path.bytes().all(is_path_octet)
            && (scheme == "https" || is_loopback(authority));
        is_valid.then_some(Self {
            scheme,
            authority,
            path,
        })
    }
}

/// Returns true if the octet may be in the path of a URL (RFC 3986 section 3.3). Challenges contain
/// URLs in quoted strings, so quotes and backslashes are not allowed.
const fn is_path_octet(octet: u8) -> bool {
    is_pchar(octet) || matches!(octet, b'%' | b'/')
}

/// Returns true if the host is `localhost` or a loopback address (RFC 8252 section 7.3).
fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    let is_ipv4 = |rest: &str| rest.split('.').all(|part| part.parse::<u8>().is_ok());
    host.eq_ignore_ascii_case("localhost")
        || host == "::1"
        || host.strip_prefix("127.").is_some_and(is_ipv4)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn splits_a_url() {
        for (text, scheme, authority, path) in [
            ("https://a.example", "https", "a.example", ""),
            (
                "https://a.example:8443/p/q",
                "https",
                "a.example:8443",
                "/p/q",
            ),
            ("http://localhost:8080/", "http", "localhost:8080", "/"),
            ("http://127.0.0.1:80/mcp", "http", "127.0.0.1:80", "/mcp"),
            ("http://[::1]:80", "http", "[::1]:80", ""),
        ] {
            let expected = SecureUrl {
                scheme,
                authority,
                path,
            };
            assert_eq!(SecureUrl::parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_text_that_is_not_a_secure_url() {
        for text in [
            "",
            "https://",
            "https:///p",
            "https://:443/p",
            "HTTPS://a.example",
            "http://a.example",
            "http://127.0.0.1.example",
            "http://127.evil.example",
            "http://localhost.example",
            "ftp://a.example",
            "https://user@a.example",
            "https://a.example?q",
            "https://a.example/p?q",
            "https://a.example/p#f",
            "https://a.example/\"x",
            "https://a.example/a b",
            "https://a.example/é",
            "https://a.example:port/",
        ] {
            assert_eq!(SecureUrl::parse(text), None, "{text}");
        }
    }
}

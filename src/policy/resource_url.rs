//! The URL of a protected resource, and the URL of its metadata (RFC 9728 section 3.1).
//!
//! A client checks that the identifier in the metadata and the URL that the client used are the
//! same, character by character. So the metadata contains the identifier exactly as the operator
//! wrote it. A request that spells the URL differently still belongs to the resource.

use std::sync::Arc;

use crate::{
    http::{
        Request,
        authority::{default_port, split},
        path::Target,
    },
    policy::{Case, Comparison, HeaderCondition, PathMatch, PathText, RouteMatch},
};

/// The well-known path of a resource's metadata. If the resource's URL has a path other than `/`,
/// that path is appended to the well-known path.
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The URL of a protected resource.
#[derive(Clone, Debug)]
pub struct ResourceUrl {
    identifier: String,
    /// The host in lower case, without a final dot.
    host: String,
    /// The port with its colon. If the URL has no port, this is the default port of its scheme.
    port: String,
    /// The path, which begins with a slash.
    path: PathText,
    metadata_path: PathText,
    metadata_url: Arc<str>,
}

impl ResourceUrl {
    /// Makes the URL with this scheme, authority and path. The path is empty or begins with a
    /// slash.
    #[must_use]
    pub fn new(scheme: &str, authority: &str, path: &str) -> Self {
        let (host, port) = split(authority);
        let port = match port {
            "" => default_port(scheme).unwrap_or_default(),
            port => port,
        };
        // If the resource's path is `/`, nothing is appended to the well-known path.
        let inserted = if path == "/" { "" } else { path };
        let metadata_path = format!("{WELL_KNOWN}{inserted}");
        Self {
            identifier: format!("{scheme}://{authority}{path}"),
            host: host.to_ascii_lowercase(),
            port: port.to_owned(),
            path: match path {
                "" => "/".to_owned().into(),
                path => path.to_owned().into(),
            },
            metadata_url: format!("{scheme}://{authority}{metadata_path}").into(),
            metadata_path: metadata_path.into(),
        }
    }

    /// The URL as the operator wrote it.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The URL of the metadata. Challenges contain this URL.
    #[must_use]
    pub const fn metadata_url(&self) -> &Arc<str> {
        &self.metadata_url
    }

    /// The path in its normal spelling.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.spelling()
    }

    /// The length of the path. If a request's path is below the paths of two resources, the request
    /// belongs to the resource with the longer path.
    #[must_use]
    pub fn path_length(&self) -> usize {
        self.path.spelling().len()
    }

    /// Returns true if every path of the host is below this URL.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.path_length() <= 1
    }

    /// Returns true if both URLs have the same host and port.
    #[must_use]
    pub fn shares_host(&self, other: &Self) -> bool {
        self.host == other.host && self.port == other.port
    }

    /// Returns true if both URLs identify the same resource. The URLs may be spelled differently.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.shares_host(other) && self.path.spelling() == other.path.spelling()
    }

    /// Returns true if this authority has the resource's host and port. Case and a final dot do not
    /// matter. If the authority has no port, the default port of the resource's scheme is assumed.
    #[must_use]
    pub fn is_at(&self, authority: &str) -> bool {
        let (host, port) = split(authority);
        host.eq_ignore_ascii_case(&self.host)
            && match port {
                "" => self.has_default_port(),
                port => port == self.port,
            }
    }

    /// Returns true if this authority has the resource's host. The port does not matter.
    #[must_use]
    pub fn has_host(&self, authority: &str) -> bool {
        let (host, _) = split(authority);
        host.eq_ignore_ascii_case(&self.host)
    }

    /// Returns true if `path` is the resource's path or below it. `/a/b` is below `/a`, but `/ab`
    /// is not.
    #[must_use]
    pub fn is_above(&self, path: &str, case: Case) -> bool {
        self.path
            .matches_in_any_spelling(|own| case.continues(path, own))
    }

    /// Returns true if the path of `other` is this URL's path plus a final slash.
    #[must_use]
    pub fn is_at_bare_path_of(&self, other: &Self) -> bool {
        other.path.spelling().strip_suffix('/') == Some(self.path.spelling())
    }

    /// Returns true if `path` is the resource's path without its final slash.
    #[must_use]
    pub fn is_bare_path(&self, path: &str, case: Case) -> bool {
        self.path.matches_in_any_spelling(|own| {
            own.strip_suffix('/').is_some_and(|bare| {
                !bare.is_empty() && bare.len() == path.len() && case.starts_with(path, bare)
            })
        })
    }

    /// Returns true if `path` is the path of the resource's metadata.
    #[must_use]
    pub fn is_metadata_path(&self, path: &str) -> bool {
        self.metadata_path
            .matches_in_any_spelling(|own| own == path)
    }

    /// Returns true if `route` could match some request for the resource or for a path below it.
    /// Only the conditions on the path and on the authority are considered. A regular expression
    /// for the path is assumed to match.
    #[must_use]
    pub fn can_match(&self, route: &RouteMatch) -> bool {
        let (own, case) = (self.path.spelling(), route.case);
        let reaches_path = match &route.path {
            PathMatch::Connect => false,
            PathMatch::Regex(_) => true,
            PathMatch::Exact(path) => case.continues(path.spelling(), own),
            PathMatch::Prefix(path) => {
                case.starts_with(own, path.spelling()) || case.continues(path.spelling(), own)
            }
            PathMatch::SegmentPrefix(path) => {
                case.continues(own, path.spelling()) || case.continues(path.spelling(), own)
            }
        };
        reaches_path && self.can_have_authority(route)
    }

    /// Returns true if a request for the resource can satisfy the route's conditions on the
    /// authority. If the resource has the default port, the authority is tried with and without the
    /// port.
    #[must_use]
    pub fn can_have_authority(&self, route: &RouteMatch) -> bool {
        let with_port = format!("{}{}", self.host, self.port);
        let spellings: &[&str] = match self.has_default_port() {
            true => &[&self.host, &with_port],
            false => &[&with_port],
        };
        let target = Target::new(self.path.spelling());
        let comparison = Comparison::strict();
        route.headers.iter().all(|header| {
            !matches!(header.condition, HeaderCondition::Authority(_))
                || spellings.iter().any(|authority| {
                    let head = vec![(&b":authority"[..], authority.as_bytes())];
                    let request = Request::new(head);
                    match header.matches(&request, Some(target), &comparison) {
                        Ok(holds) => holds,
                        // If the condition names the host without the resource's port, it is
                        // unclear whether the condition holds. Assume that the host matches, so an
                        // inverted condition fails.
                        Err(_) => !header.inverted,
                    }
                })
        })
    }

    fn has_default_port(&self) -> bool {
        let scheme = self.identifier.split(':').next();
        scheme.and_then(default_port) == Some(&*self.port)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn at(authority: &str, path: &str) -> ResourceUrl {
        ResourceUrl::new("https", authority, path)
    }

    #[test]
    fn r1_the_metadata_url_is_inserted_between_host_and_path() {
        for (authority, path, expected) in [
            (
                "h.example",
                "/p",
                "https://h.example/.well-known/oauth-protected-resource/p",
            ),
            (
                "h.example:8443",
                "/p/q",
                "https://h.example:8443/.well-known/oauth-protected-resource/p/q",
            ),
            (
                "h.example",
                "/p/",
                "https://h.example/.well-known/oauth-protected-resource/p/",
            ),
            (
                "h.example",
                "/",
                "https://h.example/.well-known/oauth-protected-resource",
            ),
            (
                "h.example",
                "",
                "https://h.example/.well-known/oauth-protected-resource",
            ),
        ] {
            let url = at(authority, path);
            assert_eq!(&**url.metadata_url(), expected);
            assert_eq!(url.identifier(), format!("https://{authority}{path}"));
            assert!(url.is_metadata_path(expected.split(authority).nth(1).unwrap()));
        }
    }

    #[test]
    fn a_host_is_compared_without_case_final_dot_and_default_port() {
        for (url, own, others) in [
            (
                at("Api.example", "/p"),
                &[
                    "api.example",
                    "API.example.",
                    "api.example:443",
                    "api.example.:443",
                    "api.example:",
                ][..],
                &[
                    "api.example:80",
                    "api.example:8443",
                    "xapi.example",
                    "api.example.org",
                    "",
                ][..],
            ),
            (
                at("api.example:8443", "/p"),
                &["api.example:8443", "API.EXAMPLE.:8443"],
                &["api.example", "api.example:443"],
            ),
            (
                ResourceUrl::new("http", "127.0.0.1", ""),
                &["127.0.0.1", "127.0.0.1:80"],
                &["127.0.0.1:443"],
            ),
            (
                ResourceUrl::new("http", "[::1]:8080", ""),
                &["[::1]:8080"],
                &["[::1]", "::1:8080"],
            ),
        ] {
            for authority in own {
                assert!(url.is_at(authority), "{url:?} {authority}");
            }
            for authority in others {
                assert!(!url.is_at(authority), "{url:?} {authority}");
            }
        }
    }

    #[test]
    fn a_path_below_the_resource_continues_it_after_a_slash() {
        for (own, path, expected) in [
            ("/mcp", "/mcp", true),
            ("/mcp", "/mcp/", true),
            ("/mcp", "/mcp/tools", true),
            ("/mcp", "/mcps", false),
            ("/mcp", "/MCP", false),
            ("/mcp", "/", false),
            ("/mcp/", "/mcp", false),
            ("/mcp/", "/mcp/x", true),
            ("/caf%c3%a9", "/caf%C3%A9/x", true),
            ("", "/anything", true),
            ("/", "/anything", true),
            ("", "*", false),
        ] {
            assert_eq!(
                at("h.example", own).is_above(path, Case::Sensitive),
                expected,
                "{own} {path}"
            );
        }
        assert!(at("h.example", "/mcp").is_above("/MCP/x", Case::Ignored));
    }

    #[test]
    fn two_spellings_of_one_url_are_the_same_resource() {
        let one = at("h.example", "/caf%C3%A9");
        for (same, other) in [
            (true, at("H.example.:443", "/caf%c3%a9")),
            (false, at("h.example:8443", "/caf%C3%A9")),
            (false, at("h.example", "/caf%C3%A9/")),
        ] {
            assert_eq!(one.is_same(&other), same, "{other:?}");
        }
        assert!(at("h.example", "").is_same(&at("h.example", "/")));
    }

    #[test]
    fn only_the_path_without_its_final_slash_is_the_bare_path() {
        for (own, path, expected) in [
            ("/mcp/", "/mcp", true),
            ("/mcp/", "/mcp/", false),
            ("/mcp/", "/mcps", false),
            ("/mcp/", "/mc", false),
            ("/mcp/", "/abc", false),
            ("/mcp/", "/MCP", false),
            ("/mcp", "/mcp", false),
            ("/caf%c3%a9/", "/caf%C3%A9", true),
            ("/", "", false),
            ("/", "/", false),
        ] {
            let found = at("h.example", own).is_bare_path(path, Case::Sensitive);
            assert_eq!(found, expected, "{own} {path}");
        }
        assert!(at("h.example", "/mcp/").is_bare_path("/MCP", Case::Ignored));
    }
}

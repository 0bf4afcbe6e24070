//! The authority that a request is for (`:authority`, `Host`).
//!
//! `ADMIN.example`, `admin.example.` and `admin.example:80` name one host, so a rule for
//! `admin.example` that missed one of them would be evaded. But Envoy's virtual hosts fold only case:
//! they take `admin.example.` and `admin.example:80` for other hosts, which may be in front of other
//! upstreams, so an open rule that held for them would open those. With `path_policy: reject`
//! a condition is therefore compared twice, with the authority as it was sent and with its normal form:
//! lower case, without a final dot, and with the port only where the condition names one. If the two
//! differ, the request is refused. What has no normal form is refused too ([`is_ambiguous`]). IPv6
//! addresses are compared as text: reading and writing them would add kilobytes to the module.

use std::borrow::Cow;

use crate::policy::{Pattern, StringMatch, Unclear};

/// Longest authority: a host name of 255 octets (RFC 1035 section 2.3.4) and a port. The running
/// time of regular expressions grows with it.
const MAX_OCTETS: usize = 255 + ":65535".len();

/// Whether servers may read different hosts from an authority. With a comma it is two joined lines,
/// the part before `@` is not part of the host, and some servers decode `%`. Others stop at the first
/// colon, trim dots or `;`, or read `[a.example]` and `:080` in their own ways. Envoy itself
/// refuses octets that are not ASCII, spaces, and `/`, `?`, `#`, `\` and `|`; the rest is refused here.
#[must_use]
pub fn is_ambiguous(authority: &[u8]) -> bool {
    authority.len() > MAX_OCTETS || !str::from_utf8(authority).is_ok_and(has_one_form)
}

/// Whether an authority is a host or an IPv6 address in brackets, then perhaps a port.
fn has_one_form(authority: &str) -> bool {
    let (is_host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => match bracketed.split_once(']') {
            Some((address, behind)) => (is_ipv6_shape(address), behind),
            None => return false,
        },
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (is_host_name(host), port)
        }
    };
    is_host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// Whether it is a name as DNS has them (RFC 1123 section 2.1), with `_`, which services are named
/// with. Of a client that sends none, it is empty.
fn is_host_name(host: &str) -> bool {
    let is_part = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_');
    host.bytes().all(is_part)
        && !host.starts_with('.')
        && !host.as_bytes().windows(2).any(|pair| pair == b"..")
}

/// Whether it is made as an IPv6 address is: at least two colons, and digits (RFC 3986 section 3.2.2).
fn is_ipv6_shape(address: &str) -> bool {
    let is_part = |octet: u8| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.');
    address.bytes().all(is_part) && address.bytes().filter(|octet| *octet == b':').count() >= 2
}

/// Whether it is a port in its only spelling; an empty one is the scheme's (RFC 3986 section 3.2.3).
fn is_port(digits: &str) -> bool {
    // `parse` would also accept a plus sign.
    digits.is_empty()
        || (digits.starts_with(|first| matches!(first, '1'..='9')) && digits.parse::<u16>().is_ok())
}

/// A condition on the authority, as it was sent and in its normal form.
#[derive(Clone, Debug)]
pub struct AuthorityMatch {
    /// In lower case.
    pattern: StringMatch,
    port: Port,
    /// It may name the final dot: in the normal form, it sees the host with and without.
    sees_final_dot: bool,
}

/// Whether the request's port counts in the normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    /// The condition names none.
    Ignored,
    /// The condition names one.
    Named,
    /// It is an expression, and may mean either: it sees the authority with and without port.
    Either,
}

impl AuthorityMatch {
    /// The operator's condition.
    ///
    /// # Errors
    /// When the expression becomes too large once it ignores case.
    pub fn new(condition: StringMatch) -> Result<Self, regex_lite::Error> {
        let (pattern, port, sees_final_dot) = match condition.into_pattern() {
            Pattern::Regex(regex) => (Pattern::without_case(&regex)?, Port::Either, true),
            pattern => {
                let text = pattern.text();
                let port = match text.contains(':') && !text.ends_with(']') {
                    true => Port::Named,
                    false => Port::Ignored,
                };
                let sees_final_dot = text.ends_with('.') || text.contains(".:");
                let pattern = StringMatch::ignoring_case(pattern).into_pattern();
                (pattern, port, sees_final_dot)
            }
        };
        Ok(Self {
            pattern: StringMatch::new(pattern),
            port,
            sees_final_dot,
        })
    }

    /// Whether a request's authority fits.
    ///
    /// # Errors
    /// When it fits as it was sent and not in its normal form, or the other way round.
    pub fn matches(&self, authority: &str) -> Result<bool, Unclear> {
        let lower = match authority.bytes().any(|octet| octet.is_ascii_uppercase()) {
            true => Cow::Owned(authority.to_ascii_lowercase()),
            false => Cow::Borrowed(authority),
        };
        let as_sent = self.pattern.matches(&lower);
        let (host, port) = split(&lower);
        // Most authorities are their own normal form, and need no second look.
        let has_one_form = host.len() == lower.len() && (as_sent || !self.sees_final_dot);
        if has_one_form || self.matches_normal(host, port) == as_sent {
            return Ok(as_sent);
        }
        Err(Unclear::Authority)
    }

    fn matches_normal(&self, host: &str, port: &str) -> bool {
        let ports = match self.port {
            Port::Ignored => &[""][..],
            Port::Named => &[port],
            Port::Either => &["", port],
        };
        let dots = match self.sees_final_dot {
            true => &["", "."][..],
            false => &[""],
        };
        ports.iter().any(|port| {
            dots.iter()
                .any(|dot| self.pattern.matches(&[host, dot, port].concat()))
        })
    }
}

/// Host without final dot, and port with its colon, which may be empty. The colons between brackets
/// are part of an IPv6 address.
fn split(authority: &str) -> (&str, &str) {
    let (host, port) = match authority.rfind(':').map(|colon| authority.split_at(colon)) {
        Some((host, ":")) => (host, ""),
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    (host.strip_suffix('.').unwrap_or(host), port)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const UNCLEAR: Result<bool, Unclear> = Err(Unclear::Authority);

    fn matches(pattern: &Pattern, authority: &str) -> Result<bool, Unclear> {
        AuthorityMatch::new(StringMatch::new(pattern.clone()))
            .unwrap()
            .matches(authority)
    }

    fn regex(text: &str) -> Pattern {
        Pattern::regex(text).unwrap()
    }

    /// Envoy's virtual hosts ignore case, and neither port nor final dot.
    #[test]
    fn a_port_or_final_dot_that_decides_makes_the_authority_ambiguous() {
        for (pattern, sent_with_more) in [
            (Pattern::Exact("admin.example".into()), UNCLEAR),
            (Pattern::Exact("Admin.Example".into()), UNCLEAR),
            (Pattern::Suffix(".Example".into()), UNCLEAR),
            (regex("Admin\\.example"), UNCLEAR),
            (Pattern::Prefix("ADMIN.ex".into()), Ok(true)),
            (Pattern::Contains("Min.exam".into()), Ok(true)),
            (regex("admin\\.example\\.?(:[0-9]*)?"), Ok(true)),
        ] {
            for authority in ["admin.example", "ADMIN.example"] {
                assert_eq!(matches(&pattern, authority), Ok(true), "{pattern:?}");
            }
            for authority in [
                "admin.example.",
                "admin.example:80",
                "admin.example:",
                "Admin.Example.:8443",
            ] {
                let found = matches(&pattern, authority);
                assert_eq!(found, sent_with_more, "{pattern:?} {authority}");
            }
            for authority in ["", "admin.test", "admin.test.", "admin.test:80", "80"] {
                let found = matches(&pattern, authority);
                assert_eq!(found, Ok(false), "{pattern:?} {authority}");
            }
        }
    }

    #[test]
    fn compares_the_port_that_a_rule_names() {
        for pattern in [
            Pattern::Exact("admin.example:8080".into()),
            Pattern::Prefix("admin.example:80".into()),
            Pattern::Suffix("example:8080".into()),
            Pattern::Suffix(":8080".into()),
            Pattern::Contains("example:8".into()),
            regex("admin\\.example:8080"),
        ] {
            for (authority, expected) in [
                ("admin.example:8080", Ok(true)),
                ("ADMIN.example:8080", Ok(true)),
                ("admin.example", Ok(false)),
                ("admin.example:9090", Ok(false)),
            ] {
                let found = matches(&pattern, authority);
                assert_eq!(found, expected, "{pattern:?} {authority}");
            }
            let found = matches(&pattern, "admin.example.:8080");
            let expected = match pattern {
                Pattern::Suffix(ref text) if text == ":8080" => Ok(true),
                _ => UNCLEAR,
            };
            assert_eq!(found, expected, "{pattern:?}");
        }
        let digits = Pattern::Contains("80".into());
        assert_eq!(matches(&digits, "a.example:8080"), UNCLEAR);
    }

    #[test]
    fn keeps_the_colons_of_an_ipv6_address() {
        let exact = |text: &str| Pattern::Exact(text.into());
        for (pattern, authority, expected) in [
            (exact("[2001:DB8::1]"), "[2001:db8::1]", Ok(true)),
            (exact("[2001:DB8::1]"), "[2001:db8::1]:443", UNCLEAR),
            (exact("[2001:db8::1]:443"), "[2001:db8::1]:443", Ok(true)),
            (exact("[2001:db8::1]:443"), "[2001:db8::1]", Ok(false)),
            (
                Pattern::Prefix("[2001:db8:".into()),
                "[2001:db8::1]:443",
                Ok(true),
            ),
        ] {
            assert_eq!(matches(&pattern, authority), expected, "{authority}");
        }
    }

    #[test]
    fn a_condition_that_names_the_final_dot_holds_for_no_host_without_it() {
        for (pattern, authority, expected) in [
            (Pattern::Exact("a.example.".into()), "a.example.", Ok(true)),
            (Pattern::Exact("a.example.".into()), "a.example", UNCLEAR),
            (Pattern::Suffix(".example.".into()), "a.example", UNCLEAR),
            (Pattern::Prefix("a.example.".into()), "a.example.", Ok(true)),
            (Pattern::Prefix("a.example.".into()), "A.example", UNCLEAR),
            (
                Pattern::Prefix("a.example.".into()),
                "a.example.org",
                Ok(true),
            ),
            (
                Pattern::Prefix("a.example.:80".into()),
                "a.example:80",
                UNCLEAR,
            ),
            (
                Pattern::Prefix("a.example.:80".into()),
                "a.example.:80",
                Ok(true),
            ),
            (
                Pattern::Contains("a.example.".into()),
                "a.example:80",
                UNCLEAR,
            ),
            (regex("a\\.example\\."), "a.example", UNCLEAR),
            (regex("a\\.example\\.:80"), "a.example:80", UNCLEAR),
            (regex("a\\.example\\."), "a.test.", Ok(false)),
        ] {
            let found = matches(&pattern, authority);
            assert_eq!(found, expected, "{pattern:?} {authority}");
        }
    }

    #[test]
    fn refuses_authorities_that_servers_read_differently() {
        for authority in [
            "a.example,admin.example",
            "x@admin.example",
            "@",
            "admin%2eexample",
            "[fe80::1%25eth0]",
            "admin.example..",
            "admin.example..:80",
            "admin.example:80:90",
            "a.example:admin.example:80",
            "2001:db8::1",
            "[admin.example]",
            "[]",
            "[::1",
            "[::1]]",
            "[::1].",
            "[::1]80",
            "[v1.x]",
            "a[::1]",
            "admin.example]",
            "admin.example:080",
            "admin.example:0",
            "admin.example:+80",
            "admin.example:65616",
            "admin.example:http",
            "admin.example: 80",
            ".admin.example",
            "admin..example",
            ".",
            "*admin.example",
            "admin.example;",
            "admin.example!",
            "admin.example$x",
            "admin.example&",
            "admin.example'",
            "(admin.example)",
            "admin.example+",
            "admin.example=:80",
            "~admin.example",
            "admin example",
            "\u{e9}.example",
            &"a".repeat(262),
        ] {
            assert!(is_ambiguous(authority.as_bytes()), "{authority}");
        }
        assert!(is_ambiguous(b"admin\xff.example"));
        let longest = format!("{}:65535", "a".repeat(255));
        for authority in [
            "",
            "localhost",
            "admin.example",
            "ADMIN.example.",
            "admin.example:",
            "admin.example.:8443",
            "10.0.0.1:80",
            "[::1]",
            "[2001:db8::1]:443",
            "[::ffff:10.0.0.1]:",
            "my_service-1.svc:80",
            &longest,
        ] {
            assert!(!is_ambiguous(authority.as_bytes()), "{authority}");
        }
    }
}

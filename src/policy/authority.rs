//! The authority of a request (`:authority`, `Host`).
//!
//! `ADMIN.example`, `admin.example.` and `admin.example:80` are the same host as `admin.example`.
//! If a rule for `admin.example` did not match one of these spellings, a client could evade the
//! rule. But when Envoy chooses a virtual host, it ignores only case. It treats `admin.example.`
//! and `admin.example:80` as different hosts, which may have different upstreams. If a rule for
//! `admin.example` required no token and also matched these two hosts, anyone could reach the
//! upstreams of these hosts.
//!
//! So if `path_policy` is `reject`, each condition is compared twice: with the authority as it was
//! sent, and with the authority's normal form. The normal form is in lower case and has no final
//! dot. It has a port only if the condition names a port. If the two results differ, the request is
//! refused. An authority without a normal form is refused too ([`is_ambiguous`]). IPv6 addresses
//! are compared as text, because parsing and formatting them would add kilobytes to the WebAssembly
//! module.

use core::mem;
use std::borrow::Cow;

use crate::policy::{Pattern, StringMatch, Unclear};

/// The maximum length of an authority: a host name of 255 octets (RFC 1035 section 2.3.4) and a
/// port. The limit bounds the time that a regular expression takes.
const MAX_OCTETS: usize = 255 + ":65535".len();

/// Returns true if two servers could extract different hosts from this authority. A comma means
/// that two header lines were joined. The part before `@` does not belong to the host. Some servers
/// decode `%`. Others stop at the first colon, trim dots or `;`, or interpret `[a.example]` and
/// `:080` in their own way. Envoy itself already rejects spaces, octets that are not ASCII, and
/// `/`, `?`, `#`, `\` and `|`, so this function need not check for them.
#[must_use]
pub fn is_ambiguous(authority: &[u8]) -> bool {
    authority.len() > MAX_OCTETS || !str::from_utf8(authority).is_ok_and(has_one_form)
}

/// Returns true if an authority is a host name or an IPv6 address in brackets, optionally followed
/// by a port.
fn has_one_form(authority: &str) -> bool {
    let (is_host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => match bracketed.split_once(']') {
            Some((address, behind)) => (is_ipv6_shape(address), behind),
            None => return false,
        },
        None => {
            let colon = authority.bytes().position(|octet| octet == b':');
            let (host, port) = authority.split_at(colon.unwrap_or(authority.len()));
            (is_host_name(host), port)
        }
    };
    is_host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// Returns true if the host has the form of a DNS name (RFC 1123 section 2.1). `_` is allowed,
/// because names of services can contain an underscore. An empty host is allowed too, because a
/// client may send an empty `Host`.
fn is_host_name(host: &str) -> bool {
    // The host must not begin with a dot or contain two dots in a row. A final dot is allowed.
    let mut before = b'.';
    host.bytes().all(|octet| {
        let before = mem::replace(&mut before, octet);
        match octet {
            b'.' => before != b'.',
            _ => octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'),
        }
    })
}

/// Returns true if the text between brackets looks like an IPv6 address (RFC 3986 section 3.2.2):
/// it consists of hexadecimal digits, dots and at least two colons.
fn is_ipv6_shape(address: &str) -> bool {
    let is_part = |octet: u8| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.');
    address.bytes().all(is_part) && address.bytes().filter(|octet| *octet == b':').count() >= 2
}

/// Returns true if the text is a port without leading zeros, or is empty. An empty port means the
/// default port of the scheme (RFC 3986 section 3.2.3).
fn is_port(digits: &str) -> bool {
    // `parse` alone would also accept a plus sign.
    digits.is_empty()
        || (digits.starts_with(|first| matches!(first, '1'..='9')) && digits.parse::<u16>().is_ok())
}

/// A condition on the authority. It is compared with the authority as sent, and with the
/// authority's normal form.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthorityMatch {
    /// The pattern, converted to lower case.
    pattern: StringMatch,
    port: Port,
    /// True if the pattern may match a final dot. The pattern is then compared with two normal
    /// forms: one with a final dot, and one without it.
    sees_final_dot: bool,
    /// True if the pattern rejects the hosts in [`STRANGERS`].
    names_host: bool,
}

/// Hosts that no operator names: a reserved name (RFC 6761), a name without a dot, and addresses
/// for documentation (RFC 5737, RFC 3849). A condition that matches one of these hosts, such as the
/// regular expression `.*`, matches hosts that the operator did not think of.
const STRANGERS: [&str; 4] = ["stranger.invalid", "stranger", "192.0.2.1", "[2001:db8::1]"];

/// Whether the normal form of an authority keeps the authority's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    /// The condition names no port, so the normal form has no port.
    Ignored,
    /// The condition names a port, so the normal form keeps the port.
    Named,
    /// The condition is a regular expression, which may or may not match a port. So the condition
    /// is compared with two normal forms: one with the port, and one without it.
    Either,
}

impl AuthorityMatch {
    /// Converts a condition from the configuration.
    ///
    /// # Errors
    /// If the condition is a regular expression that becomes too large when it is compiled to
    /// ignore case.
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
        let pattern = StringMatch::new(pattern);
        Ok(Self {
            names_host: !matches_stranger(&pattern),
            pattern,
            port,
            sees_final_dot,
        })
    }

    /// Returns true if the condition names a host or hosts. A condition that any host can satisfy,
    /// such as the regular expression `.*` or a port alone, names no host.
    #[must_use]
    pub const fn names_host(&self) -> bool {
        self.names_host
    }

    /// Returns true if the condition matches a request's authority.
    ///
    /// # Errors
    /// If the condition matches the authority as sent but not its normal form, or the other way
    /// round.
    pub fn matches(&self, authority: &str) -> Result<bool, Unclear> {
        let lower = match authority.bytes().any(|octet| octet.is_ascii_uppercase()) {
            true => Cow::Owned(authority.to_ascii_lowercase()),
            false => Cow::Borrowed(authority),
        };
        let as_sent = self.pattern.matches(&lower);
        let (host, port) = split(&lower);
        // Most authorities are already in normal form, so they need no second comparison.
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

/// Returns true if a pattern matches one of the [`STRANGERS`]. Each of these hosts is tried without
/// a port, with the usual port, and with each number in the pattern as the port.
fn matches_stranger(pattern: &StringMatch) -> bool {
    let text = pattern.pattern().text();
    let numbers = text.split(|found: char| !found.is_ascii_digit());
    let ports = numbers.filter(|number| !number.is_empty());
    STRANGERS.iter().any(|host| {
        pattern.matches(host)
            || (ports.clone().chain(["443"]))
                .any(|port| pattern.matches(&[host, ":", port].concat()))
    })
}

/// Splits an authority into host and port. The returned host has no final dot. The returned port
/// includes its colon, and is empty if the authority has no port. Colons between brackets belong to
/// an IPv6 address.
pub(super) fn split(authority: &str) -> (&str, &str) {
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

    /// When Envoy chooses a virtual host, it ignores case, but not a port or a final dot.
    #[test]
    fn an_authority_is_ambiguous_if_its_port_or_final_dot_decides() {
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
    fn a_port_counts_if_the_rule_names_it() {
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
    fn a_condition_that_any_host_satisfies_names_no_host() {
        let names_host = |pattern: &Pattern| {
            let condition = AuthorityMatch::new(StringMatch::new(pattern.clone()));
            condition.unwrap().names_host()
        };
        for pattern in [
            Pattern::Exact("admin.example".into()),
            Pattern::Exact("[2001:db8::2]:8443".into()),
            Pattern::Prefix("admin.".into()),
            Pattern::Suffix(".example".into()),
            Pattern::Suffix("example:8443".into()),
            Pattern::Contains(".example".into()),
            regex("(a|b)\\.example(:[0-9]+)?"),
            regex(".*\\.example"),
        ] {
            assert!(names_host(&pattern), "{pattern:?}");
        }
        for pattern in [
            Pattern::Prefix(String::new()),
            Pattern::Suffix(String::new()),
            Pattern::Contains(String::new()),
            Pattern::Contains(".".into()),
            Pattern::Suffix(":8443".into()),
            Pattern::Contains(":80".into()),
            regex(".*"),
            regex("[a-z]+"),
            regex("[^.]+\\..+"),
            regex("[0-9.]+"),
            regex("\\[.*\\]"),
            regex(".*:[0-9]+"),
            regex("[^:]+:(8080|8443)"),
        ] {
            assert!(!names_host(&pattern), "{pattern:?}");
        }
    }

    #[test]
    fn a_colon_in_an_ipv6_address_starts_no_port() {
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
    fn a_condition_with_a_final_dot_does_not_match_a_host_without_it() {
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

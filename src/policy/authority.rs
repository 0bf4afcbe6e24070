//! The authority of a request (`:authority`, `Host`).
//!
//! `ADMIN.example`, `admin.example.` and `admin.example:80` are the same host as `admin.example`.
//! If a rule for `admin.example` did not match one of these spellings, a client could evade the
//! rule. But when Envoy chooses a virtual host, case is the only difference that it ignores. It
//! treats `admin.example.` and `admin.example:80` as different hosts, which may have different
//! upstreams. Suppose a rule for `admin.example` required no token. If the rule also matched the
//! other two hosts, anyone could reach their upstreams.
//!
//! So if `path_policy` is `reject`, each condition on the authority ignores case and is compared
//! twice: with the authority as it was sent, and with the authority's normal form. The normal form
//! has no final dot, and has a port only if the condition names a port. If the two results differ,
//! the request is refused. An authority without a normal form is refused too ([`is_ambiguous`]).
//! IPv6 addresses are compared as text, because parsing and formatting them would add kilobytes to
//! the WebAssembly module.

use core::mem;
use std::borrow::Cow;

use crate::policy::{Pattern, StringMatch, Unclear};

/// The maximum length of an authority: a host name of 255 octets (RFC 1035 section 2.3.4) and a
/// port. The limit bounds the time that a regular expression takes.
const MAX_OCTETS: usize = 255 + ":65535".len();

/// Returns true if two servers could extract different hosts from this authority. These characters
/// make an authority ambiguous: a comma (two header lines were joined), `@` (the part before it
/// does not belong to the host) and `%` (some servers decode it). Some servers also stop at the
/// first colon, trim dots or `;`, or interpret `[a.example]` and `:080` in their own way. Envoy
/// itself already rejects spaces, octets that are not ASCII, and `/`, `?`, `#`, `\` and `|`, so
/// this function need not check for them.
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
    /// True if the pattern matches no host in [`STRANGERS`], whichever port [`holds_at_some_port`]
    /// tries.
    rejects_strangers: bool,
}

/// Hosts that no operator would name in a rule: a reserved name (RFC 6761), a name without a dot,
/// and addresses for documentation (RFC 5737, RFC 3849). If a condition matches one of these hosts,
/// it also matches other hosts that the operator did not think of. An example is the regular
/// expression `.*`.
const STRANGERS: [&str; 4] = ["stranger.invalid", "stranger", "192.0.2.1", "[2001:db8::1]"];

/// Ports that are tried for every condition. A condition may match such a port without containing
/// its number, for example `:8[0-9]{3}`.
const USUAL_PORTS: [&str; 4] = ["80", "443", "8080", "8443"];

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
    /// Makes a condition on the authority from a string condition in the configuration.
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
            rejects_strangers: !STRANGERS
                .iter()
                .any(|host| holds_at_some_port(&pattern, host)),
            pattern,
            port,
            sees_final_dot,
        })
    }

    /// Returns true if the condition matches this authority and names the authority's host. A
    /// condition that any host can satisfy, such as the regular expression `.*` or a port alone,
    /// names no host. Nor does a condition name a host if it still matches after a character of the
    /// host's domain is replaced, or after the host is continued. For example, the prefix
    /// `api.example` names no host, because it matches `api.example.attacker.test`.
    #[must_use]
    pub fn names_host_of(&self, authority: &str) -> bool {
        let is_below = |text: &str| {
            text.strip_prefix('.')
                .is_some_and(|domain| domain.starts_with(|first: char| first.is_alphanumeric()))
        };
        self.rejects_strangers
            && match self.pattern.pattern() {
                Pattern::Exact(_) => true,
                Pattern::Suffix(text) if is_below(text) => true,
                _ => fixes_domain(&self.pattern, authority),
            }
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

    /// Returns true if the condition holds for the host of this authority at some port. A condition
    /// may be a regular expression, so the ports that it matches cannot be listed. Instead, these
    /// are tried: no port, the authority's own port, usual ports, and the numbers in the condition.
    #[must_use]
    pub fn holds_at_some_port(&self, authority: &str) -> bool {
        let lower = authority.to_ascii_lowercase();
        let (host, _) = split(&lower);
        let with_dot = format!("{host}.");
        self.pattern.matches(&lower)
            || holds_at_some_port(&self.pattern, host)
            || (self.sees_final_dot && holds_at_some_port(&self.pattern, &with_dot))
    }

    /// Returns true if the condition may depend on the port.
    #[must_use]
    pub fn sees_port(&self) -> bool {
        self.port != Port::Ignored
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

/// Returns true if the pattern matches the host without a port, with a usual port, or with a port
/// whose number is in the pattern.
fn holds_at_some_port(pattern: &StringMatch, host: &str) -> bool {
    let text = pattern.pattern().text();
    let numbers = text.split(|found: char| !found.is_ascii_digit());
    let mut ports = numbers
        .filter(|number| !number.is_empty())
        .chain(USUAL_PORTS);
    pattern.matches(host) || ports.any(|port| pattern.matches(&[host, ":", port].concat()))
}

/// Returns true if the pattern matches the authority, and fixes the domain of the host. The domain
/// consists of at least the last two labels, because anyone can register a domain of two labels. If
/// one of its characters is replaced, or if the host is continued, the pattern must stop matching.
/// Otherwise the host may belong to an attacker:
///
/// - `x.evil.test` satisfies the regular expression `[^.]+\.[^.]+\.[^.]+`.
/// - `api.` satisfies the prefix `api.`, and so does `api.evil.test`.
/// - `evilexample.co.uk` satisfies the suffix `example.co.uk`. So where the fixed characters end, a
///   label must end too.
fn fixes_domain(pattern: &StringMatch, authority: &str) -> bool {
    let lower = authority.to_ascii_lowercase();
    let (host, port) = split(&lower);
    if host.is_empty() || !host.is_ascii() || !pattern.matches(&lower) {
        return false;
    }
    // If the pattern needs the final dot, this dot may be an earlier dot of the hosts that the
    // operator had in mind, as in the regular expression `api\.(com|net)?`.
    if !pattern.matches(&[host, port].concat()) {
        return false;
    }
    let continued = ["a", "x", "0", ".a", ".x", ".0"].into_iter().any(|more| {
        let longer = [host, more].concat();
        pattern.matches(&longer) || pattern.matches(&[&longer, port].concat())
    });
    let is_fixed = |place: usize, own: u8| {
        let (before, from) = lower.split_at(place);
        let behind = from.get(1..).unwrap_or_default();
        let is_as_good = |other: char| pattern.matches(&format!("{before}{other}{behind}"));
        own == b'.' || !neighbours(own).map(char::from).into_iter().any(is_as_good)
    };
    let mut from_the_end = host.bytes().enumerate().rev();
    let free = from_the_end.find(|(place, own)| !is_fixed(*place, *own));
    let fixed = free.and_then(|(place, _)| host.get(place.saturating_add(1)..));
    !continued
        && fixed.is_none_or(|fixed| {
            // The first of the fixed characters must be the dot before the domain.
            fixed.starts_with('.') && fixed.matches('.').count() >= 2
        })
}

/// Returns two characters. If a class of characters such as `[a-f]` or `\d` contains this
/// character, the class also contains at least one of the two.
const fn neighbours(octet: u8) -> [u8; 2] {
    match octet {
        b'a' => [b'b', b'z'],
        b'z' => [b'y', b'a'],
        b'0' => [b'1', b'9'],
        b'9' => [b'8', b'0'],
        b'b'..=b'y' | b'1'..=b'8' => [octet.wrapping_sub(1), octet.wrapping_add(1)],
        _ => [b'x', b'0'],
    }
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

    /// When Envoy chooses a virtual host, it ignores case. It does not ignore a port or a final
    /// dot.
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

    fn names_host(pattern: &Pattern, authority: &str) -> bool {
        let condition = AuthorityMatch::new(StringMatch::new(pattern.clone()));
        condition.unwrap().names_host_of(authority)
    }

    #[test]
    fn a_condition_that_fixes_the_domain_names_the_host() {
        for (pattern, authority) in [
            (Pattern::Exact("admin.example".into()), "admin.example"),
            (
                Pattern::Exact("[2001:db8::2]:8443".into()),
                "[2001:db8::2]:8443",
            ),
            (Pattern::Suffix(".example".into()), "a.example"),
            (Pattern::Suffix(".example:8443".into()), "a.example:8443"),
            (Pattern::Suffix("api.a.example".into()), "api.a.example"),
            (Pattern::Suffix("api.a.example".into()), "v1.api.a.example"),
            (Pattern::Prefix("a.example:".into()), "a.example:8443"),
            (regex("api\\.a\\.example(:\\d+)?"), "api.a.example:8443"),
            (regex("^api\\.a\\.example$"), "api.a.example"),
            (regex("(a|b)\\.b\\.example(:[0-9]+)?"), "a.b.example:443"),
            (regex("(www[.])?a[.]example"), "www.a.example"),
            (regex("(www[.])?a[.]example"), "a.example"),
            (regex(".*\\.A\\.example"), "x.a.example"),
            (regex("orders|users"), "orders"),
        ] {
            assert!(names_host(&pattern, authority), "{pattern:?} {authority}");
        }
    }

    /// An attack: the client sends a host in the attacker's domain, and a broad condition matches
    /// it.
    #[test]
    fn a_condition_that_a_strangers_domain_satisfies_does_not_name_its_host() {
        for (pattern, authority) in [
            (
                Pattern::Prefix("api.example".into()),
                "api.example.evil.test",
            ),
            (
                Pattern::Prefix("api.example.co".into()),
                "api.example.community",
            ),
            (Pattern::Prefix("admin.".into()), "admin.evil.test:8443"),
            (Pattern::Prefix("admin.".into()), "admin."),
            (Pattern::Prefix("admin.".into()), "admin.:8443"),
            (regex("admin\\.(com|net)?"), "admin."),
            (Pattern::Prefix("admin-".into()), "admin-"),
            (Pattern::Prefix("admin-".into()), "admin-.:1"),
            (Pattern::Prefix("shop.company".into()), "shop.company"),
            (Pattern::Prefix("A.example".into()), "a.EXAMPLE.:9"),
            (Pattern::Contains(".a.example".into()), "b.a.example:1"),
            (Pattern::Suffix("example.co.uk".into()), "evilexample.co.uk"),
            (Pattern::Suffix("api.a.example".into()), "v1-api.a.example"),
            (regex("(app|api)[0-9]*\\..*"), "api."),
            (regex("(app|api)[0-9]*\\..*"), "app.:80"),
            (
                Pattern::Contains("api.example".into()),
                "api.example.evil.test",
            ),
            (Pattern::Contains(".example".into()), "x.examples.test"),
            (Pattern::Suffix("api.example".into()), "evilapi.example"),
            (Pattern::Suffix("example:8443".into()), "evilexample:8443"),
            (Pattern::Suffix(".".into()), "x.evil.test."),
            (Pattern::Suffix(".:8443".into()), "x.evil.test.:8443"),
            (regex("[^.]+\\.[^.]+\\.[^.]+"), "x.evil.test"),
            (regex("[a-z-]+(\\.[a-z-]+){2,}"), "x.evil.test"),
            (regex("(x\\.)?[a-m]{1,4}\\.test"), "x.mmmm.test"),
            (regex("[0-9a-f]+\\.test"), "ff.test"),
            (regex("[^.]+\\.[^.]+\\.\\z"), "evil.test."),
            (regex(".*:8[0-9]{3}"), "evil.test:8080"),
            (regex(".*:8(0|4)43"), "evil.test:8443"),
            (regex("[^:]+:[0-9]{4,5}"), "evil.test:8443"),
            (regex(".*a\\.example"), "evila.example"),
            (regex("api.a.example"), "apixa.example"),
            (regex("api\\.a\\.example.*"), "api.a.example.evil.test"),
            (regex("api\\.a\\.[a-z]+"), "api.a.zip"),
            (regex("(?i)[A-Z.]+\\.[A-Z]+"), "EVIL.test"),
            (regex("a\\.example"), "b.example"),
            (regex("()"), ""),
        ] {
            assert!(!names_host(&pattern, authority), "{pattern:?} {authority}");
        }
    }

    #[test]
    fn a_condition_that_any_host_satisfies_names_no_host() {
        for pattern in [
            Pattern::Prefix(String::new()),
            Pattern::Suffix(String::new()),
            Pattern::Contains(String::new()),
            Pattern::Contains(".".into()),
            Pattern::Suffix(":8443".into()),
            Pattern::Contains(":80".into()),
            regex(".*"),
            regex("[a-z.]+"),
            regex("[^.]+\\..+"),
            regex("[0-9.]+"),
            regex("\\[.*\\]"),
            regex(".*:[0-9]+"),
            regex("[^:]+:(8080|8443)"),
        ] {
            for host in ["a.example", "orders", "10.0.0.1", "[2001:db8::2]"] {
                for port in ["", ":8080", ":8443"] {
                    let authority = format!("{host}{port}");
                    assert!(!names_host(&pattern, &authority), "{pattern:?} {authority}");
                }
            }
        }
    }

    #[test]
    fn a_condition_with_a_port_holds_for_the_host_at_some_port() {
        let holds = |pattern: &Pattern, authority: &str| {
            let condition = AuthorityMatch::new(StringMatch::new(pattern.clone()));
            condition.unwrap().holds_at_some_port(authority)
        };
        for pattern in [
            Pattern::Exact("A.example:9443".into()),
            Pattern::Exact("a.example.:9443".into()),
            Pattern::Prefix("a.example:94".into()),
            Pattern::Suffix(".example:9443".into()),
            Pattern::Contains("example:94".into()),
            regex("a\\.example:9443"),
            regex("a\\.example:8[0-9]{3}"),
            regex("a\\.example\\.(:80)?"),
        ] {
            for authority in ["a.example", "a.EXAMPLE.:1", "a.example:9443"] {
                assert!(holds(&pattern, authority), "{pattern:?} {authority}");
            }
            assert!(!holds(&pattern, "b.test:9443"), "{pattern:?}");
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

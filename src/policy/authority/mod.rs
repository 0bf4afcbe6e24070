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
//! the request is refused. An authority without a normal form is refused too
//! ([`is_ambiguous`](crate::http::authority::is_ambiguous)).
//! IPv6 addresses are compared as text, because parsing and formatting them would add kilobytes to
//! the WebAssembly module.

mod host_named;

use std::borrow::Cow;

use self::host_named::{fixes_domain, holds_at_some_port, rejects_strangers};
use crate::{
    http::authority::split,
    policy::{Pattern, StringMatch, Unclear},
};

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
    /// The result of [`rejects_strangers`] for the pattern.
    rejects_strangers: bool,
}

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
            rejects_strangers: rejects_strangers(&pattern),
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
}

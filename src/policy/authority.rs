//! The authority that a request is for (`:authority`, `Host`).
//!
//! `ADMIN.example`, `admin.example.` and `admin.example:80` name one host, and virtual hosts treat
//! them alike, so a rule that distinguished them would be evaded. With `path_policy: reject`
//! conditions compare a normal form: lower case, without a final dot, and with the port only where
//! the condition names one.

use std::borrow::Cow;

use crate::policy::{Pattern, StringMatch};

/// Whether servers may read different hosts from an authority: with a comma it is two joined lines,
/// and the part before `@` is not part of the host.
#[must_use]
pub fn is_ambiguous(authority: &[u8]) -> bool {
    authority.iter().any(|octet| matches!(octet, b',' | b'@'))
}

/// A condition on the authority's normal form.
#[derive(Clone, Debug)]
pub struct AuthorityMatch {
    pattern: StringMatch,
    port: Port,
}

/// Whether the request's port counts.
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
    /// The normal form of the operator's condition.
    ///
    /// # Errors
    /// When the expression becomes too large once it ignores case.
    pub fn new(written: StringMatch) -> Result<Self, regex_lite::Error> {
        let named = |is_named| if is_named { Port::Named } else { Port::Ignored };
        let (pattern, port) = match written.into_pattern() {
            Pattern::Exact(text) => {
                let (text, has_port) = whole(&text);
                (Pattern::Exact(text), named(has_port))
            }
            Pattern::Suffix(text) => {
                let (text, has_port) = whole(&text);
                (Pattern::Suffix(text), named(has_port))
            }
            // A prefix may end inside a name or an IPv6 address.
            Pattern::Prefix(text) => {
                let has_port = text.contains(':');
                (Pattern::Prefix(text.to_ascii_lowercase()), named(has_port))
            }
            Pattern::Contains(text) => {
                let has_port = text.contains(':');
                (
                    Pattern::Contains(text.to_ascii_lowercase()),
                    named(has_port),
                )
            }
            Pattern::Regex(regex) => (Pattern::without_case(&regex)?, Port::Either),
        };
        let pattern = StringMatch::new(pattern);
        Ok(Self { pattern, port })
    }

    /// Whether a request's authority fits.
    #[must_use]
    pub fn matches(&self, authority: &str) -> bool {
        let lower = match authority.bytes().any(|octet| octet.is_ascii_uppercase()) {
            true => Cow::Owned(authority.to_ascii_lowercase()),
            false => Cow::Borrowed(authority),
        };
        let (host, port) = split(&lower);
        let with_port = || match port {
            "" => Cow::Borrowed(host),
            port => Cow::Owned(format!("{host}:{port}")),
        };
        match self.port {
            Port::Ignored => self.pattern.matches(host),
            Port::Named => self.pattern.matches(&with_port()),
            Port::Either => self.pattern.matches(host) || self.pattern.matches(&with_port()),
        }
    }
}

/// Host without final dot, and port, which may be empty. The colons between brackets are part of an
/// IPv6 address.
fn split(authority: &str) -> (&str, &str) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    match host.strip_suffix('.') {
        Some("") | None => (host, port),
        Some(host) => (host, port),
    }
}

/// The normal form of an authority, or the end of one, and whether it names a port.
fn whole(written: &str) -> (String, bool) {
    let lower = written.to_ascii_lowercase();
    match split(&lower) {
        (host, "") => (host.to_owned(), false),
        (host, port) => (format!("{host}:{port}"), true),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn matches(pattern: Pattern, authority: &str) -> bool {
        AuthorityMatch::new(StringMatch::new(pattern))
            .unwrap()
            .matches(authority)
    }

    #[test]
    fn ignores_case_final_dot_and_the_port_that_no_rule_names() {
        let regex = |text| Pattern::regex(text).unwrap();
        for pattern in [
            Pattern::Exact("admin.example".into()),
            Pattern::Exact("Admin.Example.".into()),
            Pattern::Prefix("ADMIN.ex".into()),
            Pattern::Suffix(".Example".into()),
            Pattern::Suffix(".example.".into()),
            Pattern::Contains("Min.exam".into()),
            regex("Admin\\.example"),
            regex("admin\\..*e"),
        ] {
            for authority in [
                "admin.example",
                "ADMIN.example",
                "admin.example.",
                "admin.example:80",
                "admin.example:",
                "Admin.Example.:8443",
            ] {
                assert!(
                    matches(pattern.clone(), authority),
                    "{pattern:?} {authority}"
                );
            }
            for authority in ["", "admin.test:80", "80"] {
                assert!(
                    !matches(pattern.clone(), authority),
                    "{pattern:?} {authority}"
                );
            }
        }
    }

    #[test]
    fn compares_the_port_that_a_rule_names() {
        let regex = |text| Pattern::regex(text).unwrap();
        for pattern in [
            Pattern::Exact("admin.example.:8080".into()),
            Pattern::Prefix("admin.example:80".into()),
            Pattern::Suffix("example:8080".into()),
            Pattern::Suffix(":8080".into()),
            Pattern::Contains("example:8".into()),
            regex("admin\\.example:8080"),
        ] {
            for (authority, expected) in [
                ("admin.example:8080", true),
                ("ADMIN.example.:8080", true),
                ("admin.example", false),
                ("admin.example:9090", false),
            ] {
                let found = matches(pattern.clone(), authority);
                assert_eq!(found, expected, "{pattern:?} {authority}");
            }
        }
        assert!(!matches(Pattern::Contains("80".into()), "a.example:8080"));
    }

    #[test]
    fn keeps_the_colons_of_an_ipv6_address() {
        for (pattern, authority, expected) in [
            (
                Pattern::Exact("[2001:DB8::1]".into()),
                "[2001:db8::1]:443",
                true,
            ),
            (
                Pattern::Exact("[2001:db8::1]:443".into()),
                "[2001:db8::1]",
                false,
            ),
            (
                Pattern::Prefix("[2001:db8:".into()),
                "[2001:db8::1]:443",
                true,
            ),
        ] {
            assert_eq!(matches(pattern, authority), expected, "{authority}");
        }
    }

    #[test]
    fn tells_joined_lines_and_userinfo() {
        for authority in ["a.example,admin.example", "x@admin.example", "@"] {
            assert!(is_ambiguous(authority.as_bytes()), "{authority}");
        }
        assert!(!is_ambiguous(b"admin.example:80"));
    }
}

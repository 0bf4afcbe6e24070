//! SPIFFE trust domains. The `sub` of a workload's token is a SPIFFE ID, which contains the name of
//! the workload's trust domain (JWT-SVID section 3.1).

use crate::{
    decision::Reason,
    jose::{Claims, KeyPurpose},
};

/// The maximum length of a trust domain in bytes (SPIFFE-ID section 2.1).
const MAX_NAME: usize = 255;

/// The maximum length of a SPIFFE ID in bytes (SPIFFE-ID section 2.3).
const MAX_ID: usize = 2048;

const SCHEME: &str = "spiffe://";

/// A SPIFFE trust domain, such as `example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustDomain(String);

impl TrustDomain {
    /// Parses the name of a trust domain. Returns `None` if the name is malformed.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        let fits = (1..=MAX_NAME).contains(&name.len());
        (fits && name.bytes().all(is_allowed)).then(|| Self(name.to_owned()))
    }

    /// The purpose that a provider's keys must have. `domain` is the trust domain of the provider's
    /// tokens, if they have one.
    #[must_use]
    pub const fn key_purpose(domain: Option<&Self>) -> KeyPurpose {
        match domain {
            Some(_) => KeyPurpose::JwtSvids,
            None => KeyPurpose::Signatures,
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if `id` is the SPIFFE ID of a workload in this trust domain. The comparison is
    /// exact: a comparison that ignores case or normalises the path would accept look-alikes.
    #[must_use]
    pub fn holds(&self, id: &str) -> bool {
        let path = id
            .strip_prefix(SCHEME)
            .and_then(|rest| rest.strip_prefix(self.as_str()))
            .and_then(|rest| rest.strip_prefix('/'));
        // An ID without a path identifies the domain itself, not a workload.
        id.len() <= MAX_ID && path.is_some_and(|path| path.split('/').all(is_segment))
    }
}

/// If a trust domain is given, checks that `sub` names a workload in it.
pub(super) fn check(domain: Option<&TrustDomain>, claims: &Claims) -> Result<(), Reason> {
    let holds = domain.is_none_or(|domain| claims.subject().is_some_and(|id| domain.holds(id)));
    if holds { Ok(()) } else { Err(Reason::Subject) }
}

/// Returns true if `segment` is a valid path segment of a SPIFFE ID (SPIFFE-ID section 2.2).
fn is_segment(segment: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_trust_domain_has_lower_case_letters_digits_dots_hyphens_and_underscores() {
        let longest = "a".repeat(255);
        for name in ["example.org", "td-1_x", longest.as_str()] {
            assert_eq!(TrustDomain::parse(name).unwrap().as_str(), name);
        }
        let too_long = "a".repeat(256);
        for name in [
            "",
            "Example.org",
            "example.org/",
            "spiffe://example.org",
            "example.org:8443",
            "exämple.org",
            too_long.as_str(),
        ] {
            assert_eq!(TrustDomain::parse(name), None, "{name}");
        }
    }

    #[test]
    fn only_ids_of_workloads_of_the_domain_are_accepted() {
        let domain = TrustDomain::parse("example.org").unwrap();
        let longest = format!("spiffe://example.org/{}", "a".repeat(2027));
        for id in [
            "spiffe://example.org/orders",
            "spiffe://example.org/ns/shop/sa/Orders_1",
            longest.as_str(),
        ] {
            assert!(domain.holds(id), "{id}");
        }
        let too_long = format!("{longest}a");
        for id in [
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe://example.org/a/",
            "spiffe://example.org//a",
            "spiffe://example.org/./a",
            "spiffe://example.org/a/..",
            "spiffe://example.org/a%62",
            "spiffe://example.org/a?b",
            "spiffe://example.org/a#b",
            "spiffe://example.org/ä",
            "spiffe://example.org.evil.example/a",
            "spiffe://evil.example.org/a",
            "spiffe://example.orgs/a",
            "spiffe://Example.org/a",
            "spiffe://example.org:8443/a",
            "spiffe://user@example.org/a",
            "SPIFFE://example.org/a",
            "https://example.org/a",
            "example.org/a",
            " spiffe://example.org/a",
            "",
            too_long.as_str(),
        ] {
            assert!(!domain.holds(id), "{id}");
        }
    }

    #[test]
    fn a_token_without_a_workload_of_the_trust_domain_is_refused() {
        let domain = TrustDomain::parse("example.org").unwrap();
        for (claims, expected) in [
            (r#"{"sub":"spiffe://example.org/orders"}"#, Ok(())),
            (
                r#"{"sub":"spiffe://evil.example/orders"}"#,
                Err(Reason::Subject),
            ),
            (r#"{"sub":"orders"}"#, Err(Reason::Subject)),
            ("{}", Err(Reason::Subject)),
        ] {
            let parsed = Claims::parse(claims.as_bytes()).unwrap();
            assert_eq!(check(Some(&domain), &parsed), expected, "{claims}");
            assert_eq!(check(None, &parsed), Ok(()), "{claims}");
        }
    }
}

//! Issuer templates: patterns for an `iss` that contains the value of another claim of the token.
//!
//! Microsoft Entra has one issuer per tenant. The issuers differ only in the tenant's identifier.
//! Each token also contains this identifier in its claim `tid`. A template is the text that these
//! issuers have in common, with a placeholder for each part that differs. Each placeholder names a
//! claim. A token matches the template if replacing each placeholder with the value of its claim
//! gives the token's `iss`. Strings are compared by code point. They are not normalized first,
//! because Unicode normalization can make two different issuers equal (RFC 7515 section 5.3).

use std::fmt;

use crate::jose::claims::Claims;
use crate::template::Template;

/// The claim that every placeholder in a key's `issuer` refers to, regardless of the placeholder's
/// name. Microsoft Entra uses the placeholder `{tenantid}` for the claim `tid`.
const TENANT_CLAIM: &str = "tid";

/// A template such as `https://login.microsoftonline.com/{tid}/v2.0`: literal text, and names of
/// claims in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerTemplate(Template);

impl IssuerTemplate {
    /// Splits a string at its placeholders. Returns `None` if a brace is not part of a placeholder.
    pub fn parse(text: &str) -> Option<Self> {
        Template::parse(text).map(Self)
    }

    /// Parses the `issuer` of a key. Every placeholder refers to the claim `tid`. If a brace is not
    /// part of a placeholder, the whole text is taken literally. Literal text with a brace matches
    /// no issuer URL, because URLs contain no braces.
    pub fn of_key(text: &str) -> Self {
        let mut template = Template::parse(text).unwrap_or_else(|| Template {
            head: text.to_owned(),
            tail: Vec::new(),
        });
        for (claim, _) in &mut template.tail {
            TENANT_CLAIM.clone_into(claim);
        }
        Self(template)
    }

    /// The claims that the placeholders name, in order.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.0.names()
    }

    /// The literal texts before, between and after the placeholders. Some may be empty.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.0.literals()
    }

    /// Returns true if the template equals the token's `iss` once each placeholder is replaced with
    /// the value of its claim.
    pub fn fits(&self, claims: &Claims) -> bool {
        let issuer = claims.issuer();
        let Template { head, tail } = &self.0;
        let Some(mut rest) = issuer.and_then(|issuer| issuer.strip_prefix(head.as_str())) else {
            return false;
        };
        for (claim, literal) in tail {
            let Some(value) = claims.member(claim).and_then(|value| value.as_str()) else {
                return false;
            };
            // The value must match `[A-Za-z0-9_-]+`: a value with `/` or `.` could turn the trusted
            // issuer into a different issuer.
            let is_plain = !value.is_empty()
                && value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            if !is_plain {
                return false;
            }
            let Some(next) = rest
                .strip_prefix(value)
                .and_then(|rest| rest.strip_prefix(literal.as_str()))
            else {
                return false;
            };
            rest = next;
        }
        rest.is_empty()
    }
}

impl fmt::Display for IssuerTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.head)?;
        let mut tail = self.0.tail.iter();
        tail.try_for_each(|(claim, literal)| write!(f, "{{{claim}}}{literal}"))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::{Value, json};

    use super::*;

    fn fits(template: &IssuerTemplate, claims: &Value) -> bool {
        template.fits(&Claims::parse(claims.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn splits_at_placeholders() {
        for (text, head, tail) in [
            ("https://as.example/", "https://as.example/", &[][..]),
            ("{a}", "", &[("a", "")]),
            ("x{a}y{b}z", "x", &[("a", "y"), ("b", "z")]),
        ] {
            let template = IssuerTemplate::parse(text).unwrap();
            let mut literals = template.literals();
            assert_eq!(literals.next(), Some(head));
            let tail_found: Vec<_> = template.claims().zip(literals).collect();
            assert_eq!(tail_found, tail);
        }
        for text in ["{", "}", "a{}b", "a{b", "a}b", "a}{b}", "{a}}", "{a{b}}"] {
            assert_eq!(IssuerTemplate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_keys_issuer_is_exact_or_has_the_tenant() {
        let entra = "https://login.example/{tenantid}/v2.0";
        for (issuer, claims, expected) in [
            (
                "https://as.example",
                json!({"iss": "https://as.example"}),
                true,
            ),
            (
                "https://as.example",
                json!({"iss": "https://as.example/"}),
                false,
            ),
            ("https://as.example", json!({}), false),
            (
                entra,
                json!({"iss": "https://login.example/t-1/v2.0", "tid": "t-1"}),
                true,
            ),
            (
                entra,
                json!({"iss": "https://login.example/t-1/v2.0", "tid": "t-2"}),
                false,
            ),
            (
                entra,
                json!({"iss": "https://login.example/t-1/v2.0", "tenantid": "t-1"}),
                false,
            ),
            (
                entra,
                json!({"iss": "https://login.example/t/1/v2.0", "tid": "t/1"}),
                false,
            ),
            (
                entra,
                json!({"iss": "https://login.example//v2.0", "tid": ""}),
                false,
            ),
            (entra, json!({"iss": entra, "tid": "{tenantid}"}), false),
            (
                "https://{x}/{y}",
                json!({"iss": "https://t/t", "tid": "t"}),
                true,
            ),
            (
                "https://{x}/{y}",
                json!({"iss": "https://t/u", "tid": "t"}),
                false,
            ),
            ("https://{", json!({"iss": "https://t", "tid": "t"}), false),
            ("", json!({"iss": "https://t"}), false),
        ] {
            let template = IssuerTemplate::of_key(issuer);
            assert_eq!(fits(&template, &claims), expected, "{issuer} {claims}");
        }
    }
}

//! The caller's identity: one string, made from a verified token and a template such as
//! `oauth-{role}$@{org}.{cloud}`.
//!
//! Two callers never get the same string. In the template, literal text separates the placeholders.
//! A value from a token is rejected if it contains the literal text that follows the placeholder.
//! Otherwise a role called `admin$@1.example` could pass for a role of another organisation. If the
//! token lacks a value for a placeholder, the caller gets no identity at all.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    jose::{ClaimPath, Claims},
    json,
    template::occurrences,
};

/// The template of a caller's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityTemplate {
    /// The text before the first placeholder.
    pub head: String,
    /// For each placeholder, its meaning and the literal text that follows it.
    pub parts: Vec<(IdentityPart, String)>,
}

/// What a placeholder of the template stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityPart {
    /// A claim of the token.
    Claim(ClaimPath),
    /// A value from the configuration.
    Fixed(String),
    /// The role that made the token satisfy the rule.
    Role,
}

/// The error for an identity that could be mistaken for the identity of another caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousIdentity;

impl IdentityTemplate {
    /// Makes the identity from a token's `claims` and from the `role` that made the token satisfy
    /// the rule. Returns `None` if the token lacks a value for a placeholder.
    ///
    /// # Errors
    /// If a value from the token contains the literal text after its placeholder. The two are
    /// searched together: `s:` and `::` make `s:::`, which contains `::` twice.
    ///
    /// If a value is a number so large that parsing may have rounded it.
    pub fn identity(
        &self,
        role: Option<&str>,
        claims: &Claims,
    ) -> Result<Option<String>, AmbiguousIdentity> {
        let mut identity = self.head.clone();
        for (part, literal) in &self.parts {
            let value = match part {
                IdentityPart::Fixed(text) => Some(Cow::Borrowed(text.as_str())),
                IdentityPart::Role => role.map(Cow::Borrowed),
                IdentityPart::Claim(path) => {
                    let claim = claims.find(path).map(text).transpose()?;
                    claim.flatten()
                }
            };
            let Some(value) = value.filter(|value| !value.is_empty()) else {
                return Ok(None);
            };
            let start = identity.len();
            identity.push_str(&value);
            identity.push_str(literal);
            let written = identity.get(start..).unwrap_or_default();
            let is_constant = matches!(part, IdentityPart::Fixed(_));
            if !is_constant && !literal.is_empty() && occurrences(written, literal) != 1 {
                return Err(AmbiguousIdentity);
            }
        }
        Ok(Some(identity))
    }
}

/// Converts a claim to text. Returns `None` for null, lists and objects, which identify nobody.
///
/// # Errors
/// If the claim is a number so large that parsing may have rounded it to the number of another
/// caller.
fn text(claim: &Value) -> Result<Option<Cow<'_, str>>, AmbiguousIdentity> {
    Ok(match claim {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) if json::is_inexact(number) => return Err(AmbiguousIdentity),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(claim.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn template() -> IdentityTemplate {
        IdentityTemplate {
            head: "oauth-".into(),
            parts: vec![
                (IdentityPart::Role, "$@".into()),
                (
                    IdentityPart::Claim(ClaimPath::top_level("sub")),
                    "::".into(),
                ),
                (IdentityPart::Fixed("a::b".into()), String::new()),
            ],
        }
    }

    fn identity(role: Option<&str>, claims: &Value) -> Result<Option<String>, AmbiguousIdentity> {
        let claims = Claims::parse(claims.to_string().as_bytes()).unwrap();
        template().identity(role, &claims)
    }

    #[test]
    fn an_identity_is_complete_or_absent() {
        let sub = json!({"sub": "s"});
        let whole = Ok(Some("oauth-reader$@s::a::b".to_owned()));
        assert_eq!(identity(Some("reader"), &sub), whole);
        for (role, claims) in [
            (None, sub.clone()),
            (Some(""), sub),
            (Some("reader"), json!({})),
            (Some("reader"), json!({"sub": ""})),
        ] {
            assert_eq!(identity(role, &claims), Ok(None), "{role:?} {claims}");
        }
    }

    #[test]
    fn refuses_an_identity_that_another_caller_could_have() {
        for (role, subject, ambiguous) in [
            ("admin$@s::a", "s", true),
            ("admin$", "s", false),
            ("a$b@c", "s$@", false),
            ("admin", "s::x", true),
            // The value `s:` and the literal text `::` make `s:::`. This string could also be the
            // value `s`, followed by `::` and a value that begins with `:`.
            ("admin", "s:", true),
        ] {
            let made = identity(Some(role), &json!({"sub": subject}));
            assert_eq!(made.is_err(), ambiguous, "{role} {subject}");
        }
    }

    #[test]
    fn writes_numbers_but_no_lists_or_objects() {
        let template = IdentityTemplate {
            head: String::new(),
            parts: vec![(
                IdentityPart::Claim(ClaimPath::top_level("n")),
                String::new(),
            )],
        };
        for (claim, expected) in [
            (json!(7), Some("7")),
            (json!(true), Some("true")),
            (json!(null), None),
            (json!(["a"]), None),
            (json!({"a": 1}), None),
        ] {
            let claims = Claims::parse(json!({"n": claim}).to_string().as_bytes()).unwrap();
            let made = template.identity(None, &claims).unwrap();
            assert_eq!(made.as_deref(), expected, "{claim}");
        }
        // Parsing rounds both numbers to 1e20.
        for number in ["100000000000000000001", "100000000000000000002"] {
            let claims = Claims::parse(format!(r#"{{"n":{number}}}"#).as_bytes()).unwrap();
            let made = template.identity(None, &claims);
            assert_eq!(made, Err(AmbiguousIdentity), "{number}");
        }
    }
}

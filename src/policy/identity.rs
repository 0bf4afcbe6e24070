//! Who is calling, in one text made of a verified token: `oauth-{role}$@{org}.{cloud}`.
//!
//! Two callers never have one text: a value out of a token is refused where it holds the literal text
//! that ends it in the template, since a role called `admin$@1.example` would pass for another
//! organisation's. A text is whole or not there: where the token has no value for a placeholder, there
//! is none.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    jose::{ClaimPath, Claims},
    template::occurrences,
};

/// How a caller's identity is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityTemplate {
    /// The text before the first placeholder.
    pub head: String,
    /// What each placeholder stands for, and the literal text that follows it.
    pub parts: Vec<(IdentityPart, String)>,
}

/// What a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityPart {
    /// A claim of the token.
    Claim(ClaimPath),
    /// What the configuration says.
    Fixed(String),
    /// The role by which the token satisfied the rule.
    Role,
}

/// A token whose identity could be read as another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousIdentity;

impl IdentityTemplate {
    /// The identity of a token with these claims that satisfied the rule by `role`; `None` where it
    /// lacks a part.
    ///
    /// # Errors
    /// When a value holds the literal text that ends it.
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
                IdentityPart::Claim(path) => claims.find(path).and_then(text),
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

/// Lists and objects name nobody.
fn text(claim: &Value) -> Option<Cow<'_, str>> {
    match claim {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(claim.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
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
    fn is_whole_or_not_there() {
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
    fn never_reads_as_another_s() {
        for (role, subject, ambiguous) in [
            ("admin$@s::a", "s", true),
            ("admin$", "s", false),
            ("a$b@c", "s$@", false),
            ("admin", "s::x", true),
            // `s:` and then `::` could be `s` and then `:…`.
            ("admin", "s:", true),
        ] {
            let made = identity(Some(role), &json!({"sub": subject}));
            assert_eq!(made.is_err(), ambiguous, "{role} {subject}");
        }
    }

    #[test]
    fn writes_numbers_and_no_structures() {
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
    }
}

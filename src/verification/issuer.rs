//! The issuer of a token (RFC 7519 section 4.1.1).

use crate::{
    decision::Reason,
    jose::{Claims, IssuerTemplate},
};

/// The issuer that a provider accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// Any issuer, as long as one of the provider's keys has signed the token (`allow_any_issuer`).
    Any,
    /// Exactly this `iss`, code point by code point (RFC 7515 §5.3).
    Exact(String),
    /// An `iss` that fits a template. The text at each placeholder must equal another claim of the
    /// token.
    Template(IssuerTemplate),
}

impl Issuer {
    /// The issuer as written in the configuration. Returns `None` if any issuer is accepted.
    #[must_use]
    pub fn as_written(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Exact(issuer) => Some(issuer.clone()),
            Self::Template(template) => Some(template.to_string()),
        }
    }
}

/// How to treat the member `issuer` of a JWK. Microsoft Entra adds this member to its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIssuer {
    /// Ignores the `issuer` of keys.
    Ignore,
    /// A key that has an `issuer` verifies only tokens of that issuer.
    Match,
}

/// Compares `iss` code point by code point. A comparison that normalises text would accept a
/// look-alike (RFC 7515 section 5.3).
pub(super) fn check(issuer: &Issuer, claims: &Claims) -> Result<(), Reason> {
    let holds = match (issuer, claims.issuer()) {
        (Issuer::Any, _) => true,
        (Issuer::Exact(own), Some(theirs)) => own == theirs,
        (Issuer::Template(template), _) => template.fits(claims),
        (Issuer::Exact(_), None) => false,
    };
    if holds { Ok(()) } else { Err(Reason::Issuer) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::IssuerTemplate;

    fn check_against(issuer: &Issuer, claims: &serde_json::Value) -> bool {
        check(
            issuer,
            &Claims::parse(claims.to_string().as_bytes()).unwrap(),
        )
        .is_ok()
    }

    #[test]
    fn compares_exactly() {
        let issuer = Issuer::Exact("https://as.example/".into());
        for (claims, expected) in [
            (json!({"iss": "https://as.example/"}), true),
            (json!({"iss": "https://as.example"}), false),
            (json!({"iss": "HTTPS://as.example/"}), false),
            (json!({}), false),
        ] {
            assert_eq!(check_against(&issuer, &claims), expected, "{claims}");
            assert!(check_against(&Issuer::Any, &claims));
        }
    }

    #[test]
    fn binds_placeholders_to_claims() {
        let template = IssuerTemplate::parse("https://login.example/{tid}/v2.0").unwrap();
        let issuer = Issuer::Template(template);
        for (iss, tid, expected) in [
            ("https://login.example/t-1/v2.0", json!("t-1"), true),
            ("https://login.example/t-1/v2.0", json!("t-2"), false),
            ("https://login.example/t-1/v2.0/", json!("t-1"), false),
            ("https://login.example//v2.0", json!(""), false),
            ("https://login.example/a/b/v2.0", json!("a/b"), false),
            ("https://login.example/1/v2.0", json!(1), false),
        ] {
            let claims = json!({"iss": iss, "tid": tid});
            assert_eq!(check_against(&issuer, &claims), expected, "{claims}");
        }
    }
}

//! The rights that a verified token must grant: scopes, roles, claims, client identifiers.
//!
//! The checks use the verified claims of one token. The rights of several tokens are not combined.

use serde_json::Value;

use crate::{
    jose::{ClaimPath, Claims},
    json,
    policy::Authentication,
};

/// The rights that a verified token must grant. The token must satisfy every field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Authorization {
    /// Required scopes (RFC 6749 §3.3).
    pub scopes: Option<WordSet>,
    /// The accepted roles. The token needs one of them; an empty list requires no role.
    pub roles: Vec<String>,
    /// Required claims, each with its accepted values.
    pub claims: Vec<(ClaimPath, Vec<Value>)>,
    /// The accepted client identifiers. An empty list accepts every client.
    pub client_ids: Vec<String>,
    /// How the user must have authenticated. [`check`](Self::check) ignores this field, because the
    /// current time decides whether a token satisfies it.
    pub authentication: Option<Authentication>,
}

/// The scopes that a token needs: all scopes in a list, or at least one of them. The list is never
/// empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordSet {
    /// Every scope is required.
    AllOf(Vec<String>),
    /// One of the scopes is enough.
    AnyOf(Vec<String>),
}

/// The rights that a verified token grants.
#[derive(Clone, Debug)]
pub struct Grants<'a> {
    /// The token's scopes.
    pub scopes: Vec<&'a str>,
    /// The token's roles.
    pub roles: Vec<&'a str>,
    /// The token's client identifier.
    pub client_id: Option<&'a str>,
    /// All claims of the token.
    pub claims: &'a Claims,
}

/// The right or authentication that a valid token lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// The user must authenticate again, or with another method. The first value says how the user
    /// must authenticate. The second value contains all scopes that the rule requires, so that the
    /// client can request them in the same login.
    Authentication(Authentication, Option<WordSet>),
    /// A required claim does not have an accepted value.
    Claim,
    /// The rule does not accept the client.
    ClientId,
    /// The token has no role that the rule accepts.
    Role,
    /// The token lacks scopes. The value contains all scopes that the rule requires.
    Scope(WordSet),
}

impl Authorization {
    /// Checks whether `grants` satisfies every field except `authentication`.
    ///
    /// # Errors
    /// The first requirement that is not met. Scopes are checked first, because a client can
    /// request more scopes (RFC 6750 §3.1).
    pub fn check(&self, grants: &Grants<'_>) -> Result<(), Shortfall> {
        if let Some(scopes) = &self.scopes
            && !scopes.is_granted_by(&grants.scopes)
        {
            return Err(Shortfall::Scope(scopes.clone()));
        }
        if !self.roles.is_empty()
            && !self
                .roles
                .iter()
                .any(|role| grants.roles.contains(&role.as_str()))
        {
            return Err(Shortfall::Role);
        }
        if !self.client_ids.is_empty()
            && !self
                .client_ids
                .iter()
                .any(|id| grants.client_id == Some(id.as_str()))
        {
            return Err(Shortfall::ClientId);
        }
        for (claim, accepted) in &self.claims {
            if !grants
                .claims
                .find(claim)
                .is_some_and(|value| holds_one_of(value, accepted))
            {
                return Err(Shortfall::Claim);
            }
        }
        Ok(())
    }
}

impl Authorization {
    /// Returns the shortfall of a token whose user must authenticate again, or with another method.
    #[must_use]
    pub fn step_up(&self, authentication: &Authentication) -> Shortfall {
        Shortfall::Authentication(authentication.clone(), self.scopes.clone())
    }

    /// Returns the role that makes `grants` satisfy the rule: the token's first role that the rule
    /// accepts. If the rule requires no role, this is the token's first role.
    #[must_use]
    pub fn satisfying_role<'a>(&self, grants: &Grants<'a>) -> Option<&'a str> {
        self.check(grants).ok()?;
        let mut roles = grants.roles.iter().copied();
        roles.find(|role| self.roles.is_empty() || self.roles.iter().any(|own| own == role))
    }
}

impl WordSet {
    /// The scopes, in the order of the configuration.
    #[must_use]
    pub fn words(&self) -> &[String] {
        match self {
            Self::AllOf(words) | Self::AnyOf(words) => words,
        }
    }

    fn is_granted_by(&self, granted: &[&str]) -> bool {
        match self {
            Self::AllOf(words) => words.iter().all(|word| granted.contains(&word.as_str())),
            Self::AnyOf(words) => words.iter().any(|word| granted.contains(&word.as_str())),
        }
    }
}

/// Returns true if a claim equals an accepted value, or is an array that contains an accepted
/// value.
#[must_use]
pub fn holds_one_of(claim: &Value, accepted: &[Value]) -> bool {
    match claim {
        Value::Array(elements) => elements
            .iter()
            .any(|element| accepted.iter().any(|value| same(element, value))),
        single => accepted.iter().any(|value| same(single, value)),
    }
}

/// Compares JSON values. `1` and `1.0` are the same number, as in JSON. Integers are not converted
/// to doubles. Otherwise an account number of 17 digits would equal its neighbours.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => json::are_equal(left, right),
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn check(rule: &Authorization, scopes: &[&str], claims: &Value) -> Result<(), Shortfall> {
        let claims = Claims::parse(claims.to_string().as_bytes()).unwrap();
        rule.check(&Grants {
            scopes: scopes.to_vec(),
            roles: vec!["reader"],
            client_id: Some("c1"),
            claims: &claims,
        })
    }

    #[test]
    fn requires_all_scopes_or_any() {
        let words = || vec!["a".to_owned(), "b".to_owned()];
        let all = Authorization {
            scopes: Some(WordSet::AllOf(words())),
            ..Default::default()
        };
        let any = Authorization {
            scopes: Some(WordSet::AnyOf(words())),
            ..Default::default()
        };
        for (scopes, all_holds, any_holds) in [
            (&["a", "b", "c"][..], true, true),
            (&["b"], false, true),
            (&["ab", "a b"], false, false),
            (&[], false, false),
        ] {
            assert_eq!(
                check(&all, scopes, &json!({})).is_ok(),
                all_holds,
                "{scopes:?}"
            );
            assert_eq!(
                check(&any, scopes, &json!({})).is_ok(),
                any_holds,
                "{scopes:?}"
            );
        }
    }

    #[test]
    fn requires_roles_clients_and_claims() {
        let role = |name: &str| Authorization {
            roles: vec![name.into()],
            ..Default::default()
        };
        assert_eq!(check(&role("reader"), &[], &json!({})), Ok(()));
        assert_eq!(check(&role("read"), &[], &json!({})), Err(Shortfall::Role));
        let client = |id: &str| Authorization {
            client_ids: vec![id.into()],
            ..Default::default()
        };
        assert_eq!(check(&client("c1"), &[], &json!({})), Ok(()));
        assert_eq!(
            check(&client("c"), &[], &json!({})),
            Err(Shortfall::ClientId)
        );
        let claim = Authorization {
            claims: vec![(ClaimPath::top_level("tier"), vec![json!("gold"), json!(2)])],
            ..Default::default()
        };
        for (claims, holds) in [
            (json!({"tier": "gold"}), true),
            (json!({"tier": ["silver", "gold"]}), true),
            (json!({"tier": 2.0}), true),
            (json!({"tier": "2"}), false),
            (json!({"tier": "golden"}), false),
            (json!({"tier": [["gold"]]}), false),
            (json!({"tier": null}), false),
            (json!({}), false),
        ] {
            assert_eq!(check(&claim, &[], &claims).is_ok(), holds, "{claims}");
        }
    }
    #[test]
    fn integers_are_compared_as_integers() {
        for (claim, accepted, expected) in [
            ("2", "2", true),
            ("2.0", "2", true),
            ("2e0", "2", true),
            ("-0.0", "0", true),
            ("1.5", "1.5", true),
            ("2.5", "2", false),
            ("1234567890123456789", "1234567890123456789", true),
            ("1234567890123456788", "1234567890123456789", false),
            ("1234567890123456789.0", "1234567890123456789", false),
            ("8226161561168607.0", "8226161561168606", false),
            ("8226161561168607.0", "8226161561168606.0", false),
            ("18446744073709551615", "18446744073709551615", true),
            ("18446744073709551614", "18446744073709551615", false),
            ("\"2\"", "2", false),
        ] {
            let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            let holds = holds_one_of(&value(claim), &[value(accepted)]);
            assert_eq!(holds, expected, "{claim} against {accepted}");
        }
    }
}

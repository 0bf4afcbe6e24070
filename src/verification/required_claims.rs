//! Claims that the operator or a preset requires, such as those of RFC 9068 section 2.2.

use serde_json::Value;

use crate::{
    decision::Reason,
    jose::{ClaimPath, Claims, IssuerTemplate},
    policy::holds_one_of,
};

/// A claim that a token must have. If `any_of` lists values, the claim must hold one of these
/// values.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimRequirement {
    /// The claim.
    pub claim: ClaimPath,
    /// The accepted values. `None` if the claim only has to be present.
    pub any_of: Option<Vec<Value>>,
}

impl ClaimRequirement {
    /// Returns true if this requirement lists the accepted values of `claim`.
    #[must_use]
    pub fn constrains(&self, claim: &ClaimPath) -> bool {
        self.claim == *claim && self.any_of.is_some()
    }
}

/// Returns the first claim in a placeholder of the issuer that no requirement restricts to listed
/// values. The issuer accepts any value of such a claim, so it accepts the tokens of every tenant.
pub(crate) fn unconstrained<'a>(
    issuer: &'a IssuerTemplate,
    required: &[ClaimRequirement],
) -> Option<&'a str> {
    issuer.claims().find(|claim| {
        let path = ClaimPath::top_level(*claim);
        !required.iter().any(|own| own.constrains(&path))
    })
}

/// Checks that every required claim is present and holds an accepted value.
pub(super) fn check(required: &[ClaimRequirement], claims: &Claims) -> Result<(), Reason> {
    let holds = required.iter().all(|requirement| {
        claims.find(&requirement.claim).is_some_and(|value| {
            requirement
                .any_of
                .as_ref()
                .is_none_or(|accepted| holds_one_of(value, accepted))
        })
    });
    if holds { Ok(()) } else { Err(Reason::Claim) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::ClaimPath;

    #[test]
    fn requires_presence_or_one_of_the_values() {
        let requirement = |any_of| ClaimRequirement {
            claim: ClaimPath::top_level("use"),
            any_of,
        };
        let present = [requirement(None)];
        let access = [requirement(Some(vec![json!("access")]))];
        for (claims, is_present, is_access) in [
            (json!({"use": "access"}), true, true),
            (json!({"use": "id"}), true, false),
            (json!({"use": null}), true, false),
            (json!({}), false, false),
        ] {
            let parsed = Claims::parse(claims.to_string().as_bytes()).unwrap();
            assert_eq!(check(&present, &parsed).is_ok(), is_present, "{claims}");
            assert_eq!(check(&access, &parsed).is_ok(), is_access, "{claims}");
        }
    }
}

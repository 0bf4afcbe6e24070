//! The `typ` of a token (RFC 8725 section 3.11, RFC 9068 section 4).

use crate::decision::Reason;

/// The accepted `typ` values. Comparisons ignore case and the prefix `application/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenTypes {
    /// Any `typ`, and tokens without `typ`. The configuration expresses this as `"*"`.
    Any,
    /// One of `names`, or no `typ` if `absent` is true.
    OneOf {
        /// Accepted names, in lower case and without `application/`.
        names: Vec<String>,
        /// True if a token without `typ` is accepted. The configuration expresses this as `""`.
        absent: bool,
    },
}

/// Checks that `typ` is accepted, ignoring case and the prefix `application/` (RFC 7515 section
/// 4.1.9). Without this check, an ID token or a DPoP proof that was signed with the same key could
/// be accepted as an access token.
pub(super) fn check(accepted: &TokenTypes, typ: Option<&str>) -> Result<(), Reason> {
    let TokenTypes::OneOf { names, absent } = accepted else {
        return Ok(());
    };
    let holds = match typ {
        None => *absent,
        Some(typ) => {
            const TREE: &str = "application/";
            let name = match typ.split_at_checked(TREE.len()) {
                Some((tree, name)) if tree.eq_ignore_ascii_case(TREE) => name,
                _ => typ,
            };
            names.iter().any(|own| own.eq_ignore_ascii_case(name))
        }
    };
    if holds {
        Ok(())
    } else {
        Err(Reason::TokenType)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn ignores_case_and_the_application_prefix() {
        let accepted = TokenTypes::OneOf {
            names: vec!["at+jwt".into()],
            absent: false,
        };
        for (typ, expected) in [
            (Some("at+jwt"), true),
            (Some("AT+JWT"), true),
            (Some("Application/at+jwt"), true),
            (Some("JWT"), false),
            (Some("application/application/at+jwt"), false),
            // This prefix is as long as `application/`.
            (Some("other-tree1/at+jwt"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(check(&accepted, typ).is_ok(), expected, "{typ:?}");
            assert!(check(&TokenTypes::Any, typ).is_ok());
        }
    }

    #[test]
    fn accepts_a_missing_type_only_if_configured() {
        let accepted = TokenTypes::OneOf {
            names: vec![],
            absent: true,
        };
        assert!(check(&accepted, None).is_ok());
        assert!(check(&accepted, Some("")).is_err());
    }
}

//! Parses `authorize`: the rights that a verified token must grant.

use std::collections::BTreeMap;

use super::{
    claims,
    list::{client_ids, exactly_one, texts},
    text::is_scope_byte,
};
use crate::{
    config::{
        ConfigError, Fault,
        error::At,
        raw::{Named, RawAuthentication, RawAuthorize, RawWords},
    },
    policy::{Authentication, Authorization, ScopeCycle, ScopeHierarchy, WordSet},
};

/// The description of a valid scope, for error messages.
pub(super) const SCOPE: &str = "a scope: printable ASCII without spaces, quotes or backslashes";

/// Parses `authorize`.
pub(super) fn authorization(raw: &RawAuthorize) -> Result<Authorization, ConfigError> {
    let authorization = Authorization {
        scopes: raw.scopes.as_ref().map(scopes).transpose().at("scopes")?,
        roles: match &raw.roles {
            Some(roles) => texts(&roles.any_of).at("any_of").at("roles")?,
            None => Vec::new(),
        },
        claims: match &raw.claims {
            Some(claims) if claims.is_empty() => return Err(Fault::Empty).at("claims"),
            Some(claims) => claims::accepted_values(claims).at("claims")?,
            None => Vec::new(),
        },
        client_ids: client_ids(raw.client_ids.as_deref())?,
        authentication: raw
            .authentication
            .as_ref()
            .map(authentication)
            .transpose()
            .at("authentication")?,
    };
    if authorization == Authorization::default() {
        return Err(Fault::Empty.into());
    }
    Ok(authorization)
}

/// Parses `authorize.authentication`. A challenge lists all values of `acr_values` in one quoted
/// string, with spaces between the values. So a value must not contain spaces or quotes.
fn authentication(raw: &RawAuthentication) -> Result<Authentication, ConfigError> {
    let acr_values = match &raw.acr_values {
        Some(values) => texts(values).at("acr_values")?,
        None => Vec::new(),
    };
    for (index, value) in acr_values.iter().enumerate() {
        if !value.bytes().all(is_scope_byte) {
            let expected = "printable ASCII without spaces, quotes or backslashes";
            let wrong = Fault::wrong_form(expected, value);
            return Err(wrong).at_index(index).at("acr_values");
        }
    }
    let max_age = raw.max_age.map(|max_age| max_age.0);
    if max_age.is_some_and(|max_age| max_age.subsec_nanos() > 0) {
        let found = format!("{:?}", max_age.unwrap_or_default());
        let expected = "a whole number of seconds, such as 300s";
        return Err(Fault::wrong_form(expected, &found)).at("max_age");
    }
    if acr_values.is_empty() && max_age.is_none() {
        return Err(Fault::Empty.into());
    }
    Ok(Authentication {
        acr_values,
        max_age,
    })
}

/// Checks that a scope is valid (RFC 6749 section 3.3).
pub(super) fn check_scope(word: &str) -> Result<(), Fault> {
    if word.is_empty() || !word.bytes().all(is_scope_byte) {
        return Err(Fault::wrong_form(SCOPE, word));
    }
    Ok(())
}

/// Parses `scope_implies`.
pub(super) fn scope_hierarchy(raw: &Named<Vec<String>>) -> Result<ScopeHierarchy, ConfigError> {
    let mut direct = BTreeMap::new();
    for (scope, included) in &raw.0 {
        let included = texts(included).at(scope)?;
        for word in included.iter().chain([scope]) {
            check_scope(word).at(scope)?;
        }
        direct.insert(scope.clone(), included);
    }
    ScopeHierarchy::new(&direct).map_err(|ScopeCycle(scope)| Fault::ScopeCycle { scope }.into())
}

fn scopes(raw: &RawWords) -> Result<WordSet, ConfigError> {
    let (field, words) = exactly_one([
        ("all_of", raw.all_of.as_deref()),
        ("any_of", raw.any_of.as_deref()),
    ])?;
    let words = texts(words).at(field)?;
    for (index, word) in words.iter().enumerate() {
        check_scope(word).at_index(index).at(field)?;
    }
    Ok(if field == "all_of" {
        WordSet::AllOf(words)
    } else {
        WordSet::AnyOf(words)
    })
}

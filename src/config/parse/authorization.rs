//! Parses `authorize`: the rights that a verified token must grant.

use super::{
    claims,
    list::{client_ids, exactly_one, texts},
    text::is_scope_byte,
};
use crate::{
    config::{
        ConfigError, Fault,
        error::At,
        raw::{RawAuthorize, RawWords},
    },
    policy::{Authorization, WordSet},
};

/// The form of a scope.
pub(super) const SCOPE: &str = "a scope: printable ASCII without spaces, quotes and backslashes";

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
    };
    if authorization == Authorization::default() {
        return Err(Fault::Empty.into());
    }
    Ok(authorization)
}

fn scopes(raw: &RawWords) -> Result<WordSet, ConfigError> {
    let (field, words) = exactly_one([
        ("all_of", raw.all_of.as_deref()),
        ("any_of", raw.any_of.as_deref()),
    ])?;
    let words = texts(words).at(field)?;
    for (index, word) in words.iter().enumerate() {
        if !word.bytes().all(is_scope_byte) {
            let wrong = Fault::wrong_form(SCOPE, word);
            return Err(wrong).at_index(index).at(field);
        }
    }
    Ok(if field == "all_of" {
        WordSet::AllOf(words)
    } else {
        WordSet::AnyOf(words)
    })
}

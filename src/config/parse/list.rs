//! Parses lists of strings, and groups of alternative fields of which only one may be set.

use crate::config::{
    Fault,
    error::{At, ConfigError},
};

/// Returns the alternative that is set, with its name. Returns an error if no alternative is set,
/// or if more than one is set.
pub(super) fn exactly_one<T, const N: usize>(
    alternatives: [(&'static str, Option<T>); N],
) -> Result<(&'static str, T), Fault> {
    at_most_one(alternatives).and_then(|(choices, one)| {
        one.ok_or(Fault::NotExactlyOne {
            choices,
            found: Vec::new(),
        })
    })
}

/// Returns the alternative that is set, with its name, or `None` if no alternative is set. Returns
/// an error if more than one alternative is set.
pub(super) fn one_or_none<T, const N: usize>(
    alternatives: [(&'static str, Option<T>); N],
) -> Result<Option<(&'static str, T)>, Fault> {
    at_most_one(alternatives).map(|(_, one)| one)
}

/// The names of all alternatives, and the name and value of the alternative that is set, if any.
type Choice<T> = (Vec<&'static str>, Option<(&'static str, T)>);

fn at_most_one<T, const N: usize>(
    alternatives: [(&'static str, Option<T>); N],
) -> Result<Choice<T>, Fault> {
    let choices = alternatives.iter().map(|(name, _)| *name).collect();
    let mut written = alternatives
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let one = written.next();
    let others: Vec<&str> = written.map(|(name, _)| name).collect();
    match one {
        Some((name, _)) if !others.is_empty() => {
            let found = std::iter::once(name).chain(others).collect();
            Err(Fault::NotExactlyOne { choices, found })
        }
        one => Ok((choices, one)),
    }
}

/// Checks that a list of strings is not empty, and that no string is empty or repeated. An empty
/// list is rejected because it could mean "any" or "none".
pub(super) fn texts(list: &[String]) -> Result<Vec<String>, ConfigError> {
    if list.is_empty() {
        return Err(Fault::Empty.into());
    }
    distinct_texts(list)
}

/// Parses `client_ids` with [`texts`]. Returns an empty list if the field is absent.
pub(super) fn client_ids(written: Option<&[String]>) -> Result<Vec<String>, ConfigError> {
    written.map_or(Ok(Vec::new()), texts).at("client_ids")
}

/// Checks that no string is empty or repeated.
pub(super) fn distinct_texts(list: &[String]) -> Result<Vec<String>, ConfigError> {
    let mut distinct: Vec<String> = Vec::new();
    for (index, text) in list.iter().enumerate() {
        if text.is_empty() {
            return Err(Fault::Empty).at_index(index);
        }
        if distinct.contains(text) {
            let value = text.clone();
            return Err(Fault::Repeated { value }).at_index(index);
        }
        distinct.push(text.clone());
    }
    Ok(distinct)
}

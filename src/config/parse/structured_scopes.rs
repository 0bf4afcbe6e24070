//! Parses `structured_scopes`, which describes scopes that consist of several parts. One of the
//! parts is a role.

use super::text::is_scope_byte;
use crate::{
    config::{ConfigError, Fault, error::At, raw::RawStructuredScopes},
    policy::StructuredScopes,
    template::{Template, occurrences},
};

/// The default of `role`.
pub(super) const ROLE: &str = "role";

/// A character that stands for a value that is not known yet. No scope contains this character.
const ANY: &str = "\0";

/// The names and values of the placeholders in `where`.
type Fixed = [(String, String)];

/// Parses `structured_scopes`.
pub(super) fn structured_scopes(
    raw: &RawStructuredScopes,
) -> Result<StructuredScopes, ConfigError> {
    let role = raw.role.as_deref().unwrap_or(ROLE);
    let fixed = raw.fixed.as_ref().map_or(&[][..], |fixed| &fixed.0);
    let template = template(&raw.template).at("template")?;
    check_names(&template, role, fixed)?;
    let written = write(&template, &[]);
    let literals = template.literals().filter(|literal| !literal.is_empty());
    let separators: Vec<(String, usize)> = literals
        .map(|literal| (literal.to_owned(), occurrences(&written, literal)))
        .collect();
    for pair in fixed {
        check_value(&template, &separators, pair)
            .at(&pair.0)
            .at("where")?;
    }
    let written = write(&template, fixed);
    // The role's value is the only value that is still unknown, so the text contains `ANY` once.
    let (before, after) = written.split_once('\0').unwrap_or_default();
    Ok(StructuredScopes {
        before: before.to_owned(),
        after: after.to_owned(),
        separators,
        role: role.to_owned(),
        fixed: fixed.to_vec(),
    })
}

fn template(text: &str) -> Result<Template, Fault> {
    let expected =
        "a scope without spaces that has names in braces, such as {cloud}::{org}::{role}";
    let template = Template::parse(text)
        .filter(|template| template.literals().all(is_scope))
        .ok_or(expected)
        .and_then(Template::without_touching)
        .map_err(|expected| Fault::wrong_form(expected, text))?;
    let names: Vec<&str> = template.names().collect();
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|earlier| earlier == name) {
            let value = ["{", name, "}"].concat();
            return Err(Fault::Repeated { value });
        }
    }
    Ok(template)
}

/// Checks that the template's placeholders are the role and the names in `where`, and no others.
fn check_names(template: &Template, role: &str, fixed: &Fixed) -> Result<(), ConfigError> {
    let stands = |name: &str| {
        let found = template.names().any(|placeholder| placeholder == name);
        let name = name.to_owned();
        found.then_some(()).ok_or(Fault::NoSuchPlaceholder { name })
    };
    if value_of(fixed, role).is_some() {
        let expected = "a placeholder that has no value in \"where\"";
        return Err(Fault::wrong_form(expected, role)).at("role");
    }
    stands(role).at("role")?;
    for (name, _) in fixed {
        stands(name).at(name).at("where")?;
    }
    let mut names = template.names();
    let unset = names.find(|name| *name != role && value_of(fixed, name).is_none());
    unset.map_or(Ok(()), |name| {
        let name = name.to_owned();
        Err(Fault::UnsetPlaceholder { name }).at("where")
    })
}

/// Checks a value in `where`. The value must not contain a separator, because a program that splits
/// the scope would read such a value as several parts.
fn check_value(
    template: &Template,
    separators: &[(String, usize)],
    pair: &(String, String),
) -> Result<(), Fault> {
    if pair.1.is_empty() {
        return Err(Fault::Empty);
    }
    let written = write(template, std::slice::from_ref(pair));
    let mut separators = separators.iter();
    let is_one_part = separators.all(|(literal, count)| occurrences(&written, literal) == *count);
    if is_one_part && is_scope(&pair.1) {
        return Ok(());
    }
    Err(Fault::wrong_form(
        "printable ASCII without spaces, quotes, backslashes or the separators of \"template\"",
        &pair.1,
    ))
}

/// Returns the template with each placeholder replaced by its value, or by [`ANY`] if the value is
/// not known.
fn write(template: &Template, known: &Fixed) -> String {
    let mut written = template.head.clone();
    for (name, literal) in &template.tail {
        written.push_str(value_of(known, name).unwrap_or(ANY));
        written.push_str(literal);
    }
    written
}

fn value_of<'a>(fixed: &'a Fixed, name: &str) -> Option<&'a str> {
    let found = fixed.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str())
}

fn is_scope(text: &str) -> bool {
    text.bytes().all(is_scope_byte)
}

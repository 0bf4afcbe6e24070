//! Scopes with parts, of which one is a role.

use super::text::is_scope_byte;
use crate::{
    config::{ConfigError, Reason, error::At, raw::RawStructuredScopes},
    policy::StructuredScopes,
    template::{Template, occurrences},
};

/// `role` where none is named.
pub(super) const ROLE: &str = "role";

/// Stands for a value that is not known; no scope has it.
const ANY: &str = "\0";

/// `structured_scopes`.
pub(super) fn structured_scopes(
    raw: &RawStructuredScopes,
) -> Result<StructuredScopes, ConfigError> {
    let role = raw.role.as_deref().unwrap_or(ROLE);
    let template = template(&raw.template).at("template")?;
    check_names(raw, &template, role)?;
    let written = write(&template, |_| None);
    let literals = template.literals().filter(|literal| !literal.is_empty());
    let separators: Vec<(String, usize)> = literals
        .map(|literal| (literal.to_owned(), occurrences(&written, literal)))
        .collect();
    let mut fixed = Vec::new();
    for (name, value) in raw.fixed.iter().flatten() {
        check_value(&template, &separators, name, value)
            .at(name)
            .at("where")?;
        fixed.push((name.clone(), value.clone()));
    }
    let of_fixed = |name: &str| raw.fixed.as_ref()?.get(name).map(String::as_str);
    let written = write(&template, of_fixed);
    // The one placeholder that is left is the role's.
    let (before, after) = written.split_once(ANY).unwrap_or_default();
    Ok(StructuredScopes {
        before: before.to_owned(),
        after: after.to_owned(),
        separators,
        role: role.to_owned(),
        fixed,
    })
}

fn template(text: &str) -> Result<Template, Reason> {
    let wrong = |expected| Reason::WrongForm {
        expected,
        found: text.to_owned(),
    };
    let template = Template::parse(text)
        .filter(|template| template.literals().all(is_scope))
        .ok_or_else(|| {
            wrong("a scope with names in braces, such as {cloud}::{org}::{role}, without spaces")
        })?;
    if template.has_touching() {
        return Err(wrong("text between any two placeholders"));
    }
    let names: Vec<&str> = template.names().collect();
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|earlier| earlier == name) {
            let value = format!("{{{name}}}");
            return Err(Reason::Repeated { value });
        }
    }
    Ok(template)
}

/// The placeholders are the role's and those of `where`, each of them.
fn check_names(
    raw: &RawStructuredScopes,
    template: &Template,
    role: &str,
) -> Result<(), ConfigError> {
    let is_fixed = |name: &str| {
        raw.fixed
            .as_ref()
            .is_some_and(|fixed| fixed.contains_key(name))
    };
    let stands = |name: &str| {
        let found = template.names().any(|placeholder| placeholder == name);
        let name = name.to_owned();
        found
            .then_some(())
            .ok_or(Reason::NoSuchPlaceholder { name })
    };
    if is_fixed(role) {
        let expected = "a placeholder that has no value in \"where\"";
        let found = role.to_owned();
        return Err(Reason::WrongForm { expected, found }).at("role");
    }
    stands(role).at("role")?;
    for name in raw.fixed.iter().flat_map(|fixed| fixed.keys()) {
        stands(name).at(name).at("where")?;
    }
    let unset = template
        .names()
        .find(|name| *name != role && !is_fixed(name));
    unset.map_or(Ok(()), |name| {
        let name = name.to_owned();
        Err(Reason::UnsetPlaceholder { name }).at("where")
    })
}

/// A value that holds what separates parts would be several.
fn check_value(
    template: &Template,
    separators: &[(String, usize)],
    name: &str,
    value: &str,
) -> Result<(), Reason> {
    if value.is_empty() {
        return Err(Reason::Empty);
    }
    let written = write(template, |placeholder| {
        (placeholder == name).then_some(value)
    });
    let mut separators = separators.iter();
    let is_one_part = separators.all(|(literal, count)| occurrences(&written, literal) == *count);
    if is_one_part && is_scope(value) {
        return Ok(());
    }
    Err(Reason::WrongForm {
        expected: "printable ASCII without spaces, quotes, backslashes and what separates the parts",
        found: value.to_owned(),
    })
}

/// The template with what is known in place of each name.
fn write<'a>(template: &Template, known: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut written = template.head.clone();
    for (name, literal) in &template.tail {
        written.push_str(known(name).unwrap_or(ANY));
        written.push_str(literal);
    }
    written
}

fn is_scope(text: &str) -> bool {
    text.bytes().all(is_scope_byte)
}

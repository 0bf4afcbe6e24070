//! Parses `identity_header`, the header from which the upstream learns who the caller is.

use super::{headers, structured_scopes::ROLE};
use crate::{
    config::{ConfigError, Fault, Provider, error::At, raw::RawIdentityHeader},
    http::white_space::trimmed,
    jose::ClaimPath,
    policy::{IdentityHeader, IdentityPart, IdentityTemplate, Requirement, StructuredScopes},
    template::Template,
};

/// Parses `identity_header`.
pub(super) fn header(
    raw: &RawIdentityHeader,
    scopes: Option<&StructuredScopes>,
) -> Result<IdentityHeader, ConfigError> {
    Ok(IdentityHeader {
        name: headers::settable(&raw.header_name).at("header_name")?,
        template: template(&raw.template, scopes).at("template")?,
    })
}

/// Rejects a requirement with `extract_only_without_validation` if it reads the tokens of a
/// provider that has an identity header. An identity must come from a verified token.
pub(super) fn check(requirement: &Requirement, providers: &[Provider]) -> Result<(), Fault> {
    if !requirement.extracts() {
        return Ok(());
    }
    let identifies =
        |provider: Option<&Provider>| provider.is_some_and(|it| it.identity_header.is_some());
    let (mut names_any, mut joined) = (false, false);
    requirement.each_provider(&mut |id, _| {
        names_any = true;
        joined |= identifies(providers.get(id.index()));
    });
    // A requirement that names no provider reads the tokens of all providers.
    if joined || !names_any && providers.iter().any(|provider| identifies(Some(provider))) {
        let field = "extract_only_without_validation";
        let other = "identity_header";
        return Err(Fault::Contradiction { field, other });
    }
    Ok(())
}

fn template(text: &str, scopes: Option<&StructuredScopes>) -> Result<IdentityTemplate, Fault> {
    let expected = "one line with names in braces, such as oauth-{role}$@{org}.{cloud}";
    let is_plain = text.bytes().all(|byte| byte >= 0x20 && byte != 0x7f) && trimmed(text) == text;
    let template = Template::parse(text)
        .filter(|template| is_plain && !template.tail.is_empty())
        .ok_or(expected)
        .and_then(Template::without_touching)
        .map_err(|expected| Fault::wrong_form(expected, text))?;
    let role = scopes.map_or(ROLE, |scopes| &scopes.role);
    let fixed = scopes.map_or(&[][..], |scopes| &scopes.fixed);
    let part = |name: &str| {
        let value = fixed.iter().find(|(placeholder, _)| placeholder == name);
        match value {
            Some((_, value)) => IdentityPart::Fixed(value.clone()),
            None if name == role => IdentityPart::Role,
            None => IdentityPart::Claim(ClaimPath::top_level(name)),
        }
    };
    let parts = template.tail.into_iter();
    Ok(IdentityTemplate {
        head: template.head,
        parts: parts
            .map(|(name, literal)| (part(&name), literal))
            .collect(),
    })
}

//! Parses `protected_resources`. The defaults of some fields are derived from the rules.
//!
//! If the published metadata did not agree with the rules, it could send a client to an
//! authorization server whose tokens are refused. It could also make the client request scopes that
//! no rule requires. So the metadata is derived from the rules where possible, and a resource whose
//! metadata would be wrong is rejected.

use super::{
    authorization::check_scope,
    below::{Below, published},
    list::texts,
    text::at_most,
    url::SecureUrl,
};
use crate::{
    config::{
        ConfigError, Fault, Provider,
        error::At,
        raw::{RawMcpClients, RawProtectedResource},
    },
    http::{
        authority::{default_port, is_ambiguous},
        path::{Extent, unreachable},
    },
    policy::{Case, McpLegacy, PathPolicy, ProtectedResource, ResourceMetadata, ResourceUrl, Rule},
};

const MAX_NAME: usize = 256;
const MAX_URL: usize = 2048;

/// Parses `protected_resources`. The result is sorted, with longer paths first.
pub(super) fn resources(
    raw: &[RawProtectedResource],
    rules: &[Rule],
    providers: &[Provider],
    policy: PathPolicy,
) -> Result<Vec<ProtectedResource>, ConfigError> {
    let urls = urls(raw)?;
    if !urls.is_empty() && policy == PathPolicy::Raw {
        let (field, other) = ("protected_resources", "path_policy");
        return Err(Fault::Contradiction { field, other }.into());
    }
    let mut resources = Vec::new();
    for (index, (raw, url)) in raw.iter().zip(&urls).enumerate() {
        let others = urls.iter().filter(|other| !url.is_same(other));
        let others: Vec<&ResourceUrl> = others.collect();
        let below = Below::new(url, rules, providers);
        let resource = resource(raw, url, &others, &below);
        let resource = resource.at_index(index).at("protected_resources")?;
        // Insert the resource so that longer paths come first. Inserting takes less code than
        // sorting.
        let length = resource.url.path_length();
        let is_before = |other: &ProtectedResource| other.url.path_length() >= length;
        resources.insert(resources.partition_point(is_before), resource);
    }
    Ok(resources)
}

fn urls(raw: &[RawProtectedResource]) -> Result<Vec<ResourceUrl>, ConfigError> {
    let mut urls: Vec<ResourceUrl> = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let url = identifier(&raw.resource).and_then(|url| {
            match urls.iter().any(|other| other.is_same(&url)) {
                true => Err(Fault::Repeated {
                    value: raw.resource.clone(),
                }),
                false => Ok(url),
            }
        });
        urls.push(
            url.at("resource")
                .at_index(index)
                .at("protected_resources")?,
        );
    }
    Ok(urls)
}

/// Parses `resource`. It must be possible to send a request to the URL's path, and all servers must
/// interpret the path in the same way.
fn identifier(text: &str) -> Result<ResourceUrl, Fault> {
    let url = SecureUrl::parse(at_most(MAX_URL, text)?);
    let url = url.filter(|url| {
        let cut = url.path.to_ascii_uppercase();
        !url.path.contains(';') && !cut.contains("%3F") && !cut.contains("%23")
    });
    let Some(url) = url else {
        let expected = "an https URL without userinfo, \";\", query or fragment (http only for \
                        loopback hosts)";
        return Err(Fault::wrong_form(expected, text));
    };
    match unreachable(url.path, Extent::Whole) {
        Some(fault) => Err(Fault::UnreachablePath { fault }),
        None => Ok(ResourceUrl::new(url.scheme, url.authority, url.path)),
    }
}

fn resource(
    raw: &RawProtectedResource,
    url: &ResourceUrl,
    others: &[&ResourceUrl],
    below: &Below<'_>,
) -> Result<ProtectedResource, ConfigError> {
    let authorization_servers = match &raw.authorization_servers {
        Some(written) => issuers(written).at("authorization_servers")?,
        None => below.issuers()?,
    };
    below.check()?;
    let scopes_supported = match &raw.scopes_supported {
        Some(written) => scopes(written).at("scopes_supported")?,
        None => below.scopes(),
    };
    let documentation = page(raw.resource_documentation.as_deref());
    let policy_uri = page(raw.resource_policy_uri.as_deref());
    let tos_uri = page(raw.resource_tos_uri.as_deref());
    Ok(ProtectedResource {
        url: url.clone(),
        other_identifiers: others
            .iter()
            .map(|other| other.identifier().to_owned())
            .collect(),
        case: match below.rules.iter().any(|rule| rule.route.ignores_case()) {
            true => Case::Ignored,
            false => Case::Sensitive,
        },
        takes_bare_path: !others
            .iter()
            .any(|other| url.shares_host(other) && other.is_at_bare_path_of(url)),
        owns_host: !others.iter().any(|other| other.shares_host(url)),
        challenge_scope: raw.challenge_scope.unwrap_or(true),
        allowed_origins: match &raw.allowed_origins {
            Some(written) => Some(origins(written).at("allowed_origins")?),
            None => None,
        },
        mcp_legacy: mcp_legacy(raw.mcp.as_ref(), below).at("mcp")?,
        metadata: ResourceMetadata {
            authorization_servers,
            scopes_supported,
            bearer_methods: below.bearer_methods(),
            requires_certificate: below.requires_certificate(),
            name: name(raw.resource_name.as_deref()).at("resource_name")?,
            documentation: documentation.at("resource_documentation")?,
            policy_uri: policy_uri.at("resource_policy_uri")?,
            tos_uri: tos_uri.at("resource_tos_uri")?,
        },
    })
}

/// Parses `mcp`. If `legacy` is `union`, a call of an older MCP revision must satisfy all rules for
/// MCP calls, and the call has only one token. So all of these rules that have a requirement must
/// have the same requirement.
fn mcp_legacy(raw: Option<&RawMcpClients>, below: &Below<'_>) -> Result<McpLegacy, Fault> {
    match raw.and_then(|own| own.legacy) {
        None | Some(McpLegacy::Deny) => return Ok(McpLegacy::Deny),
        Some(McpLegacy::Union) => {}
    }
    let calls = below.rules.iter().filter(|rule| rule.route.mcp.is_some());
    let mut requirements = calls.filter_map(|rule| rule.requirement());
    let first = requirements.next();
    match requirements.all(|other| Some(other) == first) {
        true => Ok(McpLegacy::Union),
        false => Err(Fault::MixedRequirements),
    }
}

fn issuers(written: &[String]) -> Result<Vec<String>, ConfigError> {
    let issuers = texts(written)?;
    for (index, issuer) in issuers.iter().enumerate() {
        if SecureUrl::parse(issuer).is_none() {
            let expected =
                "an https URL without a query or fragment (http only for loopback hosts)";
            return Err(Fault::wrong_form(expected, issuer)).at_index(index);
        }
    }
    Ok(issuers)
}

fn scopes(written: &[String]) -> Result<Vec<String>, ConfigError> {
    for (index, scope) in written.iter().enumerate() {
        check_scope(scope).at_index(index)?;
    }
    Ok(published(written.iter()))
}

/// Parses `allowed_origins`. Removes default ports, because browsers do not send them.
fn origins(written: &[String]) -> Result<Vec<String>, ConfigError> {
    let mut origins = Vec::new();
    for (index, origin) in written.iter().enumerate() {
        let origin = origin_of(origin).ok_or_else(|| {
            let expected = "an origin such as https://app.example.com";
            Fault::wrong_form(expected, origin)
        });
        origins.push(origin.at_index(index)?);
    }
    Ok(origins)
}

fn origin_of(text: &str) -> Option<String> {
    let (scheme, authority) = text.split_once("://")?;
    let is_scheme_octet = |octet: u8| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet);
    let is_valid = !scheme.is_empty()
        && scheme.bytes().all(is_scheme_octet)
        && !authority.is_empty()
        && !is_ambiguous(authority.as_bytes());
    let default = default_port(scheme).unwrap_or(":");
    let authority = authority.strip_suffix(default).unwrap_or(authority);
    is_valid.then(|| format!("{scheme}://{authority}"))
}

fn name(written: Option<&str>) -> Result<Option<String>, Fault> {
    match written {
        Some("") => Err(Fault::Empty),
        Some(text) => at_most(MAX_NAME, text).map(|text| Some(text.to_owned())),
        None => Ok(None),
    }
}

fn page(written: Option<&str>) -> Result<Option<String>, Fault> {
    written
        .map(|url| super::status::page_url(MAX_URL, url))
        .transpose()
}

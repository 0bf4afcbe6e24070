//! Parses a rule's condition on MCP calls.

use super::list::texts;
use crate::{
    config::{ConfigError, Fault, error::At, raw::RawMcpMatch},
    http::HeaderName,
    policy::mcp::{CALLS_TOOL, McpMatch, McpParam, NAMED_METHODS, PARAM_PREFIX},
};

/// Parses `mcp`.
pub(super) fn mcp(raw: &RawMcpMatch) -> Result<McpMatch, ConfigError> {
    let written = McpMatch {
        methods: optional(raw.methods.as_deref(), methods).at("methods")?,
        names: optional(raw.names.as_deref(), texts).at("names")?,
        params: params(raw).at("params")?,
    };
    let fields = [
        ("methods", !written.methods.is_empty()),
        ("names", !written.names.is_empty()),
        ("params", !written.params.is_empty()),
    ];
    let first = fields.into_iter().find(|(_, is_set)| *is_set);
    match (raw.any.unwrap_or(false), first) {
        (true, Some((field, _))) => {
            let other = "any";
            return Err(Fault::Contradiction { field, other }.into());
        }
        // An empty object is rejected because it could mean "any" or "none".
        (false, None) => return Err(Fault::Empty.into()),
        _ => {}
    }
    only_for(
        &written.methods,
        !written.names.is_empty(),
        &NAMED_METHODS,
        "names",
    )?;
    only_for(
        &written.methods,
        !written.params.is_empty(),
        &[CALLS_TOOL],
        "params",
    )?;
    Ok(written)
}

/// Checks that calls of each listed method can match. A rule with `names` never matches a call
/// without a name. A rule with `params` never matches a call without arguments.
fn only_for(
    methods: &[String],
    is_set: bool,
    having: &'static [&'static str],
    field: &'static str,
) -> Result<(), ConfigError> {
    let lacks = |method: &String| !having.contains(&method.as_str());
    match methods.iter().position(lacks) {
        Some(index) if is_set => {
            let expected = match field {
                "names" => {
                    "a method whose calls have a name: prompts/get, resources/read or tools/call"
                }
                _ => "tools/call, the only method whose calls have arguments",
            };
            let found = methods.get(index).map_or("", String::as_str);
            Err(Fault::wrong_form(expected, found))
                .at_index(index)
                .at("methods")
        }
        _ => Ok(()),
    }
}

fn optional<R: ?Sized, T: Default>(
    raw: Option<&R>,
    parse: impl FnOnce(&R) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    raw.map_or_else(|| Ok(T::default()), parse)
}

/// Parses the JSON-RPC methods. Clients send the method unencoded in the header `Mcp-Method`, so
/// only characters that need no encoding are allowed.
fn methods(raw: &[String]) -> Result<Vec<String>, ConfigError> {
    let methods = texts(raw)?;
    for (index, method) in methods.iter().enumerate() {
        let is_clear = |octet: u8| octet.is_ascii_graphic() && octet != b',';
        if !method.bytes().all(is_clear) {
            let expected = "a JSON-RPC method, such as tools/call";
            return Err(Fault::wrong_form(expected, method)).at_index(index);
        }
    }
    Ok(methods)
}

fn params(raw: &RawMcpMatch) -> Result<Vec<McpParam>, ConfigError> {
    let Some(raw) = &raw.params else {
        return Ok(Vec::new());
    };
    if raw.0.is_empty() {
        return Err(Fault::Empty.into());
    }
    let mut params: Vec<McpParam> = Vec::new();
    for (name, values) in &raw.0 {
        let parsed = HeaderName::parse(name)
            .map_err(Fault::HeaderName)
            .at(name)?;
        let header = format!("{PARAM_PREFIX}{parsed}");
        // The argument's name becomes part of a header name. Header names are case-insensitive, so
        // `Region` and `region` are the same argument.
        if params.iter().any(|own| own.header == header) {
            let value = name.clone();
            return Err(Fault::Repeated { value }).at(name);
        }
        let values = texts(values).at(name)?;
        params.push(McpParam { header, values });
    }
    Ok(params)
}

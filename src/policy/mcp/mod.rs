//! Calls of the Model Context Protocol (MCP), and the rules that match them.
//!
//! Since revision 2026-07-28, a client repeats the JSON-RPC method of a POST request, the name of
//! the tool and chosen arguments in headers, so that a proxy need not read the body ("Streamable
//! HTTP", section "Request Metadata"). A rule with an [`McpMatch`] matches these headers.
//!
//! The server executes the body. The headers say the same only because servers must refuse a
//! request whose headers and body differ. Older revisions have no such rule, so an [`McpCall`] can
//! only be made of a request that names a revision which has it.
//!
//! A header that two servers could read differently is a fault, and not a call that fits no rule:
//! a later, wider rule could match the call, while the server reads the name that an earlier rule
//! protects.

mod call;
mod methods;
mod value;
mod version;

pub use self::{
    call::{McpCall, McpFault},
    methods::{CALLS_TOOL, NAMED_METHODS},
};

/// What a rule requires of an MCP call. Every part that is not empty must match; a match without
/// parts matches every call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct McpMatch {
    /// Accepted JSON-RPC methods, such as `tools/call`.
    pub methods: Vec<String>,
    /// Accepted names of tools and prompts, and URIs of resources.
    pub names: Vec<String>,
    /// Accepted values of tool arguments.
    pub params: Vec<McpParam>,
}

/// Accepted values of a tool argument that clients repeat in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpParam {
    /// The header's name in lower case, such as `mcp-param-region`.
    pub header: String,
    /// The accepted values.
    pub values: Vec<String>,
}

/// The start of the names of headers that repeat arguments, in lower case.
pub const PARAM_PREFIX: &str = "mcp-param-";

impl McpMatch {
    /// Returns true if the call matches every part.
    ///
    /// Servers compare `Mcp-Name` and `Mcp-Param-*` with the body only for methods that have a name
    /// or arguments. For another method these headers are the client's invention, so `names` and
    /// `params` do not match it.
    #[must_use]
    pub fn matches(&self, call: &McpCall<'_>) -> bool {
        let lists = |list: &[String], text: &str| list.iter().any(|own| own == text);
        (self.methods.is_empty() || lists(&self.methods, call.method()))
            && (self.names.is_empty() || call.name().is_some_and(|name| lists(&self.names, name)))
            && self.params.iter().all(|param| {
                let value = call.param(&param.header);
                value.is_some_and(|value| lists(&param.values, value))
            })
    }
}

#[cfg(test)]
mod tests;

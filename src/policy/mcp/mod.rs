//! Calls of the Model Context Protocol (MCP), and the rules that match them.
//!
//! Since revision 2026-07-28 of MCP, clients repeat parts of a POST request in headers: the
//! JSON-RPC method, the name of the tool, and chosen arguments. So a proxy need not read the body
//! ("Streamable HTTP", section "Request Metadata"). A rule with an [`McpMatch`] matches these
//! headers.
//!
//! The server executes what the body says. The headers can be trusted only because servers must
//! refuse a request whose headers and body differ. Older revisions do not require this. So an
//! [`McpCall`] is only made for a request that names revision 2026-07-28 or a later one.
//!
//! If two servers could read a header differently, the request is refused at once. It is not
//! treated as a call that matches no rule: a later, wider rule could match the call, while the
//! server reads the name that an earlier rule protects.

mod call;
mod methods;
mod value;
mod version;

pub use self::{
    call::{McpCall, McpFault},
    methods::{CALLS_TOOL, NAMED_METHODS},
};

/// The condition of a rule on an MCP call. Every list that is not empty must match. If all lists
/// are empty, every call matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct McpMatch {
    /// Accepted JSON-RPC methods, such as `tools/call`.
    pub methods: Vec<String>,
    /// Accepted names of tools and prompts, and URIs of resources.
    pub names: Vec<String>,
    /// Accepted values of tool arguments.
    pub params: Vec<McpParam>,
}

/// The accepted values of one tool argument, which clients repeat in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpParam {
    /// The header's name in lower case, such as `mcp-param-region`.
    pub header: String,
    /// The accepted values.
    pub values: Vec<String>,
}

/// The prefix of the headers that repeat arguments, in lower case.
pub const PARAM_PREFIX: &str = "mcp-param-";

impl McpMatch {
    /// Returns true if the call matches every list that is not empty.
    ///
    /// Servers compare `Mcp-Name` and `Mcp-Param-*` with the body only for methods that have a name
    /// or arguments. For other methods, a client can write anything into these headers, so `names`
    /// and `params` never match.
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

//! Calls of the Model Context Protocol (MCP), and the conditions that rules can have on these
//! calls.
//!
//! Since revision 2026-07-28 of MCP, clients repeat parts of a POST request in headers: the
//! JSON-RPC method, the name of the tool, and chosen arguments. So a proxy need not read the body
//! (see the specification, "Streamable HTTP", section "Request Metadata"). A rule with an
//! [`McpMatch`] is compared with these headers.
//!
//! The server executes the call in the body. The headers can be trusted only because servers must
//! reject a request whose headers and body differ. Older revisions do not require this. So an
//! [`McpCall`] is only made for a request that names revision 2026-07-28 or a later revision.
//!
//! If two servers could read a header differently, the request is refused at once. Trying the next
//! rule instead would be unsafe: a later, broader rule could let the call pass, although the server
//! may read the header as the name of a tool that an earlier rule protects.

mod call;
mod methods;
mod value;
mod version;

pub use self::{
    call::{McpCall, McpFault, PARAM_PREFIX, is_mcp_header},
    methods::{CALLS_TOOL, NAMED_METHODS},
};

/// A rule's condition on an MCP call. A call must match every list that is not empty. If all lists
/// are empty, every call matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct McpMatch {
    /// Accepted JSON-RPC methods, such as `tools/call`.
    pub methods: Vec<String>,
    /// Accepted names of tools and prompts, and accepted URIs of resources.
    pub names: Vec<String>,
    /// Accepted values of tool arguments.
    pub params: Vec<McpParam>,
}

/// The accepted values of one tool argument. Clients repeat this argument in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpParam {
    /// The header's name in lower case, such as `mcp-param-region`.
    pub header: String,
    /// The accepted values.
    pub values: Vec<String>,
}

impl McpMatch {
    /// Returns true if the call matches every list that is not empty.
    ///
    /// Servers compare `Mcp-Name` and `Mcp-Param-*` with the body only for methods that have a name
    /// or arguments. For other methods, a client can write anything into these headers. So a
    /// condition on `names` or `params` never matches a call of such a method.
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

//! Reads an MCP call from a request's headers.

use std::borrow::Cow;

use super::{
    methods::{CALLS_TOOL, NAMED_METHODS},
    value::{decoded, literal},
    version,
};
use crate::http::{Request, is_twin};

/// An MCP call, as the request's headers describe it. Servers that know the request's revision of
/// MCP refuse it if the body differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpCall<'a> {
    method: &'a str,
    name: Option<Cow<'a, str>>,
    params: Vec<(&'a str, Cow<'a, str>)>,
}

/// Why a request is not an MCP call that a rule could match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpFault {
    /// An MCP header is missing, repeated or malformed, or another header could be taken for it.
    Header,
    /// The request names no revision of MCP, or one whose servers need not compare headers with the
    /// body.
    Version,
}

impl<'a> McpCall<'a> {
    /// Reads the call, with the arguments in the headers `params`.
    ///
    /// # Errors
    /// If servers could read the headers differently, or need not compare them with the body. A
    /// fault of a header comes first, since it makes the request suspicious in every revision.
    pub fn read(request: &Request<'a>, params: &[&'a str]) -> Result<Self, McpFault> {
        let version = only(request, "mcp-protocol-version", literal)?;
        let method = only(request, "mcp-method", literal)?;
        let name = only(request, "mcp-name", decoded)?;
        let mut read = Vec::new();
        for header in params {
            if let Some(value) = only(request, header, decoded)? {
                read.push((*header, value));
            }
        }
        let version = version.ok_or(McpFault::Version)?;
        if !version::is_well_formed(version) {
            return Err(McpFault::Header);
        }
        if !version::compares_headers(version) {
            return Err(McpFault::Version);
        }
        let method = method.ok_or(McpFault::Header)?;
        let takes_name = NAMED_METHODS.contains(&method);
        if takes_name && name.is_none() {
            return Err(McpFault::Header);
        }
        Ok(Self {
            method,
            name: name.filter(|_| takes_name),
            params: if method == CALLS_TOOL {
                read
            } else {
                Vec::new()
            },
        })
    }

    /// The JSON-RPC method.
    #[must_use]
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// The name of the tool or prompt, or the URI of the resource; `None` for other methods.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The argument in `header`, if the call has it.
    #[must_use]
    pub fn param(&self, header: &str) -> Option<&str> {
        let found = self.params.iter().find(|(own, _)| *own == header);
        found.map(|(_, value)| value.as_ref())
    }
}

/// The value of a header that may occur once. A second line is a fault, because servers use the
/// first, the last, or all of them joined. So is a header such as `mcp_name`, which some servers
/// take for `mcp-name`.
fn only<'a, T>(
    request: &Request<'a>,
    own: &str,
    read: impl Fn(&'a [u8]) -> Option<T>,
) -> Result<Option<T>, McpFault> {
    let mut found = None;
    for (name, line) in request.headers() {
        let is_own = *name == own.as_bytes();
        if is_twin(own, name) || (is_own && found.is_some()) {
            return Err(McpFault::Header);
        }
        if is_own {
            found = Some(read(line).ok_or(McpFault::Header)?);
        }
    }
    Ok(found)
}

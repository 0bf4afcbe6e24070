//! Reads an MCP call from a request's headers.

use std::borrow::Cow;

use super::{
    methods::{CALLS_TOOL, NAMED_METHODS},
    value::{decoded, literal},
    version,
};
use crate::http::{Request, are_confusable, is_token, is_twin};

/// The headers that describe every call.
const HEADERS: [&str; 3] = [VERSION, METHOD, NAME];
const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// The lower-case prefix that marks a header as the copy of a tool's argument.
pub const PARAM_PREFIX: &str = "mcp-param-";

/// An MCP call, as described by a request's headers. The request always names a revision of MCP
/// that requires servers to compare the headers with the body, and to reject the request if they
/// differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpCall<'a> {
    method: &'a str,
    name: Option<Cow<'a, str>>,
    params: Vec<(&'a str, Cow<'a, str>)>,
}

/// Why the MCP call of a request cannot be compared with the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpFault {
    /// An MCP header is missing, repeated or malformed, or a server could mistake another header
    /// for an MCP header.
    Header,
    /// The request names no revision of MCP, or a revision that does not require servers to compare
    /// headers with the body.
    Version,
}

impl<'a> McpCall<'a> {
    /// Reads the call from the headers. `params` lists the names of the headers from which
    /// arguments are read.
    ///
    /// # Errors
    /// If servers could read the headers in different ways, or are not required to compare the
    /// headers with the body. If both apply, the error is [`McpFault::Header`], because an
    /// ambiguous header is suspicious in every revision of MCP.
    pub fn read(request: &Request<'a>, params: &[&'a str]) -> Result<Self, McpFault> {
        if is_nominated(request) {
            return Err(McpFault::Header);
        }
        let version = only(request, VERSION, literal)?;
        let method = only(request, METHOD, literal)?;
        let name = only(request, NAME, decoded)?;
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

    /// The name of the tool or prompt, or the URI of the resource. `None` if requests with this
    /// method have no name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The argument in `header`, if the call has this argument.
    #[must_use]
    pub fn param(&self, header: &str) -> Option<&str> {
        let found = self.params.iter().find(|(own, _)| *own == header);
        found.map(|(_, value)| value.as_ref())
    }
}

/// Returns true if servers could read this header as part of an MCP call.
#[must_use]
pub fn is_mcp_header(name: &[u8]) -> bool {
    let param = name.get(..PARAM_PREFIX.len());
    HEADERS
        .iter()
        .any(|own| are_confusable(own.as_bytes(), name))
        || param.is_some_and(|start| are_confusable(PARAM_PREFIX.as_bytes(), start))
}

/// Returns true if the header `Connection` names an MCP header. A proxy behind Envoy would then
/// drop the MCP header (RFC 9110 section 7.6.1), and the server could not compare this header with
/// the body. A malformed option (`mcp-name;`, `"mcp-name"`) counts too, because a lenient proxy
/// might read it as a name.
fn is_nominated(request: &Request<'_>) -> bool {
    let mut options = request.connection_options();
    options.any(|option| is_mcp_header(option) || !(option.is_empty() || is_token(option)))
}

/// Reads a header that may occur at most once. A second header with the same name is a fault: some
/// servers use the first header, some use the last, and some join the values. A header such as
/// `mcp_name` is a fault too, because some servers mistake it for `mcp-name`.
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

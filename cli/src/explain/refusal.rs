//! Explains refusals that do not depend on a rule, such as an overlong path.

use portcullis::{config::Limits, decision::Reason};

/// Describes what is wrong with the request itself, and how to fix it. Returns an empty string if
/// the request is refused for another reason.
pub(super) fn of_request(reason: Reason, path: &str, limits: &Limits) -> String {
    let detail = match reason {
        Reason::PathTooLong => {
            // As in the module, the limit applies to the path without the query. If this path is
            // within the limit, another limit applies to the path together with the query.
            let length = path.split('?').next().unwrap_or_default().len();
            let limit = limits.path_bytes;
            if length <= limit {
                let length = path.len();
                return format!(
                    "the path with its query has {length} bytes, which is too long to compare: a \
                     rule has a condition on a query parameter or a regular expression for :path, \
                     or servers could read the path in several ways; limits.path_bytes is {limit}"
                );
            }
            return format!("the path has {length} bytes; limits.path_bytes is {limit}");
        }
        Reason::AmbiguousPath => {
            "the path, or a query parameter that a rule looks at, can be read in two ways; send \
             the path and the parameter in their normal spelling and the parameter only once, or \
             set path_policy: raw"
        }
        Reason::AmbiguousHeader => {
            "some servers mistake one of the headers for another header that a rule looks at \
             (x_user for x-user), or a header is repeated or has white space around its value, and \
             servers disagree on how to read it; send the header once, with the name that the rule \
             uses, and without white space around the value"
        }
        Reason::HeaderTooLong => {
            let limit = limits.path_bytes;
            return format!(
                "a header that a rule looks at is too long to compare: the rule has a regular \
                 expression, or servers could read the path in several ways; send a shorter value \
                 (limits.path_bytes is {limit})"
            );
        }
        Reason::AmbiguousMethod => {
            "standard methods are written in capitals, and other methods as in the rules; send the \
             method in this spelling"
        }
        Reason::AmbiguousAuthority => {
            "servers read this authority in different ways, or its port or final dot decides which \
             rule applies; send one host without a final dot, and name the port in the rules or \
             let Envoy remove the port"
        }
        Reason::McpHeader => {
            "a call needs MCP-Protocol-Version, Mcp-Method and, for a tool, prompt or resource, \
             Mcp-Name; send each of these headers once, in printable ASCII without commas or as \
             =?base64?…?=, and name none of them in Connection"
        }
        Reason::McpVersion => {
            "servers compare the headers with the body only since MCP-Protocol-Version 2026-07-28; \
             update the client, or set mcp.legacy: union for the protected resource"
        }
        _ => "",
    };
    detail.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explains_each_refusal_ahead_of_the_rules() {
        let limits = Limits::default();
        let long = format!("/{}?x", "a".repeat(9_000));
        for (reason, expected) in [
            (
                Reason::PathTooLong,
                "the path has 9001 bytes; limits.path_bytes is 8192",
            ),
            (Reason::AmbiguousPath, "the path, or a query parameter"),
            (
                Reason::AmbiguousHeader,
                "some servers mistake one of the headers",
            ),
            (
                Reason::HeaderTooLong,
                "a header that a rule looks at is too long to compare",
            ),
            (
                Reason::AmbiguousMethod,
                "standard methods are written in capitals",
            ),
            (
                Reason::AmbiguousAuthority,
                "servers read this authority in different ways",
            ),
            (Reason::McpHeader, "a call needs MCP-Protocol-Version"),
            (
                Reason::McpVersion,
                "servers compare the headers with the body",
            ),
        ] {
            let detail = of_request(reason, &long, &limits);
            assert!(detail.starts_with(expected), "{detail}");
        }
        assert_eq!(of_request(Reason::Expired, "/", &limits), "");
    }
}

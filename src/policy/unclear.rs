//! The error for a rule that matches a request in one reading but not in another.

/// Why it is unclear whether a rule matches a request. Servers read a part of the request
/// differently, and the rule matches in only one reading. If Portcullis chose one reading, a server
/// behind the proxy could use the other, and the request would evade the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The authority as sent and its normal form give different results.
    Authority,
    /// Some servers confuse the name of a header with the name of another header, on which the rule
    /// has a condition.
    Header,
    /// The method does not match the rule, but it would match if its letters were in another case.
    Method,
    /// A query parameter is repeated and only some of its values satisfy the condition. Or servers
    /// read its name, or a separator, differently.
    Parameter,
}

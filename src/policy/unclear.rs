//! The error if it is unclear whether a rule matches a request.

/// Why it is unclear whether a rule matches a request.
///
/// In most cases, servers read a part of the request in two ways, and the rule matches in only one
/// of these readings. If Portcullis chose one reading and the upstream used the other, the request
/// would evade the rule. In the other cases, finding out would take too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The rule matches the authority as sent but not its normal form, or the other way round.
    Authority,
    /// The rule has a condition on a header. The request has another header whose name some servers
    /// confuse with the name in the condition, or only some of the header's lines satisfy the
    /// condition.
    Header,
    /// The rule has a regular expression for a header, and the header's value is too long for it.
    LongHeader,
    /// The rule has a regular expression for `:path` or for a query parameter, and the text is too
    /// long for it.
    LongTarget,
    /// The method does not match the rule, but it would match if its letters were in another case.
    Method,
    /// A query parameter is repeated, and only some of its values satisfy the condition. Or servers
    /// disagree on the name of a parameter, or on the characters that separate parameters.
    Parameter,
}

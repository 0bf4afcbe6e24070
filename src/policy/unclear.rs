//! The error for a rule that matches a request in one reading but not in another.

/// Why it is unclear whether a rule matches a request. There are two ways in which servers read a
/// part of the request, and the rule matches in only one of these readings. If Portcullis chose one
/// reading and the upstream used the other, the request would evade the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The rule matches the authority as sent but not its normal form, or the other way round.
    Authority,
    /// The rule has a condition on a header, and the request has another header whose name some
    /// servers confuse with the name in the condition.
    Header,
    /// The method does not match the rule, but it would match if its letters were in another case.
    Method,
    /// A query parameter is repeated, and only some of its values satisfy the condition. Or servers
    /// disagree on the name of a parameter, or on the characters that separate parameters.
    Parameter,
}

//! Rules that a request meets in one reading and not in another.

/// Why it is unclear whether a rule applies to a request: servers read a part of the request
/// differently, and the rule matches in one reading only. If one reading were chosen, some server
/// behind the proxy would see a request that the operator has another rule for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The authority as sent and its normal form give different results.
    Authority,
    /// A header has a name that some servers take for one that the rule has a condition on.
    Header,
    /// The method is the rule's in another case.
    Method,
    /// A query parameter is repeated with different outcomes, or has a name or separator that only
    /// some servers understand.
    Parameter,
}

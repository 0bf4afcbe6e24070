//! Rules that match a request in one reading but not in another.

/// Why it is unclear whether a rule matches a request. Servers read a part of the request
/// differently, and the rule only matches in one reading. If Portcullis chose a reading, a server
/// behind the proxy could use the other one and evade the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The authority as sent and its normal form give different results.
    Authority,
    /// Some servers would read a header as another one, on which the rule has a condition.
    Header,
    /// The method would match the rule only in another case.
    Method,
    /// A query parameter is repeated with different outcomes, or has a name or separator that
    /// servers read differently.
    Parameter,
}

//! Rules that a request meets in one reading and not in another.

/// Why it is unclear whether a rule is for a request: servers read a part of it differently, and the
/// rule holds in one reading only. Whichever of them were chosen, some server behind would see a
/// request that the operator has another rule for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The authority as it was sent, and in its normal form.
    Authority,
    /// A header whose name some servers take for one that the rule has a condition on.
    Header,
    /// The method, which the rule names in other case.
    Method,
    /// A query parameter: it is there twice with different outcomes, or under a name or behind a
    /// separator that only some servers understand.
    Parameter,
}

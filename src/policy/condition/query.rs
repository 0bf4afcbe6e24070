//! A condition on a query parameter.

use std::borrow::Cow;

use crate::{
    http::{Query, decoded_again, is_parameter, is_utf8},
    policy::{Comparison, StringMatch, Unclear},
};

/// A condition on a query parameter.
#[derive(Clone, Debug)]
pub struct QueryMatch {
    /// The parameter's name, which is compared case-sensitively.
    pub name: String,
    /// The condition.
    pub condition: QueryCondition,
}

/// What a condition requires of a query parameter.
#[derive(Clone, Debug)]
pub enum QueryCondition {
    /// The parameter is absent.
    Absent,
    /// The parameter is present.
    Present,
    /// The value matches the pattern.
    Text(StringMatch),
}

impl QueryMatch {
    /// Returns true if the condition holds. As in Envoy, only the first parameter with this name
    /// counts.
    ///
    /// # Errors
    /// If the condition is a regular expression, and the values are too long for it.
    ///
    /// If `path_policy` is `reject`, and servers could read the parameter or the query in different
    /// ways ([`Query::other_readings`], [`Query::has_utf8_names`]).
    pub(in crate::policy) fn matches(
        &self,
        query: &Query,
        comparison: Comparison,
    ) -> Result<bool, Unclear> {
        let holds = self.holds_in(query.parameters(), comparison)?;
        if !comparison.rejects() {
            return Ok(holds);
        }
        for other in query.other_readings() {
            if self.holds_in(other, comparison)? != holds {
                return Err(Unclear::Parameter);
            }
        }
        if !query.has_utf8_names() {
            return Err(Unclear::Parameter);
        }
        Ok(holds)
    }

    /// Returns true if the condition holds for these parameters. If `path_policy` is `reject`, two
    /// cases are errors. First, the parameter is repeated, and the condition holds for one
    /// occurrence but not for another: some servers use the first occurrence, others the last.
    /// Second, some servers read another parameter as the one in the condition, or another value:
    /// for example, `mode[]` as `mode`, or `%2561` as `a`. Octets that are not UTF-8 count as such a
    /// difference, because some servers read an overlong encoding such as `%C1%A1` as `a`.
    fn holds_in(
        &self,
        query: &[(String, String)],
        comparison: Comparison,
    ) -> Result<bool, Unclear> {
        let mut found = None;
        let mut left = comparison.regex_bytes;
        for (name, value) in query {
            let is_clear = if *name == self.name {
                // With `raw`, only the first value counts, so no other value is compared.
                if found.is_some() && !comparison.rejects() {
                    break;
                }
                let decoded_again = match comparison.rejects() {
                    true => decoded_again(value),
                    false => Cow::Borrowed(&**value),
                };
                if self.condition.is_regex() {
                    let length = match &decoded_again {
                        Cow::Owned(decoded) => value.len().saturating_add(decoded.len()),
                        Cow::Borrowed(_) => value.len(),
                    };
                    left = left.checked_sub(length).ok_or(Unclear::LongTarget)?;
                }
                let holds = self.condition.holds_for(value);
                let is_same_decoded_again = match &decoded_again {
                    Cow::Owned(decoded) => self.condition.holds_for(decoded) == holds,
                    Cow::Borrowed(_) => true,
                };
                *found.get_or_insert(holds) == holds
                    && is_same_decoded_again
                    && is_utf8(&decoded_again)
            } else {
                !is_parameter(&self.name, name)
            };
            if !is_clear && comparison.rejects() {
                return Err(Unclear::Parameter);
            }
        }
        Ok(found.unwrap_or(matches!(self.condition, QueryCondition::Absent)))
    }
}

impl QueryCondition {
    fn is_regex(&self) -> bool {
        matches!(self, Self::Text(own) if own.is_regex())
    }

    /// Returns true if the condition holds for a parameter that is present.
    fn holds_for(&self, value: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::Present => true,
            Self::Text(pattern) => pattern.matches(value),
        }
    }
}

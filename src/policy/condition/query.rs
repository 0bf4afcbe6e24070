//! A condition on a query parameter.

use crate::{
    http::{Parameter, Query, is_read_as, is_utf8},
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
    /// If the query is too long for a condition, or has too many parameters.
    ///
    /// If the condition is a regular expression, and the values are too long for it, or the values
    /// for all regular expressions of the request are too long in total.
    ///
    /// If `path_policy` is `reject`, and servers could read the parameter or the query in different
    /// ways ([`Query::readings`], [`Query::readings_with_plus`], [`Query::has_utf8_names`]).
    pub(in crate::policy) fn matches(
        &self,
        query: &Query,
        comparison: &Comparison,
    ) -> Result<bool, Unclear> {
        let rejects = comparison.rejects();
        let keeps_plus = rejects && self.may_need_plus() && query.has_plus();
        let cost = match (rejects, keeps_plus) {
            (true, true) => query.cost_with_plus(),
            (true, false) => query.cost(),
            (false, _) => query.sent_cost(),
        };
        if cost > comparison.total_bytes() {
            return Err(Unclear::LongTarget);
        }
        let mut found = None;
        if rejects {
            for reading in query.readings() {
                let holds = self.holds_in(reading, comparison)?;
                if *found.get_or_insert(holds) != holds {
                    return Err(Unclear::Parameter);
                }
            }
            if keeps_plus {
                self.refuse_plus(query, found, comparison)?;
            }
            if !query.has_utf8_names() {
                return Err(Unclear::Parameter);
            }
        } else if let Some(value) = query.first(&self.name) {
            let mut left = comparison.regex_bytes;
            found = Some(self.holds_for(value, &mut left, comparison)?);
        }
        Ok(found.unwrap_or_else(|| self.holds_without()))
    }

    /// Returns true if the condition holds in this reading of the query. Two cases are errors.
    /// First, the parameter is repeated, and the condition holds for one occurrence but not for
    /// another: some servers use the first occurrence, others the last. Second, some servers read
    /// another parameter as the one in the condition, or read another value: for example, `mode[]`
    /// as `mode`, or `%2561` as `a`. Octets that are not UTF-8 count as such a difference, because
    /// some servers read an overlong encoding such as `%C1%A1` as `a`.
    fn holds_in(&self, reading: &[Parameter], comparison: &Comparison) -> Result<bool, Unclear> {
        let mut found = None;
        let mut left = comparison.regex_bytes;
        for parameter in reading {
            let is_clear = if parameter.name == self.name {
                let (value, again) = (&*parameter.value, parameter.value_decoded_again());
                let holds = self.holds_for(value, &mut left, comparison)?;
                *found.get_or_insert(holds) == holds
                    && (again == value || self.holds_for(again, &mut left, comparison)? == holds)
                    && is_utf8(again)
            } else {
                !is_read_as(&self.name, parameter.name_decoded_again())
            };
            if !is_clear {
                return Err(Unclear::Parameter);
            }
        }
        Ok(found.unwrap_or_else(|| self.holds_without()))
    }

    /// Returns true if the condition holds for a parameter with this value. `left` is the number of
    /// bytes that this condition may still compare with a regular expression. For all conditions
    /// together, the limit is [`Comparison::total_bytes`].
    fn holds_for(
        &self,
        value: &str,
        left: &mut usize,
        comparison: &Comparison,
    ) -> Result<bool, Unclear> {
        if self.condition.is_regex() {
            let rest = left.checked_sub(value.len());
            *left = rest.ok_or(Unclear::LongTarget)?;
            comparison.count(value.len())?;
        }
        Ok(self.condition.holds_for(value))
    }

    /// Refuses a query if the parameter is present, or its value matches, only for servers that do
    /// not read `+` as a space. If it is the other way round, the query is not refused, because
    /// browsers write each space of a form as `+`. `usual` is the outcome of the condition in the
    /// usual readings.
    fn refuse_plus(
        &self,
        query: &Query,
        usual: Option<bool>,
        comparison: &Comparison,
    ) -> Result<(), Unclear> {
        let without = self.holds_without();
        if usual != Some(without) {
            return Ok(());
        }
        for reading in query.readings_with_plus() {
            let mut left = comparison.regex_bytes;
            for own in reading.iter().filter(|own| own.name == self.name) {
                for value in [&*own.value, own.value_decoded_again()] {
                    if self.holds_for(value, &mut left, comparison)? != without {
                        return Err(Unclear::Parameter);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns true if the parameter may be present, or its value may match, only because a server
    /// keeps a `+`.
    fn may_need_plus(&self) -> bool {
        let pattern = match &self.condition {
            QueryCondition::Text(pattern) => pattern.may_need_plus(),
            QueryCondition::Absent | QueryCondition::Present => false,
        };
        pattern || self.name.contains('+')
    }

    /// Returns true if the condition holds without the parameter.
    const fn holds_without(&self) -> bool {
        matches!(self.condition, QueryCondition::Absent)
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

//! Conditions of a rule on headers and query parameters.

use core::iter;

use crate::{
    http::{Request, method::has_lower_case, path::Target},
    policy::{PathPolicy, StringMatch, Unclear, authority::AuthorityMatch},
};

/// A condition on one header.
#[derive(Clone, Debug)]
pub struct HeaderMatch {
    /// The header in lower case, or a pseudo-header such as `:method`.
    pub name: String,
    /// The condition.
    pub condition: HeaderCondition,
    /// The condition must not hold (`invert_match`).
    pub inverted: bool,
    /// A missing header counts as an empty one (`treat_missing_header_as_empty`).
    pub missing_is_empty: bool,
}

/// What a header must look like. Of several lines one is enough.
#[derive(Clone, Debug)]
pub enum HeaderCondition {
    /// It is not there.
    Absent,
    /// It is there.
    Present,
    /// It is an integer in `start..end`.
    Range {
        /// First value inside.
        start: i64,
        /// First value outside.
        end: i64,
    },
    /// It fits the pattern.
    Text(StringMatch),
    /// The authority fits, as it was sent and in its normal form.
    Authority(AuthorityMatch),
}

/// A condition on one query parameter.
#[derive(Clone, Debug)]
pub struct QueryMatch {
    /// The parameter's name, case-sensitive.
    pub name: String,
    /// The condition.
    pub condition: QueryCondition,
}

/// What a query parameter must look like; the first of several counts.
#[derive(Clone, Debug)]
pub enum QueryCondition {
    /// It is not there.
    Absent,
    /// It is there.
    Present,
    /// It fits the pattern.
    Text(StringMatch),
}

impl HeaderMatch {
    /// Whether the condition holds. `:path` is the reading that is being matched, not the path as it
    /// was sent: a condition on it would be evaded by `/%61dmin` otherwise.
    pub(super) fn matches(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        policy: PathPolicy,
    ) -> Result<bool, Unclear> {
        if policy == PathPolicy::Reject {
            self.refuse_unclear(request)?;
        }
        match target {
            Some(target) if self.name == ":path" => {
                let text = target.text();
                self.matches_lines(iter::once(text.as_bytes()))
            }
            _ => self.matches_lines(request.values(&self.name)),
        }
    }

    /// Refuses a method that the condition is for in other case: `prefix: PUR` does not hold for
    /// `purge`, which a server may act on.
    fn refuse_unclear(&self, request: &Request<'_>) -> Result<(), Unclear> {
        if let (":method", HeaderCondition::Text(pattern)) = (&*self.name, &self.condition) {
            let method = request.method();
            if has_lower_case(method)
                && !pattern.matches(method)
                && pattern.matches_in_other_case(method)
            {
                return Err(Unclear::Method);
            }
        }
        Ok(())
    }

    /// Each line by itself, as Envoy does: joined, a line more would turn `admin` into another
    /// value, and the request would evade a rule for it (CVE-2026-26308).
    fn matches_lines<'a>(&self, lines: impl Iterator<Item = &'a [u8]>) -> Result<bool, Unclear> {
        let mut lines = lines.peekable();
        let holds = match &self.condition {
            HeaderCondition::Present => lines.peek().is_some(),
            HeaderCondition::Absent => lines.peek().is_none(),
            condition if lines.peek().is_some() => lines
                .map(|line| condition.holds_for(line))
                .find(|holds| *holds != Ok(false))
                .unwrap_or(Ok(false))?,
            // As in Envoy, a missing header fails even an inverted condition on its value.
            condition => {
                if !self.missing_is_empty {
                    return Ok(false);
                }
                condition.holds_for(b"")?
            }
        };
        Ok(holds != self.inverted)
    }
}

impl HeaderCondition {
    fn holds_for(&self, value: &[u8]) -> Result<bool, Unclear> {
        // A byte that is no text must not hide the rest: `admin\xff` still starts with `admin`.
        let text = String::from_utf8_lossy(value);
        Ok(match self {
            Self::Range { start, end } => text
                .parse::<i64>()
                .is_ok_and(|number| (*start..*end).contains(&number)),
            Self::Text(pattern) => pattern.matches(&text),
            Self::Authority(condition) => return condition.matches(&text),
            Self::Absent | Self::Present => false,
        })
    }
}

impl QueryMatch {
    pub(super) fn matches(&self, query: Option<&str>) -> bool {
        let value = query.and_then(|query| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| *name == self.name)
                .map(|(_, value)| value)
        });
        match (&self.condition, value) {
            (QueryCondition::Absent, value) => value.is_none(),
            (QueryCondition::Present, value) => value.is_some(),
            (QueryCondition::Text(pattern), Some(value)) => pattern.matches(&value),
            (QueryCondition::Text(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::policy::Pattern;

    #[test]
    fn sees_text_beside_bytes_that_are_none() {
        let condition = HeaderCondition::Text(StringMatch::new(Pattern::Prefix("adm".into())));
        assert_eq!(condition.holds_for(b"adm\xff"), Ok(true));
        assert_eq!(condition.holds_for(b"\xffadm"), Ok(false));
    }
}

//! Conditions of a rule on headers and query parameters.

use core::iter;

use crate::{
    http::{Request, is_parameter, is_twin, method::has_lower_case, path::Target},
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

/// What a query parameter must look like.
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
                self.matches_lines(&mut iter::once(text.as_bytes()))
            }
            _ => self.matches_lines(&mut request.values(&self.name)),
        }
    }

    /// Refuses what some servers would take for the header that the condition is on, and others
    /// would not: another header that CGI and its kin give the same name, as
    /// `x_http_method_override`, and a method in other case: `prefix: PUR` does not hold for `purge`,
    /// which a server may act on.
    fn refuse_unclear(&self, request: &Request<'_>) -> Result<(), Unclear> {
        let mut headers = request.headers().iter();
        if headers.any(|(name, _)| is_twin(&self.name, name)) {
            return Err(Unclear::Header);
        }
        if let (":method", HeaderCondition::Text(pattern)) = (&*self.name, &self.condition) {
            let method = request.method();
            if has_lower_case(method)
                && !pattern.matches(method)
                && pattern.matches(&method.to_ascii_uppercase())
            {
                return Err(Unclear::Method);
            }
        }
        Ok(())
    }

    /// Each line by itself, as Envoy does: joined, a line more would turn `admin` into another
    /// value, and the request would evade a rule for it (CVE-2026-26308).
    fn matches_lines<'a>(
        &self,
        lines: &mut dyn Iterator<Item = &'a [u8]>,
    ) -> Result<bool, Unclear> {
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
    /// Whether the condition holds for the first parameter with this name, as in Envoy.
    ///
    /// With `path_policy: reject`, however servers read the query: of several with the name, one server
    /// takes the first and another the last. Some take `.mode` or `mode[]` for `mode`, and some end
    /// a parameter at `;`.
    pub(super) fn matches(&self, query: Option<&str>, policy: PathPolicy) -> Result<bool, Unclear> {
        let mut found = None;
        for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
            let holds = self.condition.holds_for(&value);
            let is_clear = match name == self.name {
                true => *found.get_or_insert(holds) == holds && !value.contains(';'),
                false => !self.may_be_read_from(&name, &value),
            };
            if !is_clear && policy == PathPolicy::Reject {
                return Err(Unclear::Parameter);
            }
        }
        Ok(found.unwrap_or(matches!(self.condition, QueryCondition::Absent)))
    }

    /// Whether a server may take another parameter, or what follows a `;` in it, for this one.
    fn may_be_read_from(&self, name: &str, value: &str) -> bool {
        let parts = name.split(';').chain(value.split(';').skip(1));
        parts
            .filter_map(|part| part.split('=').next())
            .any(|name| name == self.name || is_parameter(&self.name, name))
    }
}

impl QueryCondition {
    /// Whether it holds for a parameter that is there.
    fn holds_for(&self, value: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::Present => true,
            Self::Text(pattern) => pattern.matches(value),
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

    #[test]
    fn a_parameter_that_servers_read_differently_is_unclear() {
        let text = |text: &str| StringMatch::new(Pattern::Exact(text.into()));
        let exact = || QueryCondition::Text(text("admin"));
        let unclear = Err(Unclear::Parameter);
        for (condition, query, reject, raw) in [
            (exact(), "x&_mode=admin", Ok(true), true),
            (exact(), "%5Fmode=adm%69n", Ok(true), true),
            (exact(), "_mode=x", Ok(false), false),
            (exact(), "", Ok(false), false),
            (exact(), "_mode=admin&_mode=admin", Ok(true), true),
            (exact(), "_mode=x&_mode=y", Ok(false), false),
            (exact(), "_mode=x&_mode=admin", unclear, false),
            (exact(), "_mode=admin&_mode=x", unclear, true),
            (exact(), "_mode=x;y", unclear, false),
            (exact(), "x;_mode=admin", unclear, false),
            (exact(), "x;y=_mode&_modes=a", Ok(false), false),
            (QueryCondition::Present, "_mode", Ok(true), true),
            (QueryCondition::Present, "_mode=1&_mode=2", Ok(true), true),
            (QueryCondition::Present, ".mode", unclear, false),
            (QueryCondition::Absent, "x=_mode", Ok(true), true),
            (QueryCondition::Absent, "_mode", Ok(false), false),
            (QueryCondition::Absent, ".mode=x", unclear, true),
            (QueryCondition::Absent, "%20_mode=x", unclear, true),
            (QueryCondition::Absent, "_mode[]=x", unclear, true),
            (QueryCondition::Absent, "_Mode=x", unclear, true),
            (QueryCondition::Absent, "_mode%00=x", unclear, true),
            (QueryCondition::Absent, "x=1;_mode=x", unclear, true),
        ] {
            let name = "_mode".to_owned();
            let parameter = QueryMatch { name, condition };
            let found = parameter.matches(Some(query), PathPolicy::Reject);
            assert_eq!(found, reject, "{parameter:?} {query}");
            let found = parameter.matches(Some(query), PathPolicy::Raw);
            assert_eq!(found, Ok(raw), "{parameter:?} {query}");
        }
    }

    #[test]
    fn a_confusable_header_makes_a_condition_unclear() {
        let condition = |condition, inverted| HeaderMatch {
            name: "x-mode".into(),
            condition,
            inverted,
            missing_is_empty: true,
        };
        let exact = || HeaderCondition::Text(StringMatch::new(Pattern::Exact("a".into())));
        for header in [
            condition(HeaderCondition::Absent, false),
            condition(HeaderCondition::Present, false),
            condition(exact(), false),
            condition(exact(), true),
        ] {
            for twin in ["x_mode", "x.mode"] {
                let lines = [(twin.as_bytes(), &b"a"[..]), (b"x-mode", b"a")];
                for count in [1, 2] {
                    let request = Request::new(lines[..count].to_vec());
                    let found = header.matches(&request, None, PathPolicy::Reject);
                    assert_eq!(found, Err(Unclear::Header), "{header:?} {twin}");
                    let found = header.matches(&request, None, PathPolicy::Raw);
                    assert!(found.is_ok(), "{header:?} {twin}");
                }
            }
        }
    }
}

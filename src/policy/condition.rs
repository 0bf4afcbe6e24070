//! A rule's conditions on headers and query parameters.

use crate::{
    http::{Query, Request, is_parameter, is_twin, method::has_lower_case, path::Target},
    policy::{PathPolicy, Pattern, StringMatch, Unclear, authority::AuthorityMatch},
};

/// A condition on a header.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderMatch {
    /// The header's name in lower case, or the name of a pseudo-header such as `:method`.
    pub name: String,
    /// The condition.
    pub condition: HeaderCondition,
    /// True if the condition is negated (`invert_match`).
    pub inverted: bool,
    /// True if a missing header counts as an empty header (`treat_missing_header_as_empty`).
    pub missing_is_empty: bool,
}

/// What a condition requires of a header. If the header has several lines, one matching line is
/// enough.
#[derive(Clone, Debug, PartialEq)]
pub enum HeaderCondition {
    /// The header is absent.
    Absent,
    /// The header is present.
    Present,
    /// The value is an integer in `start..end`.
    Range {
        /// The first integer in the range.
        start: i64,
        /// The first integer after the range.
        end: i64,
    },
    /// The value matches the pattern.
    Text(StringMatch),
    /// The authority matches, both as sent and in its normal form.
    Authority(AuthorityMatch),
}

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

impl HeaderMatch {
    /// Returns true if this is a condition on the host.
    #[must_use]
    pub fn is_about_host(&self) -> bool {
        self.name == ":authority"
    }

    /// Returns true if this condition matches a regular expression against `:path`, which includes
    /// the query.
    #[must_use]
    pub fn is_regex_on_path(&self) -> bool {
        match &self.condition {
            HeaderCondition::Text(own) => {
                self.name == ":path" && matches!(own.pattern(), Pattern::Regex(_))
            }
            _ => false,
        }
    }

    /// Returns true if the condition holds. A condition on `:path` is compared with `target`: the
    /// path as a server may read it. If the path were compared as sent, `/%61dmin` would evade a
    /// condition for `/admin`.
    ///
    /// As in Envoy, each line of a header is compared separately. If the lines were joined, a
    /// client could evade a rule for the value `admin` by adding a second line to the header
    /// (CVE-2026-26308).
    ///
    /// # Errors
    /// If `path_policy` is `reject`, and servers could read the header or the method in different
    /// ways. For example, CGI and similar servers read `x_http_method_override` as
    /// `x-http-method-override`.
    pub(super) fn matches(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        policy: PathPolicy,
    ) -> Result<bool, Unclear> {
        let mut found = None;
        for (name, line) in request.headers() {
            if *name == self.name.as_bytes() {
                let path = target.filter(|_| self.name == ":path").map(Target::text);
                let line = path.as_ref().map_or(*line, |path| path.as_bytes());
                let holds = found == Some(true) || self.condition.holds_for(line)?;
                found = Some(holds);
            } else if policy == PathPolicy::Reject && is_twin(&self.name, name) {
                return Err(Unclear::Header);
            }
        }
        if policy == PathPolicy::Reject && self.misses_other_case(request.method()) {
            return Err(Unclear::Method);
        }
        let holds = match (&self.condition, found) {
            (HeaderCondition::Present, found) => found.is_some(),
            (HeaderCondition::Absent, found) => found.is_none(),
            (_, Some(holds)) => holds,
            (condition, None) if self.missing_is_empty => condition.holds_for(b"")?,
            // As in Envoy, a condition on the value fails if the header is missing, even if the
            // condition is negated.
            (_, None) => return Ok(false),
        };
        Ok(holds != self.inverted)
    }

    /// Returns true if this is a condition on the method that fails only because `method` has
    /// lower-case letters. For example, `prefix: PUR` does not match `purge`, but a server may
    /// treat `purge` like `PURGE`.
    fn misses_other_case(&self, method: &str) -> bool {
        match &self.condition {
            HeaderCondition::Text(pattern) if self.name == ":method" => {
                has_lower_case(method)
                    && !pattern.matches(method)
                    && pattern.matches(&method.to_ascii_uppercase())
            }
            _ => false,
        }
    }
}

impl HeaderCondition {
    fn holds_for(&self, value: &[u8]) -> Result<bool, Unclear> {
        // Invalid UTF-8 is replaced, so that the other bytes can still match: `admin\xff` starts
        // with `admin`.
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
    /// Returns true if the condition holds. As in Envoy, only the first parameter with this name
    /// counts.
    ///
    /// # Errors
    /// If `path_policy` is `reject`, and servers could read the parameter in different ways. Some
    /// servers end a parameter at `;`, so the query is read twice: once with `;` as a separator,
    /// and once without.
    pub(super) fn matches(&self, query: &Query, policy: PathPolicy) -> Result<bool, Unclear> {
        let holds = self.holds_in(query.parameters(), policy)?;
        if policy == PathPolicy::Reject
            && let Some(split) = query.split_at_semicolons()
            && self.holds_in(split, policy)? != holds
        {
            return Err(Unclear::Parameter);
        }
        Ok(holds)
    }

    /// Returns true if the condition holds for these parameters. If `path_policy` is `reject`, two
    /// cases are errors. First, the parameter is repeated, and the condition holds for one
    /// occurrence but not for another: some servers use the first occurrence, others the last.
    /// Second, some servers read another parameter as the one in the condition: for example,
    /// `mode[]` as `mode`.
    fn holds_in(&self, query: &[(String, String)], policy: PathPolicy) -> Result<bool, Unclear> {
        let mut found = None;
        for (name, value) in query {
            let is_clear = if *name == self.name {
                let holds = self.condition.holds_for(value);
                *found.get_or_insert(holds) == holds
            } else {
                !is_parameter(&self.name, name)
            };
            if !is_clear && policy == PathPolicy::Reject {
                return Err(Unclear::Parameter);
            }
        }
        Ok(found.unwrap_or(matches!(self.condition, QueryCondition::Absent)))
    }
}

impl QueryCondition {
    /// Returns true if the condition holds for a parameter that is present.
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
    fn a_byte_that_is_not_utf8_does_not_hide_the_text_around_it() {
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
            (exact(), "_mode=x;y", Ok(false), false),
            (exact(), "_mode=admin;y", unclear, false),
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
            let query = Query::parse(query.as_bytes());
            let found = parameter.matches(&query, PathPolicy::Reject);
            assert_eq!(found, reject, "{parameter:?} {query:?}");
            let found = parameter.matches(&query, PathPolicy::Raw);
            assert_eq!(found, Ok(raw), "{parameter:?} {query:?}");
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

    #[test]
    fn a_method_in_lower_case_is_unclear_only_if_its_case_decides() {
        let condition = |name: &str, pattern| HeaderMatch {
            name: name.into(),
            condition: HeaderCondition::Text(pattern),
            inverted: false,
            missing_is_empty: false,
        };
        let prefix = || StringMatch::new(Pattern::Prefix("PUR".into()));
        let any_case = StringMatch::ignoring_case(Pattern::Prefix("PUR".into()));
        let head: [(&[u8], &[u8]); 2] = [(b":method", b"purge"), (b"x-mode", b"a")];
        let request = Request::new(head.to_vec());
        for (header, expected) in [
            (condition(":method", prefix()), Err(Unclear::Method)),
            (condition(":method", any_case), Ok(true)),
            (condition("x-mode", prefix()), Ok(false)),
        ] {
            let found = header.matches(&request, None, PathPolicy::Reject);
            assert_eq!(found, expected, "{header:?}");
        }
    }
}

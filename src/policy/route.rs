//! Matches requests to rules by path, method, headers and query, like Envoy's `RouteMatch`.

use crate::{
    http::{Request, method::has_lower_case, path::Target},
    policy::{
        Case, Comparison, PathMatch, PathPolicy, Unclear,
        condition::{HeaderCondition, HeaderMatch, QueryMatch},
        mcp::{McpCall, McpMatch},
        string_match::may_set_flag,
    },
};

/// The requests that a rule applies to. A request must match every field.
#[derive(Clone, Debug)]
pub struct RouteMatch {
    /// The condition on the path. The query is not part of the path.
    pub path: PathMatch,
    /// Whether the case of letters matters when paths are compared.
    pub case: Case,
    /// The accepted methods. An empty list accepts every method.
    pub methods: Vec<String>,
    /// Conditions on headers.
    pub headers: Vec<HeaderMatch>,
    /// Conditions on query parameters.
    pub query_parameters: Vec<QueryMatch>,
    /// The condition on the MCP call. A request that is not an MCP call never matches this
    /// condition.
    pub mcp: Option<McpMatch>,
}

impl RouteMatch {
    /// Returns true if the rule applies to `request`. `target` is the request's path and query, and
    /// `call` is the MCP call that the request makes. Only [`PathMatch::Connect`] matches a request
    /// without a path (CONNECT).
    ///
    /// # Errors
    /// If a text is too long for a regular expression. With `path_policy: reject`, also if servers
    /// could read the request in different ways, and a condition holds in only some of these
    /// readings. There is no error if another condition fails, because then the rule does not apply
    /// in any reading.
    pub fn matches(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        call: Option<&McpCall<'_>>,
        comparison: &Comparison,
    ) -> Result<bool, Unclear> {
        self.matches_where(request, target, call, comparison, |_| true)
    }

    /// Returns true if all conditions of the rule hold for `request`. Conditions on the host are
    /// not checked.
    ///
    /// # Errors
    /// As in [`RouteMatch::matches`].
    pub fn matches_on_own_host(
        &self,
        request: &Request<'_>,
        target: Target<'_>,
        call: &McpCall<'_>,
        comparison: &Comparison,
    ) -> Result<bool, Unclear> {
        let counts = |header: &HeaderMatch| !header.is_about_host();
        self.matches_where(request, Some(target), Some(call), comparison, counts)
    }

    /// Checks all conditions except the conditions on headers for which `counts` returns false.
    fn matches_where(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        call: Option<&McpCall<'_>>,
        comparison: &Comparison,
        counts: fn(&HeaderMatch) -> bool,
    ) -> Result<bool, Unclear> {
        // Most rules are for other paths, so the path is compared first.
        if !self.matches_path(request, target.map(|target| target.path)) {
            return Ok(false);
        }
        let matches_call = match (&self.mcp, call) {
            (Some(own), Some(call)) => own.matches(call),
            (own, _) => own.is_none(),
        };
        if !matches_call {
            return Ok(false);
        }
        self.matches_behind_path(request, target, comparison, counts)
    }

    /// Returns a list of prefixes. Every path that the rule matches begins with one of these
    /// prefixes. Returns `None` if the rule may match any path.
    pub(super) fn starts(&self) -> Option<impl Iterator<Item = &str>> {
        match self.case {
            Case::Sensitive => Some(self.path.text()?.spellings()),
            Case::Ignored => None,
        }
    }

    /// Returns true if the request has the path and the host of this rule. No other condition is
    /// checked.
    ///
    /// # Errors
    /// If the host can be read in more than one way.
    pub fn is_at(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        comparison: &Comparison,
    ) -> Result<bool, Unclear> {
        if !self.matches_path(request, target.map(|target| target.path)) {
            return Ok(false);
        }
        for header in self.headers.iter().filter(|header| header.is_about_host()) {
            if !header.matches(request, target, comparison)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns true if the request has the path of this rule, and the request's host with some port
    /// satisfies the rule's conditions on the host. This port may differ from the request's own
    /// port. No other condition is checked.
    ///
    /// # Errors
    /// If the host can be read in more than one way.
    pub fn is_at_some_port(
        &self,
        request: &Request<'_>,
        target: Target<'_>,
        authority: &str,
        comparison: &Comparison,
    ) -> Result<bool, Unclear> {
        if !self.matches_path(request, Some(target.path)) {
            return Ok(false);
        }
        for header in self.headers.iter().filter(|header| header.is_about_host()) {
            let holds = match &header.condition {
                HeaderCondition::Authority(condition) if !header.inverted => {
                    condition.holds_at_some_port(authority)
                }
                // If a negated condition depends on the port, it holds for some other port.
                HeaderCondition::Authority(condition) if condition.sees_port() => true,
                _ => header.matches(request, Some(target), comparison)?,
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns true if the request has the path of this rule. No other condition is checked.
    #[must_use]
    pub fn is_at_path(&self, request: &Request<'_>, path: &str) -> bool {
        self.matches_path(request, Some(path))
    }

    /// Returns true if the rule has a condition that names the host of this authority.
    #[must_use]
    pub fn names_host_of(&self, authority: &str) -> bool {
        self.headers.iter().any(|header| match &header.condition {
            HeaderCondition::Authority(condition) if !header.inverted => {
                condition.names_host_of(authority)
            }
            _ => false,
        })
    }

    /// Returns true if the rule has a condition on the query. A condition on `:path` counts too,
    /// because `:path` contains the query.
    #[must_use]
    pub fn reads_query(&self) -> bool {
        let is_path = |header: &HeaderMatch| header.name == ":path";
        !self.query_parameters.is_empty() || self.headers.iter().any(is_path)
    }

    /// Returns true if the rule may match a path that differs from the rule's own path only in the
    /// case of letters. A regular expression may do so if it sets the flag `i`.
    #[must_use]
    pub fn ignores_case(&self) -> bool {
        match &self.path {
            PathMatch::Regex(regex) => may_set_flag(regex.as_str(), 'i'),
            _ => self.case == Case::Ignored,
        }
    }

    /// Checks all conditions except three kinds: the condition on the path, the condition on the
    /// MCP call, and conditions on headers for which `counts` returns false.
    #[inline(never)]
    fn matches_behind_path(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        comparison: &Comparison,
        counts: fn(&HeaderMatch) -> bool,
    ) -> Result<bool, Unclear> {
        let mut matches = Ok(true);
        // Most rules accept every method, so the method is read only if the rule has a condition on
        // it.
        if !self.methods.is_empty() && !self.takes(request.method()) {
            match comparison.path_policy {
                PathPolicy::Reject if self.names_in_other_case(request.method()) => {
                    matches = Err(Unclear::Method);
                }
                _ => return Ok(false),
            }
        }
        for parameter in &self.query_parameters {
            match parameter.matches(request.query(), comparison) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                unclear => matches = unclear,
            }
        }
        for header in self.headers.iter().filter(|header| counts(header)) {
            match header.matches(request, target, comparison) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                unclear => matches = unclear,
            }
        }
        matches
    }

    /// Returns true if the rule accepts requests with `method`.
    #[must_use]
    pub fn takes(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|own| own == method)
    }

    /// Returns true if `method` has lower-case letters and differs only in case from a method of
    /// the rule. A rule for `PURGE` does not accept `purge`, but a server may treat `purge` like
    /// `PURGE`.
    fn names_in_other_case(&self, method: &str) -> bool {
        let is_own = |own: &String| own.eq_ignore_ascii_case(method);
        self.methods.iter().any(is_own) && has_lower_case(method)
    }

    fn matches_path(&self, request: &Request<'_>, path: Option<&str>) -> bool {
        self.path.matches(request, path, self.case)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use regex_lite::Regex;

    use super::*;
    use crate::{
        policy::{Pattern, QueryCondition, StringMatch, authority::AuthorityMatch},
        tests::header_bytes,
    };

    fn route(path: PathMatch) -> RouteMatch {
        RouteMatch {
            path,
            case: Case::Sensitive,
            methods: vec![],
            headers: vec![],
            query_parameters: vec![],
            mcp: None,
        }
    }

    fn matches(route: &RouteMatch, headers: &[(&str, &str)]) -> bool {
        let request = Request::new(header_bytes(headers));
        let target = request.split_target().unwrap();
        route
            .matches(&request, target, None, &Comparison::strict())
            .unwrap()
    }

    #[test]
    fn compares_paths_without_query() {
        let regex = |text| PathMatch::Regex(Regex::new(text).unwrap());
        for (path, target, expected) in [
            (PathMatch::Prefix("/a".to_owned().into()), "/abc?x", true),
            (PathMatch::Prefix("/a".to_owned().into()), "/A", false),
            (PathMatch::Exact("/a".to_owned().into()), "/a?x=/b", true),
            (PathMatch::Exact("/a".to_owned().into()), "/a/", false),
            (PathMatch::SegmentPrefix("/a".to_owned().into()), "/a", true),
            (
                PathMatch::SegmentPrefix("/a".to_owned().into()),
                "/a/b",
                true,
            ),
            (
                PathMatch::SegmentPrefix("/a".to_owned().into()),
                "/ab",
                false,
            ),
            (regex(r"\A(?:/v\d+)\z"), "/v12?q", true),
            (regex(r"\A(?:/v\d+)\z"), "/v12/x", false),
        ] {
            let route = route(path);
            assert_eq!(
                matches(&route, &[(":path", target)]),
                expected,
                "{route:?} {target}"
            );
        }
    }

    #[test]
    fn ignores_case_if_configured() {
        let mut route = route(PathMatch::Prefix("/Api".to_owned().into()));
        route.case = Case::Ignored;
        assert!(matches(&route, &[(":path", "/aPI/x")]));
    }

    #[test]
    fn only_the_connect_matcher_matches_a_request_without_a_path() {
        let connect = [(":method", "CONNECT"), (":authority", "a:443")];
        assert!(matches(&route(PathMatch::Connect), &connect));
        assert!(!matches(
            &route(PathMatch::Prefix(String::new().into())),
            &connect
        ));
    }

    #[test]
    fn a_negated_condition_fails_on_a_missing_header() {
        let mut route = route(PathMatch::Prefix("/".to_owned().into()));
        route.headers.push(HeaderMatch {
            name: "x-env".into(),
            condition: HeaderCondition::Range { start: 1, end: 3 },
            inverted: true,
            missing_is_empty: false,
        });
        assert!(!matches(&route, &[(":path", "/")]));
        assert!(matches(&route, &[(":path", "/"), ("x-env", "3")]));
        assert!(!matches(&route, &[(":path", "/"), ("x-env", "2")]));
    }

    #[test]
    fn decodes_query_parameters() {
        let mut route = route(PathMatch::Prefix("/".to_owned().into()));
        route.query_parameters.push(QueryMatch {
            name: "a b".into(),
            condition: QueryCondition::Text(StringMatch::new(Pattern::Exact("c/d".into()))),
        });
        assert!(matches(&route, &[(":path", "/?a+b=c%2Fd")]));
        assert!(!matches(&route, &[(":path", "/?a%20b=c")]));
    }

    #[test]
    fn only_a_condition_that_an_authority_must_meet_names_the_host() {
        let text = || StringMatch::new(Pattern::Exact("a.example".into()));
        let authority = || HeaderCondition::Authority(AuthorityMatch::new(text()).unwrap());
        for (name, condition, inverted, expected) in [
            (":authority", authority(), false, true),
            (":authority", authority(), true, false),
            ("x-env", HeaderCondition::Text(text()), false, false),
            ("x-env", HeaderCondition::Text(text()), true, false),
        ] {
            let mut route = route(PathMatch::Prefix("/".to_owned().into()));
            assert!(!route.names_host_of("a.example"));
            route.headers.push(HeaderMatch {
                name: name.into(),
                condition,
                inverted,
                missing_is_empty: false,
            });
            let found = route.names_host_of("a.example");
            assert_eq!(found, expected, "{route:?}");
        }
    }
}

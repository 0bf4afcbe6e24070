//! A rule's conditions on headers and query parameters.

use std::borrow::Cow;

use crate::{
    http::{
        Query, Request, decoded_again, is_parameter, is_twin, is_utf8, method::has_lower_case,
        path::Target,
    },
    policy::{Comparison, StringMatch, Unclear, authority::AuthorityMatch},
    short_list::ShortList,
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

/// What a condition requires of a header.
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

    /// Returns true if the condition holds. A condition on `:path` is compared with `target`: the
    /// path as a server may read it. If the path were compared as sent, `/%61dmin` would evade a
    /// condition for `/admin`.
    ///
    /// Each line of a header is compared separately. If the lines were only compared joined, a client
    /// could evade a rule for the value `admin` by adding a second line to the header
    /// (CVE-2026-26308). With `path_policy: raw`, one line that satisfies the condition is enough, as
    /// in Envoy.
    ///
    /// # Errors
    /// If the condition is a regular expression, and the header is too long for it.
    ///
    /// If `path_policy` is `reject`, and servers could read the header or the method in different
    /// ways. For example, CGI and similar servers read `x_http_method_override` as
    /// `x-http-method-override`. Of several lines, some servers use the first, others the last, and
    /// others join them. And an HTTP/1 server drops white space around a value (RFC 9112 §5.1), which
    /// Envoy forwards from HTTP/2 requests although it is malformed there (RFC 9113 §8.2.1).
    pub(super) fn matches(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        comparison: Comparison,
    ) -> Result<bool, Unclear> {
        let rejects = comparison.rejects();
        let target = target.filter(|_| self.name == ":path");
        let mut texts: ShortList<Cow<'_, [u8]>> = ShortList::default();
        for (name, line) in request.headers() {
            if *name == self.name.as_bytes() {
                texts.push(target.map_or(Cow::Borrowed(*line), octets_of));
            } else if rejects && is_twin(&self.name, name) {
                return Err(Unclear::Header);
            }
        }
        if rejects && texts.iter().nth(1).is_some() {
            let lines: Vec<&[u8]> = texts.iter().map(|text| &**text).collect();
            let trimmed: Vec<&[u8]> = lines.iter().map(|line| trimmed(line)).collect();
            let mut joined = joins(&lines).to_vec();
            if trimmed != lines {
                joined.extend(joins(&trimmed));
            }
            texts.extend(joined.into_iter().map(Cow::Owned));
        }
        let length: usize = texts.iter().map(|text| text.len()).sum();
        if self.condition.is_regex() && length > comparison.regex_bytes {
            return Err(match target {
                Some(_) => Unclear::LongTarget,
                None => Unclear::LongHeader,
            });
        }
        let mut found = None;
        for text in texts.iter() {
            let holds = self.condition.holds_for(text)?;
            if rejects && found.is_some_and(|other| other != holds) {
                return Err(Unclear::Header);
            }
            let trimmed = trimmed(text);
            let is_padded = rejects && trimmed.len() < text.len();
            if is_padded && self.condition.holds_for(trimmed)? != holds {
                return Err(Unclear::Header);
            }
            found = Some(holds || found == Some(true));
        }
        if rejects && self.misses_other_case(request.method()) {
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

/// Removes white space around a value, as servers do. Besides spaces and tabs, removes Unicode
/// white space such as no-break spaces, because some servers convert values to Unicode first.
fn trimmed(value: &[u8]) -> &[u8] {
    match str::from_utf8(value) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => {
            // In Latin-1, 0x85 and 0xa0 are white space.
            let is_kept = |octet: &u8| !matches!(octet, b' ' | b'\t' | 0x85 | 0xa0);
            let start = value.iter().position(is_kept).unwrap_or(value.len());
            let end = value.iter().rposition(is_kept);
            let end = end.map_or(start, |last| last.saturating_add(1));
            value.get(start..end).unwrap_or_default()
        }
    }
}

fn octets_of(target: Target<'_>) -> Cow<'_, [u8]> {
    match target.text() {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Joins the lines of a header (RFC 9110 §5.3) in the two ways that are usual.
fn joins(lines: &[&[u8]]) -> [Vec<u8>; 2] {
    [&b","[..], b", "].map(|separator| lines.join(separator))
}

impl HeaderCondition {
    fn is_regex(&self) -> bool {
        matches!(self, Self::Text(own) if own.is_regex())
    }

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
    /// If the condition is a regular expression, and the values are too long for it.
    ///
    /// If `path_policy` is `reject`, and servers could read the parameter or the query in different
    /// ways ([`Query::other_readings`], [`Query::has_utf8_names`]).
    pub(super) fn matches(&self, query: &Query, comparison: Comparison) -> Result<bool, Unclear> {
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::policy::{PathPolicy, Pattern};

    const REJECT: Comparison = Comparison {
        path_policy: PathPolicy::Reject,
        regex_bytes: 16,
    };
    const RAW: Comparison = Comparison {
        path_policy: PathPolicy::Raw,
        ..REJECT
    };

    #[test]
    fn a_byte_that_is_not_utf8_does_not_hide_the_text_around_it() {
        let condition = HeaderCondition::Text(StringMatch::new(Pattern::Prefix("adm".into())));
        assert_eq!(condition.holds_for(b"adm\xff"), Ok(true));
        assert_eq!(condition.holds_for(b"\xffadm"), Ok(false));
    }

    #[test]
    fn a_header_with_lines_that_disagree_is_unclear() {
        let condition = |text: &str, inverted| HeaderMatch {
            name: "x-mode".into(),
            condition: HeaderCondition::Text(StringMatch::new(Pattern::Exact(text.into()))),
            inverted,
            missing_is_empty: false,
        };
        for text in ["a,b", "a, b"] {
            let lines = ["a", "b"].map(|line| (&b"x-mode"[..], line.as_bytes()));
            let request = Request::new(lines.to_vec());
            let matches = |comparison| condition(text, false).matches(&request, None, comparison);
            assert_eq!(matches(REJECT), Err(Unclear::Header));
            assert_eq!(matches(RAW), Ok(false));
        }
        let unclear = Err(Unclear::Header);
        for (lines, reject, raw) in [
            (&["admin"][..], Ok(true), true),
            // A server may join the lines, and then reads another value.
            (&["admin", "admin"], unclear, true),
            (&["adm", "in"], Ok(false), false),
            (&["user", "guest"], Ok(false), false),
            (&["user", "admin"], unclear, true),
            (&["admin", "user"], unclear, true),
            (&["user", "user", "admin"], unclear, true),
            (&["admin,user"], Ok(false), false),
        ] {
            let headers = lines.iter().map(|line| (&b"x-mode"[..], line.as_bytes()));
            let request = Request::new(headers.collect());
            for inverted in [false, true] {
                let matches = |policy| condition("admin", inverted).matches(&request, None, policy);
                let expected = reject.map(|holds| holds != inverted);
                assert_eq!(matches(REJECT), expected, "{lines:?}");
                assert_eq!(matches(RAW), Ok(raw != inverted), "{lines:?}");
            }
        }
    }

    #[test]
    fn white_space_around_a_value_makes_a_condition_unclear() {
        let condition = |condition| HeaderMatch {
            name: "x-mode".into(),
            condition,
            inverted: false,
            missing_is_empty: false,
        };
        let exact =
            |text: &str| HeaderCondition::Text(StringMatch::new(Pattern::Exact(text.into())));
        let values: [&[u8]; 6] = [
            b"admin ",
            b" admin",
            b"\tadmin\t",
            b"admin\xa0",
            b"\x85admin",
            "admin\u{a0}".as_bytes(),
        ];
        for value in values {
            let sent = (&b"x-mode"[..], value);
            for lines in [vec![sent], vec![(b"x-mode", b"user"), sent]] {
                let request = Request::new(lines);
                let found = condition(exact("admin")).matches(&request, None, REJECT);
                assert_eq!(found, Err(Unclear::Header), "{value:?}");
                let found = condition(exact("admin")).matches(&request, None, RAW);
                assert_eq!(found, Ok(false), "{value:?}");
            }
            let contains = HeaderCondition::Text(StringMatch::new(Pattern::Contains("dmi".into())));
            let request = Request::new(vec![sent]);
            for clear in [contains, HeaderCondition::Present] {
                let found = condition(clear).matches(&request, None, REJECT);
                assert_eq!(found, Ok(true), "{value:?}");
            }
        }
        let joined = Request::new(vec![(b"x-mode", b"a "), (b"x-mode", b"b")]);
        for text in ["a,b", "a ,b", "a , b"] {
            let found = condition(exact(text)).matches(&joined, None, REJECT);
            assert_eq!(found, Err(Unclear::Header), "{text}");
        }
        let accented = Request::new(vec![(b"x-mode", "voilà".as_bytes())]);
        let found = condition(exact("voilà")).matches(&accented, None, REJECT);
        assert_eq!(found, Ok(true));
        let range = HeaderCondition::Range { start: 0, end: 2 };
        let request = Request::new(vec![(b"x-mode", b"1 ")]);
        let found = condition(range).matches(&request, None, REJECT);
        assert_eq!(found, Err(Unclear::Header));
    }

    #[test]
    fn repetitions_count_towards_the_limit_of_a_regular_expression() {
        let pattern = || StringMatch::new(Pattern::regex("a*").unwrap());
        let header = HeaderMatch {
            name: "x-a".into(),
            condition: HeaderCondition::Text(pattern()),
            inverted: false,
            missing_is_empty: false,
        };
        let query = QueryMatch {
            name: "q".into(),
            condition: QueryCondition::Text(pattern()),
        };
        let request = Request::new(vec![(b"x-a", b"aaaaaaaaa"), (b"x-a", b"aaaaaaaaa")]);
        let sent = Query::parse(b"q=aaaaaaaaa&q=aaaaaaaaa");
        for comparison in [REJECT, RAW] {
            let found = header.matches(&request, None, comparison);
            assert_eq!(found, Err(Unclear::LongHeader));
        }
        assert_eq!(query.matches(&sent, REJECT), Err(Unclear::LongTarget));
        // Only the first value counts.
        assert_eq!(query.matches(&sent, RAW), Ok(true));
    }

    #[test]
    fn no_regular_expression_is_applied_to_a_long_text() {
        let regex = || StringMatch::new(Pattern::regex("a*").unwrap());
        let prefix = || StringMatch::new(Pattern::Prefix("a".into()));
        let long = "a".repeat(17);
        for (text, header, path, parameter) in [
            (&"a".repeat(16), Ok(true), Ok(true), Ok(true)),
            (
                &long,
                Err(Unclear::LongHeader),
                Err(Unclear::LongTarget),
                Err(Unclear::LongTarget),
            ),
        ] {
            for comparison in [REJECT, RAW] {
                for (pattern, is_limited) in [(regex(), true), (prefix(), false)] {
                    let expected = |limited| if is_limited { limited } else { Ok(true) };
                    let request =
                        Request::new(vec![(b":path", text.as_bytes()), (b"x-a", text.as_bytes())]);
                    let matches = |name: &str| {
                        let header = HeaderMatch {
                            name: name.into(),
                            condition: HeaderCondition::Text(pattern.clone()),
                            inverted: false,
                            missing_is_empty: false,
                        };
                        header.matches(&request, Some(Target::new(text)), comparison)
                    };
                    assert_eq!(matches("x-a"), expected(header));
                    assert_eq!(matches(":path"), expected(path));
                    let query = QueryMatch {
                        name: "q".into(),
                        condition: QueryCondition::Text(pattern.clone()),
                    };
                    let sent = Query::parse(format!("q={text}").as_bytes());
                    assert_eq!(query.matches(&sent, comparison), expected(parameter));
                }
            }
        }
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
            (exact(), "_mode=%u0061dmin", unclear, false),
            (exact(), "_mode=%u0062dmin", Ok(false), false),
            (exact(), "_mode=%c1%a1dmin", unclear, false),
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
            (QueryCondition::Absent, "?_mode=x", unclear, true),
            (QueryCondition::Absent, "%u005Fmode=x", unclear, true),
            (QueryCondition::Absent, "%c1%9fmode=x", unclear, true),
            (QueryCondition::Absent, "%u005Fmodes=x", Ok(true), true),
            (QueryCondition::Absent, "%255Fmode=x", unclear, true),
            (exact(), "?_mode=x", Ok(false), false),
            (exact(), "_mode=%2561dmin", unclear, false),
            (exact(), "_mode=100%25", Ok(false), false),
            (exact(), "?_mode=admin;x", unclear, false),
            (exact(), "_mode=%25C1%25A1dmin", unclear, false),
            (QueryCondition::Absent, "x=1;_mode=x", unclear, true),
        ] {
            let name = "_mode".to_owned();
            let parameter = QueryMatch { name, condition };
            let query = Query::parse(query.as_bytes());
            let found = parameter.matches(&query, REJECT);
            assert_eq!(found, reject, "{parameter:?} {query:?}");
            let found = parameter.matches(&query, RAW);
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
                    let found = header.matches(&request, None, REJECT);
                    assert_eq!(found, Err(Unclear::Header), "{header:?} {twin}");
                    let found = header.matches(&request, None, RAW);
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
            let found = header.matches(&request, None, REJECT);
            assert_eq!(found, expected, "{header:?}");
        }
    }
}

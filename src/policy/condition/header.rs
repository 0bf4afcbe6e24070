//! A condition on a header.

use std::borrow::Cow;

use crate::{
    http::{Request, is_twin, method::has_lower_case, path::Target, white_space::trimmed_octets},
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
    pub(in crate::policy) fn matches(
        &self,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        comparison: &Comparison,
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
            let trimmed: Vec<&[u8]> = lines.iter().map(|line| trimmed_octets(line)).collect();
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
            let trimmed = trimmed_octets(text);
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
}

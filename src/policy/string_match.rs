//! Patterns for strings, like Envoy's `StringMatcher`.

use regex_lite::{Regex, RegexBuilder};

/// The maximum size of a compiled regular expression. Larger expressions take longer to match.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// A condition on a string. It consists of a pattern and a flag for ignoring ASCII case.
#[derive(Clone, Debug, PartialEq)]
pub struct StringMatch {
    /// The pattern, in lower case if `ignore_case` is set.
    pattern: Pattern,
    /// True if ASCII case is ignored. As in Envoy, this flag has no effect on a regular expression.
    ignore_case: bool,
}

/// The pattern of a [`StringMatch`].
#[derive(Clone, Debug)]
pub enum Pattern {
    /// The string contains the text.
    Contains(String),
    /// The string equals the text.
    Exact(String),
    /// The string begins with the text.
    Prefix(String),
    /// The expression matches the whole string. Matching takes linear time.
    Regex(Regex),
    /// The string ends with the text.
    Suffix(String),
}

impl StringMatch {
    /// Makes a case-sensitive condition with this pattern.
    #[must_use]
    pub const fn new(pattern: Pattern) -> Self {
        Self {
            pattern,
            ignore_case: false,
        }
    }

    /// Makes a condition with this pattern that ignores ASCII case.
    #[must_use]
    pub fn ignoring_case(pattern: Pattern) -> Self {
        let pattern = match pattern {
            Pattern::Contains(text) => Pattern::Contains(text.to_ascii_lowercase()),
            Pattern::Exact(text) => Pattern::Exact(text.to_ascii_lowercase()),
            Pattern::Prefix(text) => Pattern::Prefix(text.to_ascii_lowercase()),
            Pattern::Suffix(text) => Pattern::Suffix(text.to_ascii_lowercase()),
            regex @ Pattern::Regex(_) => regex,
        };
        Self {
            pattern,
            ignore_case: true,
        }
    }

    /// Returns true if the pattern is a regular expression.
    #[must_use]
    pub const fn is_regex(&self) -> bool {
        matches!(self.pattern, Pattern::Regex(_))
    }

    /// Returns true if the pattern may match a text only because of a `+` in the text.
    pub(super) fn may_need_plus(&self) -> bool {
        self.is_regex() || self.pattern.text().contains('+')
    }

    /// The pattern.
    #[must_use]
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Returns true if ASCII case is ignored.
    #[must_use]
    pub const fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Returns the pattern and discards the flag for ignoring case.
    #[must_use]
    pub fn into_pattern(self) -> Pattern {
        self.pattern
    }

    /// Returns true if `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if self.ignore_case && !matches!(self.pattern, Pattern::Regex(_)) {
            self.pattern.matches(&text.to_ascii_lowercase())
        } else {
            self.pattern.matches(text)
        }
    }
}

impl Pattern {
    /// Compiles a regular expression that must match the whole string. Envoy requires the same with
    /// RE2's full match.
    ///
    /// # Errors
    /// If `expression` does not compile, or compiles to a program that is too large.
    pub fn regex(expression: &str) -> Result<Self, regex_lite::Error> {
        full_match(expression).map(Self::Regex)
    }

    /// Compiles `regex` again so that it ignores case.
    ///
    /// # Errors
    /// If the compiled program is too large.
    pub fn without_case(regex: &Regex) -> Result<Self, regex_lite::Error> {
        let mut builder = RegexBuilder::new(regex.as_str());
        let builder = builder.size_limit(MAX_REGEX_BYTES).case_insensitive(true);
        builder.build().map(Self::Regex)
    }

    /// The text of the pattern, or the source of the regular expression.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Contains(text) | Self::Exact(text) | Self::Prefix(text) | Self::Suffix(text) => {
                text
            }
            Self::Regex(regex) => regex.as_str(),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Exact(whole) => text == whole,
            Self::Prefix(start) => text.starts_with(start.as_str()),
            Self::Regex(regex) => regex.is_match(text),
            Self::Suffix(end) => text.ends_with(end.as_str()),
        }
    }
}

/// Compiles a regular expression that must match a whole string.
///
/// # Errors
/// If `expression` does not compile, or compiles to a program that is too large.
pub fn full_match(expression: &str) -> Result<Regex, regex_lite::Error> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(MAX_REGEX_BYTES).build();
    // Compile the expression by itself first. This rejects an expression such as `a)|(b`, which
    // would close the group `(?:` below and so escape the anchors.
    compile(expression)?;
    // The group keeps an alternation (`a|b`) inside the anchors.
    compile(&format!(r"\A(?:{expression})\z"))
}

/// Returns true if the expression may set this flag somewhere, as `(?i)`, `(?si-x:a)` and, in an
/// expression with spaces, `( ?i)` do. For the flag `-`, returns true if the expression may clear a
/// flag.
///
/// False positives are possible: `[(?i)]` is only a class of characters. For every caller, a false
/// positive does less harm than a missed flag.
#[must_use]
pub fn may_set_flag(expression: &str, flag: char) -> bool {
    let mut rest = expression.chars();
    // True after `(`, until something follows that is not a space.
    let mut is_at_start = false;
    while let Some(next) = rest.next() {
        match next {
            '\\' => {
                rest.next();
                is_at_start = false;
            }
            '(' => is_at_start = true,
            // With the flag `x`, this is a comment, and `?` may follow in a later line.
            '#' if is_at_start => return true,
            '?' if is_at_start => {
                let flags = rest.as_str().split([')', ':', '<']).next();
                // The flags after the first `-` are cleared.
                let set = flags.and_then(|flags| flags.split_inclusive('-').next());
                if set.is_some_and(|set| set.contains(flag)) {
                    return true;
                }
                is_at_start = false;
            }
            other => is_at_start &= other.is_whitespace(),
        }
    }
    false
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Contains(a), Self::Contains(b))
            | (Self::Exact(a), Self::Exact(b))
            | (Self::Prefix(a), Self::Prefix(b))
            | (Self::Suffix(a), Self::Suffix(b)) => a == b,
            (Self::Regex(a), Self::Regex(b)) => a.as_str() == b.as_str(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn anchors_a_regular_expression_at_both_ends() {
        let pattern = StringMatch::new(Pattern::regex("/a|/b").unwrap());
        assert!(pattern.matches("/a"));
        assert!(pattern.matches("/b"));
        for text in ["/a/", "x/b", "/ab", "/a\n", ""] {
            assert!(!pattern.matches(text), "{text:?}");
        }
    }

    #[test]
    fn refuses_an_expression_that_would_escape_the_anchors() {
        for expression in ["/a)|(/b", "a)|(?:.*", "(?x) a # )\\z"] {
            let refused = Pattern::regex(expression).is_err();
            assert!(refused, "{expression}");
        }
        assert!(Pattern::regex("(a{1000}){1000}").is_err());
    }

    #[test]
    fn finds_every_flag_and_sometimes_one_too_many() {
        for (expression, expected) in [
            ("(?i)/a", true),
            ("/a(?i:b)", true),
            ("/a(?si)b", true),
            ("/a(?i-s:b)", true),
            ("(?i)/a(?-i)b", true),
            (r"/\\(?i)a", true),
            ("(?x) ( ?i) /a", true),
            ("(?x) ( # now\n ?i) /a", true),
            // In these two, the flag is not a flag.
            ("[(?i)]", true),
            ("(#?a)", true),
            ("(?-i)/a(?s-i:b)", false),
            (r"/a\(?i)", false),
            (r"/\(?id\)", false),
            (r"/(a\?i)", false),
            ("/(a?i)", false),
            ("(?P<i>a)", false),
            ("(?<i>a)", false),
            ("(?:i)", false),
            ("(?s)i", false),
            ("/i", false),
            ("", false),
        ] {
            assert_eq!(may_set_flag(expression, 'i'), expected, "{expression}");
        }
        for (expression, expected) in [("(?s-i:a)", true), ("(?-i)", true), ("(?i)a-b", false)] {
            assert_eq!(may_set_flag(expression, '-'), expected, "{expression}");
        }
    }

    #[test]
    fn ignores_case_only_if_configured() {
        let exact = Pattern::Exact("Abc".into());
        let ignoring = StringMatch::ignoring_case(exact.clone());
        assert!(ignoring.matches("aBC") && ignoring.ignores_case());
        let observing = StringMatch::new(exact);
        assert!(!observing.matches("abc") && !observing.ignores_case());
    }

    #[test]
    fn patterns_are_equal_if_kind_and_text_are() {
        let pattern = |kind: usize, text: &str| match kind {
            0 => Pattern::Contains(text.into()),
            1 => Pattern::Exact(text.into()),
            2 => Pattern::Prefix(text.into()),
            3 => Pattern::Suffix(text.into()),
            _ => Pattern::regex(text).unwrap(),
        };
        for kind in 0..5 {
            assert_eq!(pattern(kind, "a"), pattern(kind, "a"));
            assert_ne!(pattern(kind, "a"), pattern(kind, "b"));
            for other in (0..5).filter(|other| *other != kind) {
                assert_ne!(pattern(kind, "a"), pattern(other, "a"));
            }
        }
    }
}

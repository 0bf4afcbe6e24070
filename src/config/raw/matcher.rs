//! The JSON form of patterns for strings.

use super::object::object;

object! {
    /// `RegexMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawRegex {
        /// Has no effect, because there is only one regular expression engine.
        _google_re2 = "google_re2" | camelCase: Option<RawRe2>,
        /// The expression, which must match the whole string.
        regex: String,
    }
}

object! {
    /// `RegexMatcher.GoogleRE2` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawRe2 {
        /// Has no effect.
        _max_program_size = "max_program_size" | camelCase: Option<u32>,
    }
}

object! {
    /// `StringMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawStringMatcher {
        /// Substring that the value contains.
        contains !null: Option<String>,
        /// String that the value equals.
        exact !null: Option<String>,
        /// Ignores the case of ASCII letters, except in `safe_regex`.
        ignore_case | camelCase !null: Option<bool> = false,
        /// String that the value starts with.
        prefix !null: Option<String>,
        /// Regular expression that matches the whole value.
        safe_regex | camelCase !null: Option<RawRegex>,
        /// String that the value ends with.
        suffix !null: Option<String>,
    }
}

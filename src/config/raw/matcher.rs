//! The JSON form of text patterns.

use super::object::object;

object! {
    /// `RegexMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawRegex {
        /// Has no effect: there is only one engine.
        _google_re2 = "google_re2" | camelCase: Option<RawRe2>,
        /// The expression. It matches the whole text.
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
        /// Text that the value contains.
        contains: Option<String>,
        /// Text that the value equals.
        exact: Option<String>,
        /// Ignores the case of ASCII letters, except in `safe_regex`.
        ignore_case | camelCase: Option<bool> = false,
        /// Text that the value starts with.
        prefix: Option<String>,
        /// Regular expression that matches the whole value.
        safe_regex | camelCase: Option<RawRegex>,
        /// Text that the value ends with.
        suffix: Option<String>,
    }
}

//! Patterns of texts as they are written.

use super::object::object;

object! {
    /// `RegexMatcher` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawRegex {
        /// Has no effect: it once chose the one engine that there is.
        _google_re2 = "google_re2" | camelCase: Option<RawRe2>,
        /// The expression; it matches the whole text.
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
        /// Contains it.
        contains: Option<String>,
        /// Is it.
        exact: Option<String>,
        /// Case does not count; without effect on `safe_regex`.
        ignore_case | camelCase: Option<bool> = false,
        /// Starts with it.
        prefix: Option<String>,
        /// Matches as a whole.
        safe_regex | camelCase: Option<RawRegex>,
        /// Ends with it.
        suffix: Option<String>,
    }
}

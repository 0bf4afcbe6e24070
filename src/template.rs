//! Strings with placeholders, such as `https://login.example/{tid}/v2.0`.
//!
//! This module only defines the grammar. The modules for issuers, scopes and identities use this
//! grammar, and decide what a placeholder means and which literal text may be next to it.
//!
//! ```
//! use portcullis::template::Template;
//!
//! let template = Template::parse("https://login.example/{tid}/v2.0").ok_or("unpaired brace")?;
//! assert!(template.names().eq(["tid"]));
//! assert!(template.literals().eq(["https://login.example/", "/v2.0"]));
//! # Ok::<(), &str>(())
//! ```

/// Literal text with placeholders, which are names in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The text before the first placeholder.
    pub head: String,
    /// Each placeholder's name, and the literal text that follows it.
    pub tail: Vec<(String, String)>,
}

impl Template {
    /// Splits a string at its placeholders. Returns `None` if a brace is not part of a placeholder.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, mut rest) = literal(text)?;
        let mut tail = Vec::new();
        while let Some(part) = rest {
            let (name, after) = split(part, '}')?;
            if name.is_empty() || split(name, '{').is_some() {
                return None;
            }
            let (text, next) = literal(after)?;
            tail.push((name.to_owned(), text.to_owned()));
            rest = next;
        }
        Some(Self {
            head: head.to_owned(),
            tail,
        })
    }

    /// The names of the placeholders, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tail.iter().map(|(name, _)| name.as_str())
    }

    /// The literal texts, in order. Some may be empty.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        let tail = self.tail.iter().map(|(_, literal)| literal);
        std::iter::once(&self.head).chain(tail).map(String::as_str)
    }

    /// Checks that there is literal text between any two placeholders. Without such text, it would
    /// be unclear where one placeholder's value ends and the next value begins.
    ///
    /// # Errors
    /// The expected form of the template, for an error message.
    pub fn without_touching(self) -> Result<Self, &'static str> {
        let mut between = self.tail.iter().rev().skip(1);
        if between.any(|(_, literal)| literal.is_empty()) {
            return Err("text between any two placeholders");
        }
        Ok(self)
    }
}

/// The number of occurrences of `part` in `text`, including overlapping ones.
#[must_use]
pub fn occurrences(text: &str, part: &str) -> usize {
    let windows = text.as_bytes().windows(part.len().max(1));
    windows.filter(|window| *window == part.as_bytes()).count()
}

/// Splits `text` at its first opening brace, if there is one. Returns `None` if a closing brace
/// comes first.
fn literal(text: &str) -> Option<(&str, Option<&str>)> {
    let (literal, rest) = match split(text, '{') {
        Some((literal, rest)) => (literal, Some(rest)),
        None => (text, None),
    };
    split(literal, '}').is_none().then_some((literal, rest))
}

/// Splits `text` at the first occurrence of `at`. This function is not inlined, so that the Wasm
/// module has only one copy of it.
#[inline(never)]
fn split(text: &str, at: char) -> Option<(&str, &str)> {
    text.split_once(at)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn splits_at_placeholders() {
        let template = Template::parse("a{b}{c}::{d}e").unwrap();
        assert_eq!(template.names().collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(
            template.literals().collect::<Vec<_>>(),
            ["a", "", "::", "e"]
        );
        assert!(template.without_touching().is_err());
        for apart in ["", "a", "{b}", "{b}:{c}", "a{b}:{c}"] {
            let template = Template::parse(apart).unwrap();
            assert!(template.without_touching().is_ok(), "{apart}");
        }
        for odd in ["{", "}", "{}", "a}b{c}", "{a{b}}", "{a}}", "{{a}"] {
            assert_eq!(Template::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn counts_occurrences_that_overlap() {
        for (text, part, expected) in [
            ("a::b::c", "::", 2),
            ("a:::b", "::", 2),
            ("a::::b", "::", 3),
            ("", "::", 0),
            (":", "::", 0),
            ("abc", "", 0),
        ] {
            assert_eq!(occurrences(text, part), expected, "{text} {part}");
        }
    }
}

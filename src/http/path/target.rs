//! Request targets.

use std::borrow::Cow;

/// A request target, split into path and query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The path: everything before the first `?`.
    pub path: &'a str,
    /// The query: everything after the first `?`. `None` if there is no `?`.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Splits `:path` at its first `?`.
    #[must_use]
    pub fn new(target: &'a str) -> Self {
        // Targets are short, so a plain loop is faster than `str::split_once`, which takes time to
        // set up.
        let mark = target.bytes().position(|octet| octet == b'?');
        let (path, query) = target.split_at(mark.unwrap_or(target.len()));
        Self {
            path,
            query: query.get(1..),
        }
    }

    /// The length of the whole target, in bytes.
    #[must_use]
    pub fn length(self) -> usize {
        let query = self.query.map_or(0, |query| query.len().saturating_add(1));
        self.path.len().saturating_add(query)
    }

    /// The whole target, as in `:path`.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        match self.query {
            Some(query) => Cow::Owned(format!("{}?{query}", self.path)),
            None => Cow::Borrowed(self.path),
        }
    }
}

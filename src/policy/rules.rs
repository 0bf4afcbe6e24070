//! The rules of a configuration, with the index that finds the rules for a path.

use core::ops::Deref;

use crate::{
    http::HeaderName,
    policy::{Rule, rule_index::RuleIndex},
};

/// The rules of a configuration, in order. The first rule that matches a request decides.
#[derive(Debug)]
pub struct Rules {
    list: Vec<Rule>,
    index: RuleIndex,
}

impl Rules {
    /// Combines these rules with an index of their paths.
    #[must_use]
    pub fn new(list: Vec<Rule>) -> Self {
        let index = RuleIndex::new(&list);
        Self { list, index }
    }

    /// Returns the rules that may match a request with this path, in order and with their numbers.
    /// All other rules certainly do not match.
    pub fn candidates(&self, path: Option<&str>) -> impl Iterator<Item = (usize, &Rule)> {
        let places = self.index.candidates(path);
        places.filter_map(|place| Some((place, self.list.get(place)?)))
    }

    /// Returns true if a rule matches MCP calls. Otherwise no path is an MCP endpoint.
    #[must_use]
    pub const fn match_calls(&self) -> bool {
        self.index.matches_calls()
    }

    /// Returns true if a rule has a condition on the query. Otherwise the query of a request does
    /// not affect which rule matches.
    #[must_use]
    pub const fn read_query(&self) -> bool {
        self.index.reads_query()
    }

    /// The headers in the conditions of the rules. Pseudo-headers and reserved headers
    /// ([`HeaderName::is_reserved`]) are left out.
    #[must_use]
    pub fn headers(&self) -> &[HeaderName] {
        self.index.headers()
    }

    /// The names of all headers and pseudo-headers in the conditions of the rules, except `:path` and
    /// the authority, which have their own limits.
    pub fn compared_headers(&self) -> impl Iterator<Item = &str> {
        self.index.compared_headers()
    }
}

impl Deref for Rules {
    type Target = [Rule];

    fn deref(&self) -> &[Rule] {
        &self.list
    }
}

//! The rules of a configuration: the index that finds the rules for a path, and what the conditions
//! of the rules read.

use core::ops::Deref;

use crate::{
    http::HeaderName,
    policy::{Rule, RuleId, rule_index::RuleIndex},
};

/// The rules of a configuration, in order. The first rule that matches a request decides.
#[derive(Debug)]
pub struct Rules {
    list: Vec<Rule>,
    index: RuleIndex,
    match_calls: bool,
    read_query: bool,
    headers: Vec<HeaderName>,
    compared: Vec<Box<str>>,
}

impl Rules {
    /// Makes an index of the rules' paths, and collects what the conditions of the rules read.
    #[must_use]
    pub fn new(list: Vec<Rule>) -> Self {
        let compared = compared(&list);
        Self {
            index: RuleIndex::new(&list),
            match_calls: list.iter().any(|rule| rule.route.mcp.is_some()),
            read_query: list.iter().any(|rule| rule.route.reads_query()),
            headers: headers(&compared),
            compared,
            list,
        }
    }

    /// Returns the rules that may match a request with this path, in order and with their identifiers.
    /// All other rules certainly do not match.
    pub fn candidates(&self, path: Option<&str>) -> impl Iterator<Item = (RuleId, &Rule)> {
        let indices = self.index.candidates(path);
        indices.filter_map(|index| Some((RuleId::new(index), self.list.get(index)?)))
    }

    /// Returns true if a rule matches MCP calls. Otherwise no path is an MCP endpoint.
    #[must_use]
    pub const fn match_calls(&self) -> bool {
        self.match_calls
    }

    /// Returns true if a rule has a condition on the query. Otherwise the query of a request does
    /// not affect which rule matches.
    #[must_use]
    pub const fn read_query(&self) -> bool {
        self.read_query
    }

    /// The headers in the conditions of the rules. Pseudo-headers and reserved headers
    /// ([`HeaderName::is_reserved`]) are left out.
    #[must_use]
    pub fn headers(&self) -> &[HeaderName] {
        &self.headers
    }

    /// The names of all headers and pseudo-headers in the conditions of the rules, except `:path` and
    /// the authority, which have their own limits.
    pub fn compared_headers(&self) -> impl Iterator<Item = &str> {
        self.compared.iter().map(|name| &**name)
    }
}

impl Deref for Rules {
    type Target = [Rule];

    fn deref(&self) -> &[Rule] {
        &self.list
    }
}

/// Returns the value of [`Rules::compared_headers`] for these rules. The list is not sorted,
/// because the code of a sort would add three kilobytes to the WebAssembly module.
fn compared(rules: &[Rule]) -> Vec<Box<str>> {
    let mut compared: Vec<Box<str>> = Vec::new();
    for header in rules.iter().flat_map(|rule| &rule.route.headers) {
        let name = &*header.name;
        if !matches!(name, ":path" | ":authority") && !compared.iter().any(|own| **own == *name) {
            compared.push(name.into());
        }
    }
    compared
}

/// Returns the value of [`Rules::headers`] for rules with conditions on these headers.
fn headers(compared: &[Box<str>]) -> Vec<HeaderName> {
    // `HeaderName::parse` rejects the names of pseudo-headers.
    let names = (compared.iter()).filter_map(|name| HeaderName::parse(name).ok());
    names.filter(|name| !name.is_reserved()).collect()
}

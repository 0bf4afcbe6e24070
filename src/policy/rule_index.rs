//! Finds the rules whose path may match a request, without trying every rule.
//!
//! If a rule is case-sensitive and has a literal path, it matches only request paths that begin
//! with this literal path. The index is a sorted list of these literal paths. Each entry refers to
//! its longest proper prefix among the other entries. A binary search finds the last entry that
//! sorts before the request's path or equals it. From this entry, the references lead to all
//! literal paths that are prefixes of the request's path. Rules without an entry are tried for
//! every request.
//!
//! The index only excludes rules. The remaining rules are then checked, in their order, with
//! [`RouteMatch::matches`](crate::policy::RouteMatch::matches).

use std::collections::BTreeMap;

use crate::policy::Rule;

/// The maximum length of a chain of literal paths in which each path is a prefix of the next. If a
/// chain is longer, the rules for its remaining paths are tried for every request. This limits the
/// number of references that a lookup follows.
const MAX_DEPTH: usize = 8;

/// An index of rules by their literal paths.
#[derive(Debug)]
pub(super) struct RuleIndex {
    /// The literal paths, in sorted order.
    starts: Vec<Start>,
    /// The indices of the rules that are tried for every request.
    others: Vec<usize>,
}

/// A literal path, and the rules that have this path.
#[derive(Debug)]
struct Start {
    text: Box<str>,
    /// The index of the entry whose text is the longest proper prefix of this text.
    shorter: Option<usize>,
    /// The indices of the rules with this literal path, in order.
    rules: Vec<usize>,
}

impl RuleIndex {
    /// Makes an index of these rules.
    #[must_use]
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut by_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut others = Vec::new();
        for (place, rule) in rules.iter().enumerate() {
            match rule.route.starts() {
                Some(texts) => texts.for_each(|text| by_text.entry(text).or_default().push(place)),
                None => others.push(place),
            }
        }
        let mut starts: Vec<Start> = Vec::with_capacity(by_text.len());
        // The indices of the entries whose texts are prefixes of the current entry's text.
        let mut open: Vec<usize> = Vec::new();
        for (text, rules) in by_text {
            let begins = |place: &usize| {
                let start = starts.get(*place);
                start.is_some_and(|start| text.starts_with(&*start.text))
            };
            open.truncate(
                open.iter()
                    .rposition(begins)
                    .map_or(0, |last| last.saturating_add(1)),
            );
            if open.len() >= MAX_DEPTH {
                for rule in rules {
                    others.insert(others.partition_point(|other| *other < rule), rule);
                }
                continue;
            }
            let shorter = open.last().copied();
            open.push(starts.len());
            starts.push(Start {
                text: text.into(),
                shorter,
                rules,
            });
        }
        Self { starts, others }
    }

    /// Returns the indices of the rules that may match a request with this path, in order. All
    /// other rules certainly do not match.
    pub(super) fn candidates(&self, path: Option<&str>) -> impl Iterator<Item = usize> {
        let longest = path.and_then(|path| self.longest(path));
        let mut next = Some(0);
        core::iter::from_fn(move || {
            let place = self.candidate(longest, next?)?;
            next = place.checked_add(1);
            Some(place)
        })
    }

    /// Returns the entry with the longest text that is a prefix of `path`.
    fn longest(&self, path: &str) -> Option<&Start> {
        let behind = self.starts.partition_point(|start| *start.text <= *path);
        let mut start = self.starts.get(behind.checked_sub(1)?)?;
        while !path.starts_with(&*start.text) {
            start = self.starts.get(start.shorter?)?;
        }
        Some(start)
    }

    /// Returns the index of the first candidate rule at or after index `place`. `longest` is the
    /// entry with the longest text that is a prefix of the request's path.
    fn candidate(&self, longest: Option<&Start>, place: usize) -> Option<usize> {
        let from = |rules: &[usize]| {
            let before = rules.partition_point(|own| *own < place);
            rules.get(before).copied()
        };
        let mut first = from(&self.others);
        let mut start = longest;
        while let Some(Start { rules, shorter, .. }) = start {
            first = match (first, from(rules)) {
                (Some(first), Some(own)) => Some(first.min(own)),
                (first, own) => first.or(own),
            };
            start = shorter.and_then(|shorter| self.starts.get(shorter));
        }
        first
    }
}

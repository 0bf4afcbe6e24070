//! Finds groups of requirements that decide differently in Portcullis than in `jwt_authn`.
//!
//! In `jwt_authn`, the members of a group handle the request one after the other, and each member
//! may remove the token that it used. In Portcullis, every member sees the original request. The
//! decisions can differ if two members use the same token.

use super::difference::Deviation;
use crate::envoy::document::Node;

const GROUPS: [&str; 2] = ["requires_any", "requires_all"];
/// The requirements that, in `jwt_authn`, handle the tokens of any provider and remove them from
/// the request.
const LENIENT: [&str; 3] = [
    "allow_missing",
    "allow_missing_or_failed",
    "extract_only_without_validation",
];

/// The differences in behaviour that a converted requirement has.
pub(super) fn differences(requirement: &Node) -> Vec<Deviation> {
    let mut differences = Vec::new();
    if takes_tokens(requirement) {
        differences.push(Deviation::TakenTokens);
    }
    if nests_allow_missing(requirement) {
        differences.push(Deviation::NestedAllowMissing);
    }
    differences
}

/// Whether the requirement contains a `requires_all` whose members use the same token.
fn takes_tokens(requirement: &Node) -> bool {
    let all = members(requirement, "requires_all");
    if all.len() > 1 {
        let mut before: Vec<&str> = Vec::new();
        for member in all {
            let providers = providers(member);
            if is_lenient(member) || providers.iter().any(|name| before.contains(name)) {
                return true;
            }
            before.extend(providers);
        }
    }
    every_member(requirement).any(takes_tokens)
}

/// Whether `allow_missing` occurs inside a group other than the outermost `requires_any`.
fn nests_allow_missing(requirement: &Node) -> bool {
    let has = |node: &Node| contains(node, &["allow_missing"]);
    let any = members(requirement, "requires_any").iter();
    members(requirement, "requires_all").iter().any(has) || any.flat_map(every_member).any(has)
}

fn is_lenient(requirement: &Node) -> bool {
    contains(requirement, &LENIENT)
}

fn contains(requirement: &Node, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| requirement.member(kind).is_some())
        || every_member(requirement).any(|member| contains(member, kinds))
}

/// All providers that a requirement names, including the providers in its groups.
fn providers(requirement: &Node) -> Vec<&str> {
    let both = requirement.member("provider_and_audiences");
    let own = both.unwrap_or(requirement).member("provider_name");
    let own = own.and_then(Node::text).into_iter();
    own.chain(every_member(requirement).flat_map(providers))
        .collect()
}

fn every_member(requirement: &Node) -> impl Iterator<Item = &Node> {
    GROUPS
        .into_iter()
        .flat_map(|group| members(requirement, group))
}

fn members<'a>(requirement: &'a Node, group: &str) -> &'a [Node] {
    let group = requirement.member(group);
    match group.and_then(|group| group.member("requirements")) {
        Some(Node::List(members)) => members,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_of_trees_whose_members_use_the_same_token() {
        let all = |members: &str| format!("{{ requires_all: {{ requirements: [{members}] }} }}");
        let any = |members: &str| format!("{{ requires_any: {{ requirements: [{members}] }} }}");
        let (a, b) = ("{ provider_name: a }", "{ provider_name: b }");
        let audiences = "{ provider_and_audiences: { provider_name: a, audiences: [x] } }";
        let missing = "{ allow_missing: {} }";
        let failed = "{ allow_missing_or_failed: {} }";
        let extract = "{ extract_only_without_validation: {} }";
        let maybe = any(&format!("{a}, {missing}"));
        let (taken, nested) = (
            || vec![Deviation::TakenTokens],
            || vec![Deviation::NestedAllowMissing],
        );
        let both = || [taken(), nested()].concat();
        for (requirement, expected) in [
            (a.to_owned(), vec![]),
            (missing.to_owned(), vec![]),
            (maybe.clone(), vec![]),
            (any(&format!("{a}, {failed}")), vec![]),
            (any(&format!("{a}, {a}")), vec![]),
            (all(&format!("{a}, {b}")), vec![]),
            (all(a), vec![]),
            (all(&format!("{a}, {a}")), taken()),
            (all(&format!("{a}, {audiences}")), taken()),
            (all(&format!("{}, {b}", any(&format!("{a}, {b}")))), taken()),
            (all(&format!("{failed}, {a}")), taken()),
            (all(&format!("{extract}, {a}")), taken()),
            (all(&format!("{maybe}, {failed}")), both()),
            (all(&format!("{maybe}, {b}")), both()),
            (any(&format!("{maybe}, {b}")), nested()),
            (
                any(&format!("{b}, {}", all(&format!("{failed}, {a}")))),
                taken(),
            ),
        ] {
            let (node, _) = Node::read(&requirement).unwrap();
            assert_eq!(differences(&node), expected, "{requirement}");
        }
    }
}

//! Guards that keep a roll-out closed while only half of it has arrived.
//!
//! A control plane that serves listeners and routes separately may serve either first. Rewritten
//! routes keep their configuration for `jwt_authn`, so the old listener enforces it as before. The
//! old routes are the danger: a module does not see typed per-route configuration, so the rewritten
//! listener would decide by its rules where a route asks for more. It therefore gets a guard in
//! front:
//!
//! - Where routes may name requirements, [`GUARD`] refuses every request. Rewritten virtual hosts
//!   switch it off for their routes.
//! - Where there is no `requirement_map`, a route that names a requirement is one that `jwt_authn`
//!   refuses. A `jwt_authn` without any configuration goes on refusing it and passes everything
//!   else.

use super::{
    document::Node,
    filter::Object,
    search::{ANY_FILTER, FILTER, either, filters, is_entry},
    shape::{has_virtual_hosts_elsewhere, is_route_configuration},
};

/// Name of the filter that refuses requests on routes that were not rewritten. Files of listeners
/// and of routes are rewritten separately, so the name is the same in all of them.
pub(super) const GUARD: &str = "portcullis-rollout";

/// Names of the field that holds a connection manager's chain of filters.
pub(super) const CHAIN: [&str; 2] = ["http_filters", "httpFilters"];
const TYPES: &str = "type.googleapis.com/";
const RBAC: &str = "envoy.extensions.filters.http.rbac.v3.RBAC";

/// The guard that a filter needs in front of it until its routes are rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// Refuses everything on routes that were not rewritten.
    Everything,
    /// Refuses routes that name a requirement of this filter.
    Named {
        /// The filter's name.
        filter: String,
    },
}

/// The field that says where a connection manager's routes come from, if they are not in it.
pub(super) fn source_of_routes(manager: &[(String, Node)]) -> Option<&str> {
    const APART: [&str; 3] = ["rds", "scoped_routes", "scopedRoutes"];
    let is_source = |(name, node): &&(String, Node)| match name.as_str() {
        name if is_route_configuration(name) => {
            matches!(node, Node::Map(routes) if has_virtual_hosts_elsewhere(routes))
        }
        name => APART.contains(&name) && !node.is_null(),
    };
    manager
        .iter()
        .find(is_source)
        .map(|(name, _)| name.as_str())
}

/// The guards that a connection manager's chain needs, each with the entry that it goes in front
/// of.
pub(super) fn guards(manager: &[(String, Node)]) -> Vec<(usize, Guard)> {
    let mut guards: Vec<(usize, Guard)> = Vec::new();
    if source_of_routes(manager).is_none() {
        return guards;
    }
    for (index, entry) in chain(manager).iter().enumerate() {
        let configurations = filters(entry);
        if !is_entry(entry) && configurations.is_empty() {
            continue;
        }
        // A discovered configuration may be anything.
        let is_discovered = either(entry, "config_discovery", "configDiscovery").is_some();
        let names_requirements = configurations
            .iter()
            .any(|found| has_requirements(found.configuration));
        let guard = if is_discovered || names_requirements {
            Guard::Everything
        } else {
            let filter = entry.member("name").and_then(Node::text);
            Guard::Named {
                filter: filter.unwrap_or_default().to_owned(),
            }
        };
        if guards.iter().all(|(_, other)| *other != guard) {
            guards.push((index, guard));
        }
    }
    guards
}

/// Puts guards into a chain.
pub(super) fn insert(guards: Vec<(usize, Guard)>, manager: &mut [(String, Node)]) {
    let chain = manager
        .iter_mut()
        .find(|(name, _)| CHAIN.contains(&name.as_str()));
    if let Some((_, Node::List(chain))) = chain {
        // From the end, so that earlier indices stay valid.
        for (index, guard) in guards.into_iter().rev() {
            chain.insert(index.min(chain.len()), guard.entry());
        }
    }
}

/// Marks a virtual host as rewritten.
pub(super) fn mark(overrides: &mut Vec<(String, Node)>) {
    let mut off = Object::default();
    off.put("@type", format!("{TYPES}{ANY_FILTER}"));
    off.put("disabled", true);
    overrides.retain(|(name, _)| name != GUARD);
    overrides.push((GUARD.to_owned(), off.into()));
}

impl Guard {
    /// The filter.
    fn entry(&self) -> Node {
        let (name, typed) = match self {
            Self::Everything => {
                let mut typed = typed(RBAC);
                // Passes what one of its policies allows, and it has none.
                typed.put("rules", Object::default());
                (GUARD, typed)
            }
            Self::Named { filter } => (filter.as_str(), typed(FILTER)),
        };
        let mut entry = Object::default();
        entry.put("name", name);
        entry.put("typed_config", typed);
        entry.into()
    }
}

fn typed(name: &str) -> Object {
    let mut typed = Object::default();
    typed.put("@type", format!("{TYPES}{name}"));
    typed
}

fn chain(manager: &[(String, Node)]) -> &[Node] {
    let chain = manager
        .iter()
        .find(|(name, _)| CHAIN.contains(&name.as_str()));
    match chain {
        Some((_, Node::List(chain))) => chain,
        _ => &[],
    }
}

fn has_requirements(jwt_authn: &Node) -> bool {
    let map = either(jwt_authn, "requirement_map", "requirementMap");
    matches!(map, Some(Node::Map(named)) if !named.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guards_of(routes: &str, entry: &str) -> Vec<(usize, Guard)> {
        let text = format!("{{ {routes}, http_filters: [{{ name: cors }}, {entry}] }}");
        match Node::read(&text).unwrap() {
            (Node::Map(manager), _) => guards(&manager),
            _ => Vec::new(),
        }
    }

    #[test]
    fn guards_chains_whose_routes_come_on_their_own() {
        let entry = |more: &str| {
            format!("{{ name: jwt, typed_config: {{ '@type': '{TYPES}{FILTER}', {more} }} }}")
        };
        let rules = entry("rules: []");
        let map = entry("requirementMap: { a: {} }");
        let discovered =
            format!("{{ name: jwt, config_discovery: {{ type_urls: ['{TYPES}{FILTER}'] }} }}");
        let within = format!("{{ name: jwt, typed_config: {{ actions: [{map}] }} }}");
        let named = || {
            vec![(
                1,
                Guard::Named {
                    filter: "jwt".to_owned(),
                },
            )]
        };
        let everything = || vec![(1, Guard::Everything)];
        let apart = "rds: {}";
        for (routes, entry, expected) in [
            (apart, rules.as_str(), named()),
            (apart, &map, everything()),
            (apart, &discovered, everything()),
            (apart, &within, everything()),
            (apart, "{ name: other }", vec![]),
            ("scopedRoutes: {}", &map, everything()),
            ("route_config: { vhds: {} }", &map, everything()),
            ("route_config: { virtual_hosts: [] }", &map, vec![]),
            ("rds: null", &map, vec![]),
        ] {
            assert_eq!(guards_of(routes, entry), expected, "{routes} {entry}");
        }
        let both = guards_of(apart, &format!("{rules}, {map}, {map}"));
        assert_eq!(both, [named(), vec![(2, Guard::Everything)]].concat());
    }
}

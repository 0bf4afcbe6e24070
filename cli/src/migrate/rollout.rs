//! Guards, which refuse requests while a rewritten listener still has its old routes.
//!
//! A control plane that serves listeners and routes separately may serve either of them first.
//! Rewritten routes with the old listener are safe: the routes keep their overrides for
//! `jwt_authn`, so the old listener still enforces the overrides. Old routes with the rewritten
//! listener are dangerous: the module does not read the routes' overrides for `jwt_authn`, so it
//! would apply its own rules even where a route requires more. Therefore the rewritten listener
//! gets a guard in front of the module: an RBAC filter that refuses every request.
//!
//! Each old filter has its own guard, named after the filter. A rewritten virtual host switches off
//! only the guards of the filters that its routes configure. If the listener has other `jwt_authn`
//! filters, their guards stay on, so the listener refuses requests to the routes of this virtual
//! host. The refusal is necessary because a route's metadata applies to every module in the
//! listener. Metadata that should disable one filter would disable all of them.

use core::mem;

use super::{
    object::Object,
    search::{filters, is_entry},
};
use crate::envoy::{
    document::Node,
    message::ANY_FILTER,
    shape::{chains, edit_chains, has_virtual_hosts_elsewhere, is_route_configuration},
};

/// The prefix of every guard's name. Listeners and routes may be in different files, which are
/// rewritten separately, so both rewrites must derive the same guard name from the name of the
/// filter.
const GUARD: &str = "portcullis-rollout";

const TYPES: &str = "type.googleapis.com/";
const RBAC: &str = "envoy.extensions.filters.http.rbac.v3.RBAC";

/// The guard of a filter. It refuses every request to a route that was not rewritten for that
/// filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// The guard of a filter chain entry that is itself a `jwt_authn` filter. The string is the
    /// entry's name.
    Of(String),
    /// The guard of a filter chain entry that contains a `jwt_authn` filter, such as a composite
    /// filter. Overrides for the inner filter cannot be converted, so a file of routes switches
    /// this guard off only if none of its routes has an override.
    Within(String),
}

/// The field that names the source of a connection manager's routes, if the routes are not inline.
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

/// Returns, for each filter chain of a connection manager, the guards that the chain needs. Each
/// guard comes with an index: the guard belongs before the chain entry that has this index.
/// Requests for an upgrade, such as a WebSocket, pass through the upgrade's own chain, which
/// therefore needs its own guards.
pub(super) fn guards(manager: &[(String, Node)]) -> Vec<Vec<(usize, Guard)>> {
    let chains = chains(manager);
    match source_of_routes(manager) {
        Some(_) => chains.into_iter().map(of_chain).collect(),
        None => Vec::new(),
    }
}

fn of_chain(chain: &[Node]) -> Vec<(usize, Guard)> {
    let mut guards: Vec<(usize, Guard)> = Vec::new();
    for (index, entry) in chain.iter().enumerate() {
        let configurations = filters(entry);
        if !is_entry(entry) && configurations.is_empty() {
            continue;
        }
        let name = entry.member("name").and_then(Node::text);
        let name = name.unwrap_or_default().to_owned();
        let guard = match is_entry(entry) {
            true => Guard::Of(name),
            false => Guard::Within(name),
        };
        if guards.iter().all(|(_, other)| *other != guard) {
            guards.push((index, guard));
        }
    }
    guards
}

/// Inserts the guards into their chains.
pub(super) fn insert(guards: Vec<Vec<(usize, Guard)>>, manager: &mut [(String, Node)]) {
    let mut guards = guards.into_iter();
    edit_chains(manager, |chain| {
        let guards = guards.next().unwrap_or_default();
        if guards.is_empty() {
            return;
        }
        let mut entries = match mem::replace(chain, Node::List(Vec::new())) {
            Node::List(entries) => entries,
            one => vec![one],
        };
        // The last guard is inserted first, so that the other indices stay valid.
        for (index, guard) in guards.into_iter().rev() {
            entries.insert(index.min(entries.len()), guard.entry());
        }
        *chain = Node::List(entries);
    });
}

/// Switches off exactly these guards for a virtual host. If an earlier run switched off other
/// guards, they are switched on again.
pub(super) fn mark(overrides: &mut Vec<(String, Node)>, guards: &[Guard]) {
    overrides.retain(|(name, _)| !name.starts_with(GUARD));
    for guard in guards {
        let mut off = Object::default();
        off.put("@type", format!("{TYPES}{ANY_FILTER}"));
        off.put("disabled", true);
        overrides.push((guard.name(), off.into()));
    }
}

impl Guard {
    /// The name of the guard's entry in the chain.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Of(filter) => format!("{GUARD}/{filter}"),
            Self::Within(filter) => format!("{GUARD}-within/{filter}"),
        }
    }

    /// The guard's entry in the chain.
    fn entry(&self) -> Node {
        let mut typed = Object::default();
        typed.put("@type", format!("{TYPES}{RBAC}"));
        // RBAC refuses every request that no policy allows. This filter has no policies.
        typed.put("rules", Object::default());
        let mut entry = Object::default();
        entry.put("name", self.name());
        entry.put("typed_config", typed);
        entry.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envoy::message::JWT_AUTHN;

    fn guards_in(manager: &str) -> Vec<Vec<(usize, Guard)>> {
        match Node::read(manager).unwrap() {
            (Node::Map(manager), _) => guards(&manager),
            _ => Vec::new(),
        }
    }

    fn guards_of(routes: &str, entry: &str) -> Vec<(usize, Guard)> {
        let chain = format!("http_filters: [{{ name: cors }}, {entry}]");
        guards_in(&format!("{{ {routes}, {chain} }}")).concat()
    }

    #[test]
    fn guards_chains_whose_routes_come_on_their_own() {
        let entry = |more: &str| {
            format!("{{ name: jwt, typed_config: {{ '@type': '{TYPES}{JWT_AUTHN}', {more} }} }}")
        };
        let rules = entry("rules: []");
        let map = entry("requirementMap: { a: {} }");
        let discovered =
            format!("{{ name: jwt, config_discovery: {{ type_urls: ['{TYPES}{JWT_AUTHN}'] }} }}");
        let within = format!("{{ name: jwt, typed_config: {{ actions: [{map}] }} }}");
        let own = || vec![(1, Guard::Of("jwt".to_owned()))];
        let apart = "rds: {}";
        for (routes, entry, expected) in [
            (apart, rules.as_str(), own()),
            (apart, &map, own()),
            (apart, &discovered, own()),
            (apart, &within, vec![(1, Guard::Within("jwt".to_owned()))]),
            (apart, "{ name: other }", vec![]),
            ("scopedRoutes: {}", &map, own()),
            ("route_config: { vhds: {} }", &map, own()),
            ("route_config: { virtual_hosts: [] }", &map, vec![]),
            ("rds: null", &map, vec![]),
        ] {
            assert_eq!(guards_of(routes, entry), expected, "{routes} {entry}");
        }
        let other = map.replace("name: jwt,", "name: other,");
        let several = guards_of(apart, &format!("{rules}, {map}, {other}"));
        let other = vec![(3, Guard::Of("other".to_owned()))];
        assert_eq!(several, [own(), other].concat());
    }

    /// An upgraded request runs only the upgrade's chain, so the guards of the main chain do not
    /// protect it.
    #[test]
    fn guards_chains_of_upgrades() {
        let jwt = format!("{{ name: jwt, typed_config: {{ '@type': '{TYPES}{JWT_AUTHN}' }} }}");
        let upgrade = format!("{{ upgrade_type: websocket, filters: [{{ name: cors }}, {jwt}] }}");
        let guard = |index: usize| vec![(index, Guard::Of("jwt".to_owned()))];
        for (chains, expected) in [
            (format!("upgrade_configs: [{upgrade}]"), vec![guard(1)]),
            (format!("upgradeConfigs: {upgrade}"), vec![guard(1)]),
            (
                format!("http_filters: [{jwt}], upgrade_configs: [{{}}, {upgrade}]"),
                vec![guard(0), guard(1)],
            ),
            ("upgrade_configs: [{ upgrade_type: a }]".to_owned(), vec![]),
        ] {
            let text = format!("{{ rds: {{}}, {chains} }}");
            let (Node::Map(mut manager), _) = Node::read(&text).unwrap() else {
                panic!("{text}");
            };
            let guards = guards(&manager);
            assert_eq!(guards, expected, "{text}");
            insert(guards.clone(), &mut manager);
            let inserted = super::chains(&manager);
            for (guards, chain) in guards.iter().zip(inserted) {
                for (index, guard) in guards {
                    assert_eq!(chain[*index], guard.entry(), "{text}");
                }
            }
        }
    }

    /// An earlier run may have switched a guard off. If the routes do not configure that guard's
    /// filter, the guard must be switched on again.
    #[test]
    fn lifts_the_guards_of_the_named_filters_alone() {
        let mut overrides = vec![
            ("portcullis-rollout".to_owned(), Node::from(true)),
            ("portcullis-rollout/other".to_owned(), Node::from(true)),
            ("cors".to_owned(), Node::from(true)),
        ];
        mark(&mut overrides, &[Guard::Of("jwt".to_owned())]);
        let names: Vec<&str> = overrides.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["cors", "portcullis-rollout/jwt"]);
    }
}

//! Recognises routes, virtual hosts and connection managers in a document.

use super::document::Node;
use portcullis::gate::ROUTE_METADATA;

const ROUTE: &str = "envoy.config.route.v3.Route";

/// Whether an object is an HTTP route, judging by its type or by members that only routes have.
pub(crate) fn is_route(members: &[(String, Node)]) -> bool {
    const ACTIONS: [&str; 8] = [
        "direct_response",
        "directResponse",
        "filter_action",
        "filterAction",
        "non_forwarding_action",
        "nonForwardingAction",
        "redirect",
        "route",
    ];
    let has = |name: &str| members.iter().any(|(own, _)| own == name);
    let is_typed = members
        .iter()
        .any(|(name, node)| name == "@type" && node.text().is_some_and(|url| url.ends_with(ROUTE)));
    is_typed || has("match") && ACTIONS.into_iter().any(has)
}

/// Whether an object is a virtual host.
pub(crate) fn is_virtual_host(members: &[(String, Node)]) -> bool {
    const ROUTES: [&str; 2] = ["routes", "matcher"];
    let has = |wanted: &str| members.iter().any(|(name, _)| name == wanted);
    has("domains") && ROUTES.into_iter().any(has)
}

const CHAIN: [&str; 2] = ["http_filters", "httpFilters"];
const UPGRADES: [&str; 2] = ["upgrade_configs", "upgradeConfigs"];

/// The filter chains of a connection manager: the main chain, and the chains that replace it for
/// upgrades such as WebSocket.
pub(crate) fn chains(manager: &[(String, Node)]) -> Vec<&[Node]> {
    let mut chains = Vec::new();
    for (name, node) in manager {
        if CHAIN.contains(&name.as_str()) {
            chains.push(node.elements());
        }
        if UPGRADES.contains(&name.as_str()) {
            let upgrades = node.elements().iter();
            let own = upgrades.filter_map(|upgrade| upgrade.member("filters"));
            chains.extend(own.map(Node::elements));
        }
    }
    chains
}

/// Edits each filter chain of a connection manager, in the order of [`chains`].
pub(crate) fn edit_chains(manager: &mut [(String, Node)], mut edit: impl FnMut(&mut Node)) {
    for (name, node) in manager {
        if CHAIN.contains(&name.as_str()) {
            edit(node);
        }
        if UPGRADES.contains(&name.as_str()) {
            for upgrade in node.elements_mut() {
                if let Some(chain) = upgrade.member_mut("filters") {
                    edit(chain);
                }
            }
        }
    }
}

/// Whether the member with this name contains a connection manager's inline routes.
pub(crate) fn is_route_configuration(name: &str) -> bool {
    matches!(name, "route_config" | "routeConfig")
}

/// The weighted clusters of a route.
pub(crate) fn weighted_clusters(members: &mut [(String, Node)]) -> Option<&mut [Node]> {
    let route = member(members, &["route"])?;
    let weighted = member(route, &["weighted_clusters", "weightedClusters"])?;
    let (_, node) = weighted.iter_mut().find(|(name, _)| name == "clusters")?;
    match node {
        Node::List(clusters) => Some(clusters),
        _ => None,
    }
}

fn member<'a>(
    members: &'a mut [(String, Node)],
    names: &[&str],
) -> Option<&'a mut Vec<(String, Node)>> {
    let (_, node) = members
        .iter_mut()
        .find(|(name, _)| names.contains(&name.as_str()))?;
    match node {
        Node::Map(members) => Some(members),
        _ => None,
    }
}

const OF_FILTERS: [&str; 2] = ["filter_metadata", "filterMetadata"];

/// Portcullis's entry in a route's `metadata.filter_metadata`.
pub(crate) fn metadata(route: &[(String, Node)]) -> Option<&Node> {
    let (_, metadata) = route.iter().find(|(name, _)| name == "metadata")?;
    let mut of_filters = OF_FILTERS.iter().filter_map(|name| metadata.member(name));
    of_filters.find_map(|of_filters| of_filters.member(ROUTE_METADATA))
}

/// Sets Portcullis's entry in `metadata.filter_metadata` and keeps the other entries.
pub(crate) fn add_metadata(members: &mut Vec<(String, Node)>, metadata: Node) {
    edit(members, &["metadata"], |of_route| {
        edit(of_route, &OF_FILTERS, |of_filters| {
            of_filters.retain(|(name, _)| name != ROUTE_METADATA);
            of_filters.push((ROUTE_METADATA.to_owned(), metadata));
        });
    });
}

/// Edits the member that has one of these names and is an object. If there is no such member,
/// creates an object under the first of the names.
pub(crate) fn edit(
    members: &mut Vec<(String, Node)>,
    names: &[&str],
    change: impl FnOnce(&mut Vec<(String, Node)>),
) {
    if let Some(object) = member(members, names) {
        return change(object);
    }
    let mut object = Vec::new();
    change(&mut object);
    members.retain(|(name, _)| !names.contains(&name.as_str()));
    let name = names.first().copied().unwrap_or_default();
    members.push((name.to_owned(), Node::Map(object)));
}

/// Whether a route configuration gets virtual hosts from a discovery service.
pub(crate) fn has_virtual_hosts_elsewhere(members: &[(String, Node)]) -> bool {
    members
        .iter()
        .any(|(name, node)| name == "vhds" && !node.is_null())
}

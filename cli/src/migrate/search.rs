//! Where `jwt_authn` stands in an Envoy document.
//!
//! A filter is known by its type, wherever it stands: in the listeners of a bootstrap, in resources
//! of a discovery service, within a composite filter, as the default of a discovered one.

use super::document::Node;
use portcullis::config::{Location, camel_case};

/// Type of the filter's configuration.
pub(super) const FILTER: &str = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
/// Type of the configuration of a filter in WebAssembly.
pub(super) const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
/// Type of an override for `jwt_authn`.
pub(super) const PER_ROUTE: &str = "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig";
/// Type of an override for any filter.
pub(super) const ANY_FILTER: &str = "envoy.config.route.v3.FilterConfig";
/// Namespace of its dynamic metadata, and its usual name.
pub(super) const NAMESPACE: &str = "envoy.filters.http.jwt_authn";

/// Fields in which routes, virtual hosts and clusters say something to filters, by their names.
pub(super) const OVERRIDES: [&str; 2] = ["typed_per_filter_config", "typedPerFilterConfig"];

/// A filter.
pub(super) struct Found<'a> {
    /// Where its configuration is.
    pub(super) at: Location,
    /// Its configuration.
    pub(super) configuration: &'a Node,
}

/// The type that a message says it is of, without its prefix.
pub(super) fn type_of(node: &Node) -> Option<&str> {
    let url = node.member("@type")?.text()?;
    url.rsplit('/').next()
}

/// A member in either of its spellings.
pub(super) fn either<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.member(name).or_else(|| node.member(&camel_case(name)))
}

/// The message that is wrapped as a struct with a type beside it, or itself.
pub(super) fn unwrapped(node: &Node) -> (Option<&str>, &Node) {
    match type_of(node) {
        Some("xds.type.v3.TypedStruct" | "udpa.type.v1.TypedStruct") => {
            let url = either(node, "type_url").and_then(Node::text);
            let inner = url.and_then(|url| url.rsplit('/').next());
            (inner, node.member("value").unwrap_or(node))
        }
        name => (name, node),
    }
}

/// The configuration, where a message is a filter's.
pub(super) fn filter(node: &Node) -> Option<&Node> {
    let (name, inner) = unwrapped(node);
    (name == Some(FILTER)).then_some(inner)
}

/// Whether an override is for the filter, by its type.
pub(super) fn is_per_route(config: &Node) -> bool {
    match unwrapped(config) {
        (Some(PER_ROUTE), _) => true,
        (Some(ANY_FILTER), inner) => inner
            .member("config")
            .is_some_and(|config| unwrapped(config).0 == Some(PER_ROUTE)),
        _ => false,
    }
}

/// Whether a name of a type is the filter's.
pub(super) fn is_filter_type(url: &str) -> bool {
    url.rsplit('/').next() == Some(FILTER)
}

/// Every filter, in the order of the document.
pub(super) fn filters(document: &Node) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    visit(document, &Location::default(), &mut |at, node| {
        if let Some(configuration) = filter(node) {
            let at = at.clone();
            found.push(Found { at, configuration });
            return Walk::Past;
        }
        Walk::Into
    });
    found
}

/// The places of overrides for the filter, found by their type.
pub(super) fn places_of_overrides(document: &Node) -> Vec<Location> {
    let mut places = Vec::new();
    visit(document, &Location::default(), &mut |at, node| {
        if is_per_route(node) {
            places.push(at.clone());
            return Walk::Past;
        }
        Walk::Into
    });
    places
}

/// Whether this is an entry with the filter in it, or with one to be discovered.
pub(super) fn is_entry(entry: &Node) -> bool {
    types(entry).contains(&FILTER)
}

/// The types that the filter of an entry has, or may have once it is discovered.
pub(super) fn types(entry: &Node) -> Vec<&str> {
    let typed = either(entry, "typed_config");
    let discovery = either(entry, "config_discovery");
    let default = discovery.and_then(|node| either(node, "default_config"));
    let urls = discovery.and_then(|node| either(node, "type_urls"));
    let urls = urls.map(Node::elements).unwrap_or_default();
    let discovered = urls.iter().filter_map(|url| url.text()?.rsplit('/').next());
    let written = typed.or(default).and_then(|node| unwrapped(node).0);
    written.into_iter().chain(discovered).collect()
}

/// Looks at every value, and into it where `look` says so.
pub(super) fn visit_all(document: &Node, look: &mut impl FnMut(&Location, &Node) -> bool) {
    visit(document, &Location::default(), &mut |at, node| {
        if look(at, node) {
            return Walk::Into;
        }
        Walk::Past
    });
}

/// Whether to look into a value.
pub(super) enum Walk {
    Into,
    Past,
}

/// Looks at every value, and into it unless `look` walks past.
pub(super) fn visit<'a>(
    node: &'a Node,
    at: &Location,
    look: &mut impl FnMut(&Location, &'a Node) -> Walk,
) {
    if matches!(look(at, node), Walk::Past) {
        return;
    }
    match node {
        Node::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                visit(element, &at.element(index), look);
            }
        }
        Node::Map(members) => {
            for (name, member) in members {
                visit(member, &at.member(name), look);
            }
        }
        Node::Plain(_) | Node::Text(_) => {}
    }
}

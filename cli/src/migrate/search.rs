//! Finds the `jwt_authn` filters of an Envoy document.
//!
//! A filter is recognised by its type, anywhere in the document: in the listeners of a bootstrap,
//! in resources of a discovery service, inside a composite filter, or as the default configuration
//! of a discovered filter.

use crate::envoy::{
    document::Node,
    message::{ANY_FILTER, JWT_AUTHN, Walk, either, unwrapped, visit},
};
use portcullis::config::ConfigPath;

/// The type of an override for `jwt_authn`.
pub(super) const PER_ROUTE: &str = "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig";
/// The namespace of the filter's dynamic metadata. This is also the filter's usual name.
pub(super) const NAMESPACE: &str = "envoy.filters.http.jwt_authn";

/// A `jwt_authn` filter of the document.
pub(super) struct Found<'a> {
    /// The path of the filter's configuration.
    pub(super) at: ConfigPath,
    pub(super) configuration: &'a Node,
}

/// The filter's configuration, if the node is a `jwt_authn` filter.
pub(super) fn filter(node: &Node) -> Option<&Node> {
    let (name, inner) = unwrapped(node);
    (name == Some(JWT_AUTHN)).then_some(inner)
}

/// Whether the type of an override shows that it is for `jwt_authn`.
pub(super) fn is_per_route(config: &Node) -> bool {
    match unwrapped(config) {
        (Some(PER_ROUTE), _) => true,
        (Some(ANY_FILTER), inner) => inner
            .member("config")
            .is_some_and(|config| unwrapped(config).0 == Some(PER_ROUTE)),
        _ => false,
    }
}

/// Whether a type URL names the filter's type.
pub(super) fn is_filter_type(url: &str) -> bool {
    url.rsplit('/').next() == Some(JWT_AUTHN)
}

/// Every `jwt_authn` filter, in document order.
pub(super) fn filters(document: &Node) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    visit(document, &ConfigPath::default(), &mut |at, node| {
        if let Some(configuration) = filter(node) {
            let at = at.clone();
            found.push(Found { at, configuration });
            return Walk::Past;
        }
        Walk::Into
    });
    found
}

/// The paths of overrides for `jwt_authn`, found by their type.
pub(super) fn places_of_overrides(document: &Node) -> Vec<ConfigPath> {
    let mut places = Vec::new();
    visit(document, &ConfigPath::default(), &mut |at, node| {
        if is_per_route(node) {
            places.push(at.clone());
            return Walk::Past;
        }
        Walk::Into
    });
    places
}

/// Whether a filter chain entry is a `jwt_authn` filter, or may become one through a discovery
/// service.
pub(super) fn is_entry(entry: &Node) -> bool {
    types(entry).contains(&JWT_AUTHN)
}

/// The type of an entry's filter, or the types that a discovery service may give it.
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

//! The `jwt_authn` filters of an Envoy document.
//!
//! A filter is known by its type, wherever it is: in the listeners of a bootstrap, in resources
//! of a discovery service, within a composite filter, as the default of a discovered one.

use crate::envoy::{
    document::Node,
    message::{ANY_FILTER, Walk, either, unwrapped, visit},
};
use portcullis::config::ConfigPath;

/// Type of the filter's configuration.
pub(super) const FILTER: &str = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
/// Type of an override for `jwt_authn`.
pub(super) const PER_ROUTE: &str = "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig";
/// Namespace of its dynamic metadata, and its usual name.
pub(super) const NAMESPACE: &str = "envoy.filters.http.jwt_authn";

/// A filter.
pub(super) struct Found<'a> {
    /// Where its configuration is.
    pub(super) at: ConfigPath,
    /// Its configuration.
    pub(super) configuration: &'a Node,
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

/// The places of overrides for the filter, found by their type.
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

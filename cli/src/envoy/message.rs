//! Finds the types and fields of protobuf messages in a document, and visits every value.

use super::document::Node;
use portcullis::config::{ConfigPath, camel_case};

/// The type of a WebAssembly filter's configuration.
pub(crate) const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// The type of the configuration of `jwt_authn`.
pub(crate) const JWT_AUTHN: &str = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";

/// The type of the message that can wrap any filter's per-route override.
pub(crate) const ANY_FILTER: &str = "envoy.config.route.v3.FilterConfig";

/// The two spellings, snake case and camel case, of the field with the per-filter configuration of
/// a route, virtual host or weighted cluster.
pub(crate) const OVERRIDES: [&str; 2] = ["typed_per_filter_config", "typedPerFilterConfig"];

/// The message type that `@type` names, without the URL prefix.
pub(crate) fn type_of(node: &Node) -> Option<&str> {
    let url = node.member("@type")?.text()?;
    url.rsplit('/').next()
}

/// The member with the given name in snake case, or else with the same name in camel case.
pub(crate) fn either<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.member(name).or_else(|| node.member(&camel_case(name)))
}

/// The type and the content of a message. If the message is a `TypedStruct`, these are the type and
/// the content of the wrapped message.
pub(crate) fn unwrapped(node: &Node) -> (Option<&str>, &Node) {
    match type_of(node) {
        Some("xds.type.v3.TypedStruct" | "udpa.type.v1.TypedStruct") => {
            let url = either(node, "type_url").and_then(Node::text);
            let inner = url.and_then(|url| url.rsplit('/').next());
            (inner, node.member("value").unwrap_or(node))
        }
        name => (name, node),
    }
}

/// Visits every value, in document order. Skips the children of a value if `look` returns false.
pub(crate) fn visit_all(document: &Node, look: &mut impl FnMut(&ConfigPath, &Node) -> bool) {
    visit(document, &ConfigPath::default(), &mut |at, node| {
        if look(at, node) {
            return Walk::Into;
        }
        Walk::Past
    });
}

/// Whether to visit the children of a value.
pub(crate) enum Walk {
    Into,
    Past,
}

/// Visits every value, in document order. Skips the children of a value if `look` returns
/// [`Walk::Past`].
pub(crate) fn visit<'a>(
    node: &'a Node,
    at: &ConfigPath,
    look: &mut impl FnMut(&ConfigPath, &'a Node) -> Walk,
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

//! Protobuf messages in a document: their types, their fields and a walk over them.

use super::document::Node;
use portcullis::config::{ConfigPath, camel_case};

/// Type of the configuration of a filter in WebAssembly.
pub(crate) const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// Type of an override for any filter.
pub(crate) const ANY_FILTER: &str = "envoy.config.route.v3.FilterConfig";

/// Fields in which routes, virtual hosts and clusters say something to filters, by their names.
pub(crate) const OVERRIDES: [&str; 2] = ["typed_per_filter_config", "typedPerFilterConfig"];

/// The type that a message says it is of, without its prefix.
pub(crate) fn type_of(node: &Node) -> Option<&str> {
    let url = node.member("@type")?.text()?;
    url.rsplit('/').next()
}

/// A member in either of its spellings.
pub(crate) fn either<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.member(name).or_else(|| node.member(&camel_case(name)))
}

/// The message in a struct with a type next to it, or the message itself.
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

/// Looks at every value, and into it where `look` says so.
pub(crate) fn visit_all(document: &Node, look: &mut impl FnMut(&ConfigPath, &Node) -> bool) {
    visit(document, &ConfigPath::default(), &mut |at, node| {
        if look(at, node) {
            return Walk::Into;
        }
        Walk::Past
    });
}

/// Whether to look into a value.
pub(crate) enum Walk {
    Into,
    Past,
}

/// Looks at every value, and into it unless `look` walks past.
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

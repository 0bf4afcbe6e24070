//! Builds an object member by member.

use crate::envoy::document::Node;

/// An object that is being built. Its members keep their order.
#[derive(Default)]
pub(super) struct Object(pub(super) Vec<(String, Node)>);

impl Object {
    /// Adds a member.
    pub(super) fn put(&mut self, name: &str, node: impl Into<Node>) {
        self.0.push((name.to_owned(), node.into()));
    }

    /// Adds a member, unless the value is `None`.
    pub(super) fn put_some(&mut self, name: &str, node: Option<impl Into<Node>>) {
        if let Some(node) = node {
            self.put(name, node);
        }
    }

    /// Adds a list or an object, unless it is empty.
    pub(super) fn put_filled(&mut self, name: &str, node: impl Into<Node>) {
        match node.into() {
            Node::List(elements) if elements.is_empty() => {}
            Node::Map(members) if members.is_empty() => {}
            node => self.put(name, node),
        }
    }

    /// Adds a boolean member if its value is true. False is left out, because a missing member
    /// means false.
    pub(super) fn put_flag(&mut self, name: &str, flag: bool) {
        if flag {
            self.put(name, flag);
        }
    }
}

impl From<Object> for Node {
    fn from(object: Object) -> Self {
        Self::Map(object.0)
    }
}

//! Rewrites a document: the module replaces each `jwt_authn` filter.

use std::collections::VecDeque;

use super::{
    object::Object,
    rollout,
    search::{filter, is_entry, is_filter_type},
    surroundings::{Surroundings, free},
};
use crate::{
    envoy::{document::Node, message::WASM},
    source::policy::NATIVE,
};

const TYPES: &str = "type.googleapis.com/";

/// The example configuration. The list of capabilities is copied from this file, because tests
/// check the file.
const EXAMPLE: &str = include_str!("../../../envoy/demo.yaml");

/// The field that makes a filter optional, in snake case and in camel case. The rewrite removes
/// this field, because an Envoy without WebAssembly support would skip an optional filter and let
/// every request pass.
const OPTIONAL: [&str; 2] = ["is_optional", "isOptional"];

/// The build of Portcullis that replaces the filters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// The proxy-wasm module. The string is the path of its file.
    Wasm(&'a str),
    /// The dynamic module. The string is the path of its file or, for Envoy before 1.40, its name.
    Native(&'a str),
}

impl Target<'_> {
    /// The URL of the filter's type.
    fn url(self) -> String {
        let name = match self {
            Self::Wasm(_) => WASM,
            Self::Native(_) => NATIVE,
        };
        format!("{TYPES}{name}")
    }

    /// A route's policy as typed configuration for the dynamic module, which does not take policies
    /// from metadata. `None` for the proxy-wasm module.
    pub(super) fn typed_policy(self, policy: Node) -> Option<Node> {
        match self {
            Self::Wasm(_) => None,
            Self::Native(library) => {
                let mut typed = Object::default();
                typed.put("@type", format!("{TYPES}{NATIVE}PerRoute"));
                typed.put("dynamic_module_config", dynamic_module(library));
                if is_name(library) {
                    typed.put("per_route_config_name", "portcullis");
                    typed.put("filter_config", json_text(&policy));
                } else {
                    typed.put("filter_name", "portcullis");
                    typed.put("filter_config", structure(policy));
                }
                Some(typed.into())
            }
        }
    }
}

/// Replaces `jwt_authn` filters with Portcullis filters.
pub(super) struct Modules<'a> {
    /// The build, and the path or name with which Envoy finds it.
    target: Target<'a>,
    /// The name that every new filter gets.
    name: String,
    /// The configurations for the filters that have not been replaced yet, in document order.
    configurations: VecDeque<Node>,
    /// Every `vm_id` that is in use.
    taken: Vec<String>,
}

impl<'a> Modules<'a> {
    /// Prepares the replacement. `configurations` contains the new configuration of each filter, in
    /// document order.
    pub(super) fn new(
        target: Target<'a>,
        configurations: impl IntoIterator<Item = Node>,
        surroundings: &Surroundings,
    ) -> Self {
        Self {
            target,
            name: surroundings.free_name(),
            configurations: configurations.into_iter().collect(),
            taken: surroundings.vm_ids.clone(),
        }
    }

    /// Rewrites a document or a part of one.
    pub(super) fn rewrite(&mut self, node: Node) -> Node {
        if filter(&node).is_some() {
            return match self.configurations.pop_front() {
                Some(configuration) => self.module(configuration),
                None => node,
            };
        }
        let has_filter = is_entry(&node);
        match node {
            Node::List(elements) => elements
                .into_iter()
                .map(|element| self.rewrite(element))
                .collect(),
            Node::Map(mut members) => {
                let guards = rollout::guards(&members);
                members.retain(|(name, _)| !(has_filter && OPTIONAL.contains(&name.as_str())));
                let mut members = self.members(members);
                rollout::insert(guards, &mut members);
                Node::Map(members)
            }
            scalar => scalar,
        }
    }

    fn members(&mut self, mut members: Vec<(String, Node)>) -> Vec<(String, Node)> {
        let is_entry = members.iter().any(|(name, node)| {
            ["typed_config", "typedConfig"].contains(&name.as_str()) && filter(node).is_some()
        });
        // A filter from a discovery service keeps its name, because Envoy requests the filter by
        // name.
        let is_resource = members.iter().any(|(name, _)| name == "@type");
        for (name, node) in &mut members {
            match name.as_str() {
                // The new filter gets a different name. Routes still have overrides under the old
                // name, and one of these could disable the new filter.
                "name" if is_entry && !is_resource => {
                    *node = self.name.as_str().into();
                }
                "type_urls" | "typeUrls" => rename_types(node, &self.target.url()),
                _ => {}
            }
        }
        members
            .into_iter()
            .map(|(name, node)| (name, self.rewrite(node)))
            .collect()
    }

    /// The filter that replaces a `jwt_authn` filter.
    fn module(&mut self, configuration: Node) -> Node {
        match self.target {
            Target::Wasm(module) => self.wasm(module, configuration),
            Target::Native(library) => {
                let mut filter = Object::default();
                filter.put("@type", self.target.url());
                filter.put("dynamic_module_config", dynamic_module(library));
                filter.put("filter_name", "portcullis");
                filter.put("filter_config", structure(configuration));
                filter.into()
            }
        }
    }

    /// A filter with the proxy-wasm module, configured as in the example file.
    fn wasm(&mut self, module: &str, configuration: Node) -> Node {
        let vm_id = self.vm_id();
        let mut local = Object::default();
        local.put("filename", module);
        let mut code = Object::default();
        code.put("local", local);
        let mut restriction = Object::default();
        restriction.put("allowed_capabilities", capabilities());
        let mut vm_config = Object::default();
        vm_config.put("vm_id", vm_id.as_str());
        vm_config.put("runtime", "envoy.wasm.runtime.v8");
        vm_config.put("code", code);
        vm_config.put("capability_restriction_config", restriction);
        let mut config = Object::default();
        config.put("name", vm_id);
        config.put("root_id", "portcullis");
        config.put("vm_config", vm_config);
        config.put("failure_policy", "FAIL_CLOSED");
        config.put("configuration", structure(configuration));
        let mut wasm = Object::default();
        wasm.put("@type", self.target.url());
        wasm.put("config", config);
        wasm.into()
    }

    /// An unused `vm_id`. Modules with the same `vm_id` share the memory that contains the keys.
    fn vm_id(&mut self) -> String {
        let free = free("portcullis", |name| {
            self.taken.iter().any(|taken| taken == name)
        });
        self.taken.push(free.clone());
        free
    }
}

/// Wraps a value in a `google.protobuf.Struct`, for a field of the type `Any`.
fn structure(value: Node) -> Object {
    let mut structure = Object::default();
    structure.put("@type", format!("{TYPES}google.protobuf.Struct"));
    structure.put("value", value);
    structure
}

/// Writes a value as JSON into a `google.protobuf.StringValue`, for a field of the type `Any`. A
/// route's policy has to be a string of JSON, because Envoy 1.38 does not convert a `Struct` in
/// per-route configuration.
fn json_text(value: &Node) -> Object {
    let mut text = Object::default();
    text.put("@type", format!("{TYPES}google.protobuf.StringValue"));
    text.put("value", serde_json::to_string(value).unwrap_or_default());
    text
}

/// Whether the string is a library's name rather than the path of its file. Envoy before 1.40
/// supports only names.
fn is_name(library: &str) -> bool {
    !library.contains('/') && !library.ends_with(".so")
}

/// The field `dynamic_module_config` of filters and of route policies, which refers to the library.
fn dynamic_module(library: &str) -> Object {
    let mut config = Object::default();
    if is_name(library) {
        config.put("name", library);
    } else {
        let mut local = Object::default();
        local.put("filename", library);
        let mut module = Object::default();
        module.put("local", local);
        config.put("module", module);
    }
    // Envoy must never unload the library, because threads of the library may still run.
    config.put("do_not_close", true);
    config
}

fn rename_types(node: &mut Node, new: &str) {
    for url in node.elements_mut() {
        if url.text().is_some_and(is_filter_type) {
            *url = new.into();
        }
    }
}

/// The capabilities of the module: the proxy-wasm functions that it may call and export.
fn capabilities() -> Object {
    let mut capabilities = Object::default();
    for name in EXAMPLE
        .lines()
        .filter_map(|line| line.trim().strip_suffix(": {}"))
    {
        if name.starts_with("proxy_") {
            capabilities.put(name, Object::default());
        }
    }
    capabilities
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `capabilities` returns exactly the capabilities in the example file.
    #[test]
    fn allows_what_the_example_allows() {
        let (example, _) = Node::read(EXAMPLE).unwrap();
        fn list(node: &Node) -> Option<Node> {
            match node {
                Node::Map(members) => members.iter().find_map(|(name, node)| {
                    (name == "allowed_capabilities")
                        .then(|| node.clone())
                        .or_else(|| list(node))
                }),
                Node::List(elements) => elements.iter().find_map(list),
                _ => None,
            }
        }
        assert_eq!(list(&example), Some(Node::from(capabilities())));
    }
}

//! Finds the Portcullis filters in an Envoy document, and the policies of these filters.
//!
//! A WebAssembly or dynamic module filter is recognised by its type, anywhere in the document: in a
//! listener, in a resource of a discovery service, or in the patch of an `EnvoyFilter`. Such a
//! filter counts as Portcullis if its name, its root id, or the name of its file or library
//! contains the word "portcullis", or if its configuration has providers and rules.
//!
//! Istio and Envoy Gateway make such filters from resources of their own: `WasmPlugin`,
//! `TrafficExtension` and `EnvoyExtensionPolicy`.

use crate::envoy::{
    document::Node,
    message::{JWT_AUTHN, WASM, Walk, either, type_of, unwrapped, visit},
};
use portcullis::config::{ConfigPath, Step};

/// The type of a dynamic module filter's configuration.
pub(crate) const NATIVE: &str =
    "envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// The proxy-wasm module.
    Wasm,
    /// The dynamic module, a native library that Envoy loads.
    Native,
}

/// A Portcullis filter.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    /// The filter's name in its chain.
    pub(crate) name: String,
    pub(crate) build: Build,
    /// The path of `message`.
    pub(crate) at: ConfigPath,
    /// The message that configures the filter: `PluginConfig` or `DynamicModuleFilter`, or the part
    /// of a Kubernetes resource from which a control plane makes this message.
    pub(crate) message: Node,
    /// The control plane that makes the filter, if the document is a Kubernetes resource.
    pub(crate) control_plane: Option<ControlPlane>,
    /// The path of the policy.
    pub(crate) policy_at: ConfigPath,
    pub(crate) policy: Body,
}

/// A control plane that makes filters from Kubernetes resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlPlane {
    EnvoyGateway,
    Istio,
}

/// How a policy is written in the document.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Object(Node),
    /// A string that contains JSON.
    Text(String),
    Missing,
}

/// Every Portcullis filter of a document, in document order.
pub(crate) fn filters(document: &Node) -> Vec<Filter> {
    let mut found = Vec::new();
    visit(document, &ConfigPath::default(), &mut |at, node| {
        let of_kind = of_kubernetes(at, node);
        if !of_kind.is_empty() {
            found.extend(of_kind);
            return Walk::Past;
        }
        let Some((build, at, message)) = message(at, node) else {
            return Walk::Into;
        };
        let field = match build {
            Build::Wasm => "configuration",
            Build::Native => "filter_config",
        };
        let (policy_at, policy) = body(&at, message, field);
        if is_portcullis(message, &policy) {
            found.push(Filter {
                name: name(document, &at),
                build,
                at,
                message: message.clone(),
                control_plane: None,
                policy_at,
                policy,
            });
        }
        Walk::Past
    });
    found
}

/// Returns the protobuf message that configures a WebAssembly or dynamic module filter, and the
/// message's path. Returns `None` for any other node.
fn message<'a>(at: &ConfigPath, node: &'a Node) -> Option<(Build, ConfigPath, &'a Node)> {
    let at = match type_of(node) {
        Some("xds.type.v3.TypedStruct" | "udpa.type.v1.TypedStruct") => at.member("value"),
        _ => at.clone(),
    };
    match unwrapped(node) {
        (Some(WASM), inner) => Some((Build::Wasm, at.member("config"), inner.member("config")?)),
        (Some(NATIVE), inner) => Some((Build::Native, at, inner)),
        _ => None,
    }
}

/// The content of a field of type `Any`.
pub(crate) fn body(at: &ConfigPath, message: &Node, field: &str) -> (ConfigPath, Body) {
    let Some(any) = either(message, field) else {
        return (at.clone(), Body::Missing);
    };
    let at = match message.member(field) {
        Some(_) => at.member(field),
        None => at.member(&portcullis::config::camel_case(field)),
    };
    let (at, value) = match (type_of(any), any.member("value")) {
        (Some(_), Some(value)) => (at.member("value"), value),
        _ => (at, any),
    };
    let body = match value {
        Node::Map(_) => Body::Object(value.clone()),
        _ => value
            .text()
            .map_or(Body::Missing, |text| Body::Text(text.to_owned())),
    };
    (at, body)
}

/// Whether a filter is Portcullis, judging by its names, its files and its configuration. `vm_id`
/// does not count, because another module may have the same `vm_id`.
fn is_portcullis(message: &Node, policy: &Body) -> bool {
    let names = ["name", "root_id", "rootID", "filter_name", "plugin_name"];
    let mut named = names
        .iter()
        .filter_map(|name| either(message, name)?.text());
    let vm_config = either(message, "vm_config").and_then(|vm| vm.member("code"));
    let library = either(message, "dynamic_module_config");
    let files = [vm_config, library].into_iter().flatten();
    named.any(|name| name.contains("portcullis"))
        || { files }.any(|node| mentions(node, "portcullis"))
        || match policy {
            Body::Object(node) => {
                node.member("providers").is_some() && node.member("rules").is_some()
            }
            Body::Text(text) => text.contains("\"providers\"") && text.contains("\"rules\""),
            Body::Missing => false,
        }
}

/// Whether any string in the node contains the word.
fn mentions(node: &Node, word: &str) -> bool {
    match node {
        Node::List(elements) => elements.iter().any(|element| mentions(element, word)),
        Node::Map(members) => members.iter().any(|(_, member)| mentions(member, word)),
        Node::Plain(text) | Node::Text(text) => text.contains(word),
    }
}

/// The name of the innermost filter chain entry on the path.
fn name(document: &Node, at: &ConfigPath) -> String {
    let mut node = document;
    let mut name = "";
    for step in at.steps() {
        let next = match step {
            Step::Member(field) => {
                let is_entry = [
                    "typed_config",
                    "typedConfig",
                    "config_discovery",
                    "configDiscovery",
                ];
                if is_entry.contains(&field.as_str()) {
                    name = node.member("name").and_then(Node::text).unwrap_or(name);
                }
                node.member(field)
            }
            Step::Element(index) => node.elements().get(*index),
        };
        let Some(next) = next else { break };
        node = next;
    }
    name.to_owned()
}

/// Finds the policies in a Kubernetes resource that a control plane turns into filters.
fn of_kubernetes(at: &ConfigPath, node: &Node) -> Vec<Filter> {
    let kind = node.member("kind").and_then(Node::text);
    let (Some(kind), Some(spec)) = (kind, node.member("spec")) else {
        return Vec::new();
    };
    let at = at.member("spec");
    let metadata = node.member("metadata");
    let name = metadata.and_then(|node| node.member("name")?.text());
    let filter = |(at, message): (ConfigPath, &Node), build, control_plane, field| {
        let (policy_at, policy) = body(&at, message, field);
        is_portcullis(message, &policy).then(|| Filter {
            name: name.unwrap_or_default().to_owned(),
            build,
            at,
            message: message.clone(),
            control_plane: Some(control_plane),
            policy_at,
            policy,
        })
    };
    let of_istio = |part| filter(part, Build::Wasm, ControlPlane::Istio, "pluginConfig");
    let entries = |field: &str, build| {
        let entries = spec.member(field).map(Node::elements).unwrap_or_default();
        let at = at.member(field);
        let part = |(index, entry)| {
            let part = (at.element(index), entry);
            filter(part, build, ControlPlane::EnvoyGateway, "config")
        };
        entries.iter().enumerate().filter_map(part).collect()
    };
    match kind {
        "WasmPlugin" => of_istio((at, spec)).into_iter().collect(),
        "TrafficExtension" => {
            let wasm = spec.member("wasm").map(|wasm| (at.member("wasm"), wasm));
            wasm.and_then(of_istio).into_iter().collect()
        }
        "EnvoyExtensionPolicy" => {
            let wasm: Vec<Filter> = entries("wasm", Build::Wasm);
            [wasm, entries("dynamicModule", Build::Native)].concat()
        }
        _ => Vec::new(),
    }
}

/// What the user can do about an Envoy configuration without Portcullis.
pub(crate) fn remedy_without_filter(document: &Node) -> &'static str {
    match mentions(document, JWT_AUTHN) {
        true => "translate its jwt_authn filter with \"portcullis migrate\"",
        false => "pass the file that contains Portcullis",
    }
}

/// Whether a document is an Envoy configuration rather than a policy.
pub(crate) fn is_envoy(document: &Node) -> bool {
    const MARKS: [&str; 16] = [
        "@type",
        "admin",
        "api_version",
        "apiVersion",
        "configs",
        "dynamic_resources",
        "dynamicResources",
        "filter_chains",
        "filterChains",
        "http_filters",
        "httpFilters",
        "resources",
        "static_resources",
        "staticResources",
        "virtual_hosts",
        "virtualHosts",
    ];
    MARKS.iter().any(|name| document.member(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Build, String)> {
        let (document, _) = Node::read(text).unwrap();
        let filters = filters(&document).into_iter();
        filters
            .map(|filter| (filter.name, filter.build, filter.policy_at.to_string()))
            .collect()
    }

    #[test]
    fn finds_each_form_of_the_filter() {
        let wasm = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
        for (text, name, build, at) in [
            (
                format!(
                    "http_filters: [{{name: gate, typed_config: {{'@type': {wasm}, config: {{root_id: portcullis, configuration: {{'@type': x/google.protobuf.Struct, value: {{rules: []}}}}}}}}}}]"
                ),
                "gate",
                Build::Wasm,
                "http_filters[0].typed_config.config.configuration.value",
            ),
            (
                format!(
                    "patch: {{value: {{name: gate, typed_config: {{'@type': a/udpa.type.v1.TypedStruct, typeUrl: {wasm}, value: {{config: {{rootId: portcullis, configuration: {{'@type': x/google.protobuf.StringValue, value: '{{}}'}}}}}}}}}}}}"
                ),
                "gate",
                Build::Wasm,
                "patch.value.typed_config.value.config.configuration.value",
            ),
            (
                format!("a: {{'@type': a/{NATIVE}, filter_name: portcullis, filter_config: {{}}}}"),
                "",
                Build::Native,
                "a.filter_config",
            ),
            (
                "{kind: WasmPlugin, metadata: {name: gate}, spec: {pluginConfig: {providers: {}, rules: []}}}".to_owned(),
                "gate",
                Build::Wasm,
                "spec.pluginConfig",
            ),
            (
                "{kind: EnvoyExtensionPolicy, metadata: {name: gate}, spec: {wasm: [{name: portcullis, config: {}}]}}".to_owned(),
                "gate",
                Build::Wasm,
                "spec.wasm[0].config",
            ),
            (
                "{kind: EnvoyExtensionPolicy, metadata: {name: gate}, spec: {dynamicModule: [{filterName: other}, {filterName: portcullis, config: {}}]}}".to_owned(),
                "gate",
                Build::Native,
                "spec.dynamicModule[1].config",
            ),
            (
                "{kind: TrafficExtension, metadata: {name: gate}, spec: {wasm: {pluginName: portcullis, pluginConfig: {}}}}".to_owned(),
                "gate",
                Build::Wasm,
                "spec.wasm.pluginConfig",
            ),
        ] {
            let expected = (name.to_owned(), build, at.to_owned());
            assert_eq!(found(&text), [expected], "{text}");
        }
        let other = format!("a: {{'@type': {wasm}, config: {{name: other, configuration: {{}}}}}}");
        assert_eq!(found(&other), []);
    }
}

//! Checks a filter's settings outside its policy: `failure_policy`, `vm_id`, and how a dynamic
//! module is loaded.

use crate::{
    envoy::{
        document::Node,
        message::{WASM, Walk, either, unwrapped, visit},
    },
    finding::{Finding, Severity},
    source::{
        Source,
        policy::{Build, ControlPlane, Filter},
    },
};
use portcullis::config::{Config, ConfigPath, Step, camel_case};

/// Returns the findings about a filter's own settings.
pub(super) fn check(source: &Source, document: &Node, filter: &Filter) -> Vec<Finding> {
    let mut findings = match (filter.control_plane, filter.build) {
        (Some(_), _) => of_kubernetes(source, filter),
        (None, Build::Wasm) => of_wasm(source, document, filter),
        (None, Build::Native) => of_native(source, filter),
    };
    let entry = entry(&filter.at);
    if let Some(entry) = entry
        && flag(document, &entry, "is_optional")
    {
        let at = entry.member("is_optional");
        let message = "if Envoy cannot load the filter, Envoy runs without the filter, and every \
                       request passes; remove is_optional";
        findings.push(source.at(Severity::Error, &at, message));
    }
    findings
}

/// Warns if other modules could overwrite the fetched keys in shared memory.
pub(super) fn shared_memory(source: &Source, filter: &Filter, config: &Config) -> Option<Finding> {
    // Envoy Gateway gives each module a `vm_id` of its own, so no other module shares its memory.
    let is_alone = filter.control_plane == Some(ControlPlane::EnvoyGateway);
    if filter.build == Build::Native || is_alone {
        return None;
    }
    let warning = config.shared_memory_warning(vm_id(&filter.message).as_bytes())?;
    let at = match either(&filter.message, "vm_config") {
        Some(_) => member(&filter.message, &filter.at, "vm_config"),
        None => filter.policy_at.clone(),
    };
    let finding = source.at(Severity::Warning, &at, warning.text);
    let path = warning.location.to_string();
    Some(Finding { path, ..finding })
}

/// Checks the fields of a Kubernetes resource that let requests pass without the module.
fn of_kubernetes(source: &Source, filter: &Filter) -> Vec<Finding> {
    let mut findings = Vec::new();
    let part = &filter.message;
    let strategy = part.member("failStrategy").and_then(Node::text);
    let is_open = part.member("failOpen").and_then(Node::boolean) == Some(true);
    for (field, is_open, closed) in [
        ("failStrategy", strategy == Some("FAIL_OPEN"), "FAIL_CLOSE"),
        ("failOpen", is_open, "false"),
    ] {
        if is_open {
            let text = format!(
                "while the module is missing or has crashed, a client can get in without a token; \
                 write {field}: {closed}"
            );
            findings.push(source.at(Severity::Error, &filter.at.member(field), text));
        }
    }
    findings
}

fn of_wasm(source: &Source, document: &Node, filter: &Filter) -> Vec<Finding> {
    let mut findings = Vec::new();
    let message = &filter.message;
    let policy = either(message, "failure_policy").and_then(Node::text);
    if matches!(policy, Some("FAIL_OPEN" | "3")) {
        let at = member(message, &filter.at, "failure_policy");
        let text = "a client can get in without a token by making the module fail; write \
                    FAIL_CLOSED or FAIL_RELOAD";
        findings.push(source.at(Severity::Error, &at, text));
    }
    if either(message, "fail_open").and_then(Node::boolean) == Some(true) {
        let at = member(message, &filter.at, "fail_open");
        let text = "a client can get in without a token by making the module fail; remove \
                    fail_open and write failure_policy: FAIL_CLOSED";
        findings.push(source.at(Severity::Error, &at, text));
    }
    let own = vm_id(message);
    let others = other_modules(document, filter, own);
    if let (false, Some(other)) = (own.is_empty(), others.first()) {
        let vm_config = member(message, &filter.at, "vm_config");
        let at = vm_config.member("vm_id");
        let text = format!(
            "the module at {other} has the same vm_id and can replace the fetched keys; give each \
             module its own vm_id"
        );
        findings.push(source.at(Severity::Warning, &at, text));
    }
    findings
}

fn of_native(source: &Source, filter: &Filter) -> Vec<Finding> {
    let mut findings = Vec::new();
    let message = &filter.message;
    if either(message, "filter_name").and_then(Node::text) != Some("portcullis") {
        let at = member(message, &filter.at, "filter_name");
        let text = "the library has only the filter portcullis; write filter_name: portcullis";
        findings.push(source.at(Severity::Error, &at, text));
    }
    let library = either(message, "dynamic_module_config");
    let stays = library.and_then(|library| either(library, "do_not_close")?.boolean());
    if stays != Some(true) {
        let at = member(message, &filter.at, "dynamic_module_config");
        let text = "Envoy may unload the library while it is in use; write do_not_close: true";
        findings.push(source.at(Severity::Warning, &at, text));
    }
    let is_remote = library
        .and_then(|library| library.member("module")?.member("remote"))
        .is_some();
    let waits = library.and_then(|library| either(library, "nack_on_cache_miss")?.boolean());
    if is_remote && waits != Some(true) {
        let at = member(message, &filter.at, "dynamic_module_config");
        let text = "if Envoy cannot download the library, Envoy serves requests without the \
                    filter, so every request passes; write nack_on_cache_miss: true";
        findings.push(source.at(Severity::Error, &at.member("module").member("remote"), text));
    }
    findings
}

/// Warns if the policy of a proxy-wasm module has `metadata_namespace`. The field has no effect
/// there, because this module cannot write metadata.
pub(super) fn metadata(source: &Source, filter: &Filter, config: &Config) -> Option<Finding> {
    if filter.build == Build::Native || config.metadata_namespace.is_none() {
        return None;
    }
    let at = filter.policy_at.member("metadata_namespace");
    let text = "the proxy-wasm module writes no dynamic metadata, only filter state; remove \
                metadata_namespace, or use the dynamic module";
    Some(source.at(Severity::Warning, &at, text))
}

fn vm_id(message: &Node) -> &str {
    let vm_config = either(message, "vm_config");
    let vm_id = vm_config.and_then(|vm| either(vm, "vm_id")?.text());
    vm_id.unwrap_or_default()
}

/// Returns the path of a message's field. The field's name is in snake case or camel case, as the
/// document writes it.
fn member(message: &Node, at: &ConfigPath, name: &str) -> ConfigPath {
    match message.member(name) {
        None if either(message, name).is_some() => at.member(&camel_case(name)),
        _ => at.member(name),
    }
}

/// The code of a filter's module: a file, or a place from which Envoy downloads it.
fn code(message: &Node) -> Option<Node> {
    either(message, "vm_config")?
        .member("code")
        .map(Node::canonical)
}

/// Returns the paths of other WebAssembly modules with this `vm_id`. Filters with the same code are
/// left out: they share the fetched keys on purpose, for example on a second listener for
/// operators.
fn other_modules(document: &Node, filter: &Filter, wanted: &str) -> Vec<ConfigPath> {
    let own = code(&filter.message);
    let mut others = Vec::new();
    visit(document, &ConfigPath::default(), &mut |at, node| {
        let (Some(WASM), inner) = unwrapped(node) else {
            return Walk::Into;
        };
        let is_own = filter.at.steps().starts_with(at.steps());
        let is_other =
            |config: &Node| vm_id(config) == wanted && (own.is_none() || code(config) != own);
        if !is_own && inner.member("config").is_some_and(is_other) {
            others.push(at.clone());
        }
        Walk::Past
    });
    others
}

/// Returns the path of the filter chain entry that contains the path `at`.
fn entry(at: &ConfigPath) -> Option<ConfigPath> {
    let steps = at.steps();
    let is_typed = |step: &Step| matches!(step, Step::Member(name) if name == "typed_config" || name == "typedConfig");
    let end = steps.iter().rposition(is_typed)?;
    Some(location(steps.get(..end)?))
}

/// Builds a path from its steps.
pub(super) fn location(steps: &[Step]) -> ConfigPath {
    steps
        .iter()
        .fold(ConfigPath::default(), |at, step| match step {
            Step::Member(name) => at.member(name),
            Step::Element(index) => at.element(*index),
        })
}

fn flag(document: &Node, at: &ConfigPath, name: &str) -> bool {
    let node = at
        .steps()
        .iter()
        .try_fold(document, |node, step| match step {
            Step::Member(name) => node.member(name),
            Step::Element(index) => node.elements().get(*index),
        });
    node.and_then(|node| either(node, name)?.boolean()) == Some(true)
}

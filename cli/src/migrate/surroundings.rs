//! The parts of an Envoy document that affect its `jwt_authn` filters.

use std::collections::BTreeSet;

use super::{
    rollout::{self, Guard},
    search::{NAMESPACE, filter, filters, is_entry, is_per_route, types},
};
use crate::envoy::{
    document::Node,
    message::{OVERRIDES, WASM, Walk, either, type_of, unwrapped, visit},
    shape::chains,
};
use portcullis::config::ConfigPath;

/// The prefix of both RBAC configuration types: the one for a filter chain, and the one for a
/// route.
const RBAC: &str = "envoy.extensions.filters.http.rbac.v3.RBAC";

/// A connection manager whose routes are not in the document.
pub(super) struct Elsewhere {
    /// The path of the field that names the source of the routes.
    pub(super) at: ConfigPath,
    /// The guards ([`rollout`]) that the manager's chains need, because the routes may arrive late.
    pub(super) guards: Vec<Guard>,
}

/// The parts of a document that affect its `jwt_authn` filters.
#[derive(Default)]
pub(super) struct Surroundings {
    /// Every name in the document, including the filter names for which routes have overrides. The
    /// module must get a different name.
    pub(super) taken: BTreeSet<String>,
    /// The names by which routes refer to the `jwt_authn` filters. In a file without filters, these
    /// are the names from `--filter`. Without `--filter`, they are the filter names for which the
    /// file's routes have overrides or, if there are no overrides, the filter's usual name.
    pub(super) names: BTreeSet<String>,
    /// The names of filter chain entries that contain a `jwt_authn` filter, such as composite
    /// filters.
    pub(super) wrappers: BTreeSet<String>,
    /// Whether the document has neither a `jwt_authn` filter nor an entry that contains one.
    pub(super) is_apart: bool,
    /// Whether a `jwt_authn` filter is disabled by default.
    pub(super) has_disabled: bool,
    /// The connection managers that have a `jwt_authn` filter and whose routes are not in the
    /// document.
    pub(super) routes_elsewhere: Vec<Elsewhere>,
    /// The paths of values that refer to the dynamic metadata of `jwt_authn`.
    pub(super) metadata_readers: Vec<ConfigPath>,
    /// The RBAC filters that use the metadata of `jwt_authn` to deny requests. Without the
    /// metadata, they would deny nothing.
    pub(super) denials: Vec<ConfigPath>,
    /// The routes and matcher branches that depend on the metadata of `jwt_authn`.
    pub(super) choices: Vec<ConfigPath>,
    /// The paths of entries that look like a Portcullis filter.
    pub(super) modules: Vec<ConfigPath>,
    /// The `vm_id` of each WebAssembly virtual machine.
    pub(super) vm_ids: Vec<String>,
}

/// Examines a document. `said` contains the names that the user gave with `--filter`, for a file
/// without filters.
pub(super) fn surroundings(document: &Node, said: &[String]) -> Surroundings {
    let mut surroundings = Surroundings::default();
    visit(document, &ConfigPath::default(), &mut |at, node| {
        if filter(node).is_some() {
            return Walk::Past;
        }
        if let Node::Map(members) = node {
            surroundings.look_at(at, node, members);
        }
        Walk::Into
    });
    if !surroundings.names.is_empty() || !surroundings.wrappers.is_empty() {
        return surroundings;
    }
    surroundings.is_apart = true;
    let mut overridden = BTreeSet::new();
    visit(document, &ConfigPath::default(), &mut |_, node| {
        let overrides = OVERRIDES.iter().filter_map(|field| node.member(field));
        for named in overrides {
            overridden.extend(names_of_overrides(named, said));
        }
        Walk::Into
    });
    if !said.is_empty() {
        surroundings.names = said.iter().cloned().collect();
        if overridden.is_empty() {
            surroundings.wrappers = surroundings.names.clone();
        }
    } else if overridden.is_empty() {
        surroundings.names.insert(NAMESPACE.to_owned());
    } else {
        surroundings.names = overridden;
    }
    surroundings
}

/// The keys of `overrides` (filter names) whose entries configure `jwt_authn`.
fn names_of_overrides(overrides: &Node, said: &[String]) -> impl Iterator<Item = String> {
    let members = match overrides {
        Node::Map(members) => members.as_slice(),
        _ => &[],
    };
    let named = members
        .iter()
        .filter(|(name, config)| name == NAMESPACE || said.contains(name) || is_per_route(config));
    named.map(|(name, _)| name.clone())
}

impl Surroundings {
    /// An unused name for the module. If another filter had the same name, a route that disables
    /// that filter would also disable the module.
    pub(super) fn free_name(&self) -> String {
        free("portcullis", |name| self.taken.contains(name))
    }

    /// The guards that rewritten virtual hosts switch off.
    pub(super) fn guards(&self) -> Vec<Guard> {
        let own = self.names.iter().cloned().map(Guard::Of);
        let within = self.wrappers.iter().cloned().map(Guard::Within);
        own.chain(within).collect()
    }

    fn look_at(&mut self, at: &ConfigPath, node: &Node, members: &[(String, Node)]) {
        let (name, rbac) = unwrapped(node);
        if name.is_some_and(|name| name.starts_with(RBAC)) && denies_by_metadata(rbac) {
            self.denials.push(at.clone());
        }
        if is_entry(node) {
            let name = node.member("name").and_then(Node::text);
            self.names.insert(name.unwrap_or_default().to_owned());
            self.has_disabled |= node.member("disabled").and_then(Node::boolean) == Some(true);
        }
        if is_module(node) {
            self.modules.push(at.clone());
        }
        self.choices.extend(choice_by_metadata(at, node));
        self.look_at_chains(at, members);
        for (name, value) in members {
            let text = value.text().unwrap_or_default();
            if let (true, Node::Map(overrides)) = (OVERRIDES.contains(&name.as_str()), value) {
                let overridden = overrides.iter().map(|(name, _)| name.clone());
                self.taken.extend(overridden);
            }
            if name == "name" {
                self.taken.insert(text.to_owned());
            }
            if name == "vm_id" || name == "vmId" {
                self.vm_ids.push(text.to_owned());
            } else if name != "name" && (text.contains(NAMESPACE) || lists_namespace(value)) {
                self.metadata_readers.push(at.member(name));
            }
        }
    }

    fn look_at_chains(&mut self, at: &ConfigPath, manager: &[(String, Node)]) {
        // Routes refer to the entry in the chain, not to a filter inside the entry.
        for entry in chains(manager).into_iter().flatten() {
            if !is_entry(entry) && !filters(entry).is_empty() {
                let name = entry.member("name").and_then(Node::text);
                self.wrappers.insert(name.unwrap_or_default().to_owned());
            }
        }
        let mut guards: Vec<Guard> = Vec::new();
        for (_, guard) in rollout::guards(manager).into_iter().flatten() {
            if !guards.contains(&guard) {
                guards.push(guard);
            }
        }
        if let (Some(source), false) = (rollout::source_of_routes(manager), guards.is_empty()) {
            let at = at.member(source);
            self.routes_elsewhere.push(Elsewhere { at, guards });
        }
    }
}

/// Whether an entry is a WebAssembly filter that may be Portcullis. The entry must either contain
/// the word "portcullis", for example in the name of a file or virtual machine, or have both
/// providers and rules.
fn is_module(entry: &Node) -> bool {
    let is_wasm = types(entry).contains(&WASM);
    let has_policy = mentions(entry, "providers") && mentions(entry, "rules");
    is_wasm && (mentions(entry, "portcullis") || has_policy)
}

/// Returns the path at which this route or matcher input reads the dynamic metadata of `jwt_authn`.
/// Returns `None` if it does not read this metadata.
fn choice_by_metadata(at: &ConfigPath, node: &Node) -> Option<ConfigPath> {
    let condition = node.member("match");
    let metadata = condition.and_then(|condition| either(condition, "dynamic_metadata"));
    if metadata.is_some_and(|metadata| mentions(metadata, NAMESPACE)) {
        return Some(at.member("match").member("dynamic_metadata"));
    }
    let is_input = type_of(node).is_some_and(|name| name.ends_with("DynamicMetadataInput"));
    (is_input && mentions(node, NAMESPACE)).then(|| at.clone())
}

/// Whether a word occurs anywhere in a node, ignoring case.
pub(super) fn mentions(node: &Node, word: &str) -> bool {
    let has = |text: &str| text.to_ascii_lowercase().contains(word);
    match node {
        Node::List(elements) => elements.iter().any(|element| mentions(element, word)),
        Node::Map(members) => members
            .iter()
            .any(|(name, member)| has(name) || mentions(member, word)),
        Node::Plain(text) | Node::Text(text) => has(text),
    }
}

/// The first of `name`, `name-2`, `name-3`… that is not taken.
pub(super) fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2_usize..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !is_taken(name))
        .unwrap_or_default()
}

/// Whether a list of metadata namespaces contains that of `jwt_authn`. Envoy's external
/// authorization filter has such lists.
fn lists_namespace(value: &Node) -> bool {
    match value {
        Node::List(elements) => elements
            .iter()
            .any(|element| element.text() == Some(NAMESPACE)),
        _ => false,
    }
}

/// Whether this RBAC configuration uses the metadata of `jwt_authn` to deny requests.
fn denies_by_metadata(rbac: &Node) -> bool {
    let rules = rbac.member("rules").is_some_and(|rules| {
        let action = rules.member("action").and_then(Node::text);
        let denies = matches!(action, Some("DENY" | "1"));
        mentions_namespace(rules, denies)
    });
    // The actions of the matcher are not examined, so any mention of the namespace counts.
    let matcher = rbac.member("matcher");
    let of_route = rbac.member("rbac").is_some_and(denies_by_metadata);
    rules || of_route || matcher.is_some_and(|matcher| mentions_namespace(matcher, true))
}

/// Whether a node mentions the namespace. If `is_negated` is false, only mentions inside a negation
/// count.
fn mentions_namespace(node: &Node, is_negated: bool) -> bool {
    const NEGATIONS: [&str; 4] = ["not_id", "notId", "not_rule", "notRule"];
    match node {
        Node::List(elements) => elements
            .iter()
            .any(|element| mentions_namespace(element, is_negated)),
        Node::Map(members) => {
            let is_inverted = node.member("invert").and_then(Node::boolean) == Some(true);
            members.iter().any(|(name, member)| {
                let is_negation = is_inverted || NEGATIONS.contains(&name.as_str());
                mentions_namespace(member, is_negated || is_negation)
            })
        }
        Node::Plain(text) | Node::Text(text) => is_negated && text.contains(NAMESPACE),
    }
}

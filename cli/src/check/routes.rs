//! Checks the policies of Envoy's routes. The proxy-wasm module reads a route's policy from the
//! route's metadata. The dynamic module reads it from typed per-route configuration.

use crate::{
    envoy::{
        document::Node,
        message::{ANY_FILTER, OVERRIDES, Walk, either, unwrapped, visit},
        reader::Format,
        shape::{is_route, is_virtual_host, metadata},
    },
    finding::{Finding, Severity},
    source::{
        Source, joined,
        policy::{Body, Build, Filter, body},
        value::value,
    },
};
use portcullis::{
    config::{Config, ConfigPath, Fault, Step},
    gate::ROUTE_METADATA,
    json,
    policy::RouteLookup,
};

const PER_ROUTE: &str =
    "envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute";

/// Checks each route's policy against the configuration of every Portcullis filter that is in front
/// of the route.
pub(super) fn check(
    source: &Source,
    document: &Node,
    format: Format,
    filters: &[(Filter, Config)],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(document, &ConfigPath::default(), &mut |at, node| {
        let Node::Map(members) = node else {
            return Walk::Into;
        };
        let own = metadata(members);
        if own.is_some() && is_virtual_host(members) {
            let message = "Portcullis reads the metadata of routes, not of virtual hosts; write \
                           the metadata in each route";
            findings.push(source.at(Severity::Error, &at.member("metadata"), message));
        }
        if is_route(members) {
            let route = Route {
                source,
                at,
                metadata: own,
                node,
                format,
            };
            for (filter, config) in in_front(filters, at) {
                findings.extend(route.check(filter, config));
            }
        }
        if is_route(members) || is_virtual_host(members) {
            for (filter, _) in in_front(filters, at) {
                findings.extend(disabled(source, at, node, filter));
            }
        }
        Walk::Into
    });
    findings
}

/// Whether any route has a policy.
pub(super) fn has_policy(document: &Node) -> bool {
    let mut found = false;
    visit(document, &ConfigPath::default(), &mut |_, node| {
        let members = match node {
            Node::Map(members) => members.as_slice(),
            _ => &[],
        };
        found |= metadata(members).is_some() || unwrapped(node).0 == Some(PER_ROUTE);
        match found {
            true => Walk::Past,
            false => Walk::Into,
        }
    });
    found
}

/// Returns the filters in front of a route. For an inline route, these are the filters of its
/// connection manager. A separate route configuration may be used behind any filter, so all filters
/// are returned.
fn in_front<'a>(
    filters: &'a [(Filter, Config)],
    at: &ConfigPath,
) -> impl Iterator<Item = &'a (Filter, Config)> {
    let steps = at.steps().to_vec();
    let inline = |step: &Step| matches!(step, Step::Member(name) if name == "route_config" || name == "routeConfig");
    let is_inline = steps.iter().any(inline);
    filters.iter().filter(move |(filter, _)| {
        let chain = |step: &Step| matches!(step, Step::Member(name) if name == "http_filters" || name == "httpFilters");
        let own = filter.at.steps();
        let end = own.iter().position(chain).unwrap_or_default();
        !is_inline || own.get(..end).is_some_and(|manager| steps.starts_with(manager))
    })
}

struct Route<'a> {
    source: &'a Source,
    at: &'a ConfigPath,
    metadata: Option<&'a Node>,
    node: &'a Node,
    format: Format,
}

impl Route<'_> {
    fn check(&self, filter: &Filter, config: &Config) -> Vec<Finding> {
        let typed = self.typed(filter);
        let metadata_at = self.metadata_at();
        let error = |at: &ConfigPath, message: &str| self.source.at(Severity::Error, at, message);
        let mut findings = Vec::new();
        match (filter.build, self.metadata, &typed) {
            (Build::Native, Some(_), None) => findings.push(error(
                &metadata_at,
                "the dynamic module does not read metadata, so requests to this route get 500; \
                 write a DynamicModuleFilterPerRoute under typed_per_filter_config",
            )),
            (Build::Wasm, own, Some((at, _))) => {
                findings.push(error(
                    at,
                    "the proxy-wasm module cannot read this policy; write the policy in \
                     metadata.filter_metadata.portcullis",
                ));
                findings.extend(own.and_then(|own| self.of_metadata(own, config)));
            }
            (Build::Wasm, Some(own), None) => {
                if config.route_lookup == RouteLookup::Sampled {
                    findings.push(error(
                        &metadata_at,
                        "route_policies is off, so requests can miss this policy; set \
                         route_policies to on, or remove the policy",
                    ));
                }
                findings.extend(self.of_metadata(own, config));
            }
            (Build::Native, _, Some((at, message))) => {
                findings.extend(self.of_typed(at, message, config));
            }
            (_, None, None) => {}
        }
        findings
    }

    fn metadata_at(&self) -> ConfigPath {
        let at = self.at.member("metadata");
        let camel = self.node.member("metadata");
        let camel = camel.is_some_and(|node| node.member("filterMetadata").is_some());
        let at = match camel {
            true => at.member("filterMetadata"),
            false => at.member("filter_metadata"),
        };
        at.member(ROUTE_METADATA)
    }

    fn of_metadata(&self, own: &Node, config: &Config) -> Option<Finding> {
        let at = self.metadata_at();
        let read = value(own, self.format, &at, &mut Vec::new());
        self.judged(&at, &read, config)
    }

    fn of_typed(&self, at: &ConfigPath, message: &Node, config: &Config) -> Option<Finding> {
        let (at, body) = body(at, message, "filter_config");
        let read = match body {
            Body::Object(node) => value(&node, self.format, &at, &mut Vec::new()),
            // Like the module, this parser refuses a member that occurs twice.
            Body::Text(text) => match json::parse(text.as_bytes()) {
                Ok(read) => read,
                Err(error) => {
                    return Some(self.source.at(Severity::Error, &at, error.to_string()));
                }
            },
            Body::Missing => serde_json::Value::Null,
        };
        self.judged(&at, &read, config)
    }

    /// Parses a route's policy and returns its error, if any.
    fn judged(
        &self,
        at: &ConfigPath,
        read: &serde_json::Value,
        config: &Config,
    ) -> Option<Finding> {
        let error = config.parse_route_policy(read).err()?;
        let place = match error.reason() {
            Fault::UnknownField { field, .. } => error.location().member(field),
            _ => error.location().clone(),
        };
        let place = joined(at, &place);
        let message = error.without_location().to_string();
        Some(self.source.at(Severity::Error, &place, message))
    }

    /// The typed per-route policy for a filter, with its path.
    fn typed(&self, filter: &Filter) -> Option<(ConfigPath, Node)> {
        let field = OVERRIDES
            .iter()
            .find(|name| self.node.member(name).is_some())?;
        let Node::Map(overrides) = self.node.member(field)? else {
            return None;
        };
        let (name, node) = overrides.iter().find(|(name, node)| {
            unwrapped(node).0 == Some(PER_ROUTE)
                && (*name == filter.name || is_own(unwrapped(node).1))
        })?;
        let at = self.at.member(field).member(name);
        Some((at, unwrapped(node).1.clone()))
    }
}

fn is_own(message: &Node) -> bool {
    let names = ["filter_name", "per_route_config_name"];
    let mut names = names
        .iter()
        .filter_map(|name| either(message, name)?.text());
    names.any(|name| name == "portcullis")
}

/// Warns if a route or virtual host switches the filter off.
fn disabled(source: &Source, at: &ConfigPath, node: &Node, filter: &Filter) -> Option<Finding> {
    let field = OVERRIDES.iter().find(|name| node.member(name).is_some())?;
    let own = node.member(field)?.member(&filter.name)?;
    let (Some(ANY_FILTER), inner) = unwrapped(own) else {
        return None;
    };
    let is_off = inner.member("disabled").and_then(Node::boolean) == Some(true);
    let at = at.member(field).member(&filter.name);
    let message = "this override switches the filter off here: no client is asked for a token, and \
                   clients can send the headers that the filter sets; instead, write a policy with \
                   disabled: true for each route";
    is_off.then(|| source.at(Severity::Warning, &at, message))
}

//! What single routes ask of the filter.
//!
//! `jwt_authn` has an override with a route, a virtual host, a route configuration or a weighted
//! cluster, the innermost of which counts. A module sees the metadata of the route alone, so each
//! route gets what counts there.

use super::{
    difference::{Deviation, Difference, NotCarried, Obstacle},
    document::Node,
    fields::{Fields, wrong},
    search::{ANY_FILTER, OVERRIDES, PER_ROUTE, Surroundings, is_per_route, unwrapped},
};
use crate::config::Location;

const ROUTE: &str = "envoy.config.route.v3.Route";

/// What a route asks for in place of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Override {
    /// Nothing.
    Disabled,
    /// A named requirement.
    Requirement(String),
}

/// Moves overrides into the metadata of routes.
pub(super) struct Routes<'a> {
    surroundings: &'a Surroundings,
    /// Named requirements that ask for nothing.
    empty: &'a [String],
    /// One for each route that got metadata, and for each override that no filter had.
    pub(super) differences: Vec<Difference>,
    /// How many overrides there were.
    pub(super) overrides: usize,
}

impl<'a> Routes<'a> {
    /// For the routes of a document.
    pub(super) const fn new(surroundings: &'a Surroundings, empty: &'a [String]) -> Self {
        Self {
            surroundings,
            empty,
            differences: Vec::new(),
            overrides: 0,
        }
    }

    /// A document, or a part of one within `outer`.
    pub(super) fn rewrite(
        &mut self,
        node: Node,
        at: &Location,
        outer: Option<&Override>,
    ) -> Result<Node, NotCarried> {
        match node {
            Node::List(elements) => {
                let elements = elements.into_iter().enumerate();
                let rewritten =
                    elements.map(|(index, node)| self.rewrite(node, &at.element(index), outer));
                rewritten.collect::<Result<_, _>>().map(Node::List)
            }
            Node::Map(mut members) => {
                let own = self.take(&mut members, at)?;
                let inner = own.as_ref().or(outer);
                if is_route(&members) {
                    return self.route(members, at, inner);
                }
                let rewritten = members.into_iter().map(|(name, node)| {
                    let at = at.member(&name);
                    Ok((name, self.rewrite(node, &at, inner)?))
                });
                rewritten.collect::<Result<_, _>>().map(Node::Map)
            }
            scalar => Ok(scalar),
        }
    }

    fn route(
        &mut self,
        mut members: Vec<(String, Node)>,
        at: &Location,
        inner: Option<&Override>,
    ) -> Result<Node, NotCarried> {
        let mut counts = inner.cloned();
        if let Some(clusters) = weighted_clusters(&mut members) {
            let at = at
                .member("route")
                .member("weighted_clusters")
                .member("clusters");
            counts = self.clusters(clusters, &at, inner)?;
        }
        if let Some(counts) = counts {
            let what = Deviation::RouteOverride {
                metadata: counts.json(),
            };
            self.differences.push(Difference {
                at: at.clone(),
                what,
            });
            add_metadata(&mut members, counts.metadata());
        }
        Ok(Node::Map(members))
    }

    /// What all clusters of a route agree upon.
    fn clusters(
        &mut self,
        clusters: &mut [Node],
        at: &Location,
        inner: Option<&Override>,
    ) -> Result<Option<Override>, NotCarried> {
        let mut agreed: Option<Option<Override>> = None;
        for (index, cluster) in clusters.iter_mut().enumerate() {
            let at = at.element(index);
            let own = match cluster {
                Node::Map(members) => self.take(members, &at)?,
                _ => None,
            };
            let counts = own.or_else(|| inner.cloned());
            if agreed.as_ref().is_some_and(|agreed| *agreed != counts) {
                let reason = Obstacle::UnequalClusters;
                return Err(NotCarried { at, reason });
            }
            agreed = Some(counts);
        }
        Ok(agreed.unwrap_or_else(|| inner.cloned()))
    }

    /// Takes the override out of an object that may have one.
    fn take(
        &mut self,
        members: &mut Vec<(String, Node)>,
        at: &Location,
    ) -> Result<Option<Override>, NotCarried> {
        let mut counts = None;
        for (field, node) in members.iter_mut() {
            let Node::Map(configs) = node else { continue };
            if !OVERRIDES.contains(&field.as_str()) {
                continue;
            }
            let at = at.member(field);
            let mut kept = Vec::new();
            for (name, config) in core::mem::take(configs) {
                let place = at.member(&name);
                if self.is_override(&name, &config) {
                    counts = self.read(&name, &config, &place)?.or(counts);
                } else {
                    kept.push((name, config));
                }
            }
            *configs = kept;
        }
        members.retain(|(field, node)| {
            !OVERRIDES.contains(&field.as_str()) || *node != Node::Map(Vec::new())
        });
        Ok(counts)
    }

    /// Whether it is for `jwt_authn`: by its name, or by its type.
    fn is_override(&self, name: &str, config: &Node) -> bool {
        self.surroundings.names.contains(name) || is_per_route(config)
    }

    fn read(
        &mut self,
        name: &str,
        config: &Node,
        at: &Location,
    ) -> Result<Option<Override>, NotCarried> {
        let refused = |reason| NotCarried {
            at: at.clone(),
            reason,
        };
        let Surroundings {
            names, wrappers, ..
        } = self.surroundings;
        // The metadata of a route are for every filter that meets it, and no route tells which do:
        // chains may share routes.
        let is_known = names.contains(name) || wrappers.contains(name);
        if is_known && (!wrappers.is_empty() || names.len() > 1) {
            return Err(refused(Obstacle::OverrideOfOne));
        }
        if !is_known {
            let at = at.clone();
            let what = Deviation::OverrideOfNone;
            self.differences.push(Difference { at, what });
            return Ok(None);
        }
        let written = written(config, at)?;
        if self.surroundings.has_disabled && written != Some(Override::Disabled) {
            return Err(refused(Obstacle::OverrideEnables));
        }
        self.overrides = self.overrides.saturating_add(1);
        Ok(written.map(|written| match written {
            Override::Requirement(name) if self.empty.contains(&name) => Override::Disabled,
            other => other,
        }))
    }
}

impl Override {
    /// The value of `metadata.filter_metadata.portcullis`.
    fn metadata(&self) -> Node {
        let (name, value) = match self {
            Self::Disabled => ("disabled", Node::from(true)),
            Self::Requirement(name) => ("requirement_name", Node::from(name.as_str())),
        };
        Node::Map(vec![(name.to_owned(), value)])
    }

    fn json(&self) -> String {
        serde_json::to_string(&self.metadata()).unwrap_or_default()
    }
}

/// `PerRouteConfig`, perhaps within a `FilterConfig`.
fn written(config: &Node, at: &Location) -> Result<Option<Override>, NotCarried> {
    let (name, inner) = unwrapped(config);
    if ![Some(ANY_FILTER), Some(PER_ROUTE)].contains(&name) {
        return Err(wrong(at.clone(), "an override of jwt_authn"));
    }
    let mut fields = Fields::open((at.clone(), inner))?;
    let is_disabled = fields.flag("disabled")?;
    let written = if name == Some(ANY_FILTER) {
        fields.flag("is_optional")?;
        match fields.take("config")? {
            Some((_, config)) if *config == Node::Map(Vec::new()) => None,
            Some((at, config)) if !is_disabled => written(config, &at)?,
            _ => is_disabled.then_some(Override::Disabled),
        }
    } else {
        let requirement = fields.text("requirement_name")?;
        match requirement {
            _ if is_disabled => Some(Override::Disabled),
            Some(name) => Some(Override::Requirement(name.to_owned())),
            None => None,
        }
    };
    fields.finish()?;
    Ok(written)
}

/// Whether an object is a route of HTTP: by its type, or by what only routes have.
fn is_route(members: &[(String, Node)]) -> bool {
    const ACTIONS: [&str; 8] = [
        "direct_response",
        "directResponse",
        "filter_action",
        "filterAction",
        "non_forwarding_action",
        "nonForwardingAction",
        "redirect",
        "route",
    ];
    let has = |name: &str| members.iter().any(|(own, _)| own == name);
    let is_typed = members
        .iter()
        .any(|(name, node)| name == "@type" && node.text().is_some_and(|url| url.ends_with(ROUTE)));
    is_typed || has("match") && ACTIONS.into_iter().any(has)
}

fn weighted_clusters(members: &mut [(String, Node)]) -> Option<&mut [Node]> {
    let route = member(members, &["route"])?;
    let weighted = member(route, &["weighted_clusters", "weightedClusters"])?;
    let (_, node) = weighted.iter_mut().find(|(name, _)| name == "clusters")?;
    match node {
        Node::List(clusters) => Some(clusters),
        _ => None,
    }
}

fn member<'a>(
    members: &'a mut [(String, Node)],
    names: &[&str],
) -> Option<&'a mut Vec<(String, Node)>> {
    let (_, node) = members
        .iter_mut()
        .find(|(name, _)| names.contains(&name.as_str()))?;
    match node {
        Node::Map(members) => Some(members),
        _ => None,
    }
}

/// Adds to `metadata.filter_metadata`, beside what is there.
fn add_metadata(members: &mut Vec<(String, Node)>, metadata: Node) {
    edit(members, &["metadata"], |of_route| {
        edit(
            of_route,
            &["filter_metadata", "filterMetadata"],
            |of_filters| {
                of_filters.retain(|(name, _)| name != "portcullis");
                of_filters.push(("portcullis".to_owned(), metadata));
            },
        );
    });
}

/// Edits the object under one of these names, of which the first is used where there is none.
fn edit(
    members: &mut Vec<(String, Node)>,
    names: &[&str],
    change: impl FnOnce(&mut Vec<(String, Node)>),
) {
    if let Some(object) = member(members, names) {
        return change(object);
    }
    let mut object = Vec::new();
    change(&mut object);
    members.retain(|(name, _)| !names.contains(&name.as_str()));
    let name = names.first().copied().unwrap_or_default();
    members.push((name.to_owned(), Node::Map(object)));
}

//! What single routes ask of the filter.
//!
//! `jwt_authn` has an override with a route, a virtual host, a route configuration or a weighted
//! cluster, the innermost of which counts. A module sees the metadata of the route alone, so each
//! route gets what counts there.

use super::{
    difference::{Deviation, Difference, NotCarried, Obstacle},
    document::Node,
    fields::{Fields, wrong},
    search::{
        ANY_FILTER, OVERRIDES, PER_ROUTE, Surroundings, is_per_route, place_of_override, unwrapped,
    },
};
use crate::config::Location;

/// What each override must be for Envoy to take it.
const OVERRIDE: &str = "an override that Envoy takes for jwt_authn";
const ROUTE: &str = "envoy.config.route.v3.Route";

/// What a route asks for in place of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Override {
    /// Nothing.
    Disabled,
    /// A named requirement.
    Requirement(String),
}

/// What an object says, over what those around it say. As in Envoy, whether the filter is disabled
/// and what it is configured with are sought one by one: what enables it again leaves the
/// configuration that is further out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Layer {
    is_disabled: Option<bool>,
    configured: Option<Override>,
}

/// Named requirements that ask for nothing.
pub(super) struct Empty {
    /// In every filter of the document.
    pub(super) everywhere: Vec<String>,
    /// In some, and in others not.
    pub(super) somewhere: Vec<String>,
}

/// Moves overrides into the metadata of routes.
pub(super) struct Routes<'a> {
    surroundings: &'a Surroundings,
    empty: &'a Empty,
    /// One for each route that got metadata, and for each override that no filter had.
    pub(super) differences: Vec<Difference>,
    /// How many routes there were.
    routes: usize,
    /// How many overrides there were.
    pub(super) overrides: usize,
}

impl<'a> Routes<'a> {
    /// For the routes of a document.
    pub(super) const fn new(surroundings: &'a Surroundings, empty: &'a Empty) -> Self {
        Self {
            surroundings,
            empty,
            differences: Vec::new(),
            routes: 0,
            overrides: 0,
        }
    }

    /// A document.
    pub(super) fn rewrite(&mut self, document: Node) -> Result<Node, NotCarried> {
        let rewritten = self.part(document, &Location::default(), &Layer::default())?;
        match place_of_override(&rewritten) {
            Some(at) => Err(NotCarried {
                at,
                reason: Obstacle::OverrideUnmoved,
            }),
            None => Ok(rewritten),
        }
    }

    fn part(&mut self, node: Node, at: &Location, outer: &Layer) -> Result<Node, NotCarried> {
        match node {
            Node::List(elements) => {
                let elements = elements.into_iter().enumerate();
                let rewritten =
                    elements.map(|(index, node)| self.part(node, &at.element(index), outer));
                rewritten.collect::<Result<_, _>>().map(Node::List)
            }
            Node::Map(mut members) => {
                let own = self.take(&mut members, at)?;
                let says_something = own != Layer::default();
                let inner = own.over(outer);
                if is_route(&members) {
                    self.routes = self.routes.saturating_add(1);
                    return self.route(members, at, &inner);
                }
                let (before, has_more) = (self.routes, has_routes_elsewhere(&members));
                let rewritten = members.into_iter().map(|(name, node)| {
                    let at = at.member(&name);
                    Ok((name, self.part(node, &at, &inner)?))
                });
                let rewritten = rewritten.collect::<Result<_, _>>().map(Node::Map)?;
                if says_something && (has_more || self.routes == before) {
                    return Err(NotCarried {
                        at: at.clone(),
                        reason: Obstacle::OverrideUnmoved,
                    });
                }
                Ok(rewritten)
            }
            scalar => Ok(scalar),
        }
    }

    fn route(
        &mut self,
        mut members: Vec<(String, Node)>,
        at: &Location,
        inner: &Layer,
    ) -> Result<Node, NotCarried> {
        let mut counts = self.counts(inner);
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
        inner: &Layer,
    ) -> Result<Option<Override>, NotCarried> {
        let mut agreed: Option<Option<Override>> = None;
        for (index, cluster) in clusters.iter_mut().enumerate() {
            let at = at.element(index);
            let own = match cluster {
                Node::Map(members) => self.take(members, &at)?,
                _ => Layer::default(),
            };
            let counts = self.counts(&own.over(inner));
            if agreed.as_ref().is_some_and(|agreed| *agreed != counts) {
                let reason = Obstacle::UnequalClusters;
                return Err(NotCarried { at, reason });
            }
            agreed = Some(counts);
        }
        Ok(agreed.unwrap_or_else(|| self.counts(inner)))
    }

    /// What counts in place of the rules.
    fn counts(&self, layer: &Layer) -> Option<Override> {
        if layer.is_disabled == Some(true) {
            return Some(Override::Disabled);
        }
        layer.configured.clone().map(|configured| match configured {
            Override::Requirement(name) if self.empty.everywhere.contains(&name) => {
                Override::Disabled
            }
            other => other,
        })
    }

    /// Takes the override out of an object that may have one.
    fn take(
        &mut self,
        members: &mut Vec<(String, Node)>,
        at: &Location,
    ) -> Result<Layer, NotCarried> {
        let mut own: Option<Layer> = None;
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
                    let read = self.read(&name, &config, &place)?;
                    if read.is_some() && own.is_some() {
                        return Err(NotCarried {
                            at: place,
                            reason: Obstacle::SpeltTwice,
                        });
                    }
                    own = read.or(own);
                } else {
                    kept.push((name, config));
                }
            }
            *configs = kept;
        }
        members.retain(|(field, node)| {
            !OVERRIDES.contains(&field.as_str()) || *node != Node::Map(Vec::new())
        });
        Ok(own.unwrap_or_default())
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
    ) -> Result<Option<Layer>, NotCarried> {
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
        let layer = written(config, at)?;
        let disables =
            layer.is_disabled == Some(true) || layer.configured == Some(Override::Disabled);
        if self.surroundings.has_disabled && !disables {
            return Err(refused(Obstacle::OverrideEnables));
        }
        if let Some(Override::Requirement(name)) = &layer.configured
            && self.empty.somewhere.contains(name)
        {
            return Err(refused(Obstacle::EmptyForSome));
        }
        self.overrides = self.overrides.saturating_add(1);
        Ok(Some(layer))
    }
}

impl Layer {
    const ENABLED: Self = Self {
        is_disabled: Some(false),
        configured: None,
    };

    /// With what `outer` says where this says nothing.
    fn over(self, outer: &Self) -> Self {
        Self {
            is_disabled: self.is_disabled.or(outer.is_disabled),
            configured: self.configured.or_else(|| outer.configured.clone()),
        }
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
fn written(config: &Node, at: &Location) -> Result<Layer, NotCarried> {
    let (name, inner) = unwrapped(config);
    let mut fields = Fields::open((at.clone(), inner))?;
    let is_disabled = fields.flag("disabled")?;
    let layer = match name {
        Some(ANY_FILTER) => {
            fields.flag("is_optional")?;
            match fields.take("config")? {
                // What stands beside it, Envoy passes over.
                _ if is_disabled => Layer {
                    is_disabled: Some(true),
                    configured: None,
                },
                Some((_, config)) if *config == Node::Map(Vec::new()) => Layer::ENABLED,
                Some((at, config)) if unwrapped(config).0 == Some(PER_ROUTE) => {
                    written(config, &at)?
                }
                _ => return Err(wrong(at.clone(), OVERRIDE)),
            }
        }
        Some(PER_ROUTE) => {
            let configured = match fields.text("requirement_name")? {
                None if is_disabled => Override::Disabled,
                Some(name) if !is_disabled => Override::Requirement(name.to_owned()),
                _ => return Err(wrong(at.clone(), OVERRIDE)),
            };
            Layer {
                configured: Some(configured),
                ..Layer::ENABLED
            }
        }
        _ => return Err(wrong(at.clone(), OVERRIDE)),
    };
    fields.finish()?;
    Ok(layer)
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

/// Whether some of the virtual hosts within come from elsewhere.
fn has_routes_elsewhere(members: &[(String, Node)]) -> bool {
    members
        .iter()
        .any(|(name, node)| name == "vhds" && !node.is_null())
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

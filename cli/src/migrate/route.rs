//! Moves the overrides of routes into metadata.
//!
//! `jwt_authn` takes overrides from a route, a virtual host, a route configuration or a weighted
//! cluster; the innermost override applies. The proxy-wasm module sees only the metadata of the
//! route, so the override that applies to a route is written into the route's metadata. For the
//! dynamic module, the rewrite also adds the override as typed configuration.
//!
//! Routes that are delivered separately from their listener also keep their overrides. Envoy may
//! still run the old listener, whose `jwt_authn` enforces these overrides. The virtual hosts of
//! these routes are marked as rewritten ([`rollout`]).

use super::{
    difference::{Deviation, Difference},
    obstacle::{NotCarried, Obstacle},
    overrides::{Layer, Override, written},
    rewrite::Target,
    rollout,
    search::{filters, is_entry, is_per_route, places_of_overrides},
    surroundings::Surroundings,
};
use crate::envoy::{
    document::Node,
    message::OVERRIDES,
    shape::{
        add_metadata, chains, edit, has_virtual_hosts_elsewhere, is_route, is_route_configuration,
        is_virtual_host, metadata, weighted_clusters,
    },
};
use portcullis::config::ConfigPath;

/// How routes are delivered to Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// The routes are inside the listener that has the `jwt_authn` filter.
    WithListener,
    /// The routes are inside a listener without a `jwt_authn` filter.
    WithOtherListener,
    /// The routes arrive separately, before or after the listener.
    Apart,
}

impl Delivery {
    /// The delivery of a connection manager's inline routes.
    fn with(manager: &[(String, Node)]) -> Self {
        let mut entries = chains(manager).into_iter().flatten();
        match entries.any(|entry| is_entry(entry) || !filters(entry).is_empty()) {
            true => Self::WithListener,
            false => Self::WithOtherListener,
        }
    }
}

/// The names of the requirements that require nothing.
pub(super) struct Empty {
    /// Names of requirements that are empty in every filter.
    pub(super) everywhere: Vec<String>,
    /// Names of requirements that are empty in some filters, but not in all.
    pub(super) somewhere: Vec<String>,
}

/// Moves overrides into the metadata of routes.
pub(super) struct Routes<'a> {
    surroundings: &'a Surroundings,
    empty: &'a Empty,
    /// The build of the module for which the routes are rewritten; `None` if the document is not
    /// rewritten.
    target: Option<Target<'a>>,
    /// The differences: one for each route that got metadata, and one for each override that
    /// belongs to no filter.
    pub(super) differences: Vec<Difference>,
    /// The number of routes found so far.
    routes: usize,
    /// The number of overrides read so far.
    pub(super) overrides: usize,
    /// The number of virtual hosts that were marked as rewritten.
    pub(super) marked: usize,
    /// The paths of the overrides that were read.
    seen: Vec<ConfigPath>,
}

impl<'a> Routes<'a> {
    pub(super) const fn new(
        surroundings: &'a Surroundings,
        empty: &'a Empty,
        target: Option<Target<'a>>,
    ) -> Self {
        Self {
            surroundings,
            empty,
            target,
            differences: Vec::new(),
            routes: 0,
            overrides: 0,
            marked: 0,
            seen: Vec::new(),
        }
    }

    /// Rewrites the document. Fails if an override cannot be moved into the metadata of all its
    /// routes.
    pub(super) fn rewrite(&mut self, document: Node) -> Result<Node, NotCarried> {
        let places = places_of_overrides(&document);
        let rewritten = self.part(
            document,
            &ConfigPath::default(),
            &Layer::default(),
            Delivery::Apart,
        )?;
        match places.into_iter().find(|at| !self.seen.contains(at)) {
            Some(at) => Err(NotCarried {
                at,
                reason: Obstacle::OverrideUnmoved,
            }),
            None => Ok(rewritten),
        }
    }

    fn part(
        &mut self,
        node: Node,
        at: &ConfigPath,
        outer: &Layer,
        delivery: Delivery,
    ) -> Result<Node, NotCarried> {
        match node {
            Node::List(elements) => {
                let elements = elements.into_iter().enumerate();
                let rewritten = elements
                    .map(|(index, node)| self.part(node, &at.element(index), outer, delivery));
                rewritten.collect::<Result<_, _>>().map(Node::List)
            }
            Node::Map(members) => self.object(members, at, outer, delivery),
            scalar => Ok(scalar),
        }
    }

    fn object(
        &mut self,
        mut members: Vec<(String, Node)>,
        at: &ConfigPath,
        outer: &Layer,
        delivery: Delivery,
    ) -> Result<Node, NotCarried> {
        let own = self.take(&mut members, at, delivery)?;
        let says_something = own != Layer::default();
        let inner = own.over(outer);
        if is_route(&members) {
            self.routes = self.routes.saturating_add(1);
            return self.route(members, at, &inner, delivery);
        }
        if delivery == Delivery::Apart && is_virtual_host(&members) {
            self.marked = self.marked.saturating_add(1);
            let guards = self.surroundings.guards();
            edit(&mut members, &OVERRIDES, |overrides| {
                rollout::mark(overrides, &guards);
            });
        }
        let (before, has_more) = (self.routes, has_virtual_hosts_elsewhere(&members));
        let own_routes = match chains(&members).is_empty() {
            true => delivery,
            false => Delivery::with(&members),
        };
        let rewritten = members.into_iter().map(|(name, node)| {
            let delivery = match &node {
                Node::Map(routes)
                    if is_route_configuration(&name) && !has_virtual_hosts_elsewhere(routes) =>
                {
                    own_routes
                }
                _ => delivery,
            };
            let at = at.member(&name);
            Ok((name, self.part(node, &at, &inner, delivery)?))
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

    fn route(
        &mut self,
        mut members: Vec<(String, Node)>,
        at: &ConfigPath,
        inner: &Layer,
        delivery: Delivery,
    ) -> Result<Node, NotCarried> {
        let mut counts = self.counts(inner, delivery);
        if let Some(clusters) = weighted_clusters(&mut members) {
            let at = at
                .member("route")
                .member("weighted_clusters")
                .member("clusters");
            counts = self.clusters(clusters, &at, inner, delivery)?;
        }
        check_metadata(&members, at, counts.as_ref(), delivery)?;
        if let Some(counts) = counts {
            let what = Deviation::RouteOverride {
                metadata: counts.json(),
            };
            self.differences.push(Difference {
                at: at.clone(),
                what,
            });
            // Routes for the dynamic module get the metadata too. The module may not see the
            // route's typed policy, for example if the filter's name differs from the key of the
            // policy. The metadata then makes the module answer 500. Without the metadata, the
            // module would apply its own rules to the route.
            add_metadata(&mut members, counts.metadata());
            let typed = self
                .target
                .and_then(|target| target.typed_policy(counts.metadata()));
            if let Some(typed) = typed {
                let name = self.surroundings.free_name();
                edit(&mut members, &OVERRIDES, |overrides| {
                    overrides.push((name, typed));
                });
            }
        }
        Ok(Node::Map(members))
    }

    /// Returns the override that applies to all weighted clusters of a route. Fails if different
    /// overrides apply to the clusters.
    fn clusters(
        &mut self,
        clusters: &mut [Node],
        at: &ConfigPath,
        inner: &Layer,
        delivery: Delivery,
    ) -> Result<Option<Override>, NotCarried> {
        let mut agreed: Option<Option<Override>> = None;
        for (index, cluster) in clusters.iter_mut().enumerate() {
            let at = at.element(index);
            let own = match cluster {
                Node::Map(members) => self.take(members, &at, delivery)?,
                _ => Layer::default(),
            };
            let counts = self.counts(&own.over(inner), delivery);
            if agreed.as_ref().is_some_and(|agreed| *agreed != counts) {
                let reason = Obstacle::UnequalClusters;
                return Err(NotCarried { at, reason });
            }
            agreed = Some(counts);
        }
        Ok(agreed.unwrap_or_else(|| self.counts(inner, delivery)))
    }

    /// The override that applies to a route, if any.
    fn counts(&self, layer: &Layer, delivery: Delivery) -> Option<Override> {
        if layer.is_disabled == Some(true) {
            return Some(Override::Disabled);
        }
        layer.configured.clone().map(|configured| match configured {
            // An empty requirement disables the filter. But a route that is delivered separately
            // may be used by another listener, in which the requirement with this name is not
            // empty.
            Override::Requirement(name)
                if delivery != Delivery::Apart && self.empty.everywhere.contains(&name) =>
            {
                Override::Disabled
            }
            other => other,
        })
    }

    /// Reads the override of a route or of an object around the route. Also removes the override,
    /// unless the routes are delivered separately: an old listener may still use the override.
    fn take(
        &mut self,
        members: &mut Vec<(String, Node)>,
        at: &ConfigPath,
        delivery: Delivery,
    ) -> Result<Layer, NotCarried> {
        let mut own: Option<Layer> = None;
        for (field, node) in members.iter_mut() {
            let Node::Map(configs) = node else { continue };
            if !OVERRIDES.contains(&field.as_str()) {
                continue;
            }
            let at = at.member(field);
            for (name, config) in configs.iter() {
                if !self.is_override(name, config) {
                    continue;
                }
                let place = at.member(name);
                let read = self.read(name, config, &place, delivery)?;
                if read.is_some() && own.is_some() {
                    return Err(NotCarried {
                        at: place,
                        reason: Obstacle::SpeltTwice,
                    });
                }
                self.seen.push(place);
                own = read.or(own);
            }
            if delivery != Delivery::Apart {
                configs.retain(|(name, config)| !self.is_override(name, config));
            }
        }
        members.retain(|(field, node)| {
            !OVERRIDES.contains(&field.as_str()) || *node != Node::Map(Vec::new())
        });
        Ok(own.unwrap_or_default())
    }

    /// Whether an override is for `jwt_authn`: it has the name of a `jwt_authn` filter, or its type
    /// is the `PerRouteConfig` of `jwt_authn`.
    fn is_override(&self, name: &str, config: &Node) -> bool {
        self.surroundings.names.contains(name) || is_per_route(config)
    }

    fn read(
        &mut self,
        name: &str,
        config: &Node,
        at: &ConfigPath,
        delivery: Delivery,
    ) -> Result<Option<Layer>, NotCarried> {
        let refused = |reason| NotCarried {
            at: at.clone(),
            reason,
        };
        let Surroundings {
            names, wrappers, ..
        } = self.surroundings;
        // A route's metadata applies to every Portcullis filter in front of the route. Chains may
        // share routes, so the route does not show which filters those are.
        let is_known = names.contains(name) || wrappers.contains(name);
        if is_known && (!wrappers.is_empty() || names.len() > 1) {
            return Err(refused(Obstacle::OverrideOfOne));
        }
        if !is_known && self.surroundings.is_apart {
            return Err(refused(Obstacle::OverrideOfUnnamed));
        }
        if !is_known && delivery == Delivery::Apart {
            // The filter of this override may be in another file. If the override were left out,
            // the routes would lose their requirements.
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

/// Refuses a route that already has metadata for Portcullis, with two exceptions. `jwt_authn`
/// ignores such metadata, but the module would obey it. If the route has an override, the override
/// would replace the metadata. The first exception is metadata that equals the override, which
/// means that the file has been rewritten before. The second exception is a route that has no
/// override, in a listener that has no `jwt_authn` filter.
fn check_metadata(
    route: &[(String, Node)],
    at: &ConfigPath,
    counts: Option<&Override>,
    delivery: Delivery,
) -> Result<(), NotCarried> {
    let Some(there) = metadata(route) else {
        return Ok(());
    };
    let is_kept = match counts {
        Some(counts) => there.canonical() == counts.metadata().canonical(),
        None => delivery == Delivery::WithOtherListener,
    };
    if is_kept {
        return Ok(());
    }
    Err(NotCarried {
        at: at.member("metadata"),
        reason: Obstacle::MetadataThere,
    })
}

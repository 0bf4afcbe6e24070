//! Overrides for `jwt_authn` in the typed per-filter configuration of routes.

use super::{
    fields::{Fields, wrong},
    obstacle::NotCarried,
    search::PER_ROUTE,
};
use crate::envoy::{
    document::Node,
    message::{ANY_FILTER, unwrapped},
};
use portcullis::config::ConfigPath;

/// The text that error messages use for the expected value.
const OVERRIDE: &str = "an override that Envoy accepts for jwt_authn";

/// The override of a route. It replaces the filter's rules for that route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Override {
    /// The route requires no token.
    Disabled,
    /// The route has the requirement with this name.
    Requirement(String),
}

/// The override of a route, or of an object around the route, such as its virtual host. As in
/// Envoy, `disabled` and the configuration are inherited separately: an inner override that enables
/// the filter again keeps the outer configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) is_disabled: Option<bool>,
    pub(super) configured: Option<Override>,
}

impl Layer {
    const ENABLED: Self = Self {
        is_disabled: Some(false),
        configured: None,
    };

    /// Combines this override with the `outer` override, which supplies the settings that this
    /// override leaves out.
    pub(super) fn over(self, outer: &Self) -> Self {
        Self {
            is_disabled: self.is_disabled.or(outer.is_disabled),
            configured: self.configured.or_else(|| outer.configured.clone()),
        }
    }
}

impl Override {
    /// The route's metadata for Portcullis (`metadata.filter_metadata.portcullis`).
    pub(super) fn metadata(&self) -> Node {
        let (name, value) = match self {
            Self::Disabled => ("disabled", Node::from(true)),
            Self::Requirement(name) => ("requirement_name", Node::from(name.as_str())),
        };
        Node::Map(vec![(name.to_owned(), value)])
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(&self.metadata()).unwrap_or_default()
    }
}

/// Reads a `PerRouteConfig`, which may be inside a `FilterConfig`.
pub(super) fn written(config: &Node, at: &ConfigPath) -> Result<Layer, NotCarried> {
    let (name, inner) = unwrapped(config);
    let mut fields = Fields::open((at.clone(), inner))?;
    let is_disabled = fields.flag("disabled")?;
    let layer = match name {
        Some(ANY_FILTER) => {
            fields.flag("is_optional")?;
            match fields.take("config")? {
                // Envoy ignores the other fields if `disabled` is true.
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

//! What an override for `jwt_authn` says.

use super::{
    document::Node,
    fields::{Fields, wrong},
    obstacle::NotCarried,
    search::{ANY_FILTER, PER_ROUTE, unwrapped},
};
use crate::config::Location;

/// What each override must be for Envoy to take it.
const OVERRIDE: &str = "an override that Envoy takes for jwt_authn";

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
pub(super) struct Layer {
    pub(super) is_disabled: Option<bool>,
    pub(super) configured: Option<Override>,
}

impl Layer {
    const ENABLED: Self = Self {
        is_disabled: Some(false),
        configured: None,
    };

    /// With what `outer` says where this says nothing.
    pub(super) fn over(self, outer: &Self) -> Self {
        Self {
            is_disabled: self.is_disabled.or(outer.is_disabled),
            configured: self.configured.or_else(|| outer.configured.clone()),
        }
    }
}

impl Override {
    /// The value of `metadata.filter_metadata.portcullis`.
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

/// Reads a `PerRouteConfig`, perhaps within a `FilterConfig`.
pub(super) fn written(config: &Node, at: &Location) -> Result<Layer, NotCarried> {
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

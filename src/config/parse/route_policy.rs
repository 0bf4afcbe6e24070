//! Parses the policy in a route's metadata.

use serde_json::Value;

use super::{authorization::authorization, requirement::Names};
use crate::{
    config::{
        Config, ConfigError, Fault,
        error::At,
        raw::{self, RawRoutePolicy},
    },
    policy::{Demand, RoutePolicy},
};

impl Config {
    /// Parses the metadata of a route. The metadata is read while a request is handled, when no
    /// error can be reported to the operator. So metadata that cannot be parsed becomes
    /// [`RoutePolicy::Unreadable`].
    #[must_use]
    pub fn route_policy(&self, metadata: &Value) -> RoutePolicy {
        self.parse_route_policy(metadata)
            .unwrap_or(RoutePolicy::Unreadable)
    }

    /// Parses the metadata of a route, for tools that check an Envoy configuration.
    ///
    /// # Errors
    /// If a field of the metadata is invalid. If fields contradict each other, the result is not an
    /// error but [`RoutePolicy::Unreadable`].
    pub fn parse_route_policy(&self, metadata: &Value) -> Result<RoutePolicy, ConfigError> {
        let names = Names {
            providers: &self.providers,
            named: &self.requirement_map,
        };
        raw::read(metadata).and_then(|raw| route_policy(&raw, names))
    }
}

fn route_policy(raw: &RawRoutePolicy, names: Names<'_>) -> Result<RoutePolicy, ConfigError> {
    let authorization = raw.authorize.as_ref().map(authorization);
    let authorization = authorization.transpose().at("authorize")?;
    match (raw.disabled, &raw.requirement_name, authorization) {
        // As in `jwt_authn`, only `"disabled": true` is a policy. `"disabled": false` would have no
        // effect, so it counts as malformed.
        (Some(true), None, None) => Ok(RoutePolicy::Disabled),
        (None, Some(name), authorization) => {
            let requirement = names.requirement(name).at("requirement_name")?;
            let demand = Demand::new(requirement, authorization);
            Ok(RoutePolicy::Require(demand.ok_or(Fault::UnverifiedClaims)?))
        }
        (None, None, Some(authorization)) => Ok(RoutePolicy::Authorize(authorization)),
        _ => Ok(RoutePolicy::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn policy(metadata: &Value) -> RoutePolicy {
        let config = json!({
            "requirement_map": {
                "lenient": {"allow_missing": {}},
                "unverified": {"extract_only_without_validation": {}},
            },
        });
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        config.route_policy(metadata)
    }

    #[test]
    fn reads_every_form_of_route_policy() {
        assert_eq!(policy(&json!({"disabled": true})), RoutePolicy::Disabled);
        for metadata in [
            json!({"requirement_name": "lenient"}),
            json!({"requirementName": "lenient"}),
            json!({"requirement_name": "unverified"}),
            json!({"requirement_name": "lenient", "authorize": {"client_ids": ["a"]}}),
        ] {
            assert!(matches!(policy(&metadata), RoutePolicy::Require(_)));
        }
        let authorize = json!({"authorize": {"scopes": {"any_of": ["a"]}}});
        assert!(matches!(policy(&authorize), RoutePolicy::Authorize(_)));
    }

    #[test]
    fn other_metadata_is_unreadable() {
        for metadata in [
            json!(null),
            json!({}),
            json!({"disabled": false}),
            json!({"disabled": "true"}),
            json!({"disabled": true, "requirement_name": "lenient"}),
            json!({"disabled": true, "authorize": {"client_ids": ["a"]}}),
            json!({"requirement_name": "other"}),
            json!({"requirement_name": "lenient", "requires": {}}),
            json!({"requirement_name": "unverified", "authorize": {"client_ids": ["a"]}}),
            json!({"authorize": {}}),
            json!({"disabled": true, "authorize": null}),
            json!({"requirement_name": "lenient", "authorize": null}),
            json!({"requirementName": null, "authorize": {"client_ids": ["a"]}}),
        ] {
            assert_eq!(policy(&metadata), RoutePolicy::Unreadable, "{metadata}");
        }
    }
}

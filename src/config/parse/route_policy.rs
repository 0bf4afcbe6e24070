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
    /// Parses the metadata of a route. Metadata that cannot be parsed becomes
    /// [`RoutePolicy::Unreadable`], for callers that do not report the error.
    #[must_use]
    pub fn route_policy(&self, metadata: &Value) -> RoutePolicy {
        self.parse_route_policy(metadata)
            .unwrap_or(RoutePolicy::Unreadable)
    }

    /// Parses the metadata of a route.
    ///
    /// # Errors
    /// If a field of the metadata is invalid, or if the fields together are not a policy.
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
        _ => Err(Fault::RoutePolicyForm.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn config() -> Config {
        let config = json!({
            "requirement_map": {
                "lenient": {"allow_missing": {}},
                "unverified": {"extract_only_without_validation": {}},
            },
        });
        Config::parse(config.to_string().as_bytes()).unwrap()
    }

    fn policy(metadata: &Value) -> RoutePolicy {
        config().route_policy(metadata)
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

    #[test]
    fn says_why_metadata_is_unreadable() {
        let form = "not one of the three forms of a route's policy; write \"disabled\": true, or \
                    \"requirement_name\" (with or without \"authorize\"), or only \"authorize\"";
        for (metadata, location, text) in [
            (json!({}), "configuration", form),
            (json!({"disabled": false}), "configuration", form),
            (
                json!({"disabled": true, "requirement_name": "lenient"}),
                "configuration",
                form,
            ),
            (
                json!({"disabled": true, "authorize": {"client_ids": ["a"]}}),
                "configuration",
                form,
            ),
            (
                json!({"requirement_name": "lenent"}),
                "requirement_name",
                "unknown requirement \"lenent\", did you mean \"lenient\"?",
            ),
        ] {
            let error = config().parse_route_policy(&metadata).unwrap_err();
            assert_eq!(error.location().to_string(), location, "{metadata}");
            assert_eq!(error.without_location().to_string(), text, "{metadata}");
            assert_eq!(error.to_string(), format!("{location}: {text}"));
        }
    }
}

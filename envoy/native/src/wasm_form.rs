//! Detects route policies that are written in the form of the proxy-wasm module.
//!
//! The proxy-wasm module reads a policy from the route's metadata, this module from
//! `typed_per_filter_config`. An operator who switches modules and forgets a route must not lose
//! its policy, and must not search for the mistake in the client's token. So every request of such
//! a route is refused, with a status that blames the server.

use portcullis::http::Response;

/// The namespace in a route's metadata that the proxy-wasm module reads.
pub(super) const NAMESPACE: &str = "portcullis";

/// The metadata that is reported for a route whose only policy is in that form. It cannot be parsed
/// as a policy, so every request is refused.
pub(super) const UNREADABLE: &[u8] = b"wasm";

/// The warning, which is logged once for each configuration.
pub(super) const WARNING: &str = "portcullis: a route has its policy in metadata, which only the proxy-wasm module \
    reads, so its requests get 500; write the policy under typed_per_filter_config, as a DynamicModuleFilterPerRoute";

const STATUS: u16 = 500;
/// The JSON body of the answer.
const BODY: &str = concat!(
    r#"{"error":"server_error","#,
    r#""error_description":"Access to this resource is not configured"}"#
);

/// The response that replaces a refusal because of the route's policy. It has no challenge, because
/// no token would help.
pub(super) fn refusal(response: &Response) -> Response {
    let mut refusal = response.clone();
    refusal.status = STATUS;
    refusal
        .headers
        .retain(|(name, _)| !name.eq_ignore_ascii_case("www-authenticate"));
    if !refusal.body.is_empty() {
        BODY.clone_into(&mut refusal.body);
    }
    refusal
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use portcullis::{
        config::Config,
        decision::{Denial, Reason},
        engine::Engine,
    };
    use serde_json::json;

    use super::*;

    fn response(configuration: &serde_json::Value, reason: Reason) -> Response {
        let config = Config::from_value(configuration).unwrap();
        Engine::new(Arc::new(config)).response(&Denial::new(reason))
    }

    #[test]
    fn blames_the_server_and_asks_for_no_token() {
        let usual = response(&json!({}), Reason::RoutePolicy);
        let refusal = refusal(&usual);
        assert_eq!((refusal.status, &refusal.details), (500, &usual.details));
        let names: Vec<_> = refusal.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["content-type", "cache-control"]);
        let body: serde_json::Value = serde_json::from_str(&refusal.body).unwrap();
        assert_eq!(body["error"], "server_error");
        let stripped = response(
            &json!({ "strip_failure_response": true }),
            Reason::RoutePolicy,
        );
        assert_eq!(super::refusal(&stripped).body, "");
    }
}

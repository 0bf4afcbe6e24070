//! Detects route policies that are written for the proxy-wasm module.
//!
//! The proxy-wasm module reads a route's policy from the route's metadata, whereas this module
//! reads it from `typed_per_filter_config`. An operator who switches modules may forget to move a
//! policy. In that case, the route must not become unprotected, and the response should not suggest
//! that the client's token is wrong. So this module refuses every request to such a route with a
//! server error.

use portcullis::http::Response;

/// The bytes to pass to the gate as the metadata of a route whose only policy is for the proxy-wasm
/// module. These bytes cannot be parsed as a policy, so every request is refused.
pub(super) const UNREADABLE: &[u8] = b"wasm";

/// The line for the log about a route whose only policy is for the proxy-wasm module.
pub(super) const WARNING: &str = "a route has its policy in metadata, which only the proxy-wasm \
    module reads, so requests to this route get 500; write the policy under \
    typed_per_filter_config, as a DynamicModuleFilterPerRoute";

const STATUS: u16 = 500;
/// The JSON body of the response.
const BODY: &str = concat!(
    r#"{"error":"server_error","#,
    r#""error_description":"Access to this resource is not configured"}"#
);

/// Turns the refusal of a request into a server error, for a route whose only policy is for the
/// proxy-wasm module. The response has no challenge, because no token would help.
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

    use portcullis::{config::Config, decision::Reason, engine::Engine, http::Request};
    use serde_json::json;

    use super::*;

    fn response(configuration: &serde_json::Value, reason: Reason) -> Response {
        let config = Config::from_value(configuration).unwrap();
        let engine = Engine::new(Arc::new(config));
        engine.response(&engine.refusal(reason, &Request::default()))
    }

    #[test]
    fn answers_with_a_server_error_and_no_challenge() {
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

//! Serves the metadata of a protected resource (RFC 9728 section 3).
//!
//! A client that gets a 401 fetches the metadata document from the URL in the `resource_metadata`
//! parameter of the challenge. The document says which authorization servers issue tokens for the
//! resource, and which scopes a client can request. The document is public, and web pages of any
//! origin may read it.

use serde_json::{Map, Value, json};

use crate::{
    http::Response,
    policy::{ProtectedResource, ResourceMetadata},
};

/// The methods that clients can use on the path of the metadata.
pub const METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// How long clients and browsers may cache the document, in seconds (RFC 9728 section 7.10).
const MAX_AGE: &str = "300";

/// Returns the response to a request for the metadata of `resource`, or `None` if the request's
/// method is not supported.
#[must_use]
pub fn response(resource: &ProtectedResource, method: &str) -> Option<Response> {
    let mut headers = vec![("access-control-allow-origin", "*".to_owned())];
    let (status, body) = match method {
        "GET" | "HEAD" => {
            headers.push(("content-type", "application/json".to_owned()));
            headers.push(("cache-control", format!("max-age={MAX_AGE}")));
            (200, document(resource).to_string())
        }
        // A preflight request. Browsers send it because clients add headers such as
        // `MCP-Protocol-Version` to their requests.
        "OPTIONS" => {
            headers.push(("access-control-allow-methods", METHODS.join(", ")));
            headers.push(("access-control-allow-headers", "*".to_owned()));
            headers.push(("access-control-max-age", MAX_AGE.to_owned()));
            (204, String::new())
        }
        _ => return None,
    };
    Some(Response {
        status,
        headers,
        body,
        details: "portcullis_resource".to_owned(),
    })
}

/// Makes the metadata document. Members without a value are left out (RFC 9728 section 3.2).
fn document(resource: &ProtectedResource) -> Value {
    let ResourceMetadata {
        authorization_servers,
        scopes_supported,
        bearer_methods,
        requires_certificate,
        name,
        documentation,
        policy_uri,
        tos_uri,
    } = &resource.metadata;
    let members = [
        ("resource", json!(resource.url.identifier())),
        ("authorization_servers", json!(authorization_servers)),
        ("scopes_supported", json!(scopes_supported)),
        ("bearer_methods_supported", json!(bearer_methods)),
        (
            "tls_client_certificate_bound_access_tokens",
            json!(requires_certificate.then_some(true)),
        ),
        ("resource_name", json!(name)),
        ("resource_documentation", json!(documentation)),
        ("resource_policy_uri", json!(policy_uri)),
        ("resource_tos_uri", json!(tos_uri)),
    ];
    let has_value = |value: &Value| match value {
        Value::Array(list) => !list.is_empty(),
        value => !value.is_null(),
    };
    // Collecting the members into a map would sort them first, and the code for sorting would take
    // seven kilobytes.
    let mut present = Map::new();
    for (name, value) in members.into_iter().filter(|(_, value)| has_value(value)) {
        present.insert(name.to_owned(), value);
    }
    Value::Object(present)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::policy::{Case, McpLegacy, ResourceUrl};

    fn resource(metadata: ResourceMetadata) -> ProtectedResource {
        ProtectedResource {
            url: ResourceUrl::new("https", "H.example", "/p"),
            other_identifiers: vec![],
            case: Case::Sensitive,
            takes_bare_path: false,
            owns_host: true,
            challenge_scope: true,
            allowed_origins: None,
            mcp_legacy: McpLegacy::Deny,
            metadata,
        }
    }

    #[test]
    fn r2_members_without_a_value_are_left_out() {
        let list = |text: &str| vec![text.to_owned()];
        let text = |text: &str| Some(text.to_owned());
        for (metadata, expected) in [
            (
                ResourceMetadata::default(),
                json!({"resource": "https://H.example/p"}),
            ),
            (
                ResourceMetadata {
                    authorization_servers: list("https://as.example"),
                    scopes_supported: list("read"),
                    bearer_methods: vec!["header"],
                    requires_certificate: true,
                    name: text("\"P\""),
                    documentation: text("https://docs.example"),
                    policy_uri: text("https://docs.example/policy"),
                    tos_uri: text("https://docs.example/terms"),
                },
                json!({
                    // The identifier is exactly as configured (RFC 9728 section 3.3).
                    "resource": "https://H.example/p",
                    "authorization_servers": ["https://as.example"],
                    "scopes_supported": ["read"],
                    "bearer_methods_supported": ["header"],
                    "tls_client_certificate_bound_access_tokens": true,
                    "resource_name": "\"P\"",
                    "resource_documentation": "https://docs.example",
                    "resource_policy_uri": "https://docs.example/policy",
                    "resource_tos_uri": "https://docs.example/terms",
                }),
            ),
        ] {
            let body = response(&resource(metadata), "GET").unwrap().body;
            let document: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(document, expected);
        }
    }

    #[test]
    fn r6_pages_of_any_origin_may_read_and_briefly_cache_the_document() {
        let resource = resource(ResourceMetadata::default());
        let header = |method: &str, name: &str| {
            let headers = response(&resource, method).unwrap().headers;
            let mut found = headers.into_iter().filter(|(own, _)| *own == name);
            found.next().map(|(_, value)| value)
        };
        for (method, name, expected) in [
            ("GET", "access-control-allow-origin", Some("*")),
            ("GET", "cache-control", Some("max-age=300")),
            ("GET", "content-type", Some("application/json")),
            ("HEAD", "content-type", Some("application/json")),
            ("OPTIONS", "access-control-allow-origin", Some("*")),
            (
                "OPTIONS",
                "access-control-allow-methods",
                Some("GET, HEAD, OPTIONS"),
            ),
            ("OPTIONS", "access-control-allow-headers", Some("*")),
            ("OPTIONS", "content-type", None),
        ] {
            assert_eq!(header(method, name).as_deref(), expected, "{method} {name}");
        }
        assert_eq!(response(&resource, "OPTIONS").unwrap().status, 204);
        for method in ["POST", "get", "CONNECT", ""] {
            assert!(response(&resource, method).is_none(), "{method}");
        }
    }
}

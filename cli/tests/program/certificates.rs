//! `client_certificate` in an Envoy file: the connection manager must keep the certificate header,
//! and the listener must authenticate the proxy in front of Envoy.

use serde_json::{Value, json};

use super::{file, portcullis, stdout};

/// The errors that `check` prints for a listener. The parameters configure the policy, the
/// connection manager and the transport socket of this listener.
fn check(
    name: &str,
    certificates: &Value,
    details: Option<&str>,
    validation: Option<&Value>,
) -> String {
    let policy = json!({ "unmatched": "allow", "client_certificate": certificates });
    let mut manager = json!({ "http_filters": [{ "name": "gate", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": {
            "root_id": "portcullis",
            "vm_config": { "vm_id": "portcullis" },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": policy.to_string(),
            },
        },
    } }] });
    if let Some(details) = details {
        manager["forward_client_cert_details"] = json!(details);
    }
    let mut chain = json!({ "filters": [{ "typed_config": manager }] });
    if let Some(validation) = validation {
        chain["transport_socket"] = json!({ "typed_config": { "common_tls_context": validation } });
    }
    let document = json!({ "static_resources": { "listeners": [{ "filter_chains": [chain] }] } });
    let path = file(name, &document.to_string());
    let said = stdout(&portcullis(&["check", path.to_str().unwrap()], ""));
    let errors = said.lines().filter(|line| line.contains(": error: "));
    errors.collect::<Vec<_>>().join("\n")
}

fn by_digest(source: &str, hops: u8) -> Value {
    json!({
        "source": source, "trusted_hops": hops,
        "trusted_peers": { "sha256": ["ab".repeat(32)] },
    })
}

fn authority() -> Value {
    json!({ "validation_context": { "trusted_ca": { "filename": "ca.pem" } } })
}

#[test]
fn a_connection_manager_that_does_not_keep_the_header_is_an_error() {
    for (source, hops, details, expected) in [
        (
            "xfcc",
            1,
            None,
            Some("Envoy removes x-forwarded-client-cert"),
        ),
        (
            "xfcc",
            1,
            Some("SANITIZE"),
            Some("Envoy removes x-forwarded"),
        ),
        (
            "xfcc",
            1,
            Some("SANITIZE_SET"),
            Some("Envoy replaces x-forwarded"),
        ),
        (
            "xfcc",
            1,
            Some("APPEND_FORWARD"),
            Some("Envoy appends an element"),
        ),
        ("xfcc", 2, Some("APPEND_FORWARD"), None),
        ("xfcc", 1, Some("FORWARD_ONLY"), None),
        ("xfcc", 1, Some("ALWAYS_FORWARD_ONLY"), None),
        ("client_cert", 1, None, None),
    ] {
        let said = check(
            "manager.json",
            &by_digest(source, hops),
            details,
            Some(&authority()),
        );
        match expected {
            None => assert_eq!(said, "", "{source} {details:?}"),
            Some(expected) => assert!(said.contains(expected), "{details:?}: {said}"),
        }
    }
}

#[test]
fn a_listener_that_does_not_authenticate_its_peers_is_an_error() {
    let names = json!({ "source": "xfcc", "trusted_peers": {
        "uri_sans": ["spiffe://example.org/front"], "peers_validated_by_listener": true,
    } });
    let digests = by_digest("xfcc", 1);
    let any = json!({ "validation_context": {
        "trusted_ca": { "filename": "ca.pem" }, "trust_chain_verification": "ACCEPT_UNTRUSTED",
    } });
    let pinned = json!({ "validation_context": { "verify_certificate_hash": ["ab"] } });
    let none = json!({ "validation_context": {} });
    let elsewhere = json!({ "validation_context_sds_secret_config": { "name": "authority" } });
    let combined = json!({ "combined_validation_context": {
        "default_validation_context": {},
        "validation_context_sds_secret_config": { "name": "authority" },
    } });
    let (no_tls, unasked, untrusted) = (
        Some("the listener has no TLS"),
        Some("Envoy asks for no certificate"),
        Some("anyone can make up the names"),
    );
    for (validation, of_digests, of_names) in [
        (None, no_tls, no_tls),
        (Some(&json!({})), unasked, unasked),
        (Some(&none), unasked, unasked),
        (Some(&any), None, untrusted),
        (Some(&authority()), None, None),
        (Some(&pinned), None, None),
        (Some(&elsewhere), None, None),
        (Some(&combined), None, None),
    ] {
        for (certificates, expected) in [(&digests, of_digests), (&names, of_names)] {
            let said = check(
                "listener.json",
                certificates,
                Some("FORWARD_ONLY"),
                validation,
            );
            match expected {
                None => assert_eq!(said, "", "{validation:?}"),
                Some(expected) => assert!(said.contains(expected), "{validation:?}: {said}"),
            }
        }
    }
}

#[test]
fn a_policy_without_an_envoy_file_has_no_such_errors() {
    let policy = json!({ "unmatched": "allow", "client_certificate": by_digest("xfcc", 1) });
    let path = file("certificates-policy.json", &policy.to_string());
    let said = stdout(&portcullis(&["check", path.to_str().unwrap()], ""));
    assert!(!said.contains(": error: "), "{said}");
}

/// A policy test can specify the certificate names that the policy uses to recognise the proxy in
/// front of Envoy.
#[test]
fn a_policy_test_names_the_proxy_in_front() {
    let hash = "01".repeat(32);
    let bound = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    for (field, kind, name) in [
        ("uri_sans", "uri_san", "spiffe://example.org/front"),
        ("dns_sans", "dns_san", "front.example"),
        ("subjects", "subject", "CN=front,O=Example"),
    ] {
        let test = |name: &str, certificate: Value, status: u16| {
            json!({
                "name": name,
                "request": { "path": "/", "headers": {
                    "x-forwarded-client-cert": format!("Hash={hash}"),
                } },
                "token": { "claims": { "cnf": { "x5t#S256": bound } } },
                "certificate": certificate,
                "expect": { "status": status },
            })
        };
        let suite = json!({
            "config": {
                "client_certificate": { "source": "xfcc", "trusted_peers": {
                    field: [name], "peers_validated_by_listener": true,
                } },
                "providers": { "login": {
                    "issuer": "https://login.example.com", "audiences": ["orders"],
                    "discovery": { "cluster": "login" },
                } },
                "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "login" } }],
            },
            "tests": [
                test("the proxy", json!({ kind: name }), 200),
                test("a stranger", json!({ kind: "other" }), 401),
                test("only a digest", json!({ "digest": bound }), 401),
            ],
        });
        let path = file("certificates.test.json", &suite.to_string());
        let output = portcullis(&["test", path.to_str().unwrap()], "");
        let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{field}: {said}");
    }
}

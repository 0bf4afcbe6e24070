//! Tests of the reasons to reject `client_certificate`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check;

pub(super) fn certificate() -> BTreeSet<String> {
    let of = |certificate: Value| vec![("client_certificate", certificate)];
    let peers = json!({ "sha256": ["0f".repeat(32)] });
    let mut setting = of(json!({ "source": "client_cert", "trusted_peers": peers }));
    setting.push((
        "providers.okta.claim_to_headers",
        json!([{ "header_name": "Client_Cert", "claim_name": "sub" }]),
    ));
    check(
        "",
        vec![
            (
                of(json!({ "source": "xfcc" })),
                r#"client_certificate: missing field "trusted_peers"; add "trusted_peers""#,
            ),
            (
                of(json!({ "source": "xfcc", "trusted_peers": {} })),
                "client_certificate.trusted_peers: empty; write a value, or remove the entry if it is optional",
            ),
            (
                of(json!({ "source": "xfcc", "trusted_peers": { "sha256": ["0f"] } })),
                r#"client_certificate.trusted_peers.sha256[0]: expected 64 hexadecimal digits, found "0f""#,
            ),
            (
                of(json!({ "source": "xfcc", "trusted_peers": { "uri_sans": ["spiffe://a/b"] } })),
                r#"client_certificate.trusted_peers.uri_sans: anyone can write a name into a certificate, and the configuration does not say that the listener validates certificates; list digests in "sha256", or set "peers_validated_by_listener": true if the listener has a "trusted_ca""#,
            ),
            (
                of(json!({
                    "source": "client_cert",
                    "trusted_peers": { "subjects": ["CN=a"], "peers_validated_by_listener": false },
                })),
                r#"client_certificate.trusted_peers.subjects: anyone can write a name into a certificate, and the configuration does not say that the listener validates certificates; list digests in "sha256", or set "peers_validated_by_listener": true if the listener has a "trusted_ca""#,
            ),
            (
                of(json!({ "source": "xfcc", "trusted_hops": 0, "trusted_peers": peers })),
                "client_certificate.trusted_hops: not between 1 and 16 elements; choose a value in this range",
            ),
            (
                of(json!({ "source": "client_cert", "trusted_hops": 2, "trusted_peers": peers })),
                r#"client_certificate.trusted_hops: the header "Client-Cert" contains only one certificate; remove "trusted_hops""#,
            ),
            (
                of(json!({ "trusted_peers": peers })),
                r#"client_certificate.trusted_peers: the certificate comes from the connection, not from a header; remove this field, or set "source" to "xfcc" or "client_cert""#,
            ),
            (
                of(json!({ "source": "connection", "forward": true })),
                r#"client_certificate.forward: the certificate comes from the connection, not from a header; remove this field, or set "source" to "xfcc" or "client_cert""#,
            ),
            (
                setting,
                r#"client_certificate: a provider sets the header "client_cert", which carries client certificates; choose another header in the provider"#,
            ),
        ],
    )
}

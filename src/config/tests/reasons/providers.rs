//! Tests of the reasons to reject providers, except for reasons that concern their keys.

use std::collections::BTreeSet;

use serde_json::json;

use super::{check, okta};
use crate::config::tests::ED25519_PEM;

pub(super) fn providers() -> BTreeSet<String> {
    let any = [
        (
            vec![("providers.a b", json!({}))],
            r#"providers["a b"]: a provider's name must consist of 1 to 64 letters, digits, "_", "." or "-"; rename the provider"#,
        ),
        (
            vec![("providers.okta.issuer", json!(""))],
            r#"providers.okta: tokens of any issuer would be accepted; set "issuer", or "allow_any_issuer": true"#,
        ),
        (
            vec![("providers.okta.preset", json!("spiffe"))],
            r#"providers.okta: missing field "trust_domain"; add "trust_domain""#,
        ),
        (
            vec![("providers.okta.audiences", json!([]))],
            r#"providers.okta: tokens for any audience would be accepted; set "audiences", or "allow_any_audience": true"#,
        ),
        (
            vec![("providers.okta.allow_any_issuer", json!(true))],
            r#"providers.okta: "issuer" contradicts "allow_any_issuer"; keep one of the two fields"#,
        ),
        (
            vec![("providers.okta.allow_any_audience", json!(true))],
            r#"providers.okta: "audiences" contradicts "allow_any_audience"; keep one of the two fields"#,
        ),
    ];
    let fields = vec![
        (
            vec![("description", json!("é".repeat(257)))],
            "description: longer than 256 characters; shorten the value",
        ),
        (
            vec![("issuer", json!("https://idp/{tid/v2"))],
            "issuer: a brace that does not belong to a placeholder; write each placeholder as {claim}, with the name of a claim between the braces",
        ),
        (
            vec![("issuer", json!("https://idp/{tid}"))],
            r#"issuer: tokens with any value of the claim "tid" would be accepted; list the accepted values in "require_claims", or set "allow_any_tenant": true"#,
        ),
        (
            vec![
                ("issuer", json!("https://idp/{tid}")),
                ("require_claims", json!([{"claim": "tid"}])),
            ],
            r#"issuer: tokens with any value of the claim "tid" would be accepted; list the accepted values in "require_claims", or set "allow_any_tenant": true"#,
        ),
        (
            vec![("allow_any_tenant", json!(true))],
            r#"allow_any_tenant: "issuer" has no placeholder {claim} that distinguishes tenants; remove "allow_any_tenant""#,
        ),
        (
            vec![("trust_domain", json!("example.org"))],
            r#"trust_domain: only SPIFFE workloads have a trust domain; set "preset": "spiffe", or remove "trust_domain""#,
        ),
        (
            vec![
                ("preset", json!("spiffe")),
                ("trust_domain", json!("Example.org")),
            ],
            r#"trust_domain: expected a trust domain such as example.org, found "Example.org""#,
        ),
        (
            vec![
                ("preset", json!("spiffe")),
                ("trust_domain", json!("example.org")),
                ("algorithms", json!(["ES256", "EdDSA"])),
            ],
            "algorithms: JWT-SVIDs are never signed with EdDSA; list only RS*, PS* and ES*",
        ),
        (
            vec![
                ("preset", json!("spiffe")),
                ("trust_domain", json!("example.org")),
                ("remote_jwks", json!(null)),
                ("public_keys.pem", json!([ED25519_PEM])),
            ],
            r#"public_keys: no key has "use": "jwt-svid" and a "kid"; use the bundle of the trust domain in "remote_jwks" or "local_jwks""#,
        ),
        (
            vec![("audiences", json!(["a", ""]))],
            "audiences[1]: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("client_ids", json!([]))],
            "client_ids: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("token_types", json!([]))],
            "token_types: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("require_claims", json!([{"claim": "a", "any_of": []}]))],
            "require_claims[0].any_of: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("clock_skew_seconds", json!(86_401))],
            "clock_skew_seconds: not between 0 and 86400 seconds; choose a value in this range",
        ),
        (
            vec![("max_lifetime", json!("0.5s"))],
            "max_lifetime: not between 1 and 315360000 seconds; choose a value in this range",
        ),
        (
            vec![("subjects", json!({}))],
            r#"subjects: exactly one of "exact", "prefix", "suffix", "contains", "safe_regex" is required, found none; add one of these fields"#,
        ),
        (
            vec![(
                "from_headers",
                json!([{"name": "x-a", "value_prefix": "T "}, {"name": "X-A"}]),
            )],
            r#"from_headers[1]: "X-A" occurs twice; remove one of the two"#,
        ),
        (
            vec![("from_params", json!(["a", "a"]))],
            r#"from_params[1]: "a" occurs twice; remove one of the two"#,
        ),
        (
            vec![("from_cookies", json!(["a=b"]))],
            r#"from_cookies[0]: expected the name of a cookie, found "a=b""#,
        ),
    ];
    let mut seen = check("", any.into());
    seen.extend(okta(fields));
    seen
}

pub(super) fn headers() -> BTreeSet<String> {
    let claim = |name: &str| json!([{"header_name": name, "claim_name": "sub"}]);
    okta(vec![
        (
            vec![("claim_to_headers", claim("Content_Length"))],
            "claim_to_headers[0].header_name: Portcullis must not set this header; choose another header",
        ),
        (
            vec![("claim_to_headers", claim(":path"))],
            "claim_to_headers[0].header_name: Portcullis must not set this header; choose another header",
        ),
        (
            vec![("forward_payload_header", json!("connection"))],
            "forward_payload_header: Portcullis must not set this header; choose another header",
        ),
        (
            vec![("claim_to_headers", claim("authorization"))],
            r#"claim_to_headers[0].header_name: tokens of the provider "okta" are read from this header; choose another header"#,
        ),
        (
            vec![
                ("from_cookies", json!(["s"])),
                ("forward_payload_header", json!("cookie")),
            ],
            r#"forward_payload_header: tokens of the provider "okta" are read from this header; choose another header"#,
        ),
        (
            vec![
                ("claim_to_headers", claim("x-sub")),
                ("forward_payload_header", json!("X_Sub")),
            ],
            r#"claim_to_headers[0].header_name: "x-sub" occurs twice; remove one of the two"#,
        ),
        (
            vec![
                ("claim_to_headers", claim("x-sub")),
                ("forward_payload_header", json!("x.sub")),
            ],
            r#"claim_to_headers[0].header_name: "x-sub" occurs twice; remove one of the two"#,
        ),
        (
            vec![
                ("from_headers", json!([{"name": "x-token"}])),
                ("claim_to_headers", claim("X.Token")),
            ],
            r#"claim_to_headers[0].header_name: tokens of the provider "okta" are read from this header; choose another header"#,
        ),
        (
            vec![
                ("payload_in_metadata", json!("jwt")),
                ("header_in_metadata", json!("jwt")),
            ],
            r#"header_in_metadata: "portcullis.jwt" occurs twice; remove one of the two"#,
        ),
        (
            vec![("jwt_cache_config", json!({"jwt_cache_size": 100_001}))],
            "jwt_cache_config.jwt_cache_size: not between 1 and 100000 tokens; choose a value in this range",
        ),
        (
            vec![("failed_status_in_metadata", json!("a b"))],
            r#"failed_status_in_metadata: expected a name without spaces or control characters, found "a b""#,
        ),
        (
            vec![("claim_to_headers", json!([{"header_name": "x-a"}]))],
            r#"claim_to_headers[0]: exactly one of "claim_name", "claim_path" is required, found none; add one of these fields"#,
        ),
        (
            vec![(
                "claim_to_headers",
                json!([{"header_name": "x-a", "claim_name": "a..b"}]),
            )],
            r#"claim_to_headers[0].claim_name: expected claim names separated by single dots (for other names, use "claim_path"), found "a..b""#,
        ),
        (
            vec![(
                "claim_to_headers",
                json!([{"header_name": "x-a", "claim_path": []}]),
            )],
            "claim_to_headers[0].claim_path: empty; write a value, or remove the entry if it is optional",
        ),
    ])
}

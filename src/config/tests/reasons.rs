//! Every reason to refuse a configuration, with place and remedy.

use std::collections::BTreeSet;

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{ED25519_KEY, SECRET, base_with, key_set, oct_key, parse};
use crate::config::Reason;

/// Places in the base configuration with what is written there, and the text of the refusal.
type Refusal<'a> = (Vec<(&'a str, Value)>, &'a str);

/// Asserts each refusal's text; yields the names of the reasons.
fn check(prefix: &str, refusals: Vec<Refusal<'_>>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for (changes, text) in refusals {
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(path, value)| (format!("{prefix}{path}"), value))
            .collect();
        let changes: Vec<_> =
            changes.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
        let Err(error) = parse(&base_with(&changes)) else { panic!("accepted: {changes:?}") };
        assert_eq!(error.to_string(), format!("{prefix}{text}"), "{changes:?}");
        assert!(!error.reason().remedy().is_empty());
        seen.insert(variant(error.reason()));
    }
    seen
}

fn variant(reason: &Reason) -> String {
    let debug = format!("{reason:?}");
    debug.chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[test]
fn there_is_a_test_for_every_reason() {
    let mut seen = top();
    seen.extend(rules());
    seen.extend(requirements());
    seen.extend(providers());
    seen.extend(fetched_keys());
    seen.extend(written_keys());
    seen.extend(headers());
    let all = [
        "AsymmetricSecret",
        "AuthorizeWithoutRequires",
        "BadRegex",
        "Contradiction",
        "Empty",
        "EmptyRange",
        "HeaderName",
        "HostSignatures",
        "IssuerTemplate",
        "Keys",
        "MissingField",
        "NoAudiences",
        "NoIssuer",
        "NoPlaceholder",
        "NoServingKey",
        "NotAvailable",
        "NotBase64",
        "NotExactlyOne",
        "OutOfBounds",
        "ProviderName",
        "Repeated",
        "ReservedHeader",
        "SpeltTwice",
        "SymmetricAlgorithm",
        "TokenHeader",
        "TooDeep",
        "TooFew",
        "TooLong",
        "UnconstrainedPlaceholder",
        "UnknownField",
        "UnknownProvider",
        "UnknownRequirement",
        "UnknownValue",
        "Unreadable",
        "WrongForm",
        "WrongType",
    ];
    // `Json` has tests of its own: it needs bytes that are no document.
    assert_eq!(seen, all.into_iter().map(str::to_owned).collect());
}

fn top() -> BTreeSet<String> {
    check(
        "",
        vec![
            (
                vec![("zzz", json!(1))],
                r#"configuration: unknown field "zzz"; known here: "bypass_cors_preflight", "limits", "mode", "path_policy", "providers", "realm", "requirement_map", "rules", "signature_backend", "stat_prefix", "strip_failure_response", "unmatched""#,
            ),
            (
                vec![("status", json!({}))],
                r#"configuration: "status" is not available in this version; leave it out; read the metrics"#,
            ),
            (
                vec![("requirement_map", json!({})), ("requirementMap", json!({}))],
                r#"configuration: "requirement_map" is there in both of its spellings; keep one spelling"#,
            ),
            (
                vec![("mode", json!("audit"))],
                r#"mode: unknown value "audit"; known here: "enforce", "shadow""#,
            ),
            (vec![("mode", json!(1))], "mode: expected a string, found 1"),
            (
                vec![("signature_backend", json!("host"))],
                r#"signature_backend: this version verifies in the module; leave it out, or set "auto" or "module""#,
            ),
            (
                vec![("realm", json!("a\"b"))],
                r#"realm: expected printable ASCII characters other than quotes and backslashes, found "a\"b""#,
            ),
            (vec![("realm", json!(""))], "realm: empty; leave it out, or write something"),
            (vec![("realm", json!("x".repeat(65)))], "realm: longer than 64 characters; shorten it"),
            (
                vec![("stat_prefix", json!("a b"))],
                r#"stat_prefix: expected letters, digits, "_", "." and "-", found "a b""#,
            ),
            (
                vec![("limits.token_bytes", json!(0))],
                "limits.token_bytes: not between 1 and 1048576 bytes; choose a value in between",
            ),
            (
                vec![("limits.park_timeout", json!("61s"))],
                "limits.park_timeout: not between 1 and 60000 milliseconds; choose a value in between",
            ),
        ],
    )
}

fn rules() -> BTreeSet<String> {
    let header = |matcher: Value| vec![("match.headers.0", matcher)];
    check(
        "rules[0]",
        vec![],
    )
    .into_iter()
    .chain(check_rule(vec![
        (vec![("", json!({}))], r#": missing field "match"; add "match""#),
        (
            vec![("match", json!({}))],
            r#".match: exactly one of "prefix", "path", "safe_regex", "path_separated_prefix", "connect_matcher" is needed, found none; add one"#,
        ),
        (
            vec![("match.path", json!("/"))],
            r#".match: exactly one of "prefix", "path", "safe_regex", "path_separated_prefix", "connect_matcher" is needed, found "prefix", "path"; keep one"#,
        ),
        (
            vec![("match.prefix", json!("api"))],
            r#".match.prefix: expected a path that starts with / and has no ? or #, found "api""#,
        ),
        (
            vec![("match", json!({"path_separated_prefix": "/a/"}))],
            r#".match.path_separated_prefix: expected a path without / at its end (for all paths: "prefix": "/"), found "/a/""#,
        ),
        (
            vec![("match", json!({"safe_regex": {"regex": "a)|(b"}}))],
            r".match.safe_regex.regex: no regular expression: found closing parenthesis without a corresponding opening parenthesis; correct it; Unicode classes (\p) are not supported",
        ),
        (
            vec![("match", json!({"safe_regex": {"regex": "a".repeat(4097)}}))],
            ".match.safe_regex.regex: longer than 4096 characters; shorten it",
        ),
        (
            vec![("match.methods", json!(["get"]))],
            r#".match.methods[0]: expected a method in capital letters, such as GET, found "get""#,
        ),
        (vec![("match.methods", json!([]))], ".match.methods: empty; leave it out, or write something"),
        (
            vec![("match.methods", json!(["GET", "GET"]))],
            r#".match.methods[1]: "GET" is there twice; remove one"#,
        ),
        (
            header(json!({"name": "a", "range_match": {"start": 5, "end": 5}})),
            r#".match.headers[0].range_match: no number is at least "start" and below "end"; make "end" greater than "start""#,
        ),
        (
            header(json!({"name": "a b"})),
            ".match.headers[0].name: a header name holds only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 section 5.6.2); rename it",
        ),
        (
            header(json!({"name": "a", "string_match": {"prefix": ""}})),
            ".match.headers[0].string_match.prefix: empty; leave it out, or write something",
        ),
        (
            header(json!({"name": "a", "exact_match": "b", "present_match": true})),
            r#".match.headers[0]: exactly one of "string_match", "exact_match", "prefix_match", "suffix_match", "contains_match", "safe_regex_match", "range_match", "present_match" is needed, found "exact_match", "present_match"; keep one"#,
        ),
        (
            vec![("match.query_parameters", json!([{"name": ""}]))],
            ".match.query_parameters[0].name: empty; leave it out, or write something",
        ),
    ]))
    .collect()
}

fn requirements() -> BTreeSet<String> {
    let nested = (0..16).fold(json!({"allow_missing": {}}), |inner, _| {
        json!({"requires_any": {"requirements": [inner, {"allow_missing": {}}]}})
    });
    let too_deep = format!(
        ".requires{}: requirements go deeper than 16 levels; write it flatter",
        ".requires_any.requirements[0]".repeat(16)
    );
    check_rule(vec![
        (vec![("requires", nested)], &too_deep),
        (
            vec![("requires", json!({}))],
            r#".requires: exactly one of "provider_name", "provider_and_audiences", "requires_any", "requires_all", "allow_missing", "allow_missing_or_failed" is needed, found none; add one"#,
        ),
        (
            vec![("requires.provider_name", json!("okat"))],
            r#".requires.provider_name: unknown provider "okat", did you mean "okta"?"#,
        ),
        (
            vec![("requires.provider_name", json!("entra"))],
            r#".requires.provider_name: unknown provider "entra"; add it to "providers""#,
        ),
        (
            vec![("requires", json!({"provider_and_audiences": {"provider_name": "okta"}}))],
            r#".requires.provider_and_audiences: missing field "audiences"; add "audiences""#,
        ),
        (
            vec![("requires", json!({"requires_any": {"requirements": [{"provider_name": "okta"}]}}))],
            ".requires.requires_any.requirements: fewer than 2 entries; add some, or write the one entry itself",
        ),
        (
            vec![("requires", json!(null)), ("requirement_name", json!("any"))],
            r#".requirement_name: unknown requirement "any"; add it to "requirement_map""#,
        ),
        (
            vec![("requirement_name", json!("any"))],
            r#": "requires" contradicts "requirement_name"; keep one"#,
        ),
        (
            vec![("requires", json!(null)), ("authorize.client_ids", json!(["c"]))],
            r#": "authorize" without "requires": there would be no verified claims; add "requires" or "requirement_name""#,
        ),
        (vec![("authorize", json!({}))], ".authorize: empty; leave it out, or write something"),
        (
            vec![("authorize.scopes.any_of", json!(["a b"]))],
            r#".authorize.scopes.any_of[0]: expected a scope: printable ASCII without spaces, quotes and backslashes, found "a b""#,
        ),
        (
            vec![("authorize.scopes", json!({"any_of": ["a"], "all_of": ["a"]}))],
            r#".authorize.scopes: exactly one of "all_of", "any_of" is needed, found "all_of", "any_of"; keep one"#,
        ),
        (
            vec![("authorize.roles.any_of", json!([]))],
            ".authorize.roles.any_of: empty; leave it out, or write something",
        ),
        (
            vec![("authorize.claims", json!([{"claim": "tier"}]))],
            r#".authorize.claims[0]: missing field "any_of"; add "any_of""#,
        ),
    ])
}

/// As [`check`], in the first rule.
fn check_rule(refusals: Vec<Refusal<'_>>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for (changes, text) in refusals {
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(path, value)| (format!("rules.0.{path}").trim_end_matches('.').to_owned(), value))
            .collect();
        let changes = changes.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
        seen.extend(check("", vec![(changes, &format!("rules[0]{text}"))]));
    }
    seen
}

/// As [`check`], in the provider.
fn okta(refusals: Vec<Refusal<'_>>) -> BTreeSet<String> {
    check("providers.okta.", refusals)
}

fn providers() -> BTreeSet<String> {
    let any = [
        (
            vec![("providers.a b", json!({}))],
            r#"providers["a b"]: a provider's name has 1 to 64 letters, digits, "_", "." and "-"; rename it"#,
        ),
        (
            vec![("providers.okta.issuer", json!(""))],
            r#"providers.okta: tokens of any issuer would be accepted; set "issuer", or "allow_any_issuer": true"#,
        ),
        (
            vec![("providers.okta.audiences", json!([]))],
            r#"providers.okta: tokens meant for anyone would be accepted; set "audiences", or "allow_any_audience": true"#,
        ),
        (
            vec![("providers.okta.allow_any_issuer", json!(true))],
            r#"providers.okta: "issuer" contradicts "allow_any_issuer"; keep one"#,
        ),
        (
            vec![("providers.okta.allow_any_audience", json!(true))],
            r#"providers.okta: "audiences" contradicts "allow_any_audience"; keep one"#,
        ),
    ];
    let fields = vec![
        (vec![("description", json!("é".repeat(257)))], "description: longer than 256 characters; shorten it"),
        (
            vec![("issuer", json!("https://idp/{tid/v2"))],
            "issuer: a brace that is part of no {claim}; write placeholders as {claim}, with the name of a claim",
        ),
        (
            vec![("issuer", json!("https://idp/{tid}"))],
            r#"issuer: tokens with any "tid" would be accepted; list its accepted values in "require_claims", or set "allow_any_tenant": true"#,
        ),
        (
            vec![
                ("issuer", json!("https://idp/{tid}")),
                ("require_claims", json!([{"claim": "tid"}])),
            ],
            r#"issuer: tokens with any "tid" would be accepted; list its accepted values in "require_claims", or set "allow_any_tenant": true"#,
        ),
        (
            vec![("allow_any_tenant", json!(true))],
            r#"allow_any_tenant: "issuer" has no {claim} that could tell tenants apart; leave "allow_any_tenant" out"#,
        ),
        (vec![("audiences", json!(["a", ""]))], "audiences[1]: empty; leave it out, or write something"),
        (vec![("client_ids", json!([]))], "client_ids: empty; leave it out, or write something"),
        (vec![("token_types", json!([]))], "token_types: empty; leave it out, or write something"),
        (
            vec![("require_claims", json!([{"claim": "a", "any_of": []}]))],
            "require_claims[0].any_of: empty; leave it out, or write something",
        ),
        (
            vec![("clock_skew_seconds", json!(86_401))],
            "clock_skew_seconds: not between 0 and 86400 seconds; choose a value in between",
        ),
        (
            vec![("max_lifetime", json!("0.5s"))],
            "max_lifetime: not between 1 and 315360000 seconds; choose a value in between",
        ),
        (
            vec![("subjects", json!({}))],
            r#"subjects: exactly one of "exact", "prefix", "suffix", "contains", "safe_regex" is needed, found none; add one"#,
        ),
        (
            vec![("from_headers", json!([{"name": "x-a", "value_prefix": "T "}, {"name": "X-A"}]))],
            r#"from_headers[1]: "X-A" is there twice; remove one"#,
        ),
        (vec![("from_params", json!(["a", "a"]))], r#"from_params[1]: "a" is there twice; remove one"#),
        (
            vec![("from_cookies", json!(["a=b"]))],
            r#"from_cookies[0]: expected the name of a cookie, found "a=b""#,
        ),
    ];
    let mut seen = check("", any.into());
    seen.extend(okta(fields));
    seen
}

fn fetched_keys() -> BTreeSet<String> {
    let uri = |uri: &str| vec![("remote_jwks.http_uri.uri", json!(uri))];
    let mut refusals = vec![
        (
            vec![("remote_jwks", json!({}))],
            r#"remote_jwks: missing field "http_uri"; add "http_uri""#,
        ),
        (
            vec![("remote_jwks.http_uri.timeout", json!("0s"))],
            "remote_jwks.http_uri.timeout: not between 1 and 315360000000 milliseconds; choose a value in between",
        ),
        (
            vec![("remote_jwks.http_uri.cluster", json!(""))],
            "remote_jwks.http_uri.cluster: empty; leave it out, or write something",
        ),
        (
            vec![("remote_jwks.unknown_kid_cooldown", json!("0s"))],
            "remote_jwks.unknown_kid_cooldown: not between 1 and 315360000000 milliseconds; choose a value in between",
        ),
        (
            vec![(
                "remote_jwks.retry_policy.retry_back_off",
                json!({"base_interval": "2s", "max_interval": "1s"}),
            )],
            "remote_jwks.retry_policy.retry_back_off.max_interval: not between 2000 and 315360000000 milliseconds; choose a value in between",
        ),
        (
            vec![("algorithms", json!(["RS256", "HS256"]))],
            r#"algorithms: HS256 needs a secret, and these keys are none; remove it, or give the secret by "shared_secrets""#,
        ),
        (
            vec![("algorithms", json!(["none"]))],
            r#"algorithms[0]: unknown value "none"; known here: "EdDSA", "Ed25519", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512""#,
        ),
        (vec![("algorithms", json!([]))], "algorithms: empty; leave it out, or write something"),
    ];
    let texts: Vec<(String, String)> = [
        "idp.example/keys", "ftp://idp/keys", "https:///keys", "https://u@idp/keys", "https://idp/#a",
        "https://idp/a b", "https://idp:0/", "https://idp:65536/", "https://:443/", "https://[::1/",
        "https://idp:+1/",
    ]
    .iter()
    .map(|uri| {
        let text = format!(
            "remote_jwks.http_uri.uri: expected https://host/path, without user and fragment, found \"{uri}\""
        );
        ((*uri).to_owned(), text)
    })
    .collect();
    refusals.extend(texts.iter().map(|(written, text)| (uri(written), text.as_str())));
    okta(refusals)
}

fn written_keys() -> BTreeSet<String> {
    let local = |keys: Value, algorithms: Value| {
        vec![("remote_jwks", json!(null)), ("local_jwks", keys), ("algorithms", algorithms)]
    };
    let inline = |keys: &[&str]| json!({"inline_string": key_set(keys)});
    let secrets = |secret: &str, algorithms: Value| {
        vec![
            ("remote_jwks", json!(null)),
            ("shared_secrets", json!([{"kid": "a", "secret": secret}])),
            ("algorithms", algorithms),
        ]
    };
    let mut seen = check(
        "providers.okta",
        vec![
        ],
    );
    let whole = vec![
        (
            vec![("providers.okta.remote_jwks", json!(null))],
            r#"providers.okta: exactly one of "remote_jwks", "local_jwks", "shared_secrets" is needed, found none; add one"#,
        ),
    ];
    seen.extend(check("", whole));
    seen.extend(okta(vec![
        (
            local(json!({"filename": "/keys.json"}), json!(null)),
            r#"local_jwks: "filename" cannot be read: a module has no files and no environment; let `portcullis migrate` write the keys into "inline_string""#,
        ),
        (
            local(json!({"environmentVariable": "KEYS"}), json!(null)),
            r#"local_jwks: "environment_variable" cannot be read: a module has no files and no environment; let `portcullis migrate` write the keys into "inline_string""#,
        ),
        (
            local(json!({"inline_bytes": "!"}), json!(null)),
            r#"local_jwks.inline_bytes: not base64; encode the key set with base64, or use "inline_string""#,
        ),
        (
            local(json!({"inline_string": "{}"}), json!(null)),
            "local_jwks.inline_string: ?",
        ),
        (
            local(inline(&[&oct_key()]), json!(null)),
            r#"local_jwks: no key serves any of the accepted algorithms; name the algorithms of the keys in "algorithms""#,
        ),
        (
            local(inline(&[ED25519_KEY]), json!(["HS256"])),
            r#"algorithms: HS256 needs a secret, and these keys are none; remove it, or give the secret by "shared_secrets""#,
        ),
        (
            secrets(SECRET, json!(["RS256"])),
            "algorithms: RS256 does not verify with a shared secret; name HS256, HS384 or HS512 alone",
        ),
        (
            secrets(SECRET, json!(["HS512"])),
            r#"shared_secrets: no key serves any of the accepted algorithms; name the algorithms of the keys in "algorithms""#,
        ),
        (secrets("c2hvcnQ", json!(null)), "shared_secrets: ?"),
    ]));
    seen
}

fn headers() -> BTreeSet<String> {
    let claim = |name: &str| json!([{"header_name": name, "claim_name": "sub"}]);
    okta(vec![
        (
            vec![("claim_to_headers", claim("Content_Length"))],
            "claim_to_headers[0].header_name: a header that a module must not set; choose another header",
        ),
        (
            vec![("claim_to_headers", claim(":path"))],
            "claim_to_headers[0].header_name: a header that a module must not set; choose another header",
        ),
        (
            vec![("forward_payload_header", json!("connection"))],
            "forward_payload_header: a header that a module must not set; choose another header",
        ),
        (
            vec![("claim_to_headers", claim("authorization"))],
            r#"claim_to_headers[0].header_name: tokens of the provider "okta" are read from this header; choose another header"#,
        ),
        (
            vec![("from_cookies", json!(["s"])), ("forward_payload_header", json!("cookie"))],
            r#"forward_payload_header: tokens of the provider "okta" are read from this header; choose another header"#,
        ),
        (
            vec![("claim_to_headers", claim("x-sub")), ("forward_payload_header", json!("X_Sub"))],
            r#"claim_to_headers[0].header_name: "x-sub" is there twice; remove one"#,
        ),
        (
            vec![("claim_to_headers", json!([{"header_name": "x-a"}]))],
            r#"claim_to_headers[0]: exactly one of "claim_name", "claim_path" is needed, found none; add one"#,
        ),
        (
            vec![("claim_to_headers", json!([{"header_name": "x-a", "claim_name": "a..b"}]))],
            r#"claim_to_headers[0].claim_name: expected names with single dots between them (or "claim_path"), found "a..b""#,
        ),
        (
            vec![("claim_to_headers", json!([{"header_name": "x-a", "claim_path": []}]))],
            "claim_to_headers[0].claim_path: empty; leave it out, or write something",
        ),
    ])
}

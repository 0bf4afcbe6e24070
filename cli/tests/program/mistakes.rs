//! Common mistakes in a configuration, and the findings of `portcullis check`.

use super::{file, portcullis, stdout};

/// A valid policy. Each case replaces one string in it.
const POLICY: &str = r#"providers:
  okta:
    issuer: https://example.okta.com
    audiences: [orders]
    remote_jwks:
      http_uri:
        uri: https://example.okta.com/keys
        cluster: okta
        timeout: 5s
rules:
- match: { path: /healthz }
- match: { prefix: /orders, methods: [GET] }
  requires: { provider_name: okta }
  authorize:
    scopes: { all_of: [orders.read] }
"#;

/// For each mistake: the replaced string, the replacement, and the expected line of output without
/// the file name.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "provider_name",
        "provder_name",
        r#":13:15: error: rules[1].requires: unknown field "provder_name", did you mean "provider_name"?"#,
    ),
    (
        "all_of",
        "allof",
        r#":15:15: error: rules[1].authorize.scopes: unknown field "allof", did you mean "all_of"?"#,
    ),
    (
        "audiences:",
        "audience:",
        r#":4:5: error: providers.okta: unknown field "audience", did you mean "audiences"?"#,
    ),
    (
        "issuer:",
        "isuer:",
        r#":3:5: error: providers.okta: unknown field "isuer", did you mean "issuer"?"#,
    ),
    (
        "rules:",
        "rule:",
        r#":10:1: error: configuration: unknown field "rule", did you mean "rules"?"#,
    ),
    (
        "provider_name: okta",
        "provider_name: otka",
        r#":13:15: error: rules[1].requires.provider_name: unknown provider "otka", did you mean "okta"?"#,
    ),
    (
        "rules:\n",
        "mode: shdow\nrules:\n",
        r#":10:1: error: mode: unknown value "shdow", did you mean "shadow"?"#,
    ),
    (
        "    issuer:",
        "    preset: octa\n    issuer:",
        r#":3:5: error: providers.okta.preset: unknown value "octa", did you mean "okta"?"#,
    ),
    (
        "    issuer:",
        "    algorithms: [RS255]\n    issuer:",
        r#":3:18: error: providers.okta.algorithms[0]: unknown value "RS255", did you mean "RS256"?"#,
    ),
    (
        "    issuer:",
        "    algorithms: [none]\n    issuer:",
        r#":3:18: error: providers.okta.algorithms[0]: unknown value "none""#,
    ),
    (
        "    issuer:",
        "    algorithms: [HS256]\n    issuer:",
        ":3:5: error: providers.okta.algorithms: HS256 requires a shared secret, but these keys are public; remove the algorithm, or put the secret into \"shared_secrets\"",
    ),
    (
        "[GET]",
        "[get]",
        ":12:39: error: rules[1].match.methods[0]: ",
    ),
    (
        "[GET]",
        "GET",
        ":12:29: error: rules[1].match.methods: expected a list, found string \"GET\"; write [GET]",
    ),
    (
        "[orders]",
        "orders",
        r#":4:5: error: providers.okta.audiences: expected a list, found string "orders"; write [orders]"#,
    ),
    (
        "[orders]",
        "[]",
        ":2:3: error: providers.okta: tokens for any audience would be accepted; set \"audiences\"",
    ),
    (
        "    audiences: [orders]\n",
        "",
        ":2:3: error: providers.okta: tokens for any audience would be accepted; set \"audiences\"",
    ),
    (
        "    issuer: https://example.okta.com\n",
        "",
        ":2:3: error: providers.okta: tokens of any issuer would be accepted; set \"issuer\"",
    ),
    (
        "{ all_of: [orders.read] }",
        "[orders.read]",
        ":15:5: error: rules[1].authorize.scopes: expected an object, found a list; write { all_of: [orders.read] }",
    ),
    (
        "{ all_of: [orders.read] }",
        "orders.read",
        ":15:5: error: rules[1].authorize.scopes: expected an object, found string \"orders.read\"; write { all_of: [orders.read] }",
    ),
    (
        "    scopes: { all_of: [orders.read] }",
        "    roles: [admin]",
        ":15:5: error: rules[1].authorize.roles: expected an object, found a list; write { any_of: [admin] }",
    ),
    (
        "{ provider_name: okta }",
        "okta",
        r#":13:3: error: rules[1].requires: expected an object, found string "okta"; write { provider_name: okta }"#,
    ),
    (
        "prefix: /orders",
        "safe_regex: /x",
        r#":12:12: error: rules[1].match.safe_regex: expected an object, found string "/x"; write { regex: "/x" }"#,
    ),
    (
        "{ path: /healthz }",
        "/healthz",
        r#":11:3: error: rules[0].match: expected an object, found string "/healthz"; write { prefix: /healthz }"#,
    ),
    (
        "prefix: /orders",
        "safe_regex: { regex: '/x(?=y)' }",
        ":12:26: error: rules[1].match.safe_regex.regex: invalid regular expression: ",
    ),
    ("prefix: /orders", "prefix: /orders, path: /orders", ":12:"),
    ("prefix: /orders, ", "", ":12:"),
    (
        "timeout: 5s",
        "timeout: 500ms",
        ":9:9: error: providers.okta.remote_jwks.http_uri.timeout: expected a duration in seconds such as \"600s\" or \"0.5s\", at most ten years, found string \"500ms\"; write \"0.5s\"",
    ),
    (
        "timeout: 5s",
        "timeout: 5",
        ":9:9: error: providers.okta.remote_jwks.http_uri.timeout: expected a duration in seconds such as \"600s\" or \"0.5s\", at most ten years, found 5; write \"5s\"",
    ),
    (
        "timeout: 5s",
        "timeout: 5m",
        ":9:9: error: providers.okta.remote_jwks.http_uri.timeout: expected a duration in seconds such as \"600s\" or \"0.5s\", at most ten years, found string \"5m\"; write \"300s\"",
    ),
    (
        "    remote_jwks:\n      http_uri:\n        uri: https://example.okta.com/keys\n        cluster: okta\n        timeout: 5s\n",
        "    jwks_uri: https://example.okta.com/keys\n",
        ":5:5: error: providers.okta: unknown field \"jwks_uri\"; write remote_jwks: { http_uri: { uri: URI, cluster: NAME, timeout: 5s } }, or discovery: { cluster: NAME } to find the URI in the issuer's metadata",
    ),
    (
        "      http_uri:\n        uri: https://example.okta.com/keys\n        cluster: okta\n        timeout: 5s\n",
        "      uri: https://example.okta.com/keys\n      cluster: okta\n      timeout: 5s\n",
        ":7:7: error: providers.okta.remote_jwks: unknown field \"cluster\"; put \"uri\", \"cluster\" and \"timeout\" in \"http_uri\": http_uri: { uri: URI, cluster: NAME, timeout: 5s }",
    ),
    (
        "      http_uri:\n",
        "      uri: https://example.okta.com/keys\n      http_uri:\n",
        ":6:7: error: providers.okta.remote_jwks: unknown field \"uri\"; put \"uri\",",
    ),
    (
        "        timeout: 5s\n",
        "",
        ":6:7: error: providers.okta.remote_jwks.http_uri: missing field \"timeout\"; add \"timeout\"",
    ),
    (
        "        cluster: okta\n",
        "",
        ":6:7: error: providers.okta.remote_jwks.http_uri: missing field \"cluster\"; add \"cluster\"",
    ),
    (
        "uri: https://",
        "uri: ",
        ":7:9: error: providers.okta.remote_jwks.http_uri.uri: ",
    ),
    (
        "    issuer:",
        "    clock_skew_seconds: 60.5\n    issuer:",
        ":3:5: error: providers.okta.clock_skew_seconds: Envoy reads this number as text, because the number has a fraction",
    ),
    (
        "    issuer:",
        "    clock_skew_seconds: -1\n    issuer:",
        ":3:5: error: providers.okta.clock_skew_seconds: expected an unsigned integer, found -1",
    ),
    (
        "    issuer:",
        "    enabled: 1\n    issuer:",
        ":3:5: error: providers.okta.enabled: expected a boolean, found 1",
    ),
    (
        "    issuer:",
        "    issuer: https://other.example.com\n    issuer:",
        ":4:5: error: \"issuer\" occurs twice in one object; remove one of the two members",
    ),
    (
        "    remote_jwks:",
        "    discovery: { cluster: okta }\n    remote_jwks:",
        ":5:5: error: providers.okta: exactly one of ",
    ),
    (
        "    issuer:",
        "    local_jwks: { filename: keys.json }\n    issuer:",
        ":3:5: error: ",
    ),
    (
        "    audiences:",
        "    claim_to_headers: [{ header_name: authorization, claim_name: sub }]\n    audiences:",
        ":4:26: error: providers.okta.claim_to_headers[0].header_name: ",
    ),
    (
        "    audiences:",
        "    claim_to_headers: [{ header_name: 'x user', claim_name: sub }]\n    audiences:",
        ":4:26: error: providers.okta.claim_to_headers[0].header_name: ",
    ),
    (
        "  requires: { provider_name: okta }\n  authorize:\n    scopes: { all_of: [orders.read] }\n",
        "  requires:\n",
        ":13:3: error: rules[1].requires: empty (null); write a value, or remove the field (without the field, more requests may pass)",
    ),
    (
        "    scopes: { all_of: [orders.read] }\n",
        "",
        ":14:3: error: rules[1].authorize: empty (null); ",
    ),
    (
        "methods: [GET]",
        "methods: ~",
        ":12:29: error: rules[1].match.methods: empty (null); ",
    ),
    (
        "    issuer:",
        "    client_ids:\n    issuer:",
        ":3:5: error: providers.okta.client_ids: empty (null); ",
    ),
    (
        "    audiences: [orders]",
        "    audiences:",
        ":4:5: error: providers.okta.audiences: empty (null); ",
    ),
    (
        "  requires: { provider_name: okta }\n",
        "",
        ":12:3: error: rules[1]: \"authorize\" without \"requires\": there would be no verified claims",
    ),
    (
        "    remote_jwks:\n      http_uri:\n        uri: https://example.okta.com/keys\n        cluster: okta\n        timeout: 5s\n",
        "    public_keys: { pem: ['-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----'] }\n",
        ":5:",
    ),
    (
        "    remote_jwks:\n      http_uri:\n        uri: https://example.okta.com/keys\n        cluster: okta\n        timeout: 5s\n",
        "    shared_secrets: { secret: abc }\n",
        ":5:5: error: providers.okta.shared_secrets: expected a list, found an object",
    ),
    (
        "    remote_jwks:",
        "\tremote_jwks:",
        ":5:1: error: neither JSON nor YAML: a tab indents this line; indent with spaces",
    ),
    ("    audiences: [orders]", "    audiences: [orders", ":5:"),
    ("  okta:\n    issuer", "  okta:\n      issuer", ":4:"),
    (
        "providers:\n",
        "providers:\n---\n",
        ":2:1: error: several YAML documents; copy the one to check into a separate file",
    ),
    (
        "rules:\n",
        "rules:\n- match: { prefix: /ord }\n",
        ":13:3: warning: rules[2]: no request reaches this rule, because rules[0] comes first and requires no token; move this rule before rules[0]",
    ),
    (
        "  requires: { provider_name: okta }\n  authorize:\n    scopes: { all_of: [orders.read] }\n",
        "",
        ":2:3: warning: providers.okta: no rule uses this provider; name the provider in \"requires\", or remove the provider",
    ),
    (
        "rules:\n",
        "unmatched: allow\nrules:\n",
        ":10:1: warning: unmatched: ",
    ),
    (
        "    audiences: [orders]",
        "    allow_any_audience: true",
        ":4:5: warning: providers.okta.allow_any_audience: ",
    ),
];

fn check(name: &str, text: &str) -> (i32, Vec<String>) {
    let path = file(name, text);
    let path = path.to_str().unwrap();
    let output = portcullis(&["check", path], "");
    let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    let lines = said.lines().map(|line| line.replace(path, ""));
    (output.status.code().unwrap(), lines.collect())
}

#[test]
fn each_mistake_has_one_line_with_its_place_and_remedy() {
    assert_eq!(
        check("mistakes.yaml", POLICY).1,
        ["ok: 1 provider, 2 rules"]
    );
    let mut wrong = Vec::new();
    for (written, instead, expected) in MISTAKES {
        let text = POLICY.replacen(written, instead, 1);
        assert_ne!(text, POLICY, "{written}");
        let (code, lines) = check("mistakes.yaml", &text);
        let is_error = !expected.contains("warning");
        let is_first = lines.first().is_some_and(|line| line.starts_with(expected));
        if lines.len() != 1 || !is_first || (code != 0) != is_error {
            wrong.push(format!(
                "{instead}\n  expected {expected}\n  {code}: {}",
                lines.join("\n  ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Three findings of this test have no line, because they concern the whole file.
#[test]
fn mistakes_that_concern_the_whole_file_are_reported_too() {
    let comma = POLICY_JSON.replacen("]", "],", 1);
    let twice = POLICY_JSON.replacen("\"rules\"", "\"rules\": [],\n\"rules\"", 1);
    let envoy = "static_resources:\n  clusters: []\n";
    let unindented: String = POLICY.lines().map(|line| format!("  {line}\n")).collect();
    for (text, expected) in [
        ("", ": error: the file is empty"),
        ("# nothing\n", ": error: the file is empty"),
        (
            envoy,
            ": error: this Envoy configuration has no Portcullis filter and no route with a policy; pass",
        ),
        (
            "http_filters: [{ typed_config: { '@type': type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication } }]\n",
            ": error: this Envoy configuration has no Portcullis filter and no route with a policy; translate its jwt_authn filter with \"portcullis migrate\"",
        ),
        (
            &format!("value:\n{unindented}"),
            r#":1:1: error: configuration: unknown field "value"; the policy is the part below "value": remove the line with "value", or give the whole Envoy file"#,
        ),
        (&comma, ":5:1: error: not JSON: "),
        (
            &twice,
            r#":3:1: error: "rules" occurs twice in one object; remove one of the two members"#,
        ),
        ("{", ":1:1: error: not JSON: "),
        ("rules: 7\n", ":1:1: error: rules: expected a list, found 7"),
    ] {
        let (code, lines) = check("mistakes-file.txt", text);
        assert_ne!(code, 0, "{text}");
        assert!(
            lines.len() == 1 && lines[0].starts_with(expected),
            "{text}: {lines:?}"
        );
    }
}

const POLICY_JSON: &str =
    "{\"providers\": {},\n\"rules\": [\n  {\"match\": {\"prefix\": \"/\"}}\n]\n}\n";

#[test]
fn tells_every_mistake_of_a_file_in_order() {
    let text = POLICY
        .replacen("issuer:", "revoked:\n    isuer:", 1)
        .replacen("[orders]", "orders", 1)
        .replacen("timeout: 5s", "timeout: 5", 1)
        .replacen("[GET]", "[get]", 1)
        .replacen("provider_name", "provder_name", 1)
        .replacen("all_of", "allof", 1);
    let (code, lines) = check("mistakes-all.yaml", &text);
    let places: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(": error").next())
        .collect();
    assert_eq!(
        places,
        [
            ":3:5", ":4:5", ":5:5", ":10:9", ":13:39", ":14:15", ":16:15"
        ],
        "{lines:?}"
    );
    assert_eq!(code, 1);
}

//! Tests of `portcullis test`.

use serde_json::{Value, json};

use super::{
    file,
    policy_test_mistakes::{one_test, run},
    portcullis, stdout,
};

/// The policy of the README, with a second provider, clients with secrets and an open rule.
pub(crate) const POLICY: &str = r#"
providers:
  okta:
    preset: okta
    issuer: https://example.okta.com/oauth2/default
    audiences: [api://default]
    remote_jwks:
      http_uri: { uri: "https://example.okta.com/oauth2/default/v1/keys", cluster: okta, timeout: 5s }
    claim_to_headers:
    - { header_name: x-user, claim_name: sub }
  tenants:
    issuer: https://login.example.com/{tid}
    audiences: [other]
    algorithms: [RS256]
    client_ids: [app]
    max_lifetime: 60s
    require_claims:
    - { claim: tid, any_of: [t1, t2] }
    - { claim: [org, unit] }
    from_headers: [{ name: x-token, value_prefix: "JWT " }]
    discovery: { cluster: login }
  jobs:
    client_secrets:
      clients:
        report-job:
          secret_hashes: ["sha256:AQEBAQEBAQEBAQEBAQEBAQ:plGS-NZFvE0ZdluOphv7uJbcmZy4ikvkGVGMVJP5LJ0"]
          scopes: [reports.read]
rules:
- match: { path: /healthz }
- match: { prefix: /reports }
  requires: { provider_name: jobs }
- match: { prefix: /tenants }
  requires:
    provider_and_audiences: { provider_name: tenants, audiences: [tenants] }
- match: { prefix: / }
  requires: { provider_name: okta }
  authorize:
    scopes: { all_of: [orders.read] }
"#;

const TESTS: &str = r#"
config: suite-policy.yaml
tests:
- name: health is open
  request: { path: /healthz }
  expect: { decision: allow, reason: not_required }
- name: a reader gets in, and the upstream learns who it is
  request:
    method: POST
    path: /orders
    headers: { X-User: root }
  token: { provider: okta, claims: { sub: alice, scp: [orders.read] } }
  expect:
    decision: allow
    status: 200
    headers: { X-User: alice, authorization: null }
- name: without a token
  request: { path: /orders }
  expect: { decision: deny, status: 401, challenge: 'Bearer realm="api"' }
- name: too few scopes
  request: { path: /orders }
  token: { provider: okta }
  expect: { status: 403, reason: insufficient_scope, challenge: 'scope="orders.read"' }
- name: an expired token
  request: { path: /orders }
  token: { provider: okta, expired: true }
  expect: { status: 401, reason: expired }
- name: a forged token
  request: { path: /orders }
  token: { provider: okta, forged: true }
  expect: { status: 401, reason: bad_signature }
- name: another type of token
  request: { path: /orders }
  token: { provider: okta, header: { typ: dpop+jwt } }
  expect: { status: 401, reason: token_type }
- name: a tenant, with a key of another type, in another header
  request: { path: /tenants/a }
  token: { provider: tenants, claims: { tid: t2 } }
  expect: { decision: allow }
- name: an unknown tenant
  request: { path: /tenants/a }
  token: { provider: tenants, claims: { tid: t3 } }
  expect: { status: 401, reason: claim }
- name: a client with its secret
  request: { path: /reports }
  basic: { client: report-job }
  expect: { decision: allow }
- name: a client with another secret
  request: { path: /reports }
  basic: { client: report-job, secret: other }
  expect: { status: 401, reason: bad_client_secret, challenge: Basic }
- name: a token that is bound to another certificate
  request: { path: /orders }
  token: { provider: okta, claims: { scp: [orders.read], cnf: { "x5t#S256": AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE } } }
  certificate: AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI
  expect: { status: 401 }
- name: a token that is bound to this certificate
  request: { path: /orders }
  token: { provider: okta, claims: { scp: [orders.read], cnf: { "x5t#S256": AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE } } }
  certificate: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE
  expect: { decision: allow }
"#;

pub(crate) fn suite(name: &str, tests: &str) -> String {
    file("suite-policy.yaml", POLICY);
    let path = file(name, tests);
    path.to_str().unwrap().to_owned()
}

#[test]
fn claims_stand_in_for_signed_tokens() {
    let path = suite("suite.yaml", TESTS);
    let output = portcullis(&["test", "--coverage", "--fail-under", "100", &path], "");
    let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("13 passed, 0 failed"), "{said}");
    assert!(
        said.contains("coverage: 100 %, 7 of 7 rules and providers"),
        "{said}"
    );
}

#[test]
fn a_failure_says_what_was_found_and_where_the_test_is() {
    let tests = "config: suite-policy.yaml\ntests:\n- name: too lax\n  request: { path: /orders }\n  token: { provider: okta, claims: { sub: bob, scp: orders.read } }\n  expect: { decision: deny, status: 401, headers: { x-user: alice }, challenge: Bearer }\n- name: <good>\n  request: { path: /healthz }\n  expect: { decision: allow }\n";
    let path = suite("failing.yaml", tests);
    let junit = file("failing.xml", "");
    let junit = junit.to_str().unwrap();
    let output = portcullis(&["test", &path, "--fail-under", "50", "--junit", junit], "");
    let policy = path.replace("failing", "suite-policy");
    let expected = format!(
        "{path}\n  FAIL  {path}:3:3: too lax\n          decision: expected deny, found allow\n          status: expected 401, found 200\n          headers.x-user: expected \"alice\", found \"bob\"\n          challenge: expected 'Bearer', found none\n          found: allow 200 verified\n  ok    <good>\n1 passed, 1 failed\n{policy}:30:3: rules[1]: no test reaches it\n{policy}:32:3: rules[2]: no test reaches it\n{policy}:22:3: providers.jobs: no test reaches it\n{policy}:11:3: providers.tenants: no test reaches it\ncoverage: 42 %, 3 of 7 rules and providers\ncoverage is below 50 %\n"
    );
    assert_eq!((stdout(&output), output.status.code()), (expected, Some(1)));
    let written = std::fs::read_to_string(junit).unwrap();
    for part in [
        "<testsuites tests=\"2\" failures=\"1\">",
        "name=\"&lt;good&gt;\"",
        "line=\"3\">",
        "<failure message=\"decision: expected deny, found allow; status: expected 401, found 200; headers.x-user: expected &quot;alice&quot;, found &quot;bob&quot;",
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    let output = portcullis(&["test", "--json", &path], "");
    let said: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(said["ok"], false);
    assert_eq!(said["tests"][1]["passed"], true);
    assert_eq!(said["tests"][0]["line"], 3);
    assert_eq!(
        said["tests"][0]["failures"][0],
        "decision: expected deny, found allow"
    );
}

#[test]
fn the_policy_may_be_in_the_file_or_in_an_envoy_file() {
    let inline = json!({
        "config": { "unmatched": "allow" },
        "tests": [{ "name": "all", "request": { "path": "/" }, "expect": { "decision": "allow" } }],
    });
    let path = suite("inline.json", &inline.to_string());
    let output = portcullis(&["test", &path], "");
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let demo = support::folders::project().join("envoy/routes.yaml");
    let routes = format!(
        "config: {}\ntests:\n- name: the route's policy\n  request:\n    path: /admin\n    route_metadata: {{ requirement_name: signed_in, authorize: {{ roles: {{ any_of: [admin] }} }} }}\n  token: {{}}\n  expect: {{ status: 403 }}\n",
        demo.display()
    );
    let path = suite("routes.test.yaml", &routes);
    let output = portcullis(&["test", &path], "");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_challenge_is_compared_in_quotes() {
    let text = one_test("request: { path: /orders }\nexpect: { challenge: 'Basic realm=\"api\"' }");
    let (code, said) = run("challenge.yaml", &text);
    let expected = "challenge: expected 'Basic realm=\"api\"', found 'Bearer realm=\"api\"'";
    assert!(said.contains(expected), "{said}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_certificate_may_be_a_block_of_pem() {
    // The octets of the certificate are "abc".
    let text = one_test(
        "request: { path: /orders }\ntoken: { provider: okta, claims: { scp: [orders.read], cnf: { \"x5t#S256\": ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0 } } }\ncertificate: |\n  -----BEGIN CERTIFICATE-----\n  YWJj\n  -----END CERTIFICATE-----\nexpect: { decision: allow }",
    );
    let (code, said) = run("pem.yaml", &text);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run("other-pem.yaml", &text.replace("YWJj", "YWJk"));
    assert!(said.contains("found: deny 401 confirmation"), "{said}");
    assert_eq!(code, Some(1));
}

#[test]
fn coverage_counts_a_policy_once_however_its_path_is_written() {
    let health = one_test("request: { path: /healthz }\nexpect: { decision: allow }");
    let first = suite("spelling-1.yaml", &health);
    let other = health.replace("suite-policy.yaml", "../cli/./suite-policy.yaml");
    let second = suite("spelling-2.yaml", &other);
    let output = portcullis(&["test", "--coverage", &first, &second], "");
    let said = stdout(&output);
    assert!(said.contains("14 %, 1 of 7 rules and providers"), "{said}");
}

/// A filter with one open rule for the path `/<name>`.
fn filter(name: &str) -> String {
    format!(
        "- name: {name}\n  typed_config:\n    '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n    config:\n      name: portcullis\n      configuration:\n        '@type': type.googleapis.com/google.protobuf.Struct\n        value: {{ rules: [{{ match: {{ path: /{name} }} }}] }}\n"
    )
}

#[test]
fn coverage_counts_each_filter_of_a_file() {
    let filters = format!("http_filters:\n{}{}", filter("a"), filter("b"));
    file("two-filters.yaml", &filters);
    let paths = ["a", "b"].map(|name| {
        let test = one_test(&format!(
            "request: {{ path: /{name} }}\nexpect: {{ reason: not_required }}"
        ));
        let config = format!("two-filters.yaml\nfilter: {name}");
        let name = format!("filter-{name}.yaml");
        suite(&name, &test.replace("suite-policy.yaml", &config))
    });
    let output = portcullis(&["test", "--coverage", &paths[0], &paths[1]], "");
    let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("coverage: 100 %, 2 of 2 rules"), "{said}");
}

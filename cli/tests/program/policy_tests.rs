//! `portcullis test`.

use serde_json::{Value, json};

use super::{file, portcullis, stdout};

/// The policy of the README, with a second provider, clients with secrets and an open rule.
const POLICY: &str = r#"
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

fn suite(name: &str, tests: &str) -> String {
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
        "{path}\n  FAIL  {path}:3:3: too lax\n          decision: expected deny, found allow\n          status: expected 401, found 200\n          headers.x-user: expected \"alice\", found \"bob\"\n          challenge: expected Bearer, found none\n          found: allow 200 verified\n  ok    <good>\n1 passed, 1 failed\n{policy}:30:3: rules[1]: no test reaches it\n{policy}:32:3: rules[2]: no test reaches it\n{policy}:22:3: providers.jobs: no test reaches it\n{policy}:11:3: providers.tenants: no test reaches it\ncoverage: 42 %, 3 of 7 rules and providers\ncoverage is below 50 %\n"
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
fn mistakes_in_a_test_have_their_place() {
    for (text, code, expected) in [
        (
            "config: suite-policy.yaml\ntests:\n- name: a\n  requst: {}\n",
            2,
            ":4:3: error: tests[0].requst: unknown field `requst`",
        ),
        (
            "config: suite-policy.yaml\ntests:\n- name: a\n  request: { path: / }\n  expect: {}\n",
            2,
            ":5:3: error: tests[0].expect: expects nothing; write decision",
        ),
        (
            "config: suite-policy.yaml\ntests:\n- name: a\n  request: { path: / }\n  expect: { decision: alow }\n",
            2,
            ":5:3: error: tests[0].expect: unknown variant `alow`",
        ),
        (
            "config: missing.yaml\ntests: []\n",
            2,
            "missing.yaml: No such file",
        ),
        (
            "config: { rules: 7 }\ntests: []\n",
            1,
            "error: rules: expected a list",
        ),
        (
            "config: suite-policy.yaml\ntests:\n- name: a\n  request: { path: / }\n  token: {}\n  expect: { decision: allow }\n",
            1,
            "token: several providers; write provider: one of okta, tenants",
        ),
        (
            "config: suite-policy.yaml\ntests:\n- name: a\n  request: { path: / }\n  token: { provider: otka }\n  expect: { decision: allow }\n",
            1,
            "token: no provider \"otka\" with tokens; there is okta, tenants",
        ),
    ] {
        let path = suite("mistaken.yaml", text);
        let output = portcullis(&["test", &path], "");
        let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

/// The text of the first fenced code block that begins with this fence.
fn block<'a>(page: &'a str, fence: &str) -> &'a str {
    let (_, rest) = page.split_once(fence).unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("\n```").unwrap().0
}

/// The commands and outputs that a newcomer copies from the documentation.
#[test]
fn the_first_test_of_the_documentation_passes_and_fails_as_it_says() {
    let root = support::folders::project();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let envoy = readme
        .split("```yaml")
        .find(|block| block.contains("static_resources:"));
    let envoy = envoy.unwrap().split("```").next().unwrap();
    let page = include_str!("../../../docs/policy-tests.md");
    let tests = block(page, "```yaml portcullis-test");
    file("envoy.yaml", envoy);
    let path = file("policy.test.yaml", &format!("{tests}\n"));
    let path = path.to_str().unwrap();
    let folder = path.replace("policy.test.yaml", "");
    let output = portcullis(&["test", path], "");
    let said = stdout(&output).replace(&folder, "");
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(page.contains(&said), "{said}");
    let text = tests.replace("orders.read", "orders.list");
    assert_ne!(text, tests);
    file("policy.test.yaml", &text);
    let output = portcullis(&["test", path], "");
    let said = stdout(&output).replace(&folder, "");
    let failure = said.split_once("  FAIL").unwrap().1;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(page.contains(failure), "{said}");
}

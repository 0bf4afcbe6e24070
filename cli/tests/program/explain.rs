//! Compares the output of `portcullis explain` with the files `explain/<case>.txt`.
//! `PORTCULLIS_BLESS=1` overwrites these files with the actual output.

use std::{env, fs, sync::OnceLock};

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use super::{NOW, file, portcullis, stdout};
use support::signer::{Pair, Signer};

const CONFIG: &str = "
providers:
  idp:
    issuer: https://idp.example.com
    audiences: [orders]
    forward_payload_header: x-claims
    claim_to_headers:
    - { header_name: x-user, claim_name: sub }
    remote_jwks:
      http_uri: { uri: 'https://idp.example.com/keys', cluster: idp, timeout: 5s }
  tenants:
    issuer: 'https://login.example.com/{tid}'
    audiences: [orders]
    client_ids: [app]
    subjects: { prefix: user- }
    require_claims: [{ claim: tid, any_of: [a, b] }]
    max_issued_lifetime: 3600s
    token_types: [JWT]
    from_headers: [{ name: x-token }]
    remote_jwks:
      http_uri: { uri: 'https://login.example.com/keys', cluster: idp, timeout: 5s }
  retired:
    enabled: false
    issuer: https://old.example.com
    audiences: [orders]
    remote_jwks:
      http_uri: { uri: 'https://old.example.com/keys', cluster: idp, timeout: 5s }
rules:
- match: { path: /healthz }
- match: { prefix: /tenants }
  requires: { provider_name: tenants }
- match: { prefix: /partners }
  requires: { provider_and_audiences: { provider_name: idp, audiences: [partners] } }
- match: { prefix: /orders, methods: [GET] }
  requires: { provider_name: idp }
  authorize:
    scopes: { all_of: [orders.read] }
- match: { prefix: /orders }
  requires: { provider_name: idp }
  authorize:
    roles: { any_of: [writer] }
- match: { prefix: /shared }
  requires:
    requires_all:
      requirements: [{ provider_name: tenants }, { allow_missing: {} }]
";

/// A call of `explain`: a token, an optional request, and the expected exit code.
struct Case {
    name: &'static str,
    token: String,
    request: Option<[&'static str; 2]>,
    code: i32,
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://idp.example.com", "aud": "orders", "sub": "alice",
        "scope": "orders.read", "iat": NOW - 60, "exp": NOW + 240,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

fn cases() -> Vec<Case> {
    let signer = Signer::new(Algorithm::Es256);
    let signed = |changes: Value| signer.sign_claims(&claims(&changes));
    let other = Signer::with_pair(Algorithm::Es256, Pair::Other);
    let good = signed(json!({}));
    let mut none = signer.token(&json!({"alg": "none"}), &claims(&json!({})));
    none.truncate(none.rfind('.').unwrap() + 1);
    let tenant = json!({
        "iss": "https://login.example.com/c", "tid": "c", "azp": "app", "sub": "user-1",
    });
    let case = |name, token, request, code| Case {
        name,
        token,
        request,
        code,
    };
    vec![
        case("good", good.clone(), None, 0),
        case("bearer", format!("Bearer {good}\n"), None, 0),
        case("allowed", good.clone(), Some(["GET", "/orders/1"]), 0),
        case("open", good.clone(), Some(["GET", "/healthz"]), 0),
        case("unmatched", good.clone(), Some(["GET", "/elsewhere"]), 1),
        case(
            "ambiguous_path",
            good.clone(),
            Some(["GET", "/orders/../x"]),
            1,
        ),
        case(
            "insufficient_scope",
            signed(json!({"scope": "orders.write"})),
            Some(["GET", "/orders"]),
            1,
        ),
        case(
            "insufficient_role",
            good.clone(),
            Some(["POST", "/orders"]),
            1,
        ),
        case(
            "token_of_any_provider",
            good.clone(),
            Some(["GET", "/shared"]),
            1,
        ),
        case("audience_of_the_rule", good, Some(["GET", "/partners"]), 1),
        case("expired", signed(json!({"exp": NOW - 3700})), None, 1),
        case("not_yet_valid", signed(json!({"nbf": NOW + 90})), None, 1),
        case(
            "wrong_audience",
            signed(json!({"aud": ["payments", "mail"]})),
            None,
            1,
        ),
        case(
            "wrong_signature",
            other.sign_claims(&claims(&json!({}))),
            None,
            1,
        ),
        case(
            "unknown_kid",
            signer
                .clone()
                .named(Some("k2"))
                .sign_claims(&claims(&json!({}))),
            None,
            1,
        ),
        case(
            "unknown_issuer",
            signed(json!({"iss": "https://nobody.example.com"})),
            None,
            1,
        ),
        case(
            "disabled",
            signed(json!({"iss": "https://old.example.com"})),
            None,
            1,
        ),
        case(
            "no_keys",
            signer.token(
                &json!({"alg": "ES256", "typ": "JWT"}),
                &claims(&json!({
                    "iss": "https://login.example.com/a", "tid": "a", "azp": "app", "sub": "user-1",
                })),
            ),
            None,
            1,
        ),
        case(
            "claims",
            signer.token(&json!({"alg": "ES256", "typ": "JWT"}), &claims(&tenant)),
            None,
            1,
        ),
        case(
            "type",
            signer.sign_claims(&claims(&tenant)),
            Some(["GET", "/tenants"]),
            1,
        ),
        case("alg_none", none, None, 1),
        case(
            "alg_none_signed",
            signer.token(&json!({"alg": "none"}), &claims(&json!({}))),
            None,
            1,
        ),
        case("no_token", "opaque-token".to_owned(), None, 1),
        case(
            "encrypted",
            "eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d".to_owned(),
            None,
            1,
        ),
        case(
            "control_characters",
            signed(json!({"sub": "a\u{1b}[2J\u{202e}b"})),
            None,
            0,
        ),
    ]
}

/// The arguments `--config` and `--jwks`, each with the path of its file. The first call writes
/// both files.
fn files() -> &'static [String; 4] {
    static FILES: OnceLock<[String; 4]> = OnceLock::new();
    FILES.get_or_init(|| {
        let config = file("explain.yaml", CONFIG);
        let keys = Signer::new(Algorithm::Es256).jwks();
        let keys = file("explain.jwks", &keys.to_string());
        let jwks = format!("idp={}", keys.display());
        let config = config.display().to_string();
        ["--config".to_owned(), config, "--jwks".to_owned(), jwks]
    })
}

fn explain(case: &Case, extra: &[&str]) -> String {
    let mut arguments = vec!["explain", "--token", "-", "--now", "1700000000"];
    arguments.extend(files().iter().map(String::as_str));
    if let Some([method, path]) = case.request {
        arguments.extend(["--request", method, path]);
    }
    arguments.extend(extra);
    let output = portcullis(&arguments, &case.token);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(case.code),
        "{}: {errors}",
        case.name
    );
    assert_eq!(errors, "", "{}", case.name);
    stdout(&output).replace(&files()[1], "policy.yaml")
}

#[test]
fn shows_every_check_up_to_the_first_that_fails() {
    let folder = support::folders::project().join("cli/tests/program/explain");
    for case in cases() {
        let said = explain(&case, &[]);
        let path = folder.join(format!("{}.txt", case.name));
        if env::var_os("PORTCULLIS_BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &said).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap();
        assert_eq!(said, expected, "{}", case.name);
    }
}

#[test]
fn says_the_same_in_json() {
    for case in cases() {
        let report: Value = serde_json::from_str(&explain(&case, &["--json"])).unwrap();
        assert_eq!(report["accepted"], case.code == 0, "{}", case.name);
        let names: Vec<&String> = report.as_object().unwrap().keys().collect();
        assert_eq!(names, ["accepted", "providers", "request", "token"]);
        let text = explain(&case, &[]);
        let providers = report["providers"].as_array().unwrap();
        let checks = providers
            .iter()
            .flat_map(|own| own["checks"].as_array().unwrap());
        for step in checks.chain(report["token"]["checks"].as_array().unwrap()) {
            assert!(text.contains(step["check"].as_str().unwrap()), "{step}");
        }
        for provider in providers {
            let failed = |step: &&Value| step["outcome"] == "failed";
            let steps = provider["checks"].as_array().unwrap();
            let count = steps.iter().filter(failed).count();
            assert_eq!(provider["accepted"], count == 0, "{}", case.name);
            assert!(steps.iter().rev().skip(1).all(|step| !failed(&step)));
        }
    }
}

#[test]
fn never_shows_the_signature_or_the_token() {
    for case in cases() {
        let token = case.token.trim().trim_start_matches("Bearer ");
        for extra in [&[][..], &["--json"], &["--color", "always"]] {
            let said = explain(&case, extra);
            for secret in token.split('.').filter(|part| part.len() > 4) {
                assert!(!said.contains(secret), "{}: {said}", case.name);
            }
        }
    }
}

#[test]
fn shows_the_rule_and_what_the_api_receives() {
    let cases = cases();
    let of = |name: &str| cases.iter().find(|case| case.name == name).unwrap();
    let report: Value = serde_json::from_str(&explain(of("allowed"), &["--json"])).unwrap();
    let request = &report["request"];
    let user = json!(["x-user", "alice"]);
    assert!(request["forwards"].as_array().unwrap().contains(&user));
    assert_eq!(request["removes"], json!(["authorization"]));
    assert_eq!(request["match"], "prefix /orders, GET");
    let line = CONFIG
        .lines()
        .position(|line| line.contains("methods: [GET]"));
    assert_eq!(request["line"], line.unwrap() + 1);
    // Without `requires`, the client's own token reaches the API.
    let open: Value = serde_json::from_str(&explain(of("open"), &["--json"])).unwrap();
    let token = json!([["authorization", "Bearer (the token)"]]);
    assert_eq!(open["request"]["forwards"], token);
    let denied: Value = serde_json::from_str(&explain(of("unmatched"), &["--json"])).unwrap();
    assert_eq!(denied["request"]["forwards"], json!([]));
}

/// With `unmatched: allow`, a request passes if no rule matches it, so there is nothing to fix.
#[test]
fn explains_no_refusal_of_a_request_that_passes() {
    let config = file("explain-open.yaml", &format!("{CONFIG}unmatched: allow\n"));
    let config = config.display().to_string();
    let mut arguments = vec!["explain", "--token", "-", "--now", "1700000000"];
    arguments.extend(["--config", &config, "--jwks", &files()[3]]);
    arguments.extend(["--json", "--request", "GET", "/elsewhere"]);
    let token = Signer::new(Algorithm::Es256).sign_claims(&claims(&json!({})));
    let report: Value = serde_json::from_str(&stdout(&portcullis(&arguments, &token))).unwrap();
    let request = &report["request"];
    assert_eq!(
        (&request["decision"], &request["reason"], &request["detail"]),
        (&json!("allow"), &json!("unmatched"), &json!(""))
    );
}

/// At a protected resource, a token needs the audience of the resource.
#[test]
fn explains_that_a_token_is_for_another_resource() {
    let resources = "protected_resources:\n- resource: https://api.example/orders\n- resource: https://api.example/partners\n";
    let both = "audiences: [https://api.example/orders, https://api.example/partners]";
    let config = format!("{CONFIG}{resources}").replacen("audiences: [orders]", both, 1);
    let config = file("explain-resource.yaml", &config);
    let config = config.display().to_string();
    let mut arguments = vec!["explain", "--token", "-", "--now", "1700000000"];
    arguments.extend(["--config", &config, "--jwks", &files()[3]]);
    arguments.extend(["--request", "GET", "/orders/1"]);
    for host in ["api.example", "other.example"] {
        let host = format!("host: {host}");
        let arguments: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(["--header", &host])
            .collect();
        let token = claims(&json!({"aud": "https://api.example/partners"}));
        let token = Signer::new(Algorithm::Es256).sign_claims(&token);
        let said = stdout(&portcullis(&arguments, &token));
        let expected = "FAIL  audience      aud \"https://api.example/partners\"; for this resource, accepted: \"https://api.example/orders\"\n";
        assert!(said.contains(expected), "{host}: {said}");
    }
}

/// `explain` and the engine reach the same decision.
#[test]
fn agrees_with_the_decision() {
    for mut case in cases() {
        if ["bearer", "no_keys", "type", "claims"].contains(&case.name) {
            continue; // the token is in another place, or for another provider
        }
        case.request = Some(["GET", "/orders"]);
        let request = json!({
            "method": "GET", "path": "/orders",
            "headers": [["authorization", format!("Bearer {}", case.token)]],
        });
        let mut arguments = vec!["decide", "--now", "1700000000"];
        arguments.extend(files().iter().map(String::as_str));
        let output = portcullis(&arguments, &request.to_string());
        let decision: Value = serde_json::from_str(&stdout(&output)).unwrap();
        case.code = i32::from(decision["decision"] != "allow");
        let report: Value = serde_json::from_str(&explain(&case, &["--json"])).unwrap();
        for member in ["decision", "status", "reason", "provider"] {
            assert_eq!(report["request"][member], decision[member], "{}", case.name);
        }
        if let [provider] = &report["providers"].as_array().unwrap()[..]
            && decision["status"] == 401
            && decision["reason"] != "header_value"
        // the token is accepted, but one of its claims cannot be written into a header
        {
            assert_eq!(provider["reason"], decision["reason"], "{}", case.name);
        }
    }
}

/// The first rule of each policy matches only if the token is in the expected place. So the policy
/// allows the token nowhere else.
#[test]
fn puts_the_token_where_policy_tests_put_it() {
    let signer = Signer::new(Algorithm::Es256);
    let token = signer.sign_claims(&claims(&json!({})));
    let everywhere = "from_headers: [{ name: x-token }], from_cookies: [session], from_params: [t]";
    let header = |name| format!("headers: [{{ name: {name}, present_match: true }}]");
    let param = |name| format!("query_parameters: [{{ name: {name}, present_match: true }}]");
    for (name, places, expected) in [
        ("header", everywhere, header("x-token")),
        (
            "cookie",
            "from_cookies: [session], from_params: [t]",
            header("cookie"),
        ),
        ("param", "from_params: [\"t&=\"]", param("\"t&=\"")),
        ("standard", "", header("authorization")),
    ] {
        let provider = format!(
            "{{ issuer: 'https://idp.example.com', audiences: [orders], {places}{} \
             local_jwks: {{ inline_string: '{}' }} }}",
            if places.is_empty() { "" } else { "," },
            signer.jwks()
        );
        let requires = "requires: { provider_name: idp }";
        let config = file(
            &format!("place-{name}.yaml"),
            &format!(
                "providers: {{ idp: {provider} }}\nrules:\n\
                 - {{ match: {{ prefix: /, {expected} }}, {requires} }}\n\
                 - {{ match: {{ prefix: / }}, {requires}, authorize: {{ scopes: {{ all_of: [none] }} }} }}\n"
            ),
        );
        let config = config.to_str().unwrap();
        let arguments = ["explain", "--config", config, "--token", "-", "--json"];
        let request = ["--now", "1700000000", "--request", "GET", "/orders?a=b"];
        let explained = portcullis(&[&arguments[..], &request].concat(), &token);
        let report: Value = serde_json::from_str(&stdout(&explained)).unwrap();
        let request = &report["request"];
        assert_eq!(request["decision"], "allow", "{name}: {report}");
        assert_eq!(request["rule"], 0, "{name}");

        let tests = format!(
            "config: place-{name}.yaml\ntests:\n- name: {name}\n  \
             request: {{ path: '/orders?a=b' }}\n  token: {{}}\n  expect: {{ decision: allow }}\n"
        );
        let tests = file(&format!("place-{name}.test.yaml"), &tests);
        let output = portcullis(&["test", "--coverage", tests.to_str().unwrap()], "");
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        // Only the first rule was reached.
        assert!(
            stdout(&output).contains("rules[1]") && !stdout(&output).contains("rules[0]"),
            "{}",
            stdout(&output)
        );
    }
}

#[test]
fn is_coloured_only_on_request() {
    let case = &cases()[0];
    let escape = '\u{1b}';
    assert!(!explain(case, &[]).contains(escape), "no terminal is there");
    assert!(!explain(case, &["--color", "never"]).contains(escape));
    let coloured = explain(case, &["--color", "always"]);
    assert!(coloured.contains("\u{1b}[32mok"));
}

/// An operator may pass the token itself instead of a file name. The token must not end up in a CI
/// log.
#[test]
fn does_not_repeat_a_token_passed_as_a_file_name() {
    let config = file("misplaced-token.yaml", CONFIG);
    let config = config.to_str().unwrap();
    let token = Signer::new(Algorithm::Es256).sign_claims(&claims(&json!({})));
    let output = portcullis(&["explain", "--config", config, "--token", &token], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--token -") && !said.contains("eyJ"),
        "{said}"
    );
}

//! Messages of `portcullis test` about mistakes in a test file.

use super::{
    policy_tests::{POLICY, suite},
    portcullis, stdout,
};

/// A test file with one test, in which the lines `fields` follow the test's name.
pub(crate) fn one_test(fields: &str) -> String {
    let fields = fields.replace('\n', "\n  ");
    format!("config: suite-policy.yaml\ntests:\n- name: a\n  {fields}\n")
}

/// Runs a test file, and returns the exit code and everything that it prints.
pub(crate) fn run(name: &str, text: &str) -> (Option<i32>, String) {
    let path = suite(name, text);
    let output = portcullis(&["test", &path], "");
    let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

/// Runs a test file that must be refused, and checks the message.
fn refuse(name: &str, fields: &str, expected: &str) {
    let (code, said) = run(name, &one_test(fields));
    assert!(said.contains(expected), "{expected}: {said}");
    assert_eq!(code, Some(2), "{said}");
    assert!(!said.contains("12345"), "a secret is repeated: {said}");
}

#[test]
fn a_mistaken_name_has_its_place_and_remedy() {
    for (fields, expected) in [
        (
            "requst: {}",
            ":4:3: error: tests[0]: unknown field \"requst\", did you mean \"request\"?",
        ),
        (
            "request: { path: /, zzz: 1 }\nexpect: { status: 200 }",
            ":4:23: error: tests[0].request: unknown field \"zzz\"; use one of these fields: \"method\", \"path\"",
        ),
        (
            "request: { path: / }",
            ":3:3: error: tests[0]: \"expect\" is missing; add \"expect\"",
        ),
    ] {
        refuse("name.yaml", fields, expected);
    }
}

#[test]
fn a_path_begins_with_a_slash() {
    for path in ["orders", "\"\"", "https://api.example/orders"] {
        refuse(
            "path.yaml",
            &format!("request: {{ path: {path} }}\nexpect: {{ decision: deny }}"),
            ":4:14: error: tests[0].request.path: write a path that begins with \"/\"; the host belongs in \"authority\"",
        );
    }
    let text = one_test("request: { method: OPTIONS, path: '*' }\nexpect: { decision: deny }");
    let (code, said) = run("asterisk.yaml", &text);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn two_tests_with_one_name_are_refused() {
    let test = "request: { path: / }\nexpect: { decision: deny }";
    let again = "- name: a\n  request: { path: /x }\n  expect: { decision: deny }\n";
    let (code, said) = run("names.yaml", &(one_test(test) + again));
    let expected = "names.yaml:6:3: error: tests[1].name: another test has this name; give each \
                    test a name of its own";
    assert!(said.contains(expected), "{said}");
    assert_eq!(code, Some(2), "{said}");
}

#[test]
fn a_percentage_has_no_percent_sign() {
    for (percentage, expected) in [
        ("90%", "write 90, without the percent sign"),
        ("101", "write a whole number from 0 to 100"),
        ("101%", "write a whole number from 0 to 100"),
        ("-1", "unexpected argument"),
        ("0.9", "write a whole number from 0 to 100"),
    ] {
        let output = portcullis(&["test", "--fail-under", percentage, "a.yaml"], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(expected), "{percentage}: {said}");
        assert_eq!(output.status.code(), Some(2), "{said}");
    }
}

#[test]
fn a_mistaken_expectation_has_its_place_and_remedy() {
    for (expect, expected) in [
        (
            "{}",
            ":5:3: error: tests[0].expect: expects nothing; write decision",
        ),
        (
            "{ decision: allowed }",
            ":5:13: error: tests[0].expect.decision: write allow or deny",
        ),
        (
            "{ status: \"401\" }",
            ":5:13: error: tests[0].expect.status: write a number, such as 401",
        ),
        (
            "{ status: 70000 }",
            ":5:13: error: tests[0].expect.status: write a number, such as 401",
        ),
        (
            "{ headers: { x-count: 1 } }",
            "tests[0].expect.headers.x-count: write a string or a list of strings; put a number",
        ),
        (
            "{ reason: expird }",
            ":5:13: error: tests[0].expect.reason: no decision has the reason \"expird\", did you mean \"expired\"?",
        ),
        (
            "{ reason: zzz }",
            "\"zzz\"; the reasons are algorithm, ambiguous_path, audience, authentication, authority, bad_client_secret,",
        ),
    ] {
        refuse(
            "expectation.yaml",
            &format!("request: {{ path: / }}\nexpect: {expect}"),
            expected,
        );
    }
}

#[test]
fn a_mistaken_credential_has_its_place_and_remedy() {
    for (field, expected) in [
        (
            "token: [{}, { expired: 1 }]",
            ":5:17: error: tests[0].token[1].expired: write true or false",
        ),
        (
            "token:",
            ":5:3: error: tests[0].token: write an object; its fields are provider, claims, header",
        ),
        (
            "basic: { client: report-job, secret: 12345 }",
            ":5:32: error: tests[0].basic.secret: write a string; put a number",
        ),
        (
            "certificate: c.pem",
            ":5:3: error: tests[0].certificate: write the PEM text itself, not the path of a file",
        ),
        (
            "certificate: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF",
            ":5:3: error: tests[0].certificate: not a SHA-256 digest in base64url: the unused bits of the last character must be 0",
        ),
        (
            "certificate: none",
            ":5:3: error: tests[0].certificate: write a certificate in PEM, or its x5t#S256",
        ),
        (
            "certificate: { digest: none }",
            ":5:18: error: tests[0].certificate.digest: write a certificate in PEM, or its x5t#S256",
        ),
        (
            "certificate: { uri_san: 7 }",
            ":5:18: error: tests[0].certificate.uri_san: write a string",
        ),
        (
            "certificate: { uri_sans: a }",
            ":5:18: error: tests[0].certificate: unknown field \"uri_sans\", did you mean \"uri_san\"?",
        ),
    ] {
        let fields = format!("request: {{ path: / }}\n{field}\nexpect: {{ status: 200 }}");
        refuse("credential.yaml", &fields, expected);
    }
}

#[test]
fn every_mistaken_test_of_a_file_is_reported() {
    let text = one_test("request: { path: / }\nexpect: {}") + "- name: b\n- nme: c\n";
    let (code, said) = run("several.yaml", &text);
    assert_eq!((code, said.lines().count()), (Some(2), 3), "{said}");
}

#[test]
fn a_file_without_tests_says_what_to_write() {
    for (name, text, expected) in [
        (
            "empty.yaml",
            "config: suite-policy.yaml\ntests: []\n",
            "empty.yaml:2:1: error: tests: no tests; write a list with at least one test",
        ),
        (
            "no-tests.yaml",
            "config: suite-policy.yaml\n",
            "no-tests.yaml:1:1: error: \"tests\" is missing; add \"tests\"",
        ),
        (
            "a-policy.yaml",
            POLICY,
            "a-policy.yaml: error: this is a policy or an Envoy file, not a test file; write a test file that names this file in \"config\"",
        ),
        (
            "an-envoy.yaml",
            "static_resources: {}\n",
            "an-envoy.yaml: error: this is a policy or an Envoy file, not a test file",
        ),
    ] {
        let (code, said) = run(name, text);
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(code, Some(2), "{said}");
    }
}

#[test]
fn a_file_without_a_usable_policy_says_what_to_write() {
    for (config, code, expected) in [
        ("missing.yaml", 2, "config.yaml:1:1: error: config: "),
        ("missing.yaml", 2, "missing.yaml: No such file"),
        (
            "config.yaml",
            2,
            "config.yaml is a test file, not a policy; write the path of a policy or Envoy file",
        ),
        (
            "[]",
            2,
            "config.yaml:1:1: error: config: write the path of a policy or Envoy file",
        ),
        ("{ rules: 7 }", 1, "error: rules: expected a list"),
    ] {
        let text = one_test("request: { path: / }\nexpect: { status: 200 }");
        let text = text.replace("suite-policy.yaml", config);
        let (found, said) = run("config.yaml", &text);
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(found, Some(code), "{said}");
    }
}

#[test]
fn a_name_that_the_policy_does_not_have_fails_the_test() {
    for (fields, expected) in [
        (
            "token: {}",
            "token: the policy has several providers; set \"provider\" to one of okta, tenants",
        ),
        (
            "token: { provider: otka }",
            "token: no provider \"otka\" accepts tokens; providers that accept tokens: okta, tenants",
        ),
        (
            "basic: { client: report-jobb }",
            "basic: the policy has no client \"report-jobb\"; its clients are report-job",
        ),
    ] {
        let text = one_test(&format!(
            "request: {{ path: /reports }}\n{fields}\nexpect: {{ status: 401 }}"
        ));
        let (code, said) = run("unknown.yaml", &text);
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(code, Some(1), "{said}");
    }
}

#[test]
fn an_unknown_client_with_a_secret_can_be_tested() {
    let text = one_test(
        "request: { path: /reports }\nbasic: { client: nobody, secret: guess }\nexpect: { reason: bad_client_secret }",
    );
    let (code, said) = run("nobody.yaml", &text);
    assert_eq!(code, Some(0), "{said}");
}

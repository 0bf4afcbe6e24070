//! `portcullis test` prints the output that docs/policy-tests.md shows.

use super::{file, portcullis, stdout};

const PAGE: &str = include_str!("../../../docs/policy-tests.md");
const FIRST: &str = "```yaml portcullis-test README.md";

/// The content of the page's first code block with this opening fence.
fn block(fence: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(fence).unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("\n```").unwrap().0
}

/// Writes the README's Envoy file, to which the tests on the page refer.
fn write_envoy() {
    let root = support::folders::project();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let envoy = readme
        .split("```yaml")
        .find(|block| block.contains("static_resources:"));
    let envoy = envoy.unwrap().split("```").next().unwrap();
    file("envoy.yaml", envoy.trim_start());
}

/// Runs a test file. Returns the exit code, and the output with its paths written as on the page.
fn run(name: &str, text: &str, arguments: &[&str]) -> (Option<i32>, String) {
    write_envoy();
    let path = file(name, &format!("{text}\n"));
    let path = path.to_str().unwrap();
    let output = portcullis(&[&["test", path], arguments].concat(), "");
    let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    let folder = path.strip_suffix(name).unwrap();
    (output.status.code(), said.replace(folder, ""))
}

#[test]
fn the_first_tests_pass_and_fail_as_the_page_says() {
    let tests = block(FIRST);
    let (code, said) = run("policy.test.yaml", tests, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(PAGE.contains(&said), "{said}");
    let changed = tests.replace("orders.read", "orders.list");
    assert_ne!(changed, tests);
    let (code, said) = run("policy.test.yaml", &changed, &[]);
    let failure = said.split_once("  FAIL").unwrap().1;
    assert_eq!(code, Some(1), "{said}");
    assert!(PAGE.contains(failure), "{said}");
}

#[test]
fn the_first_test_alone_has_the_coverage_that_the_page_shows() {
    let (first, _) = block(FIRST).split_once("\n\n").unwrap();
    let (code, said) = run("first.test.yaml", first, &["--coverage"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, coverage) = said.split_once("1 passed, 0 failed\n").unwrap();
    let shown = format!("```text\n{coverage}```");
    assert!(PAGE.contains(&shown), "{shown}");
}

#[test]
fn the_tests_of_a_client_run_as_they_are() {
    let tests = block("```yaml portcullis-test client-secrets.md");
    let (code, said) = run("clients.test.yaml", tests, &["--fail-under", "100"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn each_token_is_refused_for_the_reason_in_its_row() {
    let (_, table) = PAGE
        .split_once("| to test | write below `token` |")
        .unwrap();
    let rows = table.split("\n\n").next().unwrap().lines().skip(2);
    let mut tests = String::from("config: envoy.yaml\ntests:\n");
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        let (name, token, reason) = (cells[1], cells[2], cells[3]);
        if !reason.is_empty() {
            count += 1;
            tests += &format!(
                "- name: {name}\n  request: {{ path: /orders }}\n  token: {{ {token} }}\n  expect: {{ reason: {reason} }}\n"
            );
        }
    }
    assert_eq!(count, 6, "{table}");
    let (code, said) = run("tokens.test.yaml", &tests, &[]);
    assert_eq!(code, Some(0), "{said}");
}

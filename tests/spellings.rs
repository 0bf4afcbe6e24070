//! However a path is spelled, it meets the same rule or is refused.
//!
//! An upstream decodes what it gets, so all spellings of one path reach one resource. These tests
//! write paths in random other ways and let the engine decide.

use portcullis::{
    config::Config,
    connection::NoConnection,
    decision::Decision,
    engine::{Engine, Patience},
    http::Request,
    time::UnixMillis,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Parts of paths: names in rules, characters with several spellings, and what must be refused.
const PIECES: [&str; 24] = [
    "/", "/", "a", "admin", "Admin", "x[1]", "é", "€", "|", " ", "{id}", "~", "%", "25", ";v=1",
    ".", "..", "+", "\\", "@", "\"", "caf", "%2", "u00e9",
];

/// Rules of every kind, strict and open ones in turn.
fn engine(case_sensitive: bool) -> Engine {
    let strict = |matcher: Value| json!({"match": matcher, "requires": {"provider_name": "p"}});
    let by_path = |kind: &str, path: &str| json!({kind: path, "case_sensitive": case_sensitive});
    let config = json!({
        "providers": {"p": {
            "issuer": "https://issuer.example", "audiences": ["a"],
            "shared_secrets": [{"secret": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}],
        }},
        "rules": [
            strict(by_path("path", "/x[1]")),
            strict(by_path("path_separated_prefix", "/caf%c3%a9")),
            strict(by_path("prefix", "/admin|")),
            {"match": by_path("path_separated_prefix", "/admin/a")},
            strict(by_path("prefix", "/admin")),
            strict(json!({"safe_regex": {"regex": "/[a-z]+%C3%A9(/.*)?"}})),
            strict(json!({"safe_regex": {"regex": "/a/.*%25"}})),
            {"match": {"prefix": "/", "headers": [{"name": ":path", "contains_match": "%7B"}]}},
            strict(by_path("prefix", "/%7e")),
            {"match": {"prefix": "/a"}},
        ],
        "unmatched": "deny",
    });
    Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..8)
        .prop_map(|pieces| format!("/{}", pieces.concat()))
        .prop_filter("a query is not part of it", |path| !path.contains('?'))
}

/// Another spelling of the same octets: each but `/` as it is, or encoded with small or capital digits.
fn respelled(path: &str, choices: &[u8]) -> String {
    let mut octets: Vec<u8> = Vec::new();
    for (place, octet) in path.bytes().enumerate() {
        match choices[place % choices.len()] % 4 {
            0 if octet != b'/' => octets.extend(format!("%{octet:02X}").bytes()),
            1 if octet != b'/' => octets.extend(format!("%{octet:02x}").bytes()),
            _ => octets.push(octet),
        }
    }
    // Half of a character is not UTF-8, which the engine refuses.
    String::from_utf8(octets).unwrap_or_default()
}

/// The rule for a path, `None` for none; an error where it is refused.
fn rule(engine: &Engine, path: &str) -> Result<Option<usize>, &'static str> {
    let head: Vec<(&[u8], &[u8])> = vec![(b":method", b"GET"), (b":path", path.as_bytes())];
    let request = Request::new(head);
    let now = UnixMillis::new(1_700_000_000_000);
    match engine.decide(&request, None, now, Patience::Waiting, &NoConnection) {
        Decision::Deny(denial) if denial.reason.label() == "ambiguous_path" => Err("ambiguous"),
        _ => Ok(engine.rule(&request)),
    }
}

fn passes(engine: &Engine, path: &str) -> bool {
    let head: Vec<(&[u8], &[u8])> = vec![(b":method", b"GET"), (b":path", path.as_bytes())];
    let now = UnixMillis::new(1_700_000_000_000);
    let decision = engine.decide(
        &Request::new(head),
        None,
        now,
        Patience::Waiting,
        &NoConnection,
    );
    matches!(decision, Decision::Permit(_))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_spelling_of_a_path_meets_one_rule_or_is_refused(
        path in path(),
        choices in prop::collection::vec(any::<u8>(), 1..40),
        case_sensitive: bool,
    ) {
        let engine = engine(case_sensitive);
        let other = respelled(&path, &choices);
        prop_assume!(!other.is_empty());
        if let (Ok(one), Ok(two)) = (rule(&engine, &path), rule(&engine, &other)) {
            prop_assert_eq!(one, two, "{:?} and {:?}", path, other);
        }
    }

    /// The attack: a path that needs a token, in a spelling that would not.
    #[test]
    fn no_spelling_moves_a_request_from_a_protected_rule_to_an_open_one(
        path in prop_oneof![
            Just("/x[1]"), Just("/café/x"), Just("/admin|"), Just("/admin/b"), Just("/ADMIN"),
            Just("/abcé"), Just("/a/x%25"), Just("/~user"), Just("/%7Euser"),
        ],
        choices in prop::collection::vec(any::<u8>(), 1..40),
        parameter in prop_oneof![Just(""), Just(";x"), Just("%3bx=1")],
        case_sensitive: bool,
    ) {
        let engine = engine(case_sensitive);
        let plain = path.replace("%25", "%").replace("%7E", "~");
        let other = respelled(&plain, &choices) + parameter;
        prop_assume!(other.starts_with('/'));
        if !passes(&engine, path) {
            prop_assert!(!passes(&engine, &other), "{:?} and {:?}", path, other);
        }
    }
}

//! A path can be spelled in several ways, because any octet may be percent-encoded. Every spelling
//! of a path must match the same rule, or be refused.
//!
//! An upstream decodes the path that it receives, so all spellings of a path reach the same
//! resource. These tests generate spellings of paths and let the engine decide.

use portcullis::{
    connection::NoConnection, decision::Decision, engine::Engine, http::Request, policy::RuleId,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{NOW, decide, provider, runs};

/// Pieces of paths: names from the rules, characters that can be percent-encoded, and pieces that
/// the engine refuses.
const PIECES: [&str; 24] = [
    "/", "/", "a", "admin", "Admin", "x[1]", "é", "€", "|", " ", "{id}", "~", "%", "25", ";v=1",
    ".", "..", "+", "\\", "@", "\"", "caf", "%2", "u00e9",
];

/// An engine with rules of every kind. Some rules are strict and require a token, and others are
/// open and require none.
fn gate(case_sensitive: bool) -> Engine {
    let strict = |matcher: Value| json!({"match": matcher, "requires": {"provider_name": "p"}});
    let by_path = |kind: &str, path: &str| json!({kind: path, "case_sensitive": case_sensitive});
    crate::world::engine(&json!({
        "providers": {"p": provider("https://issuer.example")},
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
    }))
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..8)
        .prop_map(|pieces| format!("/{}", pieces.concat()))
        .prop_filter("a query is not part of a path", |path| !path.contains('?'))
}

/// Returns another spelling of the path. Each octet other than `/` is either kept or
/// percent-encoded, with hexadecimal digits in upper or lower case.
fn respelled(path: &str, choices: &[u8]) -> String {
    let mut octets: Vec<u8> = Vec::new();
    for (place, octet) in path.bytes().enumerate() {
        match choices[place % choices.len()] % 4 {
            0 if octet != b'/' => octets.extend(format!("%{octet:02X}").bytes()),
            1 if octet != b'/' => octets.extend(format!("%{octet:02x}").bytes()),
            _ => octets.push(octet),
        }
    }
    // If only some octets of a character were encoded, the path is not valid UTF-8. Then the result
    // is an empty path, and the tests skip it.
    String::from_utf8(octets).unwrap_or_default()
}

fn request(path: &str) -> Request<'_> {
    Request::new(vec![(b":method", b"GET"), (b":path", path.as_bytes())])
}

/// The rule that a path matches; `None` if it matches no rule. Returns an error if the
/// engine refuses the path as ambiguous.
fn rule(engine: &Engine, path: &str) -> Result<Option<RuleId>, &'static str> {
    match decide(engine, &request(path), NOW) {
        Decision::Deny(denial) if denial.reason.label() == "ambiguous_path" => Err("ambiguous"),
        _ => Ok(engine.rule(&request(path), &NoConnection)),
    }
}

fn passes(engine: &Engine, path: &str) -> bool {
    matches!(decide(engine, &request(path), NOW), Decision::Permit(_))
}

proptest! {
    #![proptest_config(runs(4000))]

    #[test]
    fn every_spelling_of_a_path_meets_one_rule_or_is_refused(
        path in path(),
        choices in prop::collection::vec(any::<u8>(), 1..40),
        case_sensitive: bool,
    ) {
        let engine = gate(case_sensitive);
        let other = respelled(&path, &choices);
        prop_assume!(!other.is_empty());
        if let (Ok(one), Ok(two)) = (rule(&engine, &path), rule(&engine, &other)) {
            prop_assert_eq!(one, two, "{:?} and {:?}", path, other);
        }
    }

    /// The attack: a client spells a protected path so that it looks like an open path.
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
        let engine = gate(case_sensitive);
        let plain = path.replace("%25", "%").replace("%7E", "~");
        let other = respelled(&plain, &choices) + parameter;
        prop_assume!(other.starts_with('/'));
        if !passes(&engine, path) {
            prop_assert!(!passes(&engine, &other), "{:?} and {:?}", path, other);
        }
    }
}

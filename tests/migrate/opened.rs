//! What a migration would let in unnoticed: it is refused, or reported as dangerous.

use serde_json::{Value, json};

use super::{configuration, embedded, file, migrate, printed, refused::PROVIDER};
use portcullis::cli::migrate::{Deviation, Obstacle};

const REWRITE: [&str; 3] = ["--rewrite", "--module", "m"];

/// An Envoy built without WebAssembly would skip it, and pass every request.
#[test]
fn leaves_no_module_optional() {
    let envoy = std::fs::read_to_string(embedded("optional", PROVIDER)).unwrap();
    let entry = "- name: envoy.filters.http.jwt_authn\n";
    for field in ["is_optional", "isOptional"] {
        let optional = format!("{entry}            {field}: true\n");
        let path = file("optional.yaml", &envoy.replace(entry, &optional));
        let rewritten = printed(&migrate(&path, &REWRITE));
        assert!(rewritten.contains("portcullis"), "{rewritten}");
        assert!(!rewritten.contains(field), "{rewritten}");
    }
}

fn rules(condition: &Value) -> Value {
    json!({
        "providers": { "p": { "issuer": "a", "localJwks": { "inlineString": super::KEYS } } },
        "rules": [{ "match": condition, "requires": { "providerName": "p" } }],
    })
}

/// The module sees a query decoded.
#[test]
fn writes_no_rule_for_a_query_in_its_encoded_form() {
    let param = |name: &str, pattern: Value| {
        let one = json!({ "name": name, "stringMatch": pattern });
        rules(&json!({ "prefix": "/", "queryParameters": [one] }))
    };
    let regex = |regex: &str| json!({ "safeRegex": { "regex": regex } });
    for (name, pattern) in [
        ("file", json!({ "exact": "a%2Fb" })),
        ("lang", json!({ "exact": "c++" })),
        ("a%5B%5D", json!({ "prefix": "" })),
        ("x+y", json!({ "prefix": "" })),
        ("file", json!({ "prefix": "%2F" })),
        ("file", regex(".*%3D.*")),
    ] {
        let error = configuration(&param(name, pattern)).unwrap_err();
        assert_eq!(error.reason, Obstacle::QueryEncoded, "{name}");
        let place = "rules[0].match.queryParameters[0]";
        assert!(error.at.to_string().ends_with(place), "{}", error.at);
    }
    // Nothing is sent like this, so that the rule was for no request.
    let migrated = configuration(&param("q", json!({ "exact": "a b" }))).unwrap();
    let mut differences = migrated.differences.iter();
    assert!(differences.any(|one| one.what == Deviation::QueryDecoded));
    let migrated = configuration(&param("q", regex("a.*"))).unwrap();
    let written = &migrated.configuration["rules"][0]["match"]["query_parameters"][0];
    assert_eq!(written["string_match"]["safe_regex"]["regex"], "(?s)a.*");
}

/// Envoy's regular expressions match octets, and the module's match characters.
#[test]
fn warns_of_regular_expressions_that_count() {
    let header = |regex: &str| {
        let pattern = json!({ "safeRegex": { "regex": regex } });
        json!({ "prefix": "/", "headers": [{ "name": "x-k", "stringMatch": pattern }] })
    };
    let path = |regex: &str| json!({ "safeRegex": { "regex": regex } });
    for (condition, expected) in [
        (path("/..x"), 1),
        (path(r"/\W{2}"), 1),
        (path("/[^a-z]{2}"), 1),
        (header(".."), 1),
        (path(r"/api/[^/]+/v[0-9]{1,2}\.0/.*"), 0),
        (header("[a-z]{2}"), 0),
    ] {
        let migrated = configuration(&rules(&condition)).unwrap();
        let counts = migrated.differences.iter();
        let counts = counts.filter(|one| one.what == Deviation::CountsOctets);
        assert_eq!(counts.count(), expected, "{condition}");
    }
}

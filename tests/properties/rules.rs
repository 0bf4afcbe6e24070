//! The engine finds the first rule that matches. To find it, the engine uses an index, which skips
//! most rules. A search through all rules must give the same result.

use portcullis::{
    config::Config,
    connection::NoConnection,
    engine::Engine,
    http::{
        Request,
        path::{Target, readings},
    },
    policy::{PathPolicy, RuleId},
};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use crate::world::for_all;

/// The path of a rule or of a request. The path is built from only a few different segments, so
/// that many paths are prefixes of others. Some segments are percent-encoded, and some can be read
/// in several ways.
fn path() -> impl Strategy<Value = String> {
    let segment = select(vec![
        "a",
        "ab",
        "abc",
        "b",
        "A",
        "é",
        "caf%c3%a9",
        "%61",
        "a;v=1",
        "",
    ]);
    prop::collection::vec(segment, 0..12).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn route() -> impl Strategy<Value = Value> {
    let kind = select(vec![
        "path",
        "prefix",
        "path_separated_prefix",
        "safe_regex",
        "connect_matcher",
    ]);
    let method = prop::option::of(select(vec!["GET", "POST"]));
    (kind, path(), method, any::<bool>()).prop_map(|(kind, path, method, is_case_sensitive)| {
        let mut route = match kind {
            "safe_regex" => json!({ kind: { "regex": format!("{path}.*") } }),
            "connect_matcher" => json!({ kind: {} }),
            "path_separated_prefix" => json!({ kind: path.trim_end_matches('/') }),
            _ => json!({ kind: path }),
        };
        if !is_case_sensitive {
            route["case_sensitive"] = json!(false);
        }
        if let Some(method) = method {
            route["headers"] = json!([{ "name": ":method", "exact_match": method }]);
        }
        json!({ "match": route })
    })
}

fn engine(rules: &[Value], policy: &str) -> Option<Engine> {
    let config = json!({ "rules": rules, "path_policy": policy });
    Some(Engine::new(
        Config::parse(config.to_string().as_bytes()).ok()?,
    ))
}

/// The index of the first rule that matches the request if its path is read as `target`. Tries all
/// rules in turn.
fn first(config: &Config, request: &Request<'_>, target: Option<Target<'_>>) -> Option<usize> {
    let (mut rules, comparison) = (config.rules.iter(), config.comparison());
    rules.position(|rule| {
        let matches = rule.route.matches(request, target, None, &comparison);
        matches.unwrap()
    })
}

/// The index of the first rule that matches. `None` if the path can be read in several ways that
/// match different rules.
fn expected(config: &Config, request: &Request<'_>) -> Option<usize> {
    let Some(raw) = request.target() else {
        return first(config, request, None);
    };
    let target = Target::new(str::from_utf8(raw).unwrap());
    let rule = first(config, request, Some(target));
    if config.path_policy == PathPolicy::Raw {
        return rule;
    }
    let others = readings(target.path).ok()?;
    let mut others = others.iter();
    let is_same = |path| first(config, request, Some(Target { path, ..target })) == rule;
    others.all(is_same).then_some(rule)?
}

#[test]
fn the_first_rule_that_matches_is_found() {
    let rules = prop::collection::vec(route(), 0..30);
    let paths = prop::collection::vec(prop::option::weighted(0.9, path()), 1..20);
    for_all(300, &(rules, paths), |(rules, paths)| {
        for policy in ["reject", "raw"] {
            // If `path_policy` is `reject`, the parser rejects a configuration with a rule that no
            // request can match.
            let is_valid = |rule: &&Value| engine(&[(*rule).clone()], policy).is_some();
            let rules: Vec<Value> = rules.iter().filter(is_valid).cloned().collect();
            let engine = engine(&rules, policy).unwrap();
            for path in &paths {
                let mut headers: Vec<(&[u8], &[u8])> = vec![(b":authority", b"api.example")];
                match path {
                    Some(path) => {
                        headers.push((b":method", b"GET"));
                        headers.push((b":path", path.as_bytes()));
                    }
                    None => headers.push((b":method", b"CONNECT")),
                }
                let request = Request::new(headers);
                let expected = expected(engine.config(), &request);
                prop_assert_eq!(
                    engine.rule(&request, &NoConnection).map(RuleId::index),
                    expected,
                    "{:?} {:?}",
                    path,
                    rules
                );
            }
        }
        Ok(())
    });
}

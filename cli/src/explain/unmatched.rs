//! Explains why no rule matches a request.

use super::request::RequestHead;
use crate::trial;
use portcullis::{config::Config, http::path::Target};

/// Says that no rule matches, and what to do. Also names the rules that have the request's path but
/// not its method.
pub(super) fn detail(config: &Config, request: RequestHead<'_>) -> String {
    if let Some(detail) = other_methods(config, request) {
        return detail;
    }
    let routes = || config.rules.iter().map(|rule| &rule.route);
    let what = match routes().any(|route| route.mcp.is_some()) {
        true => {
            "no rule matches, or the path has rules for MCP calls but none of these rules lists \
             this call"
        }
        false => "no rule matches",
    };
    let looks_at_more = routes().any(|route| {
        !route.headers.is_empty() || !route.query_parameters.is_empty() || route.mcp.is_some()
    });
    let remedy = match looks_at_more {
        true => "add a rule, or send the headers and parameters that a rule looks at",
        false => "add a rule",
    };
    format!("{what}; {remedy}")
}

/// Names the rules that have the path and the host of the request, but list only other methods.
fn other_methods(config: &Config, request: RequestHead<'_>) -> Option<String> {
    let target = Target::new(request.path);
    let (mut rules, mut methods) = (Vec::new(), Vec::new());
    trial::with_request(&request.line(), |found| {
        for (index, rule) in config.rules.iter().enumerate() {
            let route = &rule.route;
            let is_at = route.is_at(found, Some(target), &config.comparison()) == Ok(true);
            if is_at && !route.takes(found.method()) {
                rules.push(format!("rules[{index}]"));
                let new = route.methods.iter().filter(|own| !methods.contains(*own));
                let new: Vec<String> = new.cloned().collect();
                methods.extend(new);
            }
        }
    });
    let verb = match rules.len() {
        0 => return None,
        1 => "has",
        _ => "have",
    };
    let last = rules.pop()?;
    let rules = match rules.is_empty() {
        true => last,
        false => format!("{} and {last}", rules.join(", ")),
    };
    Some(format!(
        "no rule matches: {rules} {verb} this path, but only for {}; add a rule for this method",
        methods.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail_of(rules: &str, method: &str, path: &str) -> String {
        let config = format!(r#"{{"providers": {{}}, "rules": [{rules}]}}"#);
        let config = Config::parse(config.as_bytes()).unwrap();
        let headers = &[];
        detail(
            &config,
            RequestHead {
                method,
                path,
                headers,
            },
        )
    }

    #[test]
    fn names_rules_for_other_methods_and_mcp_only_if_rules_match_mcp() {
        let read = r#"{"match": {"prefix": "/orders", "methods": ["GET", "HEAD"]}}"#;
        let write = r#"{"match": {"prefix": "/orders", "methods": ["HEAD", "POST"]}}"#;
        let mcp = r#"{"match": {"path": "/mcp", "mcp": {"names": ["add"]}}}"#;
        let header =
            r#"{"match": {"prefix": "/a", "headers": [{"name": "x-a", "present_match": true}]}}"#;
        for (rules, method, path, shown) in [
            (read.to_owned(), "GET", "/x", "no rule matches; add a rule"),
            (
                read.to_owned(),
                "DELETE",
                "/orders?x",
                "no rule matches: rules[0] has this path, but only for GET, HEAD; add a rule for this method",
            ),
            (
                format!("{read}, {write}"),
                "DELETE",
                "/orders",
                "no rule matches: rules[0] and rules[1] have this path, but only for GET, HEAD, POST; add a rule for this method",
            ),
            (
                header.to_owned(),
                "GET",
                "/a",
                "no rule matches; add a rule, or send the headers and parameters that a rule looks at",
            ),
            (
                mcp.to_owned(),
                "POST",
                "/mcp",
                "no rule matches, or the path has rules for MCP calls but none of these rules lists this call; add a rule, or send the headers and parameters that a rule looks at",
            ),
        ] {
            assert_eq!(detail_of(&rules, method, path), shown);
        }
    }
}

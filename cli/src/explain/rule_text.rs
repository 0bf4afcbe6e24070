//! Describes a rule: where it is written, and which requests it is for.

use super::printable::printable;
use crate::source::{Policy, Source};
use portcullis::{
    config::ConfigPath,
    policy::{PathMatch, RouteMatch},
};

/// The file that the policy was read from.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) source: &'a Source,
    pub(crate) policy: &'a Policy,
}

impl Written<'_> {
    /// The line of a rule in the file.
    pub(super) fn line(&self, index: usize) -> Option<usize> {
        let at = ConfigPath::default().member("rules").element(index);
        let position = self.source.position_in(self.policy, &at);
        position.map(|position| position.line)
    }
}

/// The requests that a rule is for, such as `prefix /orders, GET, HEAD`. For conditions on headers
/// and parameters, only the names are shown, because a value may be a secret.
pub(super) fn conditions(route: &RouteMatch) -> String {
    let mut parts = vec![match &route.path {
        PathMatch::Connect => "connect_matcher".to_owned(),
        PathMatch::Exact(own) => format!("path {}", own.spelling()),
        PathMatch::Prefix(own) => format!("prefix {}", own.spelling()),
        PathMatch::Regex(own) => format!("safe_regex {}", without_anchors(own.as_str())),
        PathMatch::SegmentPrefix(own) => format!("path_separated_prefix {}", own.spelling()),
    }];
    parts.extend(route.methods.iter().cloned());
    let headers = route.headers.iter();
    parts.extend(headers.map(|header| format!("header {}", header.name)));
    let parameters = route.query_parameters.iter();
    parts.extend(parameters.map(|parameter| format!("parameter {}", parameter.name)));
    parts.extend(route.mcp.as_ref().map(|_| "mcp".to_owned()));
    printable(&parts.join(", "))
}

/// The expression as it is written in the policy, without the anchors that the parser adds.
fn without_anchors(expression: &str) -> &str {
    let inner = expression.strip_prefix(r"\A(?:");
    let inner = inner.and_then(|inner| inner.strip_suffix(r")\z"));
    inner.unwrap_or(expression)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis::config::Config;

    #[test]
    fn names_the_conditions_without_the_values_of_headers_and_parameters() {
        for (written, shown) in [
            ("path: /a, methods: [GET, HEAD]", "path /a, GET, HEAD"),
            ("prefix: /", "prefix /"),
            ("path_separated_prefix: /a", "path_separated_prefix /a"),
            (r"safe_regex: { regex: '/v\d+' }", r"safe_regex /v\d+"),
            ("connect_matcher: {}", "connect_matcher"),
            (
                "prefix: /, headers: [{ name: x-key, string_match: { exact: hidden } }], query_parameters: [{ name: mode, present_match: true }]",
                "prefix /, header x-key, parameter mode",
            ),
            ("path: /mcp, mcp: { names: [add] }", "path /mcp, POST, mcp"),
        ] {
            let policy = format!("providers: {{}}\nrules: [{{ match: {{ {written} }} }}]");
            let (node, format) = crate::envoy::document::Node::read(&policy).unwrap();
            let top = ConfigPath::default();
            let value = crate::source::value::value(&node, format, &top, &mut Vec::new());
            let config = Config::parse(value.to_string().as_bytes()).unwrap();
            assert_eq!(conditions(&config.rules[0].route), shown);
        }
    }
}

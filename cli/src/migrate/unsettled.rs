//! Finds routes whose selection depends on a part of the request that the module edits, such as a
//! header.
//!
//! Envoy chooses a route when a request arrives, and again after the module has edited headers. The
//! module checks only the requirement of the first route. A client could choose headers that match
//! a lenient route before the edits and a strict route after them.

use std::collections::BTreeSet;

use super::{
    search::{Found, filter},
    surroundings::Surroundings,
};
use crate::envoy::{
    document::Node,
    message::{Walk, either, visit, visit_all},
};
use portcullis::{
    config::ConfigPath,
    http::{HeaderName, is_parameter},
};

/// The header in which the module reports whether it verified a token.
const MARKER: &str = "x-jwt-signature-verified";

/// Headers that the module never edits. `:path` is not one of them, because the module may remove a
/// token from the query.
const KEPT: [&str; 4] = [":authority", ":method", ":scheme", "host"];

/// The headers and query parameters that the migrated filters edit.
#[derive(Default)]
pub(super) struct Edits {
    headers: Vec<HeaderName>,
    params: BTreeSet<String>,
    /// Whether a filter sets a header for the upstream.
    sets_headers: bool,
    /// Whether the edits are unknown, because the filters are in another file.
    may_be_any: bool,
}

/// The paths of the matches that depend on a part of the request that the filters edit.
#[derive(Default)]
pub(super) struct Unsettled {
    /// The matches that choose between routes with different requirements.
    pub(super) certain: Vec<ConfigPath>,
    /// The matches that choose among routes in another file, which may have different requirements.
    pub(super) perhaps: Vec<ConfigPath>,
}

impl Edits {
    /// Collects the edits of these filters. If there are no filters, assumes that any header or
    /// parameter may be edited.
    pub(super) fn of(filters: &[Found<'_>]) -> Self {
        let mut edits = Self {
            may_be_any: filters.is_empty(),
            ..Self::default()
        };
        for filter in filters {
            edits.add(filter.configuration);
        }
        edits
    }

    /// Whether the filters set headers for the upstream.
    pub(super) const fn sets_headers(&self) -> bool {
        self.sets_headers
    }

    fn add(&mut self, configuration: &Node) {
        self.header(MARKER);
        visit(configuration, &ConfigPath::default(), &mut |_, node| {
            let status = either(node, "verification_status_header");
            if let Some(name) = status.and_then(Node::text) {
                self.header(name);
            }
            Walk::Into
        });
        let Some(Node::Map(providers)) = configuration.member("providers") else {
            return;
        };
        for (_, provider) in providers {
            self.tokens(provider);
            let payload = either(provider, "forward_payload_header");
            if let Some(name) = payload.and_then(Node::text) {
                self.header(name);
                self.sets_headers = true;
            }
            for claim in list(provider, "claim_to_headers") {
                self.sets_headers = true;
                let name = either(claim, "header_name");
                self.header(name.and_then(Node::text).unwrap_or_default());
            }
        }
    }

    fn tokens(&mut self, provider: &Node) {
        let headers = list(provider, "from_headers");
        let params = list(provider, "from_params");
        let cookies = list(provider, "from_cookies");
        if headers.is_empty() && params.is_empty() && cookies.is_empty() {
            self.header("authorization");
            self.params.insert("access_token".to_owned());
        }
        for header in headers {
            let name = header.member("name").and_then(Node::text);
            self.header(name.unwrap_or_default());
        }
        let params = params.iter().filter_map(Node::text);
        self.params.extend(params.map(str::to_owned));
        if !cookies.is_empty() {
            self.header("cookie");
        }
    }

    fn header(&mut self, name: &str) {
        // An invalid name is left out, because no header can have it.
        self.headers.extend(HeaderName::parse(name));
    }

    /// Finds the routes whose selection depends on an edit. `overrides` is the number of overrides
    /// in the document. Without overrides, all routes have the same requirements.
    pub(super) fn unsettled(
        &self,
        document: &Node,
        surroundings: &Surroundings,
        overrides: usize,
    ) -> Unsettled {
        match overrides {
            0 if surroundings.routes_elsewhere.is_empty() => Unsettled::default(),
            // The routes are in another file, but the route scopes of this document choose among
            // them.
            0 => Unsettled {
                perhaps: self.scopes(document),
                ..Unsettled::default()
            },
            _ => Unsettled {
                certain: [self.places(document), self.scopes(document)].concat(),
                ..Unsettled::default()
            },
        }
    }

    /// The paths of route matches that depend on an edited header or parameter.
    fn places(&self, document: &Node) -> Vec<ConfigPath> {
        let mut places = Vec::new();
        visit_all(document, &mut |at, node| {
            if filter(node).is_some() {
                return false;
            }
            if let Some(condition) = node.member("match") {
                self.look_at(&at.member("match"), condition, &mut places);
            }
            let header = either(node, "header_name").and_then(Node::text);
            let param = either(node, "query_param").and_then(Node::text);
            let is_input = node
                .member("@type")
                .and_then(Node::text)
                .is_some_and(|url| url.ends_with("MatchInput"));
            if is_input && (self.has_header(header) || self.has_param(param)) {
                places.push(at.clone());
            }
            true
        });
        places
    }

    /// The paths of scoped routes that depend on an edited header.
    fn scopes(&self, document: &Node) -> Vec<ConfigPath> {
        let mut places = Vec::new();
        visit_all(document, &mut |at, node| {
            let extractor = either(node, "header_value_extractor");
            let name = extractor.and_then(|extractor| extractor.member("name"));
            if self.has_header(name.and_then(Node::text)) {
                places.push(at.clone());
            }
            true
        });
        places
    }

    fn look_at(&self, at: &ConfigPath, condition: &Node, places: &mut Vec<ConfigPath>) {
        let name = |one: &Node| one.member("name").and_then(Node::text).map(str::to_owned);
        for (index, header) in list(condition, "headers").iter().enumerate() {
            if self.has_header(name(header).as_deref()) {
                places.push(at.member("headers").element(index));
            }
        }
        let params = list(condition, "query_parameters");
        for (index, param) in params.iter().enumerate() {
            if self.has_param(name(param).as_deref()) {
                places.push(at.member("query_parameters").element(index));
            }
        }
        let reads_cookies = !list(condition, "cookies").is_empty();
        if reads_cookies && self.has_header(Some("cookie")) {
            places.push(at.member("cookies"));
        }
    }

    fn has_header(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| {
            let is_editable = self.may_be_any && !KEPT.contains(&name);
            let is_rewritten = name == ":path" && !self.params.is_empty();
            let mut headers = self.headers.iter();
            let is_edited = headers.any(|own| own.is_confusable_with(name.as_bytes()));
            is_editable || is_rewritten || is_edited
        })
    }

    fn has_param(&self, name: Option<&str>) -> bool {
        let is_edited = |name: &str| {
            // Envoy's routes compare the encoded name of a parameter, as the client sent it, but
            // the module decodes the name first.
            let mut decoded = form_urlencoded::parse(name.as_bytes());
            let decoded = decoded.next().map(|(name, _)| name).unwrap_or_default();
            self.params.iter().any(|own| is_parameter(own, &decoded))
        };
        name.is_some_and(|name| self.may_be_any || is_edited(name))
    }
}

/// The elements of the list `name`. In the document, the name may be in snake case or in camel
/// case.
fn list<'a>(node: &'a Node, name: &str) -> &'a [Node] {
    either(node, name).map(Node::elements).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits() -> Edits {
        let text = "{ providers: { p: { from_params: [a_tok], claim_to_headers: \
            [{ header_name: x-user, claim_name: sub }] } }, rules: [{ requires: { requires_any: \
            { requirements: [{ extract_only_without_validation: \
            { verification_status_header: x-ver } }] } } }] }";
        let (node, _) = Node::read(text).unwrap();
        let mut edits = Edits::default();
        edits.add(&node);
        edits
    }

    /// Names must be compared as the module compares them. Otherwise, a route that matches on an
    /// edited header would go unreported.
    #[test]
    fn compares_names_as_the_module_does() {
        let edits = edits();
        let user = HeaderName::parse("x-user").unwrap();
        for octet in 1..=0x7f_u8 {
            let letter = char::from(octet);
            let header = format!("x{letter}user");
            let expected = user.is_confusable_with(header.as_bytes());
            assert_eq!(edits.has_header(Some(&header)), expected, "{header:?}");
            let encoded = format!("a%{octet:02X}tok");
            let expected = is_parameter("a_tok", &format!("a{letter}tok"));
            assert_eq!(edits.has_param(Some(&encoded)), expected, "{encoded}");
        }
        for param in ["a.tok", "A_TOK", "a_tok[]", "%20a_tok"] {
            assert!(edits.has_param(Some(param)), "{param}");
        }
        for header in ["X-VER", "x_ver", ":path"] {
            assert!(edits.has_header(Some(header)), "{header}");
        }
        assert!(!edits.has_header(Some(":method")));
    }
}

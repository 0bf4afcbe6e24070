//! Finds lookalikes in a document without a `jwt_authn` filter: parts that may be a `jwt_authn`
//! filter in another form. Examples are a `jwt_authn` filter of an older API version, and a
//! Kubernetes resource that a control plane turns into a `jwt_authn` filter.

use core::fmt;

use super::search::NAMESPACE;
use crate::envoy::{
    document::Node,
    message::{JWT_AUTHN, either, type_of, visit_all},
};
use portcullis::config::ConfigPath;

/// A part of the document that may be a `jwt_authn` filter in another form, such as a v2alpha type
/// or an Istio `RequestAuthentication`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lookalike {
    at: ConfigPath,
    what: What,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    /// The filter's type in an API version that Envoy no longer supports.
    OldType(String),
    /// A filter chain entry with an untyped `config`, or without any configuration.
    Untyped,
    /// The content of the filter's configuration, without its `@type`.
    Bare,
    /// A Kubernetes resource.
    Kind {
        kind: &'static str,
        /// The command that turns the resource into an Envoy configuration.
        command: &'static str,
    },
}

/// The first lookalike in a document. `portcullis` contains the paths of the Portcullis filters.
/// These filters are skipped, because a policy of Portcullis looks like the configuration of
/// `jwt_authn`.
pub(super) fn lookalike(document: &Node, portcullis: &[ConfigPath]) -> Option<Lookalike> {
    let mut found = None;
    visit_all(document, &mut |at, node| {
        if portcullis.contains(at) {
            return false;
        }
        if found.is_none() {
            let at = at.clone();
            found = what(node).map(|what| Lookalike { at, what });
        }
        found.is_none()
    });
    found
}

fn what(node: &Node) -> Option<What> {
    let kind = node.member("kind").and_then(Node::text);
    match kind {
        Some("RequestAuthentication") => {
            return Some(What::Kind {
                kind: "RequestAuthentication",
                command: "istioctl proxy-config listener POD -o json",
            });
        }
        Some("SecurityPolicy") => {
            return Some(What::Kind {
                kind: "SecurityPolicy",
                command: "egctl config envoy-proxy listener -o yaml",
            });
        }
        _ => {}
    }
    if let Some(name) = type_of(node)
        && name.contains("jwt_authn")
        && name.ends_with(".JwtAuthentication")
    {
        return Some(What::OldType(name.to_owned()));
    }
    let name = node.member("name").and_then(Node::text);
    let is_named = matches!(
        name,
        Some(NAMESPACE | "envoy.jwt_authn" | "jwt_authn" | "jwt-auth")
    );
    if is_named && either(node, "typed_config").is_none() {
        return Some(What::Untyped);
    }
    let is_provider = |provider: &Node| {
        let remote = either(provider, "remote_jwks");
        remote.or(either(provider, "local_jwks")).is_some()
    };
    match node.member("providers") {
        Some(Node::Map(providers)) if providers.iter().any(|(_, one)| is_provider(one)) => {
            // A message that has a type is not a `jwt_authn` filter, because the type of
            // `jwt_authn` would have matched above.
            node.member("@type").is_none().then_some(What::Bare)
        }
        _ => None,
    }
}

impl fmt::Display for Lookalike {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = &self.at;
        let typed = format!("typed_config with \"@type\": type.googleapis.com/{JWT_AUTHN}");
        match &self.what {
            What::OldType(name) => write!(
                formatter,
                "{at} is a {name}, whose API version Envoy no longer supports; write {typed}"
            ),
            What::Untyped => write!(
                formatter,
                "{at} is a filter without a type, which only old versions of Envoy accept; write \
                 {typed}"
            ),
            What::Bare => write!(
                formatter,
                "{at} looks like the configuration of a jwt_authn filter, without a type; write \
                 the configuration as {typed} in a filter named {NAMESPACE}"
            ),
            What::Kind { kind, command } => write!(
                formatter,
                "{at} is a {kind}, which a control plane turns into a jwt_authn filter; migrate \
                 the configuration that Envoy receives: {command}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_stands_for_the_filter() {
        let old = "envoy.config.filter.http.jwt_authn.v2alpha.JwtAuthentication";
        for (document, expected) in [
            (
                format!(
                    "a: [{{ name: x, typed_config: {{ '@type': type.googleapis.com/{old} }} }}]"
                ),
                format!("a[0].typed_config is a {old}, whose API version Envoy no longer supports"),
            ),
            (
                "f: [{ name: jwt-auth, config: { issuers: [] } }]".to_owned(),
                "f[0] is a filter without a type".to_owned(),
            ),
            (
                "f: { name: envoy.filters.http.jwt_authn, config: {} }".to_owned(),
                "f is a filter without a type".to_owned(),
            ),
            (
                "providers: { a: { issuer: a, remoteJwks: {} } }".to_owned(),
                "configuration looks like the configuration of a jwt_authn filter".to_owned(),
            ),
            (
                "kind: RequestAuthentication\nspec: { jwtRules: [] }".to_owned(),
                "configuration is a RequestAuthentication".to_owned(),
            ),
            (
                "items: [{ kind: SecurityPolicy }]".to_owned(),
                "items[0] is a SecurityPolicy".to_owned(),
            ),
        ] {
            let (document, _) = Node::read(&document).unwrap();
            let said = lookalike(&document, &[]).unwrap().to_string();
            assert!(said.starts_with(&expected), "{said}");
            assert!(
                said.contains("; write ") || said.contains("; migrate "),
                "{said}"
            );
        }
        for document in [
            "a: { name: cors }",
            "providers: { a: { url: b } }",
            "kind: Deployment",
        ] {
            let (document, _) = Node::read(document).unwrap();
            assert_eq!(lookalike(&document, &[]), None);
        }
    }
}

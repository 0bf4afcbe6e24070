//! Removes the secrets from a policy, so that a user can share the policy in a link.
//!
//! Only an accepted policy can be shared. In a refused policy, a misspelt field could contain a
//! secret that this code would not recognise. Comments and the Envoy settings around the policy may
//! contain secrets too, so they are removed. Every replacement for a secret is a valid value, so
//! the recipient can still try the policy by entering claims.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::text::{chosen, filters, source};
use crate::{
    accepted,
    envoy::document::Node,
    migrate::write::yaml,
    source::{
        Contents, Source,
        policy::{Body, Filter},
    },
};
use portcullis::{config::camel_case, lenient_base64, verification::SecretHash};

/// The replacement for a shared secret: base64url of 66 octets, which is long enough for every
/// algorithm.
const SECRET: &str =
    "removed-removed-removed-removed-removed-removed-removed-removed-removed-removed-removed-";

/// The replacement for any other string that may be a secret.
const TEXT: &str = "removed";

/// The public members of a JWK (RFC 7517, RFC 7518 and RFC 8037), and Entra's `issuer`. Members
/// with certificates, such as `x5c`, are not listed, because no check reads them.
const PUBLIC_MEMBERS: [&str; 10] = [
    "alg", "crv", "e", "issuer", "key_ops", "kid", "kty", "n", "use", "x",
];

/// A policy without its secrets.
#[derive(Serialize)]
struct Shared {
    policy: Option<String>,
    /// The reason why there is no policy.
    problem: Option<&'static str>,
}

/// Returns the policy without its secrets, as JSON.
#[must_use]
pub fn share(policy: &str, filter: Option<&str>) -> String {
    let source = source(policy);
    let names = filters(&source);
    let filter = chosen(&names, filter);
    let node = match accepted::read(&source, filter) {
        Ok(_) => node(&source, filter),
        Err(_) => None,
    };
    let shared = Shared {
        problem: node.is_none().then_some(
            "correct the errors first: a field that Portcullis does not know may contain a secret",
        ),
        policy: node.map(|node| yaml(&without_secrets(node))),
    };
    serde_json::to_string(&shared).unwrap_or_default()
}

/// The policy, without the Envoy file around it.
fn node(source: &Source, name: Option<&str>) -> Option<Node> {
    match source.contents().ok()? {
        Contents::Policy(_) => Node::read(&source.text).ok().map(|(node, _)| node),
        Contents::Envoy { filters, .. } => {
            let is_wanted = |filter: &Filter| name.is_none_or(|name| filter.name == name);
            let found = filters.into_iter().find(|(filter, _)| is_wanted(filter));
            match found?.0.policy {
                Body::Object(node) => Some(node),
                Body::Text(text) => Node::read(&text).ok().map(|(node, _)| node),
                Body::Missing => None,
            }
        }
    }
}

fn without_secrets(node: Node) -> Node {
    members(node, &|name, value| match name {
        "shared_memory_key" => text(SECRET),
        "providers" => members(value, &|_, provider| members(provider, &of_provider)),
        "rules" => within_matches(value),
        _ => value,
    })
}

fn of_provider(name: &str, value: Node) -> Node {
    match name {
        "shared_secrets" => elements(value, &|secret| {
            members(secret, &|name, value| match name {
                "kid" => value,
                _ => text(SECRET),
            })
        }),
        "client_secrets" => members(value, &|_, clients| {
            members(clients, &|_, client| members(client, &of_client))
        }),
        "local_jwks" => local_jwks(value),
        "public_keys" => members(value, &|_, pem| elements(pem, &|pem| public_blocks(&pem))),
        "remote_jwks" => members(value, &|_, value| members(value, &of_uri)),
        _ => value,
    }
}

fn of_client(name: &str, value: Node) -> Node {
    match name {
        "secret_hashes" => {
            let count = u8::try_from(value.elements().len()).unwrap_or(u8::MAX);
            let hash = |salt| text(&SecretHash::new([salt; 16], TEXT.as_bytes()).to_string());
            Node::List((0..count).map(hash).collect())
        }
        _ => value,
    }
}

/// A JWKS with only the public members of its keys. [`SECRET`] replaces each shared secret.
fn local_jwks(value: Node) -> Node {
    let members = match value {
        Node::Map(members) => members,
        _ => return text(TEXT),
    };
    let public = members.iter().find_map(|(name, value)| {
        let written = value.text()?;
        match name.as_str() {
            "inline_string" | "inlineString" => public_keys(written.as_bytes()),
            _ => public_keys(&lenient_base64::decode(written.trim().as_bytes())?),
        }
    });
    let public = public.unwrap_or_else(|| TEXT.to_owned());
    Node::Map(vec![("inline_string".to_owned(), text(&public))])
}

pub(super) fn public_keys(document: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let keys = document.get("keys")?.as_array()?;
    let keys: Vec<Value> = keys.iter().filter_map(public_key).collect();
    Some(json!({ "keys": keys }).to_string())
}

fn public_key(key: &Value) -> Option<Value> {
    let members = key.as_object()?.iter();
    let is_public =
        |(name, _): &(&String, &Value)| PUBLIC_MEMBERS.contains(&name.as_str()) || *name == "y";
    let mut public: Map<String, Value> = members
        .filter(is_public)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if key.get("k").is_some() {
        public.insert("k".to_owned(), json!(SECRET));
    }
    Some(Value::Object(public))
}

/// Reduces a string in PEM to its public blocks. Private keys and the text around the blocks are
/// removed.
fn public_blocks(value: &Node) -> Node {
    let Some(pem) = value.text() else {
        return text(TEXT);
    };
    let (mut blocks, mut block) = (String::new(), None);
    for line in pem.lines().map(str::trim) {
        if line.starts_with("-----BEGIN ") {
            block = (!line.contains("PRIVATE")).then(String::new);
        }
        if let Some(block) = &mut block {
            block.push_str(line);
            block.push('\n');
        }
        if line.starts_with("-----END ") {
            blocks.push_str(&block.take().unwrap_or_default());
        }
    }
    text(&blocks)
}

/// A URI with its query replaced, because the query may contain an API key.
fn of_uri(name: &str, value: Node) -> Node {
    match (name, value.text().and_then(|uri| uri.split_once('?'))) {
        ("uri", Some((location, _))) => text(&format!("{location}?{TEXT}")),
        _ => value,
    }
}

/// Replaces the values with which rules compare headers and query parameters. Such a value may be
/// the secret with which a gateway in front of Envoy authenticates itself.
fn within_matches(rules: Node) -> Node {
    elements(rules, &|rule| {
        members(rule, &|name, value| match name {
            "match" => members(value, &|name, value| match name {
                "headers" | "query_parameters" => elements(value, &|matcher| {
                    members(matcher, &|name, value| match name {
                        "name" => value,
                        _ => compared(value),
                    })
                }),
                // The names of tools and methods are not secret, but the value of an argument may
                // be.
                "mcp" => members(value, &|name, value| match name {
                    "params" => compared(value),
                    _ => value,
                }),
                _ => value,
            }),
            _ => value,
        })
    })
}

/// Replaces all strings and numbers in the value of a condition. Booleans are kept.
fn compared(value: Node) -> Node {
    match value {
        Node::Map(_) => members(value, &|_, value| compared(value)),
        Node::List(_) => elements(value, &compared),
        Node::Plain(ref written) if matches!(written.as_str(), "true" | "false") => value,
        _ => text(TEXT),
    }
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

/// Applies `change` to each member of an object. `change` receives the member's name in snake case,
/// even if the document has it in camel case.
fn members(node: Node, change: &dyn Fn(&str, Node) -> Node) -> Node {
    let Node::Map(members) = node else {
        return node;
    };
    let changed = members.into_iter().map(|(name, value)| {
        let known = CAMEL.iter().find(|own| camel_case(own) == name);
        let value = change(known.copied().unwrap_or(&name), value);
        (name, value)
    });
    Node::Map(changed.collect())
}

/// The field names in this source file whose camel-case form differs from the snake-case form.
const CAMEL: [&str; 10] = [
    "client_secrets",
    "inline_bytes",
    "inline_string",
    "local_jwks",
    "public_keys",
    "query_parameters",
    "remote_jwks",
    "secret_hashes",
    "shared_memory_key",
    "shared_secrets",
];

/// Applies `change` to each element of a list.
fn elements(node: Node, change: &dyn Fn(Node) -> Node) -> Node {
    match node {
        Node::List(elements) => Node::List(elements.into_iter().map(change).collect()),
        node if node.is_null() => node,
        node => change(node),
    }
}

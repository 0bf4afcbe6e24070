//! Checks the clusters through which keys are fetched: each cluster must exist, and must verify the
//! server's certificate.
//!
//! An attacker who can answer in place of an authorization server can publish keys, and sign tokens
//! with them.

use serde_json::Value;

use crate::{
    envoy::{
        document::Node,
        message::{Walk, either, type_of, unwrapped, visit},
    },
    finding::{Finding, Severity},
    source::{Policy, Source},
};
use portcullis::config::{Config, ConfigPath, camel_case};

const CLUSTER: &str = "envoy.config.cluster.v3.Cluster";
const TLS: &str = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

/// A reference from a provider to a cluster.
struct Use {
    /// The path of the reference in the policy.
    at: ConfigPath,
    name: String,
    is_https: bool,
}

/// Checks the clusters that the providers of a policy use.
pub(super) fn check(
    source: &Source,
    document: &Node,
    policy: &Policy,
    config: &Config,
) -> Vec<Finding> {
    let clusters = clusters(document);
    let mut findings = Vec::new();
    if clusters.is_empty() {
        return findings; // the file holds only listeners or routes
    }
    let mut seen: Vec<String> = Vec::new();
    for used in uses(&policy.value, config) {
        if seen.contains(&used.name) {
            continue;
        }
        let named = clusters.iter().find(|(_, node)| name_of(node) == used.name);
        match named {
            None if has_discovery(document) => {}
            None => {
                let position = source.position_in(policy, &used.at);
                let message = format!(
                    "Envoy has no cluster \"{}\"; add it to static_resources.clusters, or correct \
                     the name",
                    used.name
                );
                findings.push(source.finding(
                    Severity::Error,
                    position,
                    used.at.to_string(),
                    message,
                ));
            }
            Some((at, cluster)) if used.is_https => findings.extend(
                weak_tls(at, cluster)
                    .map(|(at, message)| source.at(Severity::Warning, &at, message)),
            ),
            Some(_) => {}
        }
        seen.push(used.name);
    }
    findings
}

fn name_of(cluster: &Node) -> &str {
    cluster
        .member("name")
        .and_then(Node::text)
        .unwrap_or_default()
}

/// Returns every reference from the policy's providers to a cluster, for a key set or for
/// discovery.
fn uses(policy: &Value, config: &Config) -> Vec<Use> {
    let mut uses = Vec::new();
    for (_, provider) in config.providers() {
        let at = ConfigPath::default()
            .member("providers")
            .member(&provider.name);
        let Some(written) = policy
            .get("providers")
            .and_then(|providers| providers.get(&provider.name))
        else {
            continue;
        };
        if let Some((name, jwks)) = field(written, "remote_jwks")
            && let Some((inner, uri)) = field(jwks, "http_uri")
        {
            let text = uri.get("uri").and_then(Value::as_str).unwrap_or_default();
            let is_https = is_https(text);
            let at = at.member(&name).member(&inner);
            uses.extend(used(uri, &at, "cluster", is_https));
        }
        if let Some((name, discovery)) = field(written, "discovery") {
            let issuer = written.get("issuer").and_then(Value::as_str);
            let is_https = issuer.is_none_or(is_https);
            let at = at.member(&name);
            uses.extend(used(discovery, &at, "cluster", is_https));
            uses.extend(used(discovery, &at, "jwks_cluster", is_https));
        }
    }
    uses
}

fn field<'a>(object: &'a Value, name: &str) -> Option<(String, &'a Value)> {
    let names = [name.to_owned(), camel_case(name)];
    names.into_iter().find_map(|name| {
        let value = object.get(&name)?;
        Some((name, value))
    })
}

fn used(object: &Value, at: &ConfigPath, name: &str, is_https: bool) -> Option<Use> {
    let (written, value) = field(object, name)?;
    Some(Use {
        at: at.member(&written),
        name: value.as_str()?.to_owned(),
        is_https,
    })
}

fn is_https(uri: &str) -> bool {
    uri.split_once("://")
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))
}

/// Every cluster that the document defines.
fn clusters(document: &Node) -> Vec<(ConfigPath, &Node)> {
    let mut found = Vec::new();
    visit(document, &ConfigPath::default(), &mut |at, node| {
        if type_of(node) == Some(CLUSTER) {
            found.push((at.clone(), node));
            return Walk::Past;
        }
        let resources = either(node, "static_resources").is_some();
        let holder = either(node, "static_resources").unwrap_or(node);
        let is_holder = resources || at.steps().is_empty();
        if let (true, Some(Node::List(clusters))) = (is_holder, holder.member("clusters")) {
            let at = match (resources, node.member("static_resources")) {
                (false, _) => at.clone(),
                (true, Some(_)) => at.member("static_resources"),
                (true, None) => at.member("staticResources"),
            };
            let at = at.member("clusters");
            let own = clusters.iter().enumerate();
            found.extend(own.map(|(index, cluster)| (at.element(index), cluster)));
        }
        Walk::Into
    });
    found
}

/// Whether Envoy may also get clusters from a discovery service. If so, a cluster may exist even
/// though the document does not define it.
fn has_discovery(document: &Node) -> bool {
    let mut found = false;
    visit(document, &ConfigPath::default(), &mut |_, node| {
        found |= either(node, "cds_config").is_some();
        match found {
            true => Walk::Past,
            false => Walk::Into,
        }
    });
    found
}

/// Returns the path and an explanation of a TLS setting that lets an attacker impersonate the
/// server. Returns `None` if there is no such setting.
fn weak_tls(at: &ConfigPath, cluster: &Node) -> Option<(ConfigPath, String)> {
    let name = name_of(cluster);
    if either(cluster, "transport_socket_matches").is_some() {
        return None;
    }
    let Some(socket) = either(cluster, "transport_socket") else {
        let message = format!(
            "keys are fetched from an https URL through \"{name}\" without TLS; add a \
             transport_socket with an UpstreamTlsContext"
        );
        return Some((at.clone(), message));
    };
    let typed = either(socket, "typed_config")?;
    let (Some(TLS), tls) = unwrapped(typed) else {
        return None;
    };
    let socket_at = at.member("transport_socket");
    let common = either(tls, "common_tls_context");
    let combined = common.and_then(|common| either(common, "combined_validation_context"));
    let is_elsewhere = common.is_some_and(|common| {
        either(common, "validation_context_sds_secret_config").is_some() || combined.is_some()
    });
    let context = common.and_then(|common| either(common, "validation_context"));
    let context = context.or(combined.and_then(|node| either(node, "default_validation_context")));
    let has = |names: &[&str]| {
        let has = |name: &&str| context.is_some_and(|context| either(context, name).is_some());
        names.iter().any(has)
    };
    let is_pinned = has(&[
        "verify_certificate_hash",
        "verify_certificate_spki",
        "custom_validator_config",
    ]);
    if !is_elsewhere && !is_pinned && !has(&["trusted_ca", "system_root_certs"]) {
        let message = format!(
            "\"{name}\" accepts any certificate, so an attacker on the network can replace the \
             keys and sign tokens; add trusted_ca to the cluster's validation_context"
        );
        return Some((socket_at, message));
    }
    let trust = context.and_then(|context| either(context, "trust_chain_verification")?.text());
    if matches!(trust, Some("ACCEPT_UNTRUSTED" | "1")) {
        let message =
            format!("\"{name}\" accepts untrusted certificates; remove trust_chain_verification");
        return Some((socket_at, message));
    }
    let names = ["match_typed_subject_alt_names", "match_subject_alt_names"];
    let is_by_sni = either(tls, "auto_sni_san_validation").and_then(Node::boolean) == Some(true);
    if !is_elsewhere && !is_pinned && !is_by_sni && !has(&names) {
        let message = format!(
            "\"{name}\" accepts a certificate for any server name if trusted_ca has signed the \
             certificate; add match_typed_subject_alt_names with the server's name"
        );
        return Some((socket_at, message));
    }
    None
}

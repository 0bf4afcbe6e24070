//! Checks the settings around a filter whose policy has `client_certificate`: the connection
//! manager must keep the header with the certificate, and the listener must authenticate the proxy
//! that sends the header.

use crate::{
    envoy::{document::Node, message::either},
    finding::{Finding, Severity},
    source::{Source, policy::Filter},
};
use portcullis::{
    config::{Config, ConfigPath, Step},
    policy::CertificateHeader,
};

/// Returns the findings about `client_certificate`. Settings in another file are not checked.
pub(super) fn check(
    source: &Source,
    document: &Node,
    filter: &Filter,
    config: &Config,
) -> Vec<Finding> {
    let Some(own) = &config.client_certificate else {
        return Vec::new();
    };
    let around = around(document, filter);
    let mut findings = Vec::new();
    if let (CertificateHeader::Xfcc { from_right }, Some((at, manager))) =
        (own.header, around.manager)
    {
        let field = "forward_client_cert_details";
        let mode = either(manager, field).and_then(Node::text);
        let found = match mode.unwrap_or("SANITIZE") {
            "SANITIZE" | "0" => Some((
                Severity::Error,
                "Envoy removes x-forwarded-client-cert, so certificate-bound tokens are refused; \
                 write FORWARD_ONLY",
            )),
            "SANITIZE_SET" | "3" => Some((
                Severity::Error,
                "Envoy replaces x-forwarded-client-cert with the certificate of the proxy in \
                 front; write FORWARD_ONLY",
            )),
            "APPEND_FORWARD" | "2" if from_right == 1 => Some((
                Severity::Error,
                "Envoy appends an element with the certificate of the proxy in front, and \
                 Portcullis uses that element; write trusted_hops: 2 in client_certificate, or \
                 FORWARD_ONLY here",
            )),
            _ => None,
        };
        let place = at.member(field);
        findings.extend(found.map(|(severity, text)| source.at(severity, &place, text)));
    }
    let are_names_trusted = !own.trusted_peers.names.is_empty();
    if let Some(chain) = around.chain
        && let Some(text) = fault_of_listener(chain, are_names_trusted)
    {
        let place = filter.policy_at.member("client_certificate");
        findings.push(source.at(Severity::Error, &place.member("trusted_peers"), text));
    }
    findings
}

/// The parts of the document that contain a filter: its connection manager and its filter chain.
#[derive(Default)]
struct Around<'a> {
    manager: Option<(ConfigPath, &'a Node)>,
    chain: Option<&'a Node>,
}

fn around<'a>(document: &'a Node, filter: &Filter) -> Around<'a> {
    let mut around = Around::default();
    let (mut at, mut node) = (ConfigPath::default(), document);
    for step in filter.at.steps() {
        if either(node, "http_filters").is_some() {
            around.manager = Some((at.clone(), node));
        } else if either(node, "filters").is_some() {
            around.chain = Some(node);
        }
        let inner = match step {
            Step::Member(name) => {
                at = at.member(name);
                node.member(name)
            }
            Step::Element(index) => {
                at = at.element(*index);
                node.elements().get(*index)
            }
        };
        match inner {
            Some(inner) => node = inner,
            None => break,
        }
    }
    around
}

/// The fields of a validation context that make Envoy ask for a certificate and check it.
const CHECKS: [&str; 3] = [
    "trusted_ca",
    "verify_certificate_hash",
    "verify_certificate_spki",
];

/// Returns the reason why a listener's peers cannot be trusted. Returns `None` if the peers can be
/// trusted, or if the settings that decide this are in another file.
fn fault_of_listener(chain: &Node, are_names_trusted: bool) -> Option<&'static str> {
    let Some(socket) = either(chain, "transport_socket") else {
        return Some(
            "the listener has no TLS, so no peer has a certificate and the header is always \
             ignored; add a transport_socket with trusted_ca",
        );
    };
    let tls = either(socket, "typed_config").and_then(|tls| either(tls, "common_tls_context"))?;
    let combined = either(tls, "combined_validation_context");
    let is_elsewhere = |node: &Node| either(node, "validation_context_sds_secret_config").is_some();
    let own = match combined {
        Some(combined) => either(combined, "default_validation_context"),
        None => either(tls, "validation_context"),
    };
    let verification = own.and_then(|own| either(own, "trust_chain_verification")?.text());
    if are_names_trusted && matches!(verification, Some("ACCEPT_UNTRUSTED" | "1")) {
        return Some(
            "the listener accepts certificates that no trusted authority has signed \
             (ACCEPT_UNTRUSTED), so anyone can make up the names in a certificate; remove \
             ACCEPT_UNTRUSTED, or list digests of certificates in sha256",
        );
    }
    let is_checked = own.is_some_and(|own| CHECKS.iter().any(|name| either(own, name).is_some()));
    let may_be_checked = is_checked || is_elsewhere(tls) || combined.is_some_and(is_elsewhere);
    (!may_be_checked).then_some(
        "the listener has no trusted_ca, so Envoy asks for no certificate and the header is always \
         ignored; add trusted_ca to validation_context",
    )
}

//! Tokens that are bound to a client certificate (RFC 8705). Clients connect to the gate over TLS,
//! either directly or through a proxy.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::world::{configuration, local_provider, signer, start, token_with};
use support::{
    driver::{Request, Seen, Setup},
    envoy::{
        InEnvoy,
        front::{Front, Target},
    },
    on_both_builds,
    signer::Signer,
    tls::{CLIENT, FRONT, HOSTILE, Identity, Peers, SELF_SIGNED, STRANGER},
};

on_both_builds!(
    a_token_counts_on_a_connection_with_its_certificate,
    a_listener_without_an_authority_asks_for_no_certificate,
    a_proxy_in_front_says_which_certificate_the_client_has,
    a_header_counts_only_from_a_peer_with_a_trusted_name,
    a_header_counts_only_from_a_peer_with_a_trusted_digest,
    hostile_names_and_headers_forge_no_certificate,
    a_proxy_that_writes_uris_can_be_deceived,
    two_lines_of_a_header_are_one_list_or_none,
    the_element_that_envoy_appends_is_skipped,
);

const XFCC: &str = "x-forwarded-client-cert";

/// A gate that accepts TLS connections, the signer of its tokens, and the peers that connect to the
/// gate.
struct World<D> {
    gate: D,
    signer: Signer,
    front: Front,
}

impl<D: InEnvoy> World<D> {
    fn new(
        certificates: &Value,
        (peers, details): (Peers, Option<&'static str>),
        clients: &[(Option<Identity>, Target)],
    ) -> Self {
        let signer = signer();
        let gate: D = start(&Setup {
            peers: Some(peers),
            forward_client_cert_details: details,
            ..Setup::new(with_certificates(&signer, certificates))
        });
        let front = Front::start(gate.address(), clients);
        Self {
            gate,
            signer,
            front,
        }
    }

    /// Sends a client's request with a token that is bound to the certificate `bound_to`. Returns
    /// `None` if the connection ended without an answer.
    fn send(
        &self,
        client: usize,
        bound_to: Identity,
        headers: &[(&str, &str)],
    ) -> Option<(u16, Option<Seen>)> {
        let confirmation = json!({ "cnf": bound_to.confirmation() });
        let token = token_with(&self.gate, &self.signer, &confirmation);
        let request = Request::get("/").bearer(token);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        let (status, answer) = self.front.send(client, &request).ok()?;
        Some((status, self.gate.seen(&answer.headers)))
    }

    fn status(&self, client: usize, bound_to: Identity, headers: &[(&str, &str)]) -> Option<u16> {
        self.send(client, bound_to, headers)
            .map(|(status, _)| status)
    }

    fn expect_refused_confirmations(&self, count: u64) {
        self.gate
            .wait_for_count("portcullis.denied.confirmation", count);
    }
}

fn with_certificates(signer: &Signer, certificates: &Value) -> Value {
    let mut configuration = configuration(&local_provider(signer));
    configuration["client_certificate"] = certificates.clone();
    configuration
}

fn trusting_front() -> Value {
    json!({ "source": "xfcc", "trusted_peers": { "sha256": [FRONT.hash()] } })
}

fn a_token_counts_on_a_connection_with_its_certificate<D: InEnvoy>() {
    let own = json!({ "source": "connection" });
    let clients = [Some(CLIENT), Some(STRANGER), None].map(|identity| (identity, Target::Gate));
    let world: World<D> = World::new(&own, (Peers::Optional, None), &clients);
    assert_eq!(world.status(0, CLIENT, &[]), Some(200));
    assert_eq!(world.status(0, STRANGER, &[]), Some(401));
    assert_eq!(world.status(1, CLIENT, &[]), Some(401));
    assert_eq!(world.status(1, STRANGER, &[]), Some(200));
    assert_eq!(world.status(2, CLIENT, &[]), Some(401));
    world.expect_refused_confirmations(3);
}

/// Without a `trusted_ca`, Envoy does not ask clients for a certificate, so tokens that are bound
/// to a certificate are refused.
fn a_listener_without_an_authority_asks_for_no_certificate<D: InEnvoy>() {
    let own = json!({ "source": "connection" });
    for (peers, status) in [(Peers::Any, 200), (Peers::Unasked, 401)] {
        let clients = [(Some(SELF_SIGNED), Target::Gate)];
        let world: World<D> = World::new(&own, (peers, None), &clients);
        assert_eq!(world.status(0, SELF_SIGNED, &[]), Some(status), "{peers:?}");
    }
}

fn a_proxy_in_front_says_which_certificate_the_client_has<D: InEnvoy>() {
    let clients = [
        (Some(CLIENT), Target::Front),
        (Some(STRANGER), Target::Front),
    ];
    let behind = (Peers::Validated, Some("FORWARD_ONLY"));
    let world: World<D> = World::new(&trusting_front(), behind, &clients);
    let (status, seen) = world.send(0, CLIENT, &[]).unwrap();
    assert_eq!(status, 200);
    assert!(seen.unwrap().headers.values(XFCC).is_empty());
    assert_eq!(world.status(1, STRANGER, &[]), Some(200));
    // A client cannot use a token that is bound to the proxy's certificate, although the proxy
    // presents this certificate to the gate. A client cannot forge `x-forwarded-client-cert`,
    // because the proxy replaces this header.
    let forged = format!("Hash={}", CLIENT.hash());
    assert_eq!(world.status(0, FRONT, &[]), Some(401));
    assert_eq!(world.status(1, CLIENT, &[(XFCC, &forged)]), Some(401));
    world.expect_refused_confirmations(2);

    let mut forwarding = trusting_front();
    forwarding["forward"] = json!(true);
    let forwarding = with_certificates(&world.signer, &forwarding);
    world.gate.reconfigure(&forwarding).unwrap();
    let (status, seen) = world.send(0, CLIENT, &[]).unwrap();
    assert_eq!(status, 200);
    let forwarded = format!("Hash={};Subject=\"CN=client\"", CLIENT.hash());
    assert_eq!(seen.unwrap().headers.values(XFCC), [forwarded]);
}

/// The module asks the host for the names in a peer's certificate only if the configuration lists
/// names.
fn a_header_counts_only_from_a_peer_with_a_trusted_name<D: InEnvoy>() {
    let clients =
        [Some(FRONT), Some(STRANGER), Some(SELF_SIGNED)].map(|identity| (identity, Target::Gate));
    let trusting = |field: &str, name: &str| {
        json!({ "source": "xfcc", "trusted_peers": {
            field: [name], "peers_validated_by_listener": true,
        } })
    };
    let behind = (Peers::Validated, Some("FORWARD_ONLY"));
    let names = [
        ("uri_sans", "spiffe://example.org/front"),
        ("dns_sans", "front.example"),
        ("subjects", "CN=front,O=Example"),
    ];
    let world: World<D> = World::new(&trusting(names[0].0, names[0].1), behind, &clients);
    let header = format!("Hash={}", CLIENT.hash());
    let header = [(XFCC, header.as_str())];
    for (field, name) in names {
        let trusting = with_certificates(&world.signer, &trusting(field, name));
        world.gate.reconfigure(&trusting).unwrap();
        assert_eq!(world.status(0, CLIENT, &header), Some(200), "{field}");
        assert_eq!(world.status(0, STRANGER, &header), Some(401), "{field}");
        assert_eq!(world.status(1, CLIENT, &header), Some(401), "{field}");
        // The listener rejects this peer's certificate.
        assert_eq!(world.status(2, CLIENT, &header), None, "{field}");
    }
}

fn a_header_counts_only_from_a_peer_with_a_trusted_digest<D: InEnvoy>() {
    let clients =
        [Some(FRONT), Some(STRANGER), Some(SELF_SIGNED)].map(|identity| (identity, Target::Gate));
    let behind = (Peers::Any, Some("FORWARD_ONLY"));
    let world: World<D> = World::new(&trusting_front(), behind, &clients);
    let header = format!("Hash={}", CLIENT.hash());
    for (client, expected) in [(0, 200), (1, 401), (2, 401)] {
        let exchange = world.status(client, CLIENT, &[(XFCC, &header)]);
        assert_eq!(exchange, Some(expected), "{client}");
    }
    // A token that is not bound to a certificate is accepted, but the client's forged header is
    // removed.
    let token = token_with(&world.gate, &world.signer, &json!({}));
    let request = Request::get("/").bearer(token).header(XFCC, &header);
    let (status, answer) = world.front.send(1, &request).unwrap();
    assert_eq!(status, 200);
    let seen = world.gate.seen(&answer.headers).unwrap();
    assert!(seen.headers.values(XFCC).is_empty());
}

fn hostile_names_and_headers_forge_no_certificate<D: InEnvoy>() {
    let clients = [Target::Front, Target::AppendingFront].map(|target| (Some(HOSTILE), target));
    let behind = (Peers::Validated, Some("FORWARD_ONLY"));
    let world: World<D> = World::new(&trusting_front(), behind, &clients);
    // The subject of the certificate HOSTILE contains a quote, and text that looks like a header
    // element with the digest of the certificate CLIENT.
    assert_eq!(world.status(0, CLIENT, &[]), Some(401));
    assert_eq!(world.status(0, HOSTILE, &[]), Some(200));
    let own = CLIENT.hash();
    for written in [
        format!("Hash={own}"),
        format!("By=\",Hash={own};Subject=\"CN=a\""),
        format!("Hash={own};Subject=\""),
        format!("Hash={own};Subject=\"a\\"),
        format!("Hash={own};Subject=\"a\\\","),
        format!("Hash={own},"),
        format!("Hash={own};"),
    ] {
        let exchange = world.status(1, CLIENT, &[(XFCC, &written)]);
        assert_eq!(exchange, Some(401), "{written}");
    }
    // The client itself sends an element of `x-forwarded-client-cert`. That element does not hide
    // the element that the proxy appends.
    let written = format!("Hash={own};Subject=\"a,b\"");
    assert_eq!(world.status(1, HOSTILE, &[(XFCC, &written)]), Some(200));
}

/// Envoy does not quote URIs in `x-forwarded-client-cert`. So `docs/certificates.md` warns
/// operators not to let a proxy write URIs into this header.
fn a_proxy_that_writes_uris_can_be_deceived<D: InEnvoy>() {
    let clients = [(Some(HOSTILE), Target::FrontWithUri)];
    let behind = (Peers::Validated, Some("FORWARD_ONLY"));
    let world: World<D> = World::new(&trusting_front(), behind, &clients);
    assert_eq!(world.status(0, CLIENT, &[]), Some(200));
    assert_eq!(world.status(0, HOSTILE, &[]), Some(401));
}

fn two_lines_of_a_header_are_one_list_or_none<D: InEnvoy>() {
    let clients = [(Some(FRONT), Target::Gate)];
    let behind = (Peers::Validated, Some("FORWARD_ONLY"));
    let world: World<D> = World::new(&trusting_front(), behind, &clients);
    let [first, last] = [CLIENT, STRANGER].map(|own| format!("Hash={}", own.hash()));
    let lines = [(XFCC, first.as_str()), (XFCC, last.as_str())];
    assert_eq!(world.status(0, STRANGER, &lines), Some(200));
    assert_eq!(world.status(0, CLIENT, &lines), Some(401));

    let client_cert = json!({
        "source": "client_cert", "trusted_peers": { "sha256": [FRONT.hash()] },
    });
    let client_cert = with_certificates(&world.signer, &client_cert);
    world.gate.reconfigure(&client_cert).unwrap();
    let [first, last] = [CLIENT, STRANGER].map(|own| format!(":{}:", STANDARD.encode(own.der())));
    let one = [("client-cert", first.as_str())];
    assert_eq!(world.status(0, CLIENT, &one), Some(200));
    assert_eq!(world.status(0, STRANGER, &one), Some(401));
    let two = [one[0], ("Client-Cert", last.as_str())];
    for bound_to in [CLIENT, STRANGER] {
        assert_eq!(world.status(0, bound_to, &two), Some(401));
    }
}

fn the_element_that_envoy_appends_is_skipped<D: InEnvoy>() {
    let clients = [
        (Some(CLIENT), Target::Front),
        (Some(STRANGER), Target::Gate),
    ];
    let mut second = trusting_front();
    second["trusted_hops"] = json!(2);
    let behind = (Peers::Validated, Some("APPEND_FORWARD"));
    let world: World<D> = World::new(&second, behind, &clients);
    assert_eq!(world.status(0, CLIENT, &[]), Some(200));
    assert_eq!(world.status(0, FRONT, &[]), Some(401));
    let forged = format!("Hash={}", CLIENT.hash());
    assert_eq!(world.status(1, CLIENT, &[(XFCC, &forged)]), Some(401));
}

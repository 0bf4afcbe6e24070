//! Certificates for TLS connections, and the parts of Envoy's configuration that use them. The
//! script `tls/make.sh` makes the certificates.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A certificate and its key, both in PEM.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    certificate: &'static str,
    key: &'static str,
}

macro_rules! identity {
    ($name:literal) => {
        Identity {
            certificate: include_str!(concat!("tls/", $name, ".pem")),
            key: include_str!(concat!("tls/", $name, ".key")),
        }
    };
}

/// The certificate of the authority that has signed all other certificates except [`SELF_SIGNED`].
pub const AUTHORITY: &str = include_str!("tls/authority.pem");
/// The certificate of the gate and of other servers, with the name `gate.example`.
const GATE: Identity = identity!("gate");
/// The certificate of a client.
pub const CLIENT: Identity = identity!("client");
/// The certificate of a proxy in front of the gate, with the names `spiffe://example.org/front` and
/// `front.example` and the subject `CN=front,O=Example`.
pub const FRONT: Identity = identity!("front");
/// The certificate of a client that tries to pass as [`CLIENT`]. The names in the certificate
/// contain the digest of [`CLIENT`], and characters that are separators in
/// `x-forwarded-client-cert`.
pub const HOSTILE: Identity = identity!("hostile");
/// A self-signed certificate with the names of [`FRONT`].
pub const SELF_SIGNED: Identity = identity!("self_signed");
/// The certificate of a peer that no configuration lists as trusted. The certificate's names differ
/// from those of [`FRONT`].
pub const STRANGER: Identity = identity!("stranger");

/// How a listener treats the certificates of its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peers {
    /// The listener requires a certificate, and accepts any certificate.
    Any,
    /// The listener accepts peers without a certificate, and rejects certificates that the authority
    /// has not signed.
    Optional,
    /// The listener's configuration requires a certificate, but names no authority. In this case,
    /// Envoy does not ask for a certificate.
    Unasked,
    /// The listener requires a certificate that the authority has signed.
    Validated,
}

impl Identity {
    /// The certificate in DER.
    pub fn der(self) -> Vec<u8> {
        let lines = self.certificate.lines();
        let base64: String = lines.filter(|line| !line.starts_with('-')).collect();
        STANDARD.decode(base64).unwrap()
    }

    /// The certificate's SHA-256 digest in hexadecimal digits.
    pub fn hash(self) -> String {
        let digest = Sha256::digest(self.der());
        digest.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The value of the claim `cnf`, which binds a token to the certificate (RFC 8705 section 3.1).
    pub fn confirmation(self) -> Value {
        json!({ "x5t#S256": URL_SAFE_NO_PAD.encode(Sha256::digest(self.der())) })
    }

    fn chain(self) -> Value {
        json!([{
            "certificate_chain": { "inline_string": self.certificate },
            "private_key": { "inline_string": self.key },
        }])
    }
}

/// The transport socket of a listener with TLS.
pub fn listener(peers: Peers) -> Value {
    let mut common = json!({ "tls_certificates": GATE.chain() });
    if peers != Peers::Unasked {
        let mut validation = json!({ "trusted_ca": { "inline_string": AUTHORITY } });
        if peers == Peers::Any {
            validation["trust_chain_verification"] = json!("ACCEPT_UNTRUSTED");
        }
        common["validation_context"] = validation;
    }
    socket(
        "DownstreamTlsContext",
        json!({
            "require_client_certificate": peers != Peers::Optional,
            "common_tls_context": common,
        }),
    )
}

/// The transport socket of a cluster whose connections use this client certificate, if any.
pub fn cluster(identity: Option<Identity>) -> Value {
    let mut common = json!({
        "validation_context": { "trusted_ca": { "inline_string": AUTHORITY } },
    });
    if let Some(identity) = identity {
        common["tls_certificates"] = identity.chain();
    }
    socket(
        "UpstreamTlsContext",
        json!({ "common_tls_context": common }),
    )
}

fn socket(kind: &str, mut context: Value) -> Value {
    context["@type"] = json!(format!(
        "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.{kind}"
    ));
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": context })
}

//! Certificates of clients that a proxy in front of this one has authenticated.

use crate::{
    connection::{Connection, PeerName},
    http::{Request, are_confusable, client_cert, xfcc},
};

/// The header of Envoy's proxies.
const XFCC: &str = "x-forwarded-client-cert";

/// The headers of RFC 9440.
const CLIENT_CERT: &str = "client-cert";
const CLIENT_CERT_CHAIN: &str = "client-cert-chain";

/// Every header that carries a client's certificate.
const ALL: [&str; 3] = [CLIENT_CERT, CLIENT_CERT_CHAIN, XFCC];

/// How to read the client's certificate from a header that a proxy in front sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedCertificate {
    /// The header.
    pub header: CertificateHeader,
    /// Whether the upstream gets the header of a trusted peer.
    pub forward: bool,
    /// The proxies that may set the header.
    pub trusted_peers: TrustedPeers,
}

/// A header with the client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateHeader {
    /// `Client-Cert` (RFC 9440).
    ClientCert,
    /// `x-forwarded-client-cert`.
    Xfcc {
        /// Which element counts, from the right and from 1. Elements further left may come from the
        /// client.
        from_right: usize,
    },
}

/// The peers of connections that may say which certificate the client has. Anyone else could
/// invent the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedPeers {
    /// The SHA-256 digests of their certificates.
    pub digests: Vec<[u8; 32]>,
    /// Names of their certificates. Only a listener that has validated the certificate makes a name
    /// true.
    pub names: Vec<(PeerName, String)>,
}

/// What a request's certificate headers are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There are none.
    Absent,
    /// A peer that is not trusted has set them.
    Forged,
    /// A trusted peer has set them.
    Trusted,
}

impl ForwardedCertificate {
    /// What the request's certificate headers are worth. Facts about the connection are read only if
    /// there are any.
    #[must_use]
    pub fn standing(&self, request: &Request<'_>, connection: &dyn Connection) -> Standing {
        if !request.headers().iter().any(|(name, _)| carries(name)) {
            Standing::Absent
        } else if self.trusted_peers.include(connection) {
            Standing::Trusted
        } else {
            Standing::Forged
        }
    }

    /// The digest of the client's certificate in the header of a trusted peer.
    #[must_use]
    pub fn digest(&self, request: &Request<'_>) -> Option<[u8; 32]> {
        match self.header {
            CertificateHeader::ClientCert => client_cert::digest(request.values(CLIENT_CERT)),
            CertificateHeader::Xfcc { from_right } => {
                xfcc::digest(request.values(XFCC), from_right)
            }
        }
    }

    /// Whether `name` may not reach the upstream.
    #[must_use]
    pub fn removes(&self, name: &[u8], standing: Standing) -> bool {
        let is_own = match self.header {
            CertificateHeader::ClientCert => {
                name == CLIENT_CERT.as_bytes() || name == CLIENT_CERT_CHAIN.as_bytes()
            }
            CertificateHeader::Xfcc { .. } => name == XFCC.as_bytes(),
        };
        let stays = is_own && self.forward && standing == Standing::Trusted;
        carries(name) && !stays
    }
}

impl TrustedPeers {
    fn include(&self, connection: &dyn Connection) -> bool {
        let is_known = !self.digests.is_empty()
            && connection
                .client_certificate_digest()
                .is_some_and(|digest| self.digests.contains(&digest));
        is_known
            || self.names.iter().any(|(kind, name)| {
                let presented = connection.peer_name(*kind);
                presented.is_some_and(|presented| presented == *name)
            })
    }
}

/// Whether some server reads the header as one that carries a client's certificate.
#[must_use]
pub fn carries(name: &[u8]) -> bool {
    ALL.iter().any(|own| are_confusable(own.as_bytes(), name))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// A peer whose certificate has the digest 7…7 and these names.
    struct Peer(&'static [(PeerName, &'static str)]);

    impl Connection for Peer {
        fn client_certificate_digest(&self) -> Option<[u8; 32]> {
            Some([7; 32])
        }

        fn peer_name(&self, kind: PeerName) -> Option<String> {
            let own = self.0.iter().find(|(own, _)| *own == kind);
            own.map(|(_, name)| (*name).to_owned())
        }
    }

    const EDGE: Peer = Peer(&[(PeerName::UriSan, "spiffe://example.org/edge")]);

    fn trusting(digests: &[[u8; 32]], names: &[(PeerName, &str)]) -> ForwardedCertificate {
        let names = names.iter().map(|(kind, name)| (*kind, (*name).to_owned()));
        ForwardedCertificate {
            header: CertificateHeader::Xfcc { from_right: 1 },
            forward: false,
            trusted_peers: TrustedPeers {
                digests: digests.to_vec(),
                names: names.collect(),
            },
        }
    }

    #[test]
    fn a_header_counts_only_from_a_trusted_peer() {
        let request = Request::new(vec![(b"x-forwarded-client-cert", b"Hash=")]);
        let edge = "spiffe://example.org/edge";
        for (trusted, expected) in [
            (trusting(&[[7; 32]], &[]), Standing::Trusted),
            (trusting(&[[8; 32]], &[]), Standing::Forged),
            (
                trusting(&[], &[(PeerName::UriSan, edge)]),
                Standing::Trusted,
            ),
            (trusting(&[], &[(PeerName::DnsSan, edge)]), Standing::Forged),
            (
                trusting(&[], &[(PeerName::Subject, edge)]),
                Standing::Forged,
            ),
            (
                trusting(&[], &[(PeerName::UriSan, "spiffe://example.org/")]),
                Standing::Forged,
            ),
            (
                trusting(&[[8; 32]], &[(PeerName::UriSan, edge)]),
                Standing::Trusted,
            ),
            (trusting(&[], &[]), Standing::Forged),
        ] {
            assert_eq!(trusted.standing(&request, &EDGE), expected, "{trusted:?}");
            let none = Request::new(vec![(b"x-other", b"a")]);
            assert_eq!(trusted.standing(&none, &EDGE), Standing::Absent);
        }
    }

    #[test]
    fn only_the_header_of_a_trusted_peer_may_stay() {
        let forwarding = |header| ForwardedCertificate {
            forward: true,
            header,
            ..trusting(&[], &[])
        };
        let xfcc = forwarding(CertificateHeader::Xfcc { from_right: 1 });
        let client_cert = forwarding(CertificateHeader::ClientCert);
        for (name, by_xfcc, by_client_cert) in [
            ("x-forwarded-client-cert", false, true),
            ("client-cert", true, false),
            ("client-cert-chain", true, false),
            ("x_forwarded_client_cert", true, true),
            ("client.cert", true, true),
        ] {
            for (own, expected) in [(&xfcc, by_xfcc), (&client_cert, by_client_cert)] {
                let removes = |standing| own.removes(name.as_bytes(), standing);
                assert_eq!(removes(Standing::Trusted), expected, "{name}");
                assert!(removes(Standing::Forged), "{name}");
            }
            assert!(trusting(&[], &[]).removes(name.as_bytes(), Standing::Trusted));
        }
        assert!(!xfcc.removes(b"client-certs", Standing::Forged));
    }
}

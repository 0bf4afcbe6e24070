//! Client certificates that a trusted proxy in front of Envoy forwards in a header.

use crate::{
    certificate_digest::CertificateDigest,
    connection::{Connection, PeerName},
    http::{Request, are_confusable, client_cert, xfcc},
};

/// The header in which Envoy forwards client certificates.
const XFCC: &str = "x-forwarded-client-cert";

/// The headers that RFC 9440 defines.
const CLIENT_CERT: &str = "client-cert";
const CLIENT_CERT_CHAIN: &str = "client-cert-chain";

/// Every header that can carry a client's certificate.
const ALL: [&str; 3] = [CLIENT_CERT, CLIENT_CERT_CHAIN, XFCC];

/// How to read the client's certificate from a header that a proxy in front of Envoy sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedCertificate {
    /// The header to read.
    pub header: CertificateHeader,
    /// True if Portcullis passes the header on to the upstream when a trusted peer has set it.
    pub forward: bool,
    /// The proxies that may set the header.
    pub trusted_peers: TrustedPeers,
}

/// A header that can carry a client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateHeader {
    /// `Client-Cert` (RFC 9440).
    ClientCert,
    /// `x-forwarded-client-cert`.
    Xfcc {
        /// The position of the element to use, counted from the right. The rightmost element has
        /// position 1. Elements to the left of the chosen element may come from the client.
        from_right: usize,
    },
}

/// The peers that are trusted to forward client certificates. A certificate header from any other
/// peer may be forged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedPeers {
    /// The digests of the peers' certificates.
    pub digests: Vec<CertificateDigest>,
    /// Names in the peers' certificates. A name is trustworthy only if the listener has validated
    /// the certificate that contains it.
    pub names: Vec<(PeerName, String)>,
}

/// How trustworthy a request's certificate headers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The request has no certificate headers.
    Absent,
    /// The certificate headers come from a peer that is not trusted, so they may be forged.
    Forged,
    /// The certificate headers come from a trusted peer.
    Trusted,
}

impl ForwardedCertificate {
    /// Returns how trustworthy the request's certificate headers are. Reads the properties of the
    /// connection only if the request has such headers.
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

    /// Returns the digest of the client's certificate, according to the configured header. Call
    /// this only if a trusted peer has set the header.
    #[must_use]
    pub fn digest(&self, request: &Request<'_>) -> Option<CertificateDigest> {
        match self.header {
            CertificateHeader::ClientCert => client_cert::digest(request.values(CLIENT_CERT)),
            CertificateHeader::Xfcc { from_right } => {
                xfcc::digest(request.values(XFCC), from_right)
            }
        }
    }

    /// Returns true if the header `name` must be removed before the request goes to the upstream.
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

/// Returns true if `name` is the name of a certificate header, or if some servers confuse `name`
/// with the name of a certificate header.
#[must_use]
pub fn carries(name: &[u8]) -> bool {
    ALL.iter().any(|own| are_confusable(own.as_bytes(), name))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const KNOWN: CertificateDigest = CertificateDigest::new([7; 32]);
    const OTHER: CertificateDigest = CertificateDigest::new([8; 32]);

    /// A peer whose certificate has the digest `KNOWN` and these names.
    struct Peer(&'static [(PeerName, &'static str)]);

    impl Connection for Peer {
        fn client_certificate_digest(&self) -> Option<CertificateDigest> {
            Some(KNOWN)
        }

        fn peer_name(&self, kind: PeerName) -> Option<String> {
            let own = self.0.iter().find(|(own, _)| *own == kind);
            own.map(|(_, name)| (*name).to_owned())
        }
    }

    const EDGE: Peer = Peer(&[(PeerName::UriSan, "spiffe://example.org/edge")]);

    fn trusting(digests: &[CertificateDigest], names: &[(PeerName, &str)]) -> ForwardedCertificate {
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
            (trusting(&[KNOWN], &[]), Standing::Trusted),
            (trusting(&[OTHER], &[]), Standing::Forged),
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
                trusting(&[OTHER], &[(PeerName::UriSan, edge)]),
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

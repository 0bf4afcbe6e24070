//! The JSON form of `client_certificate`.

use super::object::{choice, object};

object! {
    /// `client_certificate`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClientCertificate {
        /// Keeps the source's own header in the request, if a trusted peer has sent it.
        forward: Option<bool> = false,
        /// Where the certificate comes from: the TLS connection, or a header that a proxy in front sets.
        source: Option<RawCertificateSource> = "connection",
        /// Which element of `x-forwarded-client-cert` counts, from the right: 1 if Envoy forwards the header, 2 if it
        /// also appends its own element. At most 16.
        trusted_hops: Option<u64> = 1,
        /// The proxies in front that may set the header. From any other peer, there is no certificate.
        trusted_peers: Option<RawTrustedPeers>,
    }
}

object! {
    /// `client_certificate.trusted_peers`.
    #[derive(Debug)]
    pub(in crate::config) struct RawTrustedPeers {
        /// First DNS names in the proxies' certificates.
        dns_sans: Option<Vec<String>>,
        /// Says that the listener validates the certificates of its peers. Names require it, because anyone can write
        /// a name into a certificate.
        peers_validated_by_listener: Option<bool> = false,
        /// SHA-256 digests of the proxies' certificates, in hexadecimal digits.
        sha256: Option<Vec<String>>,
        /// Subjects of the proxies' certificates, as Envoy writes them (RFC 2253).
        subjects: Option<Vec<String>>,
        /// First URIs in the proxies' certificates, such as SPIFFE IDs.
        uri_sans: Option<Vec<String>>,
    }
}

choice! {
    /// `client_certificate.source`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(in crate::config) enum RawCertificateSource {
        ClientCert = "client_cert",
        Connection = "connection",
        Xfcc = "xfcc",
    }
}

//! The JSON form of `client_certificate`.

use super::object::{choice, object};

object! {
    /// The value of `client_certificate`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClientCertificate {
        /// Forwards the certificate header to the upstream if a trusted peer sent this header.
        forward: Option<bool> = false,
        /// Where the certificate comes from: the TLS connection, or a header that a proxy in front of Envoy sets.
        source !null: Option<RawCertificateSource> = "connection",
        /// Which element of `x-forwarded-client-cert` is used, counted from the right: 1 if this Envoy forwards the
        /// header unchanged, 2 if it also appends its own element. At most 16.
        trusted_hops: Option<u64> = 1,
        /// The proxies in front of Envoy that may set the header. A header from any other peer is ignored.
        trusted_peers: Option<RawTrustedPeers>,
    }
}

object! {
    /// The value of `client_certificate.trusted_peers`.
    #[derive(Debug)]
    pub(in crate::config) struct RawTrustedPeers {
        /// Accepts a proxy if the first DNS name in its certificate is in this list.
        dns_sans: Option<Vec<String>>,
        /// States that the listener validates the certificates of its peers. This is required for `dns_sans`,
        /// `subjects` and `uri_sans`, because anyone can write a name into a certificate.
        peers_validated_by_listener: Option<bool> = false,
        /// Accepts a proxy if the SHA-256 digest of its certificate is in this list, in hexadecimal digits.
        sha256: Option<Vec<String>>,
        /// Accepts a proxy if the subject of its certificate is in this list. Subjects have the form that Envoy uses
        /// (RFC 2253).
        subjects: Option<Vec<String>>,
        /// Accepts a proxy if the first URI in its certificate, such as a SPIFFE ID, is in this list.
        uri_sans: Option<Vec<String>>,
    }
}

choice! {
    /// The value of `client_certificate.source`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(in crate::config) enum RawCertificateSource {
        ClientCert = "client_cert",
        Connection = "connection",
        Xfcc = "xfcc",
    }
}

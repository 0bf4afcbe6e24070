//! Parses `client_certificate`, the source of the client's certificate.

use super::{limits::in_bounds, list::distinct_texts};
use crate::{
    certificate_digest::CertificateDigest,
    config::{
        ConfigError, Fault,
        error::At,
        raw::{RawCertificateSource, RawClientCertificate, RawTrustedPeers},
    },
    connection::PeerName,
    http::HeaderName,
    policy::{CertificateHeader, ForwardedCertificate, TrustedPeers, carries_certificate},
};

/// The maximum of `trusted_hops`.
const MAX_HOPS: u64 = 16;

/// Parses `client_certificate`. Returns `None` if the certificate comes from the TLS connection.
/// `owned` lists the headers that providers and requirements may set.
pub(super) fn certificate(
    raw: &RawClientCertificate,
    owned: &[HeaderName],
) -> Result<Option<ForwardedCertificate>, ConfigError> {
    let hops = raw.trusted_hops.unwrap_or(1);
    let header = match raw.source {
        Some(RawCertificateSource::Xfcc) => CertificateHeader::Xfcc {
            from_right: in_bounds(hops, 1, MAX_HOPS, "elements")
                .and_then(|hops| usize::try_from(hops).map_err(|_| Fault::Empty))
                .at("trusted_hops")?,
        },
        Some(RawCertificateSource::ClientCert) if hops != 1 => {
            return Err(Fault::NoElements).at("trusted_hops");
        }
        Some(RawCertificateSource::ClientCert) => CertificateHeader::ClientCert,
        Some(RawCertificateSource::Connection) | None => return of_connection(raw),
    };
    let field = "trusted_peers";
    let peers = raw.trusted_peers.as_ref();
    let peers = peers.ok_or(Fault::MissingField { field })?;
    if let Some(own) = owned
        .iter()
        .find(|own| carries_certificate(own.as_str().as_bytes()))
    {
        let name = own.to_string();
        return Err(Fault::CertificateHeader { name }.into());
    }
    Ok(Some(ForwardedCertificate {
        header,
        forward: raw.forward.unwrap_or(false),
        trusted_peers: trusted_peers(peers).at(field)?,
    }))
}

/// Rejects fields that only have an effect with a certificate header. Such a field would seem to
/// add protection, but would do nothing.
fn of_connection(raw: &RawClientCertificate) -> Result<Option<ForwardedCertificate>, ConfigError> {
    let written = [
        (raw.forward == Some(true), "forward"),
        (
            raw.trusted_hops.is_some_and(|hops| hops != 1),
            "trusted_hops",
        ),
        (raw.trusted_peers.is_some(), "trusted_peers"),
    ];
    match written.into_iter().find(|(is_written, _)| *is_written) {
        Some((_, field)) => Err(Fault::NoCertificateHeader).at(field),
        None => Ok(None),
    }
}

fn trusted_peers(raw: &RawTrustedPeers) -> Result<TrustedPeers, ConfigError> {
    let mut peers = TrustedPeers::default();
    for (index, text) in raw.sha256.iter().flatten().enumerate() {
        // OpenSSL writes colons between the octets of a digest.
        let digest = CertificateDigest::from_hex(text.replace(':', "").as_bytes())
            .ok_or_else(|| Fault::wrong_form("64 hexadecimal digits", text))
            .at_index(index)
            .at("sha256")?;
        peers.digests.push(digest);
    }
    for (field, kind, written) in [
        ("uri_sans", PeerName::UriSan, &raw.uri_sans),
        ("dns_sans", PeerName::DnsSan, &raw.dns_sans),
        ("subjects", PeerName::Subject, &raw.subjects),
    ] {
        let names = distinct_texts(written.as_deref().unwrap_or_default()).at(field)?;
        if !names.is_empty() && raw.peers_validated_by_listener != Some(true) {
            return Err(Fault::UnvalidatedPeers).at(field);
        }
        peers
            .names
            .extend(names.into_iter().map(|name| (kind, name)));
    }
    match peers == TrustedPeers::default() {
        true => Err(Fault::Empty.into()),
        false => Ok(peers),
    }
}

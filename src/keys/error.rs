//! Errors of fetching and preloading keys.

use core::fmt;

use serde::Serialize;
use serde_json::Value;

/// Why a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchError {
    /// The server, or a proxy in front of the server, closed the connection without a response.
    Closed,
    /// The proxy refused to call the cluster.
    Cluster,
    /// The response contains no usable key.
    Document,
    /// The metadata names an issuer other than the configured one.
    Issuer,
    /// The metadata's `jwks_uri` is not a URL from which keys may be fetched.
    JwksUri,
    /// The response is not authorization server metadata.
    Metadata,
    /// The proxy has no cluster with the configured name.
    NoCluster,
    /// The cluster has no healthy host.
    NoHost,
    /// The proxy could not connect. The proxy does not report whether TCP or TLS failed.
    NotConnected,
    /// The server sent a response with a status other than 200.
    Status(u16),
    /// There was no response within the timeout.
    TimedOut,
    /// The response is larger than `limits.jwks_bytes`.
    TooLarge,
    /// The connection ended before the whole response arrived.
    Unreachable,
}

impl FetchError {
    /// Parses the serialized form of an error.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the functions that read a record's fields take values"
    )]
    pub fn read(value: Value) -> Option<Self> {
        match value.as_str() {
            Some("closed") => Some(Self::Closed),
            Some("cluster") => Some(Self::Cluster),
            Some("document") => Some(Self::Document),
            Some("issuer") => Some(Self::Issuer),
            Some("jwks_uri") => Some(Self::JwksUri),
            Some("metadata") => Some(Self::Metadata),
            Some("no_cluster") => Some(Self::NoCluster),
            Some("no_host") => Some(Self::NoHost),
            Some("not_connected") => Some(Self::NotConnected),
            Some("timed_out") => Some(Self::TimedOut),
            Some("too_large") => Some(Self::TooLarge),
            Some("unreachable") => Some(Self::Unreachable),
            Some(_) => None,
            None => {
                let members = value.as_object().filter(|members| members.len() == 1)?;
                let status = members.get("status")?.as_u64()?;
                u16::try_from(status).ok().map(Self::Status)
            }
        }
    }

    /// The names of the cluster metrics that show the cause of this error in more detail. The proxy
    /// does not report this detail to a module. The names are given without their `cluster.<name>.`
    /// prefix.
    #[must_use]
    pub const fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Closed => &["upstream_cx_destroy_remote_with_active_rq"],
            Self::NoHost => &["membership_total", "membership_healthy"],
            Self::NotConnected => &[
                "ssl.connection_error",
                "ssl.fail_verify_error",
                "ssl.fail_verify_san",
                "upstream_cx_connect_fail",
            ],
            Self::TimedOut => &["upstream_rq_timeout"],
            _ => &[],
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Closed => {
                "the connection was closed without a response; the server may expect TLS"
            }
            Self::Cluster => {
                "the proxy refuses to call the cluster; the cluster may have no address, so check \
                 its DNS name"
            }
            Self::Document => "the response contains no usable key",
            Self::Issuer => "the metadata names an issuer other than the configured one",
            Self::JwksUri => {
                "the metadata's jwks_uri is not an https URL (http is accepted only if the issuer \
                 is an http URL)"
            }
            Self::Metadata => "the issuer's metadata lacks \"issuer\" or \"jwks_uri\"",
            Self::NoCluster => "the proxy has no cluster with the configured name",
            Self::NoHost => "the cluster has no healthy host",
            Self::NotConnected => "the proxy cannot connect to the server, or TLS fails",
            Self::Status(status) => return write!(formatter, "the response has status {status}"),
            Self::TimedOut => "the server did not respond within the timeout",
            Self::TooLarge => "the response is larger than limits.jwks_bytes",
            Self::Unreachable => "the connection ended before the whole response arrived",
        })
    }
}

impl core::error::Error for FetchError {}

/// Why [`KeyStore::preload`](super::KeyStore::preload) refused a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreloadError {
    /// The document is too large, or has no usable key.
    Document(FetchError),
    /// The provider does not fetch its keys.
    NotFetched,
}

impl fmt::Display for PreloadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(error) => error.fmt(formatter),
            Self::NotFetched => formatter
                .write_str("the provider fetches no keys: configure remote_jwks or discovery"),
        }
    }
}

impl core::error::Error for PreloadError {}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn says_why_a_document_cannot_replace_a_fetched_one() {
        let unusable = PreloadError::Document(FetchError::Document);
        assert_eq!(unusable.to_string(), FetchError::Document.to_string());
        assert_eq!(
            PreloadError::NotFetched.to_string(),
            "the provider fetches no keys: configure remote_jwks or discovery"
        );
    }

    #[test]
    fn names_the_metrics_that_tell_more_than_the_error() {
        let named = FetchError::NotConnected.metrics();
        assert!(named.contains(&"ssl.fail_verify_san"), "{named:?}");
        assert_eq!(FetchError::TimedOut.metrics(), ["upstream_rq_timeout"]);
        assert!(FetchError::Document.metrics().is_empty());
    }

    #[test]
    fn reads_a_status_only_if_nothing_else_is_with_it() {
        for (text, expected) in [
            (r#""timed_out""#, Some(FetchError::TimedOut)),
            (r#"{"status":503}"#, Some(FetchError::Status(503))),
            (r#"{"status":70000}"#, None),
            (r#"{"status":503,"x":1}"#, None),
            ("{}", None),
            (r#""x""#, None),
            ("503", None),
        ] {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(FetchError::read(value), expected, "{text}");
        }
    }
}

//! Why keys could not be fetched, or put in the place of fetched ones.

use core::fmt;

use serde::Serialize;
use serde_json::Value;

/// Why a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchError {
    /// The proxy has no such cluster, or refused the call.
    Cluster,
    /// The answer is no JWKS with a usable key.
    Document,
    /// The metadata is of another issuer.
    Issuer,
    /// The metadata's `jwks_uri` is no URL that keys may be fetched from.
    JwksUri,
    /// The answer is no authorization server metadata.
    Metadata,
    /// The answer's status is not 200.
    Status(u16),
    /// The answer is larger than `limits.jwks_bytes`.
    TooLarge,
    /// No answer: connection refused or reset, or time ran out.
    Unreachable,
}

impl FetchError {
    /// The error that is serialized as `value`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "as records read their fields"
    )]
    pub fn read(value: Value) -> Option<Self> {
        match value.as_str() {
            Some("cluster") => Some(Self::Cluster),
            Some("document") => Some(Self::Document),
            Some("issuer") => Some(Self::Issuer),
            Some("jwks_uri") => Some(Self::JwksUri),
            Some("metadata") => Some(Self::Metadata),
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
}

impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cluster => "the proxy refuses to call the cluster",
            Self::Document => "the answer is no JWKS with a usable key",
            Self::Issuer => "the metadata names another issuer than the configured one",
            Self::JwksUri => {
                "the metadata's jwks_uri is no https URL (http, where the issuer is http)"
            }
            Self::Metadata => "the issuer's metadata has no issuer and jwks_uri",
            // What the proxy says of a server that it cannot reach, or that does not answer in time.
            Self::Status(status @ (503 | 504)) => {
                return write!(
                    formatter,
                    "no answer within the timeout, or an error of the server's own (status {status})"
                );
            }
            Self::Status(status) => return write!(formatter, "the answer has status {status}"),
            Self::TooLarge => "the answer is larger than limits.jwks_bytes",
            Self::Unreachable => "no answer within the timeout",
        })
    }
}

impl core::error::Error for FetchError {}

/// Why a document cannot take the place of a fetched one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreloadError {
    /// The document is too large, or has no usable key.
    Document(FetchError),
    /// The provider has no keys that are fetched.
    NotFetched,
}

impl fmt::Display for PreloadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(error) => error.fmt(formatter),
            Self::NotFetched => formatter
                .write_str("the provider fetches no keys: give it remote_jwks or discovery"),
        }
    }
}

impl core::error::Error for PreloadError {}

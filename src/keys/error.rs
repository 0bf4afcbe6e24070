//! Errors of fetching and preloading keys.

use core::fmt;

/// Declares each error with its label and its message. [`FetchError::Status`] contains a number, so
/// it is not in the table.
macro_rules! fetch_errors {
    ($($(#[doc = $doc:literal])* $error:ident: $label:literal, $message:literal;)*) => {
        /// Why a fetch failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FetchError {
            $($(#[doc = $doc])* $error,)*
            /// The server sent a response with a status other than 200.
            Status(u16),
        }

        impl FetchError {
            /// Every error except [`Status`](Self::Status).
            pub const ALL: [Self; [$($label),*].len()] = [$(Self::$error),*];

            /// The error's name in shared records.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$error => $label,)*
                    Self::Status(_) => "status",
                }
            }
        }

        impl fmt::Display for FetchError {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(match self {
                    $(Self::$error => $message,)*
                    Self::Status(status) => {
                        return write!(formatter, "the response has status {status}");
                    }
                })
            }
        }
    };
}

fetch_errors! {
    /// The server, or a proxy in front of the server, closed the connection without a response.
    Closed: "closed",
        "the connection was closed without a response; the server may expect TLS";
    /// The proxy refused to call the cluster.
    Cluster: "cluster",
        "the proxy refuses to call the cluster; the cluster may have no address, so check its DNS \
         name";
    /// The response contains no usable key.
    Document: "document", "the response contains no usable key";
    /// The metadata names an issuer other than the configured one.
    Issuer: "issuer", "the metadata names an issuer other than the configured one";
    /// The metadata's `jwks_uri` is not a URL from which keys may be fetched, or is too long.
    JwksUri: "jwks_uri",
        "the metadata's jwks_uri is not an https URL of at most 2048 bytes (http is accepted only \
         if the issuer is an http URL)";
    /// The response is not authorization server metadata.
    Metadata: "metadata", "the issuer's metadata lacks \"issuer\" or \"jwks_uri\"";
    /// The proxy has no cluster with the configured name.
    NoCluster: "no_cluster", "the proxy has no cluster with the configured name";
    /// The cluster has no healthy host.
    NoHost: "no_host", "the cluster has no healthy host";
    /// The proxy could not connect. The proxy does not report whether TCP or TLS failed.
    NotConnected: "not_connected", "the proxy cannot connect to the server, or TLS fails";
    /// There was no response within the timeout.
    TimedOut: "timed_out", "the server did not respond within the timeout";
    /// The response is larger than `limits.jwks_bytes`.
    TooLarge: "too_large", "the response is larger than limits.jwks_bytes";
    /// The connection ended before the whole response arrived.
    Unreachable: "unreachable", "the connection ended before the whole response arrived";
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
    fn every_error_has_a_label_of_its_own() {
        let every = FetchError::ALL.into_iter().chain([FetchError::Status(500)]);
        let mut labels: Vec<&str> = every.map(FetchError::label).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), FetchError::ALL.len() + 1);
    }
}

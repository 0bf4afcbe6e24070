//! Keys and secrets that are written out.

use serde_json::Value;

use super::{Read, object::object};
use crate::config::{ConfigError, Fault};

object! {
    /// `DataSource` of Envoy, as far as a module can read one.
    #[derive(Debug)]
    pub(in crate::config) struct RawDataSource {
        /// A JWK set in base64.
        inline_bytes | camelCase: Option<String>,
        /// A JWK set, as JSON.
        inline_string | camelCase: Option<String>,
    }
}

object! {
    /// `public_keys`.
    pub(in crate::config) struct RawPublicKeys {
        /// Each one PEM block or several: `PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`.
        pem: Vec<String>,
    }
}

/// Without the texts: a private key may have been written there.
impl std::fmt::Debug for RawPublicKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawPublicKeys")
            .finish_non_exhaustive()
    }
}

/// A secret, which no error repeats.
#[derive(Default)]
pub(in crate::config) struct RawSecret(pub(in crate::config) String);

impl Read for RawSecret {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        String::read(value)
            .map(Self)
            .map_err(|_| Fault::SharedMemoryKey.into())
    }
}

super::describe::describe! {
    RawSecret: {"type": "string"},
}

/// Without the secret: a derived one would print it.
impl std::fmt::Debug for RawSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RawSecret")
    }
}

object! {
    /// One of `shared_secrets`.
    pub(in crate::config) struct RawSharedSecret {
        /// The `kid` of its tokens.
        kid: Option<String>,
        /// base64url; at least as long as the hash of its algorithms.
        secret: String,
    }
}

/// Without the secret: a derived one would print it.
impl std::fmt::Debug for RawSharedSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawSharedSecret")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

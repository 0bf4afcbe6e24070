//! The JSON form of keys and secrets in the configuration.

use serde_json::Value;

use super::{Read, Reader, object::object};
use crate::config::Fault;

object! {
    /// The part of Envoy's `DataSource` that a module can read.
    #[derive(Debug)]
    pub(in crate::config) struct RawDataSource {
        /// A JWK set in base64.
        inline_bytes | camelCase: Option<String>,
        /// A JWK set, as JSON.
        inline_string | camelCase: Option<String>,
    }
}

object! {
    /// The value of `public_keys`.
    pub(in crate::config) struct RawPublicKeys {
        /// Strings, each with one or more PEM blocks: `PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`.
        pem: Vec<String>,
    }
}

/// Omits the strings, because an operator may have configured a private key by mistake.
impl std::fmt::Debug for RawPublicKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawPublicKeys")
            .finish_non_exhaustive()
    }
}

/// A secret string. It never appears in an error.
#[derive(Default)]
pub(in crate::config) struct RawSecret(pub(in crate::config) String);

impl Read for RawSecret {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        let secret = value.as_str();
        if secret.is_none() {
            reader.fail(Fault::SharedMemoryKey);
        }
        Self(secret.unwrap_or_default().to_owned())
    }
}

super::describe::describe! {
    RawSecret: {"type": "string"},
}

/// Leaves out the secret. A derived implementation would print it.
impl std::fmt::Debug for RawSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RawSecret")
    }
}

object! {
    /// An entry of `shared_secrets`.
    pub(in crate::config) struct RawSharedSecret {
        /// The `kid` of tokens that are signed with this secret.
        kid !null: Option<String>,
        /// The secret, in base64url without padding. The decoded secret must be at least as long as the hash of the
        /// algorithm: 32 octets for HS256, 48 for HS384, 64 for HS512.
        secret: String,
    }
}

/// Leaves out the secret. A derived implementation would print it.
impl std::fmt::Debug for RawSharedSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawSharedSecret")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

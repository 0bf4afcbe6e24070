//! `providers.<name>` as it is written.

use serde::Deserialize;

use super::{ClaimName, Milliseconds, RawStringMatcher, Scalar};

/// An authorization server.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawProvider {
    pub(in crate::config) algorithms: Option<Vec<String>>,
    pub(in crate::config) allow_any_audience: Option<bool>,
    pub(in crate::config) allow_any_issuer: Option<bool>,
    pub(in crate::config) allow_any_tenant: Option<bool>,
    pub(in crate::config) allow_future_iat: Option<bool>,
    pub(in crate::config) audiences: Option<Vec<String>>,
    #[serde(alias = "claimToHeaders")]
    pub(in crate::config) claim_to_headers: Option<Vec<RawClaimHeader>>,
    #[serde(alias = "clearRouteCache")]
    pub(in crate::config) clear_route_cache: Option<bool>,
    pub(in crate::config) client_id_claims: Option<Vec<ClaimName>>,
    pub(in crate::config) client_ids: Option<Vec<String>>,
    #[serde(alias = "clockSkewSeconds")]
    pub(in crate::config) clock_skew_seconds: Option<u64>,
    pub(in crate::config) description: Option<String>,
    pub(in crate::config) discovery: Option<RawDiscovery>,
    pub(in crate::config) enabled: Option<bool>,
    #[serde(alias = "failedStatusInMetadata")]
    pub(in crate::config) failed_status_in_metadata: Option<String>,
    pub(in crate::config) forward: Option<bool>,
    #[serde(alias = "forwardPayloadHeader")]
    pub(in crate::config) forward_payload_header: Option<String>,
    #[serde(alias = "fromCookies")]
    pub(in crate::config) from_cookies: Option<Vec<String>>,
    #[serde(alias = "fromHeaders")]
    pub(in crate::config) from_headers: Option<Vec<RawJwtHeader>>,
    #[serde(alias = "fromParams")]
    pub(in crate::config) from_params: Option<Vec<String>>,
    #[serde(alias = "headerInMetadata")]
    pub(in crate::config) header_in_metadata: Option<String>,
    pub(in crate::config) issuer: Option<String>,
    pub(in crate::config) jwk_algorithm: Option<RawJwkAlgorithm>,
    pub(in crate::config) key_issuer: Option<RawKeyIssuer>,
    #[serde(alias = "jwtCacheConfig")]
    pub(in crate::config) jwt_cache_config: Option<RawCache>,
    #[serde(alias = "localJwks")]
    pub(in crate::config) local_jwks: Option<RawDataSource>,
    pub(in crate::config) max_issued_lifetime: Option<Milliseconds>,
    #[serde(alias = "maxLifetime")]
    pub(in crate::config) max_lifetime: Option<Milliseconds>,
    #[serde(alias = "normalizePayloadInMetadata")]
    pub(in crate::config) normalize_payload_in_metadata: Option<RawNormalizePayload>,
    #[serde(alias = "padForwardPayloadHeader")]
    pub(in crate::config) pad_forward_payload_header: Option<bool>,
    #[serde(alias = "payloadInMetadata")]
    pub(in crate::config) payload_in_metadata: Option<String>,
    pub(in crate::config) public_keys: Option<RawPublicKeys>,
    #[serde(alias = "remoteJwks")]
    pub(in crate::config) remote_jwks: Option<RawRemoteJwks>,
    pub(in crate::config) require_claims: Option<Vec<RawClaimRequirement>>,
    #[serde(alias = "requireExpiration")]
    pub(in crate::config) require_expiration: Option<bool>,
    pub(in crate::config) role_claims: Option<Vec<ClaimName>>,
    pub(in crate::config) scope_claims: Option<Vec<ClaimName>>,
    pub(in crate::config) shared_secrets: Option<Vec<RawSharedSecret>>,
    pub(in crate::config) subjects: Option<RawStringMatcher>,
    pub(in crate::config) token_types: Option<Vec<String>>,
}

/// `JwtCacheConfig` of `jwt_authn`, and `disabled`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawCache {
    pub(in crate::config) disabled: Option<bool>,
    #[serde(alias = "jwtCacheSize")]
    pub(in crate::config) jwt_cache_size: Option<u64>,
    #[serde(alias = "jwtMaxTokenSize")]
    pub(in crate::config) jwt_max_token_size: Option<u64>,
}

/// `NormalizePayload` of `jwt_authn`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawNormalizePayload {
    #[serde(alias = "spaceDelimitedClaims")]
    pub(in crate::config) space_delimited_claims: Option<Vec<String>>,
}

/// The fields `*_in_metadata` of a provider.
#[derive(Debug)]
pub(in crate::config) struct RawExports {
    pub(in crate::config) payload: Option<String>,
    pub(in crate::config) header: Option<String>,
    pub(in crate::config) failed_status: Option<String>,
    pub(in crate::config) normalize: Option<RawNormalizePayload>,
}

/// `jwk_algorithm`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawJwkAlgorithm {
    Exact,
    Family,
}

/// `key_issuer`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawKeyIssuer {
    Ignore,
    Match,
}

/// A claim with accepted values: in `require_claims` and in `authorize.claims`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawClaimRequirement {
    pub(in crate::config) any_of: Option<Vec<Scalar>>,
    pub(in crate::config) claim: ClaimName,
}

/// `JwtHeader` of `jwt_authn`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawJwtHeader {
    pub(in crate::config) name: String,
    #[serde(alias = "valuePrefix")]
    pub(in crate::config) value_prefix: Option<String>,
}

/// `JwtClaimToHeader` of `jwt_authn`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawClaimHeader {
    #[serde(alias = "claimName")]
    pub(in crate::config) claim_name: Option<String>,
    #[serde(alias = "claimPath")]
    pub(in crate::config) claim_path: Option<Vec<String>>,
    #[serde(alias = "headerName")]
    pub(in crate::config) header_name: String,
}

/// `RemoteJwks` of `jwt_authn`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawRemoteJwks {
    #[serde(alias = "asyncFetch")]
    pub(in crate::config) async_fetch: Option<RawAsyncFetch>,
    #[serde(alias = "cacheDuration")]
    pub(in crate::config) cache_duration: Option<Milliseconds>,
    #[serde(alias = "httpUri")]
    pub(in crate::config) http_uri: RawHttpUri,
    pub(in crate::config) max_stale: Option<Milliseconds>,
    #[serde(alias = "retryPolicy")]
    pub(in crate::config) retry_policy: Option<RawRetryPolicy>,
    pub(in crate::config) unknown_kid_cooldown: Option<Milliseconds>,
}

/// `discovery`: the members of `remote_jwks` beside the two clusters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawDiscovery {
    pub(in crate::config) async_fetch: Option<RawAsyncFetch>,
    pub(in crate::config) cache_duration: Option<Milliseconds>,
    pub(in crate::config) cluster: String,
    pub(in crate::config) jwks_cluster: Option<String>,
    pub(in crate::config) max_stale: Option<Milliseconds>,
    pub(in crate::config) retry_policy: Option<RawRetryPolicy>,
    pub(in crate::config) timeout: Option<Milliseconds>,
    pub(in crate::config) unknown_kid_cooldown: Option<Milliseconds>,
}

/// `HttpUri` of Envoy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawHttpUri {
    pub(in crate::config) cluster: String,
    pub(in crate::config) timeout: Milliseconds,
    pub(in crate::config) uri: String,
}

/// `JwksAsyncFetch` of `jwt_authn`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawAsyncFetch {
    #[serde(alias = "failedRefetchDuration")]
    pub(in crate::config) failed_refetch_duration: Option<Milliseconds>,
    /// Has no effect: a module cannot hold a listener back.
    #[serde(alias = "fastListener", rename = "fast_listener")]
    pub(in crate::config) _fast_listener: Option<bool>,
}

/// `RetryPolicy` of Envoy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawRetryPolicy {
    /// Has no effect: a key set is fetched until it is there.
    #[serde(alias = "numRetries", rename = "num_retries")]
    pub(in crate::config) _num_retries: Option<u32>,
    #[serde(alias = "retryBackOff")]
    pub(in crate::config) retry_back_off: Option<RawBackOff>,
    /// Has no effect: every failure is retried.
    #[serde(alias = "retryOn", rename = "retry_on")]
    pub(in crate::config) _retry_on: Option<String>,
}

/// `BackoffStrategy` of Envoy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawBackOff {
    #[serde(alias = "baseInterval")]
    pub(in crate::config) base_interval: Milliseconds,
    #[serde(alias = "maxInterval")]
    pub(in crate::config) max_interval: Option<Milliseconds>,
}

/// `DataSource` of Envoy, as far as a module can read one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(in crate::config) struct RawDataSource {
    #[serde(alias = "inlineBytes")]
    pub(in crate::config) inline_bytes: Option<String>,
    #[serde(alias = "inlineString")]
    pub(in crate::config) inline_string: Option<String>,
}

/// `public_keys`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawPublicKeys {
    pub(in crate::config) pem: Vec<String>,
}

/// Without the texts: a private key may have been written there.
impl std::fmt::Debug for RawPublicKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawPublicKeys")
            .finish_non_exhaustive()
    }
}

/// One of `shared_secrets`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::config) struct RawSharedSecret {
    pub(in crate::config) kid: Option<String>,
    pub(in crate::config) secret: String,
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

//! `providers.<name>` as it is written.

use super::{
    ClaimName, Milliseconds, Named, PointInTime, Preset, RawStringMatcher, Scalar,
    object::{choice, object},
};

object! {
    /// An authorization server.
    #[derive(Debug)]
    pub(in crate::config) struct RawProvider {
        algorithms: Option<Vec<String>>,
        allow_any_audience: Option<bool>,
        allow_any_issuer: Option<bool>,
        allow_any_tenant: Option<bool>,
        allow_future_iat: Option<bool>,
        audiences: Option<Vec<String>>,
        claim_to_headers | "claimToHeaders": Option<Vec<RawClaimHeader>>,
        clear_route_cache | "clearRouteCache": Option<bool>,
        client_id_claims: Option<Vec<ClaimName>>,
        client_ids: Option<Vec<String>>,
        client_secrets: Option<RawClientSecrets>,
        clock_skew_seconds | "clockSkewSeconds": Option<u64>,
        description: Option<String>,
        discovery: Option<RawDiscovery>,
        enabled: Option<bool>,
        failed_status_in_metadata | "failedStatusInMetadata": Option<String>,
        forward: Option<bool>,
        forward_payload_header | "forwardPayloadHeader": Option<String>,
        from_cookies | "fromCookies": Option<Vec<String>>,
        from_headers | "fromHeaders": Option<Vec<RawJwtHeader>>,
        from_params | "fromParams": Option<Vec<String>>,
        header_in_metadata | "headerInMetadata": Option<String>,
        identity_header: Option<RawIdentityHeader>,
        identity_in_metadata: Option<String>,
        issuer: Option<String>,
        jwk_algorithm: Option<RawJwkAlgorithm>,
        key_issuer: Option<RawKeyIssuer>,
        jwt_cache_config | "jwtCacheConfig": Option<RawCache>,
        local_jwks | "localJwks": Option<RawDataSource>,
        max_issued_lifetime: Option<Milliseconds>,
        max_lifetime | "maxLifetime": Option<Milliseconds>,
        normalize_payload_in_metadata | "normalizePayloadInMetadata": Option<RawNormalizePayload>,
        pad_forward_payload_header | "padForwardPayloadHeader": Option<bool>,
        payload_in_metadata | "payloadInMetadata": Option<String>,
        preset: Option<Preset>,
        public_keys: Option<RawPublicKeys>,
        remote_jwks | "remoteJwks": Option<RawRemoteJwks>,
        require_claims: Option<Vec<RawClaimRequirement>>,
        require_expiration | "requireExpiration": Option<bool>,
        revoked: Option<RawRevocation>,
        role_claims: Option<Vec<ClaimName>>,
        scope_claims: Option<Vec<ClaimName>>,
        shared_secrets: Option<Vec<RawSharedSecret>>,
        structured_scopes: Option<RawStructuredScopes>,
        subjects: Option<RawStringMatcher>,
        token_types: Option<Vec<String>>,
    }
}

object! {
    /// `JwtCacheConfig` of `jwt_authn`, and `disabled`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) struct RawCache {
        disabled: Option<bool>,
        jwt_cache_size | "jwtCacheSize": Option<u64>,
        jwt_max_token_size | "jwtMaxTokenSize": Option<u64>,
    }
}

object! {
    /// `NormalizePayload` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawNormalizePayload {
        space_delimited_claims | "spaceDelimitedClaims": Option<Vec<String>>,
    }
}

choice! {
    /// `jwk_algorithm`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawJwkAlgorithm {
        Exact = "exact",
        Family = "family",
    }
}

choice! {
    /// `key_issuer`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) enum RawKeyIssuer {
        Ignore = "ignore",
        Match = "match",
    }
}

object! {
    /// A claim with accepted values: in `require_claims` and in `authorize.claims`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClaimRequirement {
        any_of: Option<Vec<Scalar>>,
        claim: ClaimName,
    }
}

object! {
    /// `JwtHeader` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawJwtHeader {
        name: String,
        value_prefix | "valuePrefix": Option<String>,
    }
}

object! {
    /// `JwtClaimToHeader` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClaimHeader {
        claim_name | "claimName": Option<String>,
        claim_path | "claimPath": Option<Vec<String>>,
        header_name | "headerName": String,
    }
}

object! {
    /// `identity_header`.
    #[derive(Debug)]
    pub(in crate::config) struct RawIdentityHeader {
        header_name: String,
        template: String,
    }
}

object! {
    /// `revoked`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRevocation {
        client_ids: Option<Vec<String>>,
        issued_before: Option<Named<u64>>,
        jti: Option<Vec<String>>,
    }
}

object! {
    /// `structured_scopes`.
    #[derive(Debug)]
    pub(in crate::config) struct RawStructuredScopes {
        role: Option<String>,
        template: String,
        fixed = "where": Option<Named<String>>,
    }
}

object! {
    /// `RemoteJwks` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRemoteJwks {
        async_fetch | "asyncFetch": Option<RawAsyncFetch>,
        cache_duration | "cacheDuration": Option<Milliseconds>,
        http_uri | "httpUri": RawHttpUri,
        max_stale: Option<Milliseconds>,
        retry_policy | "retryPolicy": Option<RawRetryPolicy>,
        unknown_kid_cooldown: Option<Milliseconds>,
    }
}

object! {
    /// `discovery`: the members of `remote_jwks` beside the two clusters.
    #[derive(Debug)]
    pub(in crate::config) struct RawDiscovery {
        async_fetch: Option<RawAsyncFetch>,
        cache_duration: Option<Milliseconds>,
        cluster: String,
        jwks_cluster: Option<String>,
        max_stale: Option<Milliseconds>,
        retry_policy: Option<RawRetryPolicy>,
        timeout: Option<Milliseconds>,
        unknown_kid_cooldown: Option<Milliseconds>,
    }
}

object! {
    /// `HttpUri` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawHttpUri {
        cluster: String,
        timeout: Milliseconds,
        uri: String,
    }
}

object! {
    /// `JwksAsyncFetch` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawAsyncFetch {
        failed_refetch_duration | "failedRefetchDuration": Option<Milliseconds>,
        /// Has no effect: a module cannot hold a listener back.
        _fast_listener = "fast_listener" | "fastListener": Option<bool>,
    }
}

object! {
    /// `RetryPolicy` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawRetryPolicy {
        /// Has no effect: a key set is fetched until it is there.
        _num_retries = "num_retries" | "numRetries": Option<u32>,
        retry_back_off | "retryBackOff": Option<RawBackOff>,
        /// Has no effect: every failure is retried.
        _retry_on = "retry_on" | "retryOn": Option<String>,
    }
}

object! {
    /// `BackoffStrategy` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawBackOff {
        base_interval | "baseInterval": Milliseconds,
        max_interval | "maxInterval": Option<Milliseconds>,
    }
}

object! {
    /// `DataSource` of Envoy, as far as a module can read one.
    #[derive(Debug)]
    pub(in crate::config) struct RawDataSource {
        inline_bytes | "inlineBytes": Option<String>,
        inline_string | "inlineString": Option<String>,
    }
}

object! {
    /// `public_keys`.
    pub(in crate::config) struct RawPublicKeys {
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

object! {
    /// One of `shared_secrets`.
    pub(in crate::config) struct RawSharedSecret {
        kid: Option<String>,
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

object! {
    /// `client_secrets`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClientSecrets {
        clients: Named<RawClient>,
    }
}

object! {
    /// One of `client_secrets.clients`.
    pub(in crate::config) struct RawClient {
        enabled: Option<bool>,
        expires_at: Option<PointInTime>,
        roles: Option<Vec<String>>,
        scopes: Option<Vec<String>>,
        secret_hashes: Vec<String>,
    }
}

/// Without the hashes: a secret may have been written there.
impl std::fmt::Debug for RawClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawClient")
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

//! The JSON form of `providers.<name>`.

use serde_json::Value;

use super::describe::{Definitions, Describe};
use super::{
    ClaimName, Named, RawDuration, Read, Scalar,
    clients::RawClientSecrets,
    keys::{RawDataSource, RawPublicKeys, RawSharedSecret},
    matcher::RawStringMatcher,
    object::{choice, object},
    remote::{RawDiscovery, RawRemoteJwks},
};
use crate::config::{ConfigError, Fault, Preset, error::At};

/// One of `providers`.
#[derive(Debug)]
pub(in crate::config) enum RawEntry {
    /// A provider whose clients present secrets.
    Clients(RawClientProvider),
    /// A provider whose clients present tokens.
    Tokens(Box<RawProvider>),
}

impl Read for RawEntry {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        if value.get("client_secrets").is_none_or(Value::is_null) {
            return RawProvider::read(value).map(|raw| Self::Tokens(Box::new(raw)));
        }
        let raw = RawClientProvider::read_among(value, RawProvider::NAMES)?;
        // A field about tokens would look like a condition on clients but have no effect.
        let is_about_tokens = |(written, value): &(&String, &Value)| {
            !value.is_null() && !RawClientProvider::NAMES.iter().any(|own| own.is(written))
        };
        match value
            .as_object()
            .and_then(|own| own.iter().find(is_about_tokens))
        {
            Some((field, _)) => Err(Fault::NoTokens).at(field),
            None => Ok(Self::Clients(raw)),
        }
    }
}

/// Describes the variant for tokens, which has every field, so that editors offer them all.
impl Describe for RawEntry {
    fn describe(definitions: &mut Definitions) -> Value {
        RawProvider::describe(definitions)
    }
}

object! {
    /// A provider whose clients present secrets.
    #[derive(Debug)]
    pub(in crate::config) struct RawClientProvider {
        claim_to_headers | camelCase: Option<Vec<RawClaimHeader>>,
        clear_route_cache | camelCase: Option<bool>,
        client_secrets: RawClientSecrets,
        description: Option<String>,
        enabled: Option<bool>,
        failed_status_in_metadata | camelCase: Option<String>,
        forward: Option<bool>,
        normalize_payload_in_metadata | camelCase: Option<RawNormalizePayload>,
        payload_in_metadata | camelCase: Option<String>,
    }
}

object! {
    /// An authorization server.
    #[derive(Debug)]
    pub(in crate::config) struct RawProvider {
        /// Accepted algorithms. HS* only with `shared_secrets`, or with `oct` keys in `local_jwks`. Default: all with
        /// key pairs; for `shared_secrets` all HS*.
        algorithms: Option<Vec<String>>,
        /// Accepts any `aud`, instead of `audiences`.
        allow_any_audience: Option<bool> = false,
        /// Accepts any `iss`, instead of `issuer`.
        allow_any_issuer: Option<bool> = false,
        /// Allows placeholders in `issuer` without `require_claims`.
        allow_any_tenant: Option<bool> = false,
        /// Accepts a token whose `iat` is in the future.
        allow_future_iat: Option<bool> = false,
        /// Accepted audiences: one of them must be in `aud`, exactly. Required unless `allow_any_audience` is set.
        audiences: Option<Vec<String>>,
        /// Headers that are set to verified claims.
        claim_to_headers | camelCase: Option<Vec<RawClaimHeader>>,
        /// Makes Envoy choose the route again if a claim or an identity was written to a header, or if
        /// `payload_in_metadata` is set.
        clear_route_cache | camelCase: Option<bool> = false,
        /// Claims that hold the client's identifier. The first one present counts; a token in which two of them
        /// differ is refused.
        client_id_claims: Option<Vec<ClaimName>> = ["client_id", "cid", "azp", "appid"],
        /// Accepted clients. Default: any.
        client_ids: Option<Vec<String>>,
        /// API clients that authenticate with a secret instead of a token.
        _client_secrets = "client_secrets": Option<RawClientSecrets>,
        /// Tolerance between clocks, in seconds; 0 is none; at most 86400.
        clock_skew_seconds | camelCase: Option<u64> = 60,
        /// Description for operators; at most 256 characters.
        description: Option<String>,
        /// Keys that are found through the issuer's metadata (OpenID Connect Discovery, RFC 8414).
        discovery: Option<RawDiscovery>,
        /// Whether the provider is used. `false` refuses its tokens (401) and does not fetch its keys.
        enabled: Option<bool> = true,
        /// Filter state `wasm.portcullis.<text>` that is set to the reason why a token failed.
        failed_status_in_metadata | camelCase: Option<String>,
        /// Keeps the verified token in the request. Otherwise it is removed.
        forward: Option<bool> = false,
        /// Header that is set to the verified payload in base64url.
        forward_payload_header | camelCase: Option<String>,
        /// Cookies that hold tokens.
        from_cookies | camelCase: Option<Vec<String>>,
        /// Headers that hold tokens. Without any `from_*`, tokens are read from `Authorization: Bearer` and from the
        /// query parameter `access_token`.
        from_headers | camelCase: Option<Vec<RawJwtHeader>>,
        /// Query parameters that hold tokens, by decoded name.
        from_params | camelCase: Option<Vec<String>>,
        /// Filter state `wasm.portcullis.<text>` that is set to the verified JOSE header.
        header_in_metadata | camelCase: Option<String>,
        /// Header that names the caller.
        identity_header: Option<RawIdentityHeader>,
        /// Filter state `wasm.portcullis.<text>` that is set to the value of `identity_header`.
        identity_in_metadata: Option<String>,
        /// Text that `iss` must equal. A placeholder `{claim}` matches the value of that claim in the token;
        /// `require_claims` must then list the claim's values. Required unless `allow_any_issuer` is set.
        issuer: Option<String>,
        /// What a key that names an algorithm verifies: only that algorithm (`exact`), or its whole family (`RS*`,
        /// `PS*`, `ES*`, `HS*`).
        jwk_algorithm: Option<RawJwkAlgorithm> = "exact",
        /// How to treat a JWK's own `issuer`. With `match`, a JWK that has one verifies only tokens of that issuer.
        key_issuer: Option<RawKeyIssuer> = "ignore",
        /// Cache of verified tokens.
        jwt_cache_config | camelCase: Option<RawCache>,
        /// Keys in the configuration, as a JWK set.
        local_jwks | camelCase: Option<RawDataSource>,
        /// Longest lifetime that a token is issued with, `exp - iat`; a token without `iat` is refused.
        max_issued_lifetime: Option<RawDuration>,
        /// Longest time until a token expires, `exp - now`.
        max_lifetime | camelCase: Option<RawDuration>,
        /// Changes to the exported payload.
        normalize_payload_in_metadata | camelCase: Option<RawNormalizePayload>,
        /// Adds `=` padding to `forward_payload_header`.
        pad_forward_payload_header | camelCase: Option<bool> = false,
        /// Filter state `wasm.portcullis.<text>` that is set to the verified payload.
        payload_in_metadata | camelCase: Option<String>,
        /// Product that issues the tokens. It sets other defaults for the fields here; a field that is written
        /// replaces the preset's.
        preset: Option<Preset> = "generic",
        /// Keys in the configuration, in PEM.
        public_keys: Option<RawPublicKeys>,
        /// Keys that are fetched from a configured URI.
        remote_jwks | camelCase: Option<RawRemoteJwks>,
        /// Claims that a valid token must have (else 401).
        require_claims: Option<Vec<RawClaimRequirement>>,
        /// Refuses a token without `exp`.
        require_expiration | camelCase: Option<bool> = true,
        /// Tokens, clients and subjects whose tokens are refused (401).
        revoked: Option<RawRevocation>,
        /// Claims whose roles are combined.
        role_claims: Option<Vec<ClaimName>> = ["roles"],
        /// Claims whose scopes are combined. A string is split at spaces; the strings of a list are
        /// not.
        scope_claims: Option<Vec<ClaimName>> = ["scope", "scp"],
        /// Shared secrets, for HS*.
        shared_secrets: Option<Vec<RawSharedSecret>>,
        /// Scopes that contain roles, instead of `role_claims`.
        structured_scopes: Option<RawStructuredScopes>,
        /// Pattern that `sub` must match. Default: any.
        subjects: Option<RawStringMatcher>,
        /// Accepted `typ`. Case and a leading `application/` do not matter; `""` is a token without `typ`, `"*"` is
        /// any.
        token_types: Option<Vec<String>> = ["at+jwt", "JWT", ""],
        /// SPIFFE trust domain, such as `example.org`, whose workloads `sub` may name. Only with the preset `spiffe`,
        /// which requires it.
        trust_domain: Option<String>,
    }
}

object! {
    /// `JwtCacheConfig` of `jwt_authn`, and `disabled`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) struct RawCache {
        /// Caches no tokens.
        disabled: Option<bool> = false,
        /// Most tokens of this provider in the cache: at most 100000; 0 is the default.
        jwt_cache_size | camelCase: Option<u64> = 1000,
        /// Longest token that is cached, in bytes; 0 is the default.
        jwt_max_token_size | camelCase: Option<u64> = 4096,
    }
}

object! {
    /// `NormalizePayload` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawNormalizePayload {
        /// Claims whose string value becomes a list of words.
        space_delimited_claims | camelCase: Option<Vec<String>>,
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
        /// Accepted values. For a claim that is a list, one such element is enough. In `require_claims`, `any_of` may
        /// be left out; the claim must then be present.
        any_of: Option<Vec<Scalar>>,
        /// Literal name of a claim at the top level, or a list of the literal names that lead to it.
        claim: ClaimName,
    }
}

object! {
    /// `JwtHeader` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawJwtHeader {
        /// Name of the header.
        name: String,
        /// Text before the token. `Authorization` with `Bearer` is read strictly (RFC 6750).
        value_prefix | camelCase: Option<String>,
    }
}

object! {
    /// `JwtClaimToHeader` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClaimHeader {
        /// The claim. It is split at dots.
        claim_name | camelCase: Option<String>,
        /// The literal names that lead to the claim, instead of `claim_name`.
        claim_path | camelCase: Option<Vec<String>>,
        /// Name of the header. It is removed from every request first.
        header_name | camelCase: String,
    }
}

object! {
    /// `identity_header`.
    #[derive(Debug)]
    pub(in crate::config) struct RawIdentityHeader {
        /// Name of the header.
        header_name: String,
        /// Value of the header, with names in braces: `{role}`, names of `structured_scopes`, and claims.
        template: String,
    }
}

object! {
    /// `revoked`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRevocation {
        /// Clients whose tokens are all refused.
        client_ids: Option<Vec<String>>,
        /// Subjects (`sub`), each with a time in seconds since 1970. Their tokens that were issued earlier, or have
        /// no `iat`, are refused.
        issued_before: Option<Named<u64>>,
        /// Refused tokens, by `jti`.
        jti: Option<Vec<String>>,
    }
}

object! {
    /// `structured_scopes`.
    #[derive(Debug)]
    pub(in crate::config) struct RawStructuredScopes {
        /// Name of the role's placeholder.
        role: Option<String> = "role",
        /// Form of a scope, with a name in braces for each part.
        template: String,
        /// Values of all other placeholders.
        fixed = "where": Option<Named<String>>,
    }
}

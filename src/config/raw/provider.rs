//! The JSON form of `providers.<name>`.

use serde_json::Value;

use super::describe::{Definitions, Describe};
use super::{
    ClaimName, Named, RawDuration, Read, Reader, Scalar,
    clients::RawClientSecrets,
    keys::{RawDataSource, RawPublicKeys, RawSharedSecret},
    matcher::RawStringMatcher,
    object::{choice, object},
    remote::{RawDiscovery, RawRemoteJwks},
};
use crate::{
    config::{Fault, Preset},
    jose::JwkAlgorithm,
    verification::KeyIssuer,
};

/// An entry of `providers`.
#[derive(Debug)]
pub(in crate::config) enum RawEntry {
    /// A provider whose clients present secrets.
    Clients(RawClientProvider),
    /// A provider whose clients present tokens.
    Tokens(Box<RawProvider>),
}

impl Read for RawEntry {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        if value.get("client_secrets").is_none_or(Value::is_null) {
            return Self::Tokens(Box::new(RawProvider::read(value, reader)));
        }
        let raw = RawClientProvider::read_among(value, RawProvider::NAMES, reader);
        // A field that only concerns tokens is rejected, because it would look like a condition on
        // clients but would have no effect.
        let is_about_tokens = |(written, value): &(&String, &Value)| {
            !value.is_null() && !RawClientProvider::NAMES.iter().any(|own| own.is(written))
        };
        let own = value.as_object();
        if let Some((field, _)) = own.and_then(|own| own.iter().find(is_about_tokens)) {
            reader.fail_at(field, Fault::NoTokens);
        }
        Self::Clients(raw)
    }
}

/// Describes only the variant for tokens. This variant declares the fields of both variants, so
/// editors suggest all fields.
impl Describe for RawEntry {
    fn describe(definitions: &mut Definitions) -> Value {
        RawProvider::describe(definitions)
    }
}

object! {
    /// A provider whose clients present secrets.
    #[derive(Debug)]
    pub(in crate::config) struct RawClientProvider {
        claim_to_headers | camelCase !null: Option<Vec<RawClaimHeader>>,
        clear_route_cache | camelCase: Option<bool>,
        client_secrets: RawClientSecrets,
        description: Option<String>,
        enabled !null: Option<bool>,
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
        /// Accepted algorithms. HS* is only allowed with `shared_secrets`, or with `oct` keys in `local_jwks`. Default:
        /// all algorithms that use key pairs; with `shared_secrets`, all HS* algorithms.
        algorithms !null: Option<Vec<String>>,
        /// Accepts any `aud`. Not allowed together with `audiences`.
        allow_any_audience: Option<bool> = false,
        /// Accepts any `iss`. Not allowed together with `issuer`.
        allow_any_issuer: Option<bool> = false,
        /// Allows placeholders in `issuer` even if `require_claims` does not list the accepted values of their claims.
        allow_any_tenant: Option<bool> = false,
        /// Accepts a token whose `iat` is in the future.
        allow_future_iat: Option<bool> = false,
        /// Accepted audiences. A token's `aud` must contain one of them exactly. Required unless `allow_any_audience`
        /// is set.
        audiences !null: Option<Vec<String>>,
        /// Headers to which Portcullis writes verified claims.
        claim_to_headers | camelCase !null: Option<Vec<RawClaimHeader>>,
        /// Makes Envoy choose the route again if a claim or an identity was written to a header, or if
        /// `payload_in_metadata` is set.
        clear_route_cache | camelCase: Option<bool> = false,
        /// Claims that may contain the client's identifier. The first claim that is present is used. A token is refused
        /// if two of them are present and differ.
        client_id_claims: Option<Vec<ClaimName>> = ["client_id", "cid", "azp", "appid"],
        /// Accepted clients. Default: any client.
        client_ids !null: Option<Vec<String>>,
        /// API clients that authenticate with a secret instead of a token.
        _client_secrets = "client_secrets": Option<RawClientSecrets>,
        /// Tolerated difference between clocks, in seconds: 0 (no tolerance) to 86400.
        clock_skew_seconds | camelCase !null: Option<u64> = 60,
        /// Description for operators; at most 256 characters.
        description: Option<String>,
        /// Keys that are found through the issuer's metadata (OpenID Connect Discovery, RFC 8414).
        discovery: Option<RawDiscovery>,
        /// Accepts the provider's tokens. With `false`, the tokens are refused (401), and the provider's keys are not
        /// fetched.
        enabled !null: Option<bool> = true,
        /// A name. Portcullis writes the reason why a token was refused to the filter state entry
        /// `wasm.portcullis.<name>`.
        failed_status_in_metadata | camelCase: Option<String>,
        /// Keeps the verified token in the request. With `false`, Portcullis removes the token.
        forward: Option<bool> = false,
        /// Header to which Portcullis writes the verified payload, in base64url.
        forward_payload_header | camelCase !null: Option<String>,
        /// Cookies that may contain tokens.
        from_cookies | camelCase !null: Option<Vec<String>>,
        /// Headers that may contain tokens. If no `from_*` field is set, tokens are read from `Authorization: Bearer`
        /// and from the query parameter `access_token`.
        from_headers | camelCase !null: Option<Vec<RawJwtHeader>>,
        /// Decoded names of query parameters that may contain tokens.
        from_params | camelCase !null: Option<Vec<String>>,
        /// A name. Portcullis writes the verified JOSE header to the filter state entry `wasm.portcullis.<name>`.
        header_in_metadata | camelCase: Option<String>,
        /// Header to which Portcullis writes the caller's identity.
        identity_header !null: Option<RawIdentityHeader>,
        /// A name. Portcullis writes the value of `identity_header` to the filter state entry `wasm.portcullis.<name>`.
        identity_in_metadata: Option<String>,
        /// Issuer that `iss` must equal. A placeholder `{claim}` stands for the value of this claim in the token. For
        /// each placeholder, `require_claims` must list the accepted values of its claim. Required unless
        /// `allow_any_issuer` is set.
        issuer !null: Option<String>,
        /// Algorithms for which a key with `alg` is used: only the algorithm in `alg` (`exact`), or all algorithms of
        /// the same family (`family`). The families are `RS*`, `PS*`, `ES*` and `HS*`.
        jwk_algorithm: Option<JwkAlgorithm> = "exact",
        /// Effect of the member `issuer` of a JWK. With `match`, a JWK that has an `issuer` is used only for tokens of
        /// that issuer.
        key_issuer !null: Option<KeyIssuer> = "ignore",
        /// Cache of verified tokens.
        jwt_cache_config | camelCase: Option<RawCache>,
        /// Keys that are written in this configuration, as a JWK set.
        local_jwks | camelCase: Option<RawDataSource>,
        /// Maximum time from the issue of a token to its expiry (`exp - iat`). A token without `iat` is refused.
        max_issued_lifetime !null: Option<RawDuration>,
        /// Maximum time from now until a token expires (`exp - now`).
        max_lifetime | camelCase !null: Option<RawDuration>,
        /// Changes to claims in the payload that other filters see.
        normalize_payload_in_metadata | camelCase: Option<RawNormalizePayload>,
        /// Adds `=` padding to the value of `forward_payload_header`.
        pad_forward_payload_header | camelCase: Option<bool> = false,
        /// A name. Portcullis writes the verified payload to the filter state entry `wasm.portcullis.<name>`.
        payload_in_metadata | camelCase: Option<String>,
        /// Product that issues the tokens. The preset changes the defaults of other fields. If you set such a field,
        /// your value replaces the preset's value. Only `require_claims` is different: your entries are added to the
        /// preset's list.
        preset !null: Option<Preset> = "generic",
        /// Keys that are written in this configuration, in PEM.
        public_keys: Option<RawPublicKeys>,
        /// Keys that are fetched from a configured URI.
        remote_jwks | camelCase: Option<RawRemoteJwks>,
        /// Claims that a valid token must have. A token that lacks one of them is refused (401).
        require_claims !null: Option<Vec<RawClaimRequirement>>,
        /// Refuses a token without `exp`.
        require_expiration | camelCase: Option<bool> = true,
        /// Revoked tokens, selected by `jti`, client or subject. Portcullis refuses them (401).
        revoked !null: Option<RawRevocation>,
        /// Claims that contain roles. A token has the roles from all of these claims.
        role_claims !null: Option<Vec<ClaimName>> = ["roles"],
        /// Claims that contain scopes. A token has the scopes from all of these claims. A string is split at spaces;
        /// the strings of a list are not split.
        scope_claims: Option<Vec<ClaimName>> = ["scope", "scp"],
        /// Shared secrets, for HS*.
        shared_secrets: Option<Vec<RawSharedSecret>>,
        /// Form of scopes that contain a role. Roles are then read from these scopes instead of from `role_claims`.
        structured_scopes !null: Option<RawStructuredScopes>,
        /// Pattern that `sub` must match. Default: any subject.
        subjects !null: Option<RawStringMatcher>,
        /// Accepted values of `typ`. Case and a leading `application/` do not matter. `""` accepts a token without
        /// `typ`, and `"*"` accepts any token.
        token_types !null: Option<Vec<String>> = ["at+jwt", "JWT", ""],
        /// SPIFFE trust domain, such as `example.org`, to which the workload in `sub` must belong. Required with the
        /// preset `spiffe`, and refused with any other preset.
        trust_domain: Option<String>,
    }
}

object! {
    /// `JwtCacheConfig` of `jwt_authn`, with the additional field `disabled`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) struct RawCache {
        /// Turns off the cache for this provider.
        disabled: Option<bool> = false,
        /// Maximum number of this provider's tokens in the cache: 1 to 100000. 0 means the default.
        jwt_cache_size | camelCase: Option<u64> = 1000,
        /// Maximum length of a cached token, in bytes. 0 means the default.
        jwt_max_token_size | camelCase: Option<u64> = 4096,
    }
}

object! {
    /// `NormalizePayload` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawNormalizePayload {
        /// Claims whose value is a string of words, separated by spaces. Other filters see a list of the words instead.
        space_delimited_claims | camelCase: Option<Vec<String>>,
    }
}

choice! { for JwkAlgorithm { Exact = "exact", Family = "family", } }
choice! { for KeyIssuer { Ignore = "ignore", Match = "match", } }

object! {
    /// A claim with its accepted values, in `require_claims` and in `authorize.claims`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClaimRequirement {
        /// Accepted values. If the claim is a list, one accepted element is enough. In `require_claims`, you can leave
        /// out `any_of`. The claim must then be present, but may have any value.
        any_of !null: Option<Vec<Scalar>>,
        /// Literal name of a top-level claim, or the path to a nested claim as a list of literal names.
        claim: ClaimName,
    }
}

object! {
    /// `JwtHeader` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawJwtHeader {
        /// Name of the header.
        name: String,
        /// Text before the token. `Authorization` with the prefix `Bearer` is parsed strictly (RFC 6750).
        value_prefix | camelCase: Option<String>,
    }
}

object! {
    /// `JwtClaimToHeader` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClaimHeader {
        /// The claim's name. Dots separate the names on the path to a nested claim.
        claim_name | camelCase: Option<String>,
        /// The path to the claim, as a list of literal names. Set either this field or `claim_name`.
        claim_path | camelCase: Option<Vec<String>>,
        /// Name of the header. If a client sends this header, Portcullis removes it.
        header_name | camelCase: String,
    }
}

object! {
    /// The value of `identity_header`.
    #[derive(Debug)]
    pub(in crate::config) struct RawIdentityHeader {
        /// Name of the header.
        header_name: String,
        /// Form of the header's value, with placeholders in braces. A placeholder is `{role}`, a placeholder of
        /// `structured_scopes`, or the name of a claim.
        template: String,
    }
}

object! {
    /// The value of `revoked`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRevocation {
        /// Clients whose tokens are all refused.
        client_ids !null: Option<Vec<String>>,
        /// For each subject (`sub`), a time in seconds since 1970. A token of the subject is refused if it was issued
        /// before this time or has no `iat`.
        issued_before !null: Option<Named<u64>>,
        /// The `jti` values of tokens that are refused.
        jti !null: Option<Vec<String>>,
    }
}

object! {
    /// The value of `structured_scopes`.
    #[derive(Debug)]
    pub(in crate::config) struct RawStructuredScopes {
        /// Name of the placeholder that stands for the role.
        role: Option<String> = "role",
        /// Form of a scope, with a placeholder in braces for each part.
        template: String,
        /// For each placeholder except the role's, the value that this part of a scope must have.
        fixed = "where": Option<Named<String>>,
    }
}

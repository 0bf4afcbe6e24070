//! `providers.<name>` as it is written.

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
    /// Its clients present secrets.
    Clients(RawClientProvider),
    /// Its clients present tokens.
    Tokens(Box<RawProvider>),
}

impl Read for RawEntry {
    fn read(value: &Value) -> Result<Self, ConfigError> {
        if value.get("client_secrets").is_none_or(Value::is_null) {
            return RawProvider::read(value).map(|raw| Self::Tokens(Box::new(raw)));
        }
        let raw = RawClientProvider::read_among(value, RawProvider::NAMES)?;
        // It would look like a condition on clients, and be none.
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

/// As an authorization server, so that editors offer every field.
impl Describe for RawEntry {
    fn describe(definitions: &mut Definitions) -> Value {
        RawProvider::describe(definitions)
    }
}

object! {
    /// Clients with secrets.
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
        /// Algorithms that are accepted. HS* only with `shared_secrets`, or with `oct` keys in `local_jwks`.
        /// Default: all with key pairs; for `shared_secrets` all HS*.
        algorithms: Option<Vec<String>>,
        /// In place of `audiences`: `aud` is not looked at.
        allow_any_audience: Option<bool> = false,
        /// In place of `issuer`: `iss` is not looked at.
        allow_any_issuer: Option<bool> = false,
        /// Placeholders in `issuer` need no `require_claims`.
        allow_any_tenant: Option<bool> = false,
        /// A token that was issued later than now is accepted.
        allow_future_iat: Option<bool> = false,
        /// One of them must be in `aud`, exactly. Required unless `allow_any_audience` is set.
        audiences: Option<Vec<String>>,
        /// Headers that get verified claims.
        claim_to_headers | camelCase: Option<Vec<RawClaimHeader>>,
        /// Envoy chooses the route anew where a claim went into a header, or `payload_in_metadata` is set.
        clear_route_cache | camelCase: Option<bool> = false,
        /// Where the client's identifier is; the first that is present counts, two that differ refuse the token.
        client_id_claims: Option<Vec<ClaimName>> = ["client_id", "cid", "azp", "appid"],
        /// Accepted clients. Default: any.
        client_ids: Option<Vec<String>>,
        /// API clients that present a secret in place of a token.
        _client_secrets = "client_secrets": Option<RawClientSecrets>,
        /// Tolerance between clocks in seconds; 0 is none; at most 86400.
        clock_skew_seconds | camelCase: Option<u64> = 60,
        /// For operators; at most 256 characters.
        description: Option<String>,
        /// Keys that are found by the issuer's metadata (OpenID Connect Discovery, RFC 8414).
        discovery: Option<RawDiscovery>,
        /// `false`: its tokens are refused (401) and its keys not fetched.
        enabled: Option<bool> = true,
        /// Filter state `wasm.portcullis.<text>` that gets why a token failed.
        failed_status_in_metadata | camelCase: Option<String>,
        /// The verified token stays in the request; otherwise it is removed.
        forward: Option<bool> = false,
        /// Header that gets the verified payload in base64url.
        forward_payload_header | camelCase: Option<String>,
        /// Cookies that hold tokens.
        from_cookies | camelCase: Option<Vec<String>>,
        /// Headers that hold tokens. Where no place is given: `Authorization: Bearer`, and the query parameter
        /// `access_token`.
        from_headers | camelCase: Option<Vec<RawJwtHeader>>,
        /// Query parameters that hold tokens, by decoded name.
        from_params | camelCase: Option<Vec<String>>,
        /// Filter state `wasm.portcullis.<text>` that gets the verified JOSE header.
        header_in_metadata | camelCase: Option<String>,
        /// Header that says who is calling.
        identity_header: Option<RawIdentityHeader>,
        /// Filter state `wasm.portcullis.<text>` that gets what `identity_header` says.
        identity_in_metadata: Option<String>,
        /// Must equal `iss`. `{claim}` stands for the value of that claim of the token; `require_claims` must then
        /// list that claim's values. Required unless `allow_any_issuer` is set.
        issuer: Option<String>,
        /// A key that names an algorithm serves it alone, or its family (`RS*`, `PS*`, `ES*`, `HS*`).
        jwk_algorithm: Option<RawJwkAlgorithm> = "exact",
        /// `match`: a JWK that has an `issuer` serves only tokens of that issuer.
        key_issuer: Option<RawKeyIssuer> = "ignore",
        /// Verified tokens that are kept.
        jwt_cache_config | camelCase: Option<RawCache>,
        /// Keys that are written out: a JWK set.
        local_jwks | camelCase: Option<RawDataSource>,
        /// Most time that a token may be made for, `exp - iat`; without `iat` it is refused.
        max_issued_lifetime: Option<RawDuration>,
        /// Most time that may be left, `exp - now`.
        max_lifetime | camelCase: Option<RawDuration>,
        /// How the exported payload is changed.
        normalize_payload_in_metadata | camelCase: Option<RawNormalizePayload>,
        /// With `=` padding.
        pad_forward_payload_header | camelCase: Option<bool> = false,
        /// Filter state `wasm.portcullis.<text>` that gets the verified payload.
        payload_in_metadata | camelCase: Option<String>,
        /// The product whose tokens are meant: other defaults for the fields here, each of which can still be
        /// written.
        preset: Option<Preset> = "generic",
        /// Keys that are written out in PEM.
        public_keys: Option<RawPublicKeys>,
        /// Keys that are fetched from a known place.
        remote_jwks | camelCase: Option<RawRemoteJwks>,
        /// Claims that must hold for the token to be valid (else 401).
        require_claims: Option<Vec<RawClaimRequirement>>,
        /// A token without `exp` is refused.
        require_expiration | camelCase: Option<bool> = true,
        /// Tokens that are not taken any more (401).
        revoked: Option<RawRevocation>,
        /// Claims whose roles are united.
        role_claims: Option<Vec<ClaimName>> = ["roles"],
        /// Claims whose scopes are united; a text is split at spaces, a list of texts is taken as it is.
        scope_claims: Option<Vec<ClaimName>> = ["scope", "scp"],
        /// Secrets for HS*.
        shared_secrets: Option<Vec<RawSharedSecret>>,
        /// Scopes that say roles; `role_claims` are not read then.
        structured_scopes: Option<RawStructuredScopes>,
        /// What `sub` must match. Default: any.
        subjects: Option<RawStringMatcher>,
        /// Accepted `typ`; case and `application/` do not matter, `""` is no `typ`, `"*"` any.
        token_types: Option<Vec<String>> = ["at+jwt", "JWT", ""],
    }
}

object! {
    /// `JwtCacheConfig` of `jwt_authn`, and `disabled`.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::config) struct RawCache {
        /// No token is kept.
        disabled: Option<bool> = false,
        /// Most tokens of this provider: at most 100000; 0 is the default.
        jwt_cache_size | camelCase: Option<u64> = 1000,
        /// Longest token that is kept, in bytes; 0 is the default.
        jwt_max_token_size | camelCase: Option<u64> = 4096,
    }
}

object! {
    /// `NormalizePayload` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawNormalizePayload {
        /// Claims whose text becomes a list of its words.
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
        /// Accepted values. A claim that is a list needs one such element. In `require_claims` it may be left out:
        /// then the claim must be present.
        any_of: Option<Vec<Scalar>>,
        /// The name of a claim at the top, literally, or a list of the names on the way to it.
        claim: ClaimName,
    }
}

object! {
    /// `JwtHeader` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawJwtHeader {
        /// The header.
        name: String,
        /// What stands before the token. `Authorization` with `Bearer` is read strictly (RFC 6750).
        value_prefix | camelCase: Option<String>,
    }
}

object! {
    /// `JwtClaimToHeader` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClaimHeader {
        /// The claim; split at dots.
        claim_name | camelCase: Option<String>,
        /// In place of `claim_name`: the literal names on the way to the claim.
        claim_path | camelCase: Option<Vec<String>>,
        /// The header. It is removed from every request first.
        header_name | camelCase: String,
    }
}

object! {
    /// `identity_header`.
    #[derive(Debug)]
    pub(in crate::config) struct RawIdentityHeader {
        /// Its name.
        header_name: String,
        /// Its value: text in which `{role}`, the names of `structured_scopes` and claims stand in braces.
        template: String,
    }
}

object! {
    /// `revoked`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRevocation {
        /// Clients whose tokens are all refused.
        client_ids: Option<Vec<String>>,
        /// By `sub`, in seconds since 1970: tokens issued before, or without `iat`, are refused.
        issued_before: Option<Named<u64>>,
        /// Identifiers of single tokens.
        jti: Option<Vec<String>>,
    }
}

object! {
    /// `structured_scopes`.
    #[derive(Debug)]
    pub(in crate::config) struct RawStructuredScopes {
        /// The placeholder that is the role.
        role: Option<String> = "role",
        /// What a scope looks like, with names in braces.
        template: String,
        /// What every other placeholder must be.
        fixed = "where": Option<Named<String>>,
    }
}

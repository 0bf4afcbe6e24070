//! The defaults of a provider's fields, by the product that issues the tokens.
//!
//! A preset only sets what an operator could write, and it never weakens a provider: the issuer,
//! audiences and keys, if the preset does not know them, are still required. The preset's required
//! claims are added to `require_claims`, except for claims that the operator lists there. So an
//! operator who requires one more claim does not admit ID tokens by accident.

use core::time::Duration;

use serde_json::Value;

use crate::{
    config::Preset,
    jose::{Algorithm, ClaimPath, JwkAlgorithm},
    verification::{ClaimRequirement, KeyIssuer},
};

/// A claim: the names on the path to it.
pub(super) type Claim = &'static [&'static str];

/// The defaults of absent fields.
pub(super) struct Defaults {
    /// `None` for all algorithms that fit the key source.
    pub(super) algorithms: Option<&'static [Algorithm]>,
    pub(super) client_id_claims: &'static [Claim],
    pub(super) issuer: Option<&'static str>,
    pub(super) jwk_algorithm: JwkAlgorithm,
    pub(super) key_issuer: KeyIssuer,
    pub(super) max_lifetime: Option<Duration>,
    /// Required claims, each with its value. `None` accepts any value.
    require_claims: &'static [(&'static str, Option<&'static str>)],
    pub(super) role_claims: &'static [Claim],
    pub(super) scope_claims: &'static [Claim],
    pub(super) token_types: &'static [&'static str],
}

const GENERIC: Defaults = Defaults {
    algorithms: None,
    client_id_claims: &[&["client_id"], &["cid"], &["azp"], &["appid"]],
    issuer: None,
    jwk_algorithm: JwkAlgorithm::Exact,
    key_issuer: KeyIssuer::Ignore,
    max_lifetime: None,
    require_claims: &[],
    role_claims: &[&["roles"]],
    scope_claims: &[&["scope"], &["scp"]],
    token_types: &["at+jwt", "JWT", ""],
};

const AUTH0: Defaults = Defaults {
    // Auth0, "Access token profiles": `azp`, or `client_id` in the profile of RFC 9068.
    client_id_claims: &[&["azp"], &["client_id"]],
    // Auth0, "Access token profiles": `scope`, one string.
    scope_claims: &[&["scope"]],
    // Auth0, "Role-based access control": the user's permissions, whether the client requested them
    // or not. If they counted as scopes, a client would have rights that nobody granted to it.
    role_claims: &[&["permissions"]],
    // Auth0, "Access token profiles": `JWT`, or `at+jwt` in the profile of RFC 9068.
    token_types: &["JWT", "at+jwt"],
    ..GENERIC
};

const COGNITO: Defaults = Defaults {
    // Amazon Cognito, "Understanding the access token": claims of its payload.
    client_id_claims: &[&["client_id"]],
    scope_claims: &[&["scope"]],
    role_claims: &[&["cognito:groups"]],
    // The same page: ID tokens have the same issuer, and their `token_use` is `id`.
    require_claims: &[("token_use", Some("access"))],
    // The same page: the header has only `kid` and `alg`.
    token_types: &["", "at+jwt"],
    ..GENERIC
};

const ENTRA_V1: Defaults = Defaults {
    // Entra, "Access token claims reference": `iss`, `appid`, `scp`, `roles`. No ID token has `appid`.
    issuer: Some("https://sts.windows.net/{tid}/"),
    client_id_claims: &[&["appid"]],
    scope_claims: &[&["scp"]],
    require_claims: &[("appid", None)],
    // Entra, "Access tokens", on validating the signing key's issuer.
    key_issuer: KeyIssuer::Match,
    // Entra, "Access token claims reference", header claims.
    token_types: &["JWT", "at+jwt"],
    ..GENERIC
};

/// The same defaults as for version 1.0, except for `iss`, and `azp` instead of `appid`.
const ENTRA_V2: Defaults = Defaults {
    issuer: Some("https://login.microsoftonline.com/{tid}/v2.0"),
    client_id_claims: &[&["azp"]],
    require_claims: &[("azp", None)],
    ..ENTRA_V1
};

const GITHUB_ACTIONS: Defaults = Defaults {
    // GitHub, "OpenID Connect reference": `iss`, the header, and the claims of a job.
    issuer: Some("https://token.actions.githubusercontent.com"),
    algorithms: Some(&[Algorithm::Rs256]),
    token_types: &["JWT"],
    require_claims: &[("sub", None), ("repository", None)],
    // The same page: the subject identifies the workload. Tokens have neither scopes nor roles.
    client_id_claims: &[&["sub"]],
    scope_claims: &[],
    role_claims: &[],
    ..GENERIC
};

const GOOGLE: Defaults = Defaults {
    // Google, "OpenID Connect", an ID token's payload, and the discovery document.
    issuer: Some("https://accounts.google.com"),
    algorithms: Some(&[Algorithm::Rs256]),
    token_types: &["JWT"],
    require_claims: &[("sub", None)],
    client_id_claims: &[&["azp"]],
    // ID tokens have neither scopes nor roles.
    scope_claims: &[],
    role_claims: &[],
    ..GENERIC
};

const KEYCLOAK: Defaults = Defaults {
    // Keycloak, `AccessToken`: `azp`, and `client_id` next to it for service accounts.
    client_id_claims: &[&["azp"], &["client_id"]],
    // The same class: `scope`, one string.
    scope_claims: &[&["scope"]],
    // The same class: the realm's roles. The roles of a client are under its name in
    // `resource_access`; the operator has to choose the client.
    role_claims: &[&["realm_access", "roles"]],
    // Keycloak, `TokenUtil`: the payload's `typ` distinguishes access tokens from ID tokens.
    require_claims: &[("typ", Some("Bearer"))],
    // Keycloak 26.2, client attribute `access.token.header.type.rfc9068`.
    token_types: &["JWT", "at+jwt"],
    ..GENERIC
};

const KUBERNETES: Defaults = Defaults {
    // Kubernetes, "Managing Service Accounts", the payload of a bound token. The tokens that older
    // clusters keep in secrets have no object `kubernetes.io`, and never expire.
    require_claims: &[("sub", None), ("kubernetes.io", None)],
    client_id_claims: &[&["sub"]],
    // The tokens have neither scopes nor roles: rights are in the cluster's RBAC.
    scope_claims: &[],
    role_claims: &[],
    // The API server writes no `typ`; an external signer (KEP-740) writes `JWT`.
    token_types: &["", "JWT"],
    ..GENERIC
};

const OKTA: Defaults = Defaults {
    // Okta, "OpenID Connect & OAuth 2.0 API", access token payload. No ID token has `cid`.
    client_id_claims: &[&["cid"]],
    scope_claims: &[&["scp"]],
    require_claims: &[("cid", None)],
    // Okta, "Customize tokens with a groups claim".
    role_claims: &[&["groups"]],
    // Okta support: custom authorization servers write no `typ`. Tokens of the organisation's own
    // server (`application/okta-internal-at+jwt`) are only for Okta itself.
    token_types: &["", "at+jwt"],
    ..GENERIC
};

const PING_FEDERATE: Defaults = Defaults {
    // PingFederate, "Configure JSON token management": the names of the claims. Scopes are in
    // `scope`, or in `scp` as in Zscaler's guide.
    client_id_claims: &[&["client_id"]],
    // PingFederate, "JWKS endpoint": a key's `alg` can differ from the token's.
    jwk_algorithm: JwkAlgorithm::Family,
    // PingFederate, "Type Header Value": empty unless the operator sets it.
    token_types: &["", "JWT", "at+jwt"],
    ..GENERIC
};

const PRIVATE_KEY_JWT: Defaults = Defaults {
    // RFC 7523 section 3: `iss` and `sub` both name the client. A token in which they differ is
    // refused.
    client_id_claims: &[&["iss"], &["sub"]],
    require_claims: &[("sub", None)],
    // A client that signs its own tokens could grant itself anything.
    scope_claims: &[],
    role_claims: &[],
    // Zscaler's SDKs make assertions that are valid for ten minutes and have no `iat`.
    max_lifetime: Some(Duration::from_secs(600)),
    // The examples of Zscaler's help have no `typ` (but a `type`); RFC 7523bis section 4 defines
    // one.
    token_types: &["", "JWT", "client-authentication+jwt"],
    ..GENERIC
};

const RFC9068: Defaults = Defaults {
    // RFC 9068 section 2.2. `iss`, `aud` and `exp` are required even without a preset.
    require_claims: &[
        ("sub", None),
        ("client_id", None),
        ("iat", None),
        ("jti", None),
    ],
    client_id_claims: &[&["client_id"]],
    // RFC 9068 section 2.2.3.
    scope_claims: &[&["scope"]],
    // RFC 9068 sections 2.1 and 4.
    token_types: &["at+jwt"],
    ..GENERIC
};

const SPIFFE: Defaults = Defaults {
    // JWT-SVID section 2.3: the algorithms.
    algorithms: Some(SVID_ALGORITHMS),
    // JWT-SVID section 2.4: `typ` is optional.
    token_types: &["", "JWT", "JOSE"],
    // JWT-SVID sections 3.1 to 3.3. A token without `aud` or `exp` is refused even if the provider
    // allows any audience, or no `exp`.
    require_claims: &[("sub", None), ("aud", None), ("exp", None)],
    client_id_claims: &[&["sub"]],
    // JWT-SVIDs have neither scopes nor roles.
    scope_claims: &[],
    role_claims: &[],
    ..GENERIC
};

/// The algorithms of JWT-SVIDs (JWT-SVID section 2.3).
pub(super) const SVID_ALGORITHMS: &[Algorithm] = &[
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
];

impl Preset {
    /// The defaults for this product.
    pub(super) const fn defaults(self) -> &'static Defaults {
        match self {
            Self::Auth0 => &AUTH0,
            Self::Cognito => &COGNITO,
            Self::EntraV1 => &ENTRA_V1,
            Self::EntraV2 => &ENTRA_V2,
            Self::Generic => &GENERIC,
            Self::GithubActions => &GITHUB_ACTIONS,
            Self::Google => &GOOGLE,
            Self::Keycloak => &KEYCLOAK,
            Self::Kubernetes => &KUBERNETES,
            Self::Okta => &OKTA,
            Self::PingFederate => &PING_FEDERATE,
            Self::PrivateKeyJwt => &PRIVATE_KEY_JWT,
            Self::Rfc9068 => &RFC9068,
            Self::Spiffe => &SPIFFE,
        }
    }
}

impl Defaults {
    /// The operator's requirements together with the defaults. If the operator wrote an empty list,
    /// nothing is required.
    pub(super) fn require_claims(
        &self,
        written: Option<Vec<ClaimRequirement>>,
    ) -> Vec<ClaimRequirement> {
        let mut required = match written {
            Some(written) if written.is_empty() => return written,
            written => written.unwrap_or_default(),
        };
        for (name, value) in self.require_claims {
            let claim = ClaimPath::top_level(*name);
            if required.iter().all(|own| own.claim != claim) {
                let any_of = value.map(|value| vec![Value::from(value)]);
                required.push(ClaimRequirement { claim, any_of });
            }
        }
        required
    }
}

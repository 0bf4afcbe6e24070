//! The default values of a provider's fields, for each product that issues tokens.
//!
//! A preset sets only fields that an operator could also set, and never weakens a provider. The
//! issuer, the audiences and the keys are still required, unless the preset sets them. The preset's
//! required claims are added to the operator's `require_claims`. If the operator's list replaced
//! the preset's claims, an operator who adds one claim would accidentally accept ID tokens. If both
//! lists contain the same claim, the operator's entry is used.

use core::time::Duration;

use serde_json::Value;

use crate::{
    config::Preset,
    jose::{Algorithm, ClaimPath, JwkAlgorithm},
    verification::{ClaimRequirement, KeyIssuer},
};

/// The path to a claim, as a list of names.
pub(super) type Claim = &'static [&'static str];

/// The values of the fields that a provider does not set.
pub(super) struct Defaults {
    /// The accepted algorithms. `None` accepts all algorithms that fit the key source.
    pub(super) algorithms: Option<&'static [Algorithm]>,
    pub(super) client_id_claims: &'static [Claim],
    pub(super) issuer: Option<&'static str>,
    pub(super) jwk_algorithm: JwkAlgorithm,
    pub(super) key_issuer: KeyIssuer,
    pub(super) max_lifetime: Option<Duration>,
    /// The required claims, each with its required value. If the value is `None`, any value is
    /// accepted.
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
    // Auth0, "Access token profiles": `azp` names the client. In the profile of RFC 9068,
    // `client_id` names it instead.
    client_id_claims: &[&["azp"], &["client_id"]],
    // Auth0, "Access token profiles": the scopes are in `scope`, as one string.
    scope_claims: &[&["scope"]],
    // Auth0, "Role-based access control": `permissions` has all permissions of the user, including
    // those that the client did not request. If these permissions counted as scopes, the client
    // would have rights that nobody granted to the client.
    role_claims: &[&["permissions"]],
    // Auth0, "Access token profiles": `typ` is `JWT`, or `at+jwt` in the profile of RFC 9068.
    token_types: &["JWT", "at+jwt"],
    ..GENERIC
};

const COGNITO: Defaults = Defaults {
    // Amazon Cognito, "Understanding the access token", lists the claims of an access token.
    client_id_claims: &[&["client_id"]],
    scope_claims: &[&["scope"]],
    role_claims: &[&["cognito:groups"]],
    // Amazon Cognito, "Understanding the access token": ID tokens have the same issuer as access
    // tokens, but their `token_use` is `id`.
    require_claims: &[("token_use", Some("access"))],
    // Amazon Cognito, "Understanding the access token": the JOSE header has only `kid` and `alg`,
    // so tokens have no `typ`.
    token_types: &["", "at+jwt"],
    ..GENERIC
};

const ENTRA_V1: Defaults = Defaults {
    // Entra, "Access token claims reference", describes `iss`, `appid`, `scp` and `roles`. No ID
    // token has `appid`.
    issuer: Some("https://sts.windows.net/{tid}/"),
    client_id_claims: &[&["appid"]],
    scope_claims: &[&["scp"]],
    require_claims: &[("appid", None)],
    // Entra, "Access tokens": an API must check that the signing key belongs to the token's issuer.
    key_issuer: KeyIssuer::Match,
    // Entra, "Access token claims reference", describes `typ`.
    token_types: &["JWT", "at+jwt"],
    ..GENERIC
};

/// The defaults of [`ENTRA_V1`], but with another `iss`, and with `azp` instead of `appid`.
const ENTRA_V2: Defaults = Defaults {
    issuer: Some("https://login.microsoftonline.com/{tid}/v2.0"),
    client_id_claims: &[&["azp"]],
    require_claims: &[("azp", None)],
    ..ENTRA_V1
};

const GITHUB_ACTIONS: Defaults = Defaults {
    // GitHub, "OpenID Connect reference", describes `iss`, the JOSE header, and the claims of a
    // job.
    issuer: Some("https://token.actions.githubusercontent.com"),
    algorithms: Some(&[Algorithm::Rs256]),
    token_types: &["JWT"],
    require_claims: &[("sub", None), ("repository", None)],
    // GitHub, "OpenID Connect reference": the subject identifies the workload. Tokens have neither
    // scopes nor roles.
    client_id_claims: &[&["sub"]],
    scope_claims: &[],
    role_claims: &[],
    ..GENERIC
};

const GOOGLE: Defaults = Defaults {
    // Google, "OpenID Connect", describes the payload of an ID token, and the discovery document.
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
    // Keycloak, class `AccessToken`: `azp` names the client. For service accounts, `client_id`
    // names it too.
    client_id_claims: &[&["azp"], &["client_id"]],
    // Keycloak, class `AccessToken`: the scopes are in `scope`, as one string.
    scope_claims: &[&["scope"]],
    // Keycloak, class `AccessToken`: `realm_access` has the roles of the realm. Under a client's
    // name, `resource_access` has the roles of that client. Only the operator knows the client's
    // name, so the preset cannot list this path.
    role_claims: &[&["realm_access", "roles"]],
    // Keycloak, class `TokenUtil`: the claim `typ` distinguishes access tokens from ID tokens.
    require_claims: &[("typ", Some("Bearer"))],
    // Keycloak 26.2 sets the `typ` of the JOSE header to `at+jwt` if the client has the attribute
    // `access.token.header.type.rfc9068`.
    token_types: &["JWT", "at+jwt"],
    ..GENERIC
};

const KUBERNETES: Defaults = Defaults {
    // Kubernetes, "Managing Service Accounts", describes the payload of a bound token. Older
    // clusters store tokens in `Secret` objects. A token from a `Secret` has no claim
    // `kubernetes.io` and never expires, so it must not be accepted.
    require_claims: &[("sub", None), ("kubernetes.io", None)],
    client_id_claims: &[&["sub"]],
    // Tokens have neither scopes nor roles, because the cluster's RBAC defines the rights of
    // service accounts.
    scope_claims: &[],
    role_claims: &[],
    // The API server sets no `typ`. An external signer (KEP-740) sets `typ` to `JWT`.
    token_types: &["", "JWT"],
    ..GENERIC
};

const OKTA: Defaults = Defaults {
    // Okta, "OpenID Connect & OAuth 2.0 API", describes the payload of an access token. No ID token
    // has `cid`.
    client_id_claims: &[&["cid"]],
    scope_claims: &[&["scp"]],
    require_claims: &[("cid", None)],
    // Okta, "Customize tokens with a groups claim", describes the claim `groups`.
    role_claims: &[&["groups"]],
    // Okta's support says that custom authorization servers set no `typ`. Okta's org authorization
    // server sets `application/okta-internal-at+jwt`. Its tokens are meant only for Okta itself.
    token_types: &["", "at+jwt"],
    ..GENERIC
};

const PING_FEDERATE: Defaults = Defaults {
    // PingFederate, "Configure JSON token management": the operator chooses the names of the
    // claims. Scopes are in `scope`, or in `scp` if the operator follows Zscaler's guide.
    client_id_claims: &[&["client_id"]],
    // PingFederate, "JWKS endpoint": the `alg` of a key can differ from the `alg` of the token.
    jwk_algorithm: JwkAlgorithm::Family,
    // PingFederate, "Type Header Value": tokens have no `typ` unless the operator sets one.
    token_types: &["", "JWT", "at+jwt"],
    ..GENERIC
};

const PRIVATE_KEY_JWT: Defaults = Defaults {
    // RFC 7523 section 3: both `iss` and `sub` name the client. A token is refused if these claims
    // differ.
    client_id_claims: &[&["iss"], &["sub"]],
    require_claims: &[("sub", None)],
    // No scopes or roles are read. The client signs its own tokens, so it could grant itself any
    // scope or role.
    scope_claims: &[],
    role_claims: &[],
    // Assertions made by Zscaler's SDKs are valid for ten minutes and have no `iat`.
    max_lifetime: Some(Duration::from_secs(600)),
    // The example tokens in Zscaler's help pages have `type` instead of `typ`. RFC 7523bis section
    // 4 defines the value `client-authentication+jwt` for `typ`.
    token_types: &["", "JWT", "client-authentication+jwt"],
    ..GENERIC
};

const RFC9068: Defaults = Defaults {
    // RFC 9068 section 2.2 lists the required claims. `iss`, `aud` and `exp` are not repeated here,
    // because they are required even without a preset.
    require_claims: &[
        ("sub", None),
        ("client_id", None),
        ("iat", None),
        ("jti", None),
    ],
    client_id_claims: &[&["client_id"]],
    // RFC 9068 section 2.2.3 defines the claim `scope`.
    scope_claims: &[&["scope"]],
    // RFC 9068 sections 2.1 and 4 require this `typ`.
    token_types: &["at+jwt"],
    ..GENERIC
};

const SPIFFE: Defaults = Defaults {
    // JWT-SVID section 2.3 lists the algorithms.
    algorithms: Some(SVID_ALGORITHMS),
    // JWT-SVID section 2.4: `typ` is optional.
    token_types: &["", "JWT", "JOSE"],
    // JWT-SVID sections 3.1 to 3.3 require these claims. So a token without `aud` or `exp` is
    // refused even if the provider has `allow_any_audience` or `require_expiration: false`.
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
    /// Returns the defaults for this product.
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
    /// Combines the operator's `require_claims` with the preset's required claims. If the operator
    /// wrote an empty list, no claims are required.
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

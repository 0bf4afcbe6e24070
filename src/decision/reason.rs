//! Every reason to refuse a request: a closed set, with all that is said of each in one table.

use crate::policy::Schemes;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The token's `alg` is unknown, or not one that the provider allows (RFC 8725 §3.1). A token
    /// without signature is malformed before that.
    Algorithm,
    /// The authority can be read in two ways.
    AmbiguousAuthority,
    /// The method is a standard one in other case, or no text.
    AmbiguousMethod,
    /// The path can be read in two ways.
    AmbiguousPath,
    /// The token is meant for another audience (RFC 7519 §4.1.3).
    Audience,
    /// No client of the provider has this secret, or none is called so: nobody can tell which.
    BadClientSecret,
    /// The signature does not verify.
    BadSignature,
    /// A required claim is missing or has another value.
    Claim,
    /// The client is not one of the provider's, or the token names two.
    Client,
    /// The client is disabled; its secret is good.
    ClientDisabled,
    /// The client has expired; its secret is good.
    ClientExpired,
    /// The token is bound to a key that this connection does not prove (RFC 7800).
    Confirmation,
    /// The token has expired (RFC 7519 §4.1.4); its signature is good.
    Expired,
    /// A claim cannot be carried in a header.
    HeaderValue,
    /// The proxy withholds something that the decision needs.
    HostFailure,
    /// The rule asks for a claim that the token lacks.
    InsufficientClaim,
    /// The rule is for other clients.
    InsufficientClient,
    /// The rule asks for a role that the token lacks.
    InsufficientRole,
    /// The rule asks for scopes that the token lacks.
    InsufficientScope,
    /// The token was issued by someone else (RFC 7519 §4.1.1).
    Issuer,
    /// The authorization server's keys cannot be had.
    KeysUnavailable,
    /// The token lives, or was made to live, longer than allowed; or does not say.
    Lifetime,
    /// The credential is not `Bearer` SP token68 (RFC 6750 §2.1), or not `Basic` and a pair
    /// (RFC 7617 §2).
    MalformedCredential,
    /// The token is no signed JWT (RFC 7519 §7.2).
    MalformedToken,
    /// There is no credential.
    MissingCredential,
    /// The path is answered here, and not with this method (RFC 9110 §15.5.6).
    Method,
    /// The token is not valid yet, or was issued in the future (RFC 7519 §4.1.5, §4.1.6).
    NotYetValid,
    /// Too many requests wait for keys already.
    Overloaded,
    /// The path is longer than allowed.
    PathTooLong,
    /// The provider is disabled.
    ProviderDisabled,
    /// The token, its client or its subject was revoked.
    Revoked,
    /// What the proxy's route says of its requests cannot be understood, or not be met.
    RoutePolicy,
    /// There is more than one credential (RFC 6750 §2).
    SeveralCredentials,
    /// The token's subject is not accepted (RFC 7519 §4.1.2).
    Subject,
    /// The token is longer than allowed.
    TokenTooLarge,
    /// The token's `typ` is not accepted (RFC 8725 §3.11).
    TokenType,
    /// No key of the provider fits the token.
    UnknownKey,
    /// No rule is for this request.
    Unmatched,
    /// The proxy chose the route by headers that this module takes away.
    UnsettledRoute,
}

/// The classes of answers (RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// 403.
    InsufficientScope,
    /// 400.
    InvalidRequest,
    /// 400, nothing to do with the credential.
    InvalidTarget,
    /// 405.
    InvalidMethod,
    /// 414.
    TargetTooLong,
    /// 401 with an error.
    InvalidToken,
    /// 401 without an error: the client may not know that it has to authenticate.
    Unauthenticated,
    /// 503.
    Unavailable,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 39] = [
        Self::Algorithm,
        Self::AmbiguousAuthority,
        Self::AmbiguousMethod,
        Self::AmbiguousPath,
        Self::Audience,
        Self::BadClientSecret,
        Self::BadSignature,
        Self::Claim,
        Self::Client,
        Self::ClientDisabled,
        Self::ClientExpired,
        Self::Confirmation,
        Self::Expired,
        Self::HeaderValue,
        Self::HostFailure,
        Self::InsufficientClaim,
        Self::InsufficientClient,
        Self::InsufficientRole,
        Self::InsufficientScope,
        Self::Issuer,
        Self::KeysUnavailable,
        Self::Lifetime,
        Self::MalformedCredential,
        Self::MalformedToken,
        Self::Method,
        Self::MissingCredential,
        Self::NotYetValid,
        Self::Overloaded,
        Self::PathTooLong,
        Self::ProviderDisabled,
        Self::Revoked,
        Self::RoutePolicy,
        Self::SeveralCredentials,
        Self::Subject,
        Self::TokenTooLarge,
        Self::TokenType,
        Self::UnknownKey,
        Self::Unmatched,
        Self::UnsettledRoute,
    ];

    /// Its name in metrics and response code details.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::AmbiguousAuthority => "authority",
            Self::AmbiguousMethod => "method",
            Self::AmbiguousPath => "ambiguous_path",
            Self::Audience => "audience",
            Self::BadClientSecret => "bad_client_secret",
            Self::BadSignature => "bad_signature",
            Self::Claim => "claim",
            Self::Client => "client",
            Self::ClientDisabled => "client_disabled",
            Self::ClientExpired => "client_expired",
            Self::Confirmation => "confirmation",
            Self::Expired => "expired",
            Self::HeaderValue => "header_value",
            Self::HostFailure => "host_failure",
            Self::InsufficientClaim => "insufficient_claim",
            Self::InsufficientClient => "insufficient_client",
            Self::InsufficientRole => "insufficient_role",
            Self::InsufficientScope => "insufficient_scope",
            Self::Issuer => "issuer",
            Self::KeysUnavailable => "keys_unavailable",
            Self::Lifetime => "lifetime",
            Self::MalformedCredential => "malformed_credential",
            Self::MalformedToken => "malformed_token",
            Self::Method => "method_not_allowed",
            Self::MissingCredential => "missing_credential",
            Self::NotYetValid => "not_yet_valid",
            Self::Overloaded => "overloaded",
            Self::PathTooLong => "path_too_long",
            Self::ProviderDisabled => "provider_disabled",
            Self::Revoked => "revoked",
            Self::RoutePolicy => "route_policy",
            Self::SeveralCredentials => "several_credentials",
            Self::Subject => "subject",
            Self::TokenTooLarge => "token_too_large",
            Self::TokenType => "token_type",
            Self::UnknownKey => "unknown_key",
            Self::Unmatched => "unmatched",
            Self::UnsettledRoute => "unsettled_route",
        }
    }

    /// The number that `jwt_authn` of Envoy 1.40 has for it; `None` where no token failed.
    #[must_use]
    pub const fn jwt_authn_status(self) -> Option<u8> {
        Some(match self {
            Self::NotYetValid => 2,
            Self::Expired => 3,
            Self::MalformedCredential | Self::MalformedToken | Self::TokenTooLarge => 4,
            Self::Algorithm => 8,
            Self::Issuer => 24,
            Self::Audience => 25,
            Self::BadClientSecret
            | Self::BadSignature
            | Self::Claim
            | Self::Client
            | Self::ClientDisabled
            | Self::ClientExpired
            | Self::Confirmation
            | Self::HeaderValue
            | Self::Lifetime
            | Self::ProviderDisabled
            | Self::Revoked
            | Self::Subject
            | Self::TokenType => 26,
            Self::SeveralCredentials => 27,
            Self::UnknownKey => 32,
            Self::KeysUnavailable | Self::Overloaded => 40,
            Self::AmbiguousAuthority
            | Self::AmbiguousMethod
            | Self::AmbiguousPath
            | Self::HostFailure
            | Self::InsufficientClaim
            | Self::InsufficientClient
            | Self::InsufficientRole
            | Self::InsufficientScope
            | Self::Method
            | Self::MissingCredential
            | Self::PathTooLong
            | Self::RoutePolicy
            | Self::Unmatched
            | Self::UnsettledRoute => return None,
        })
    }

    /// Which answer it gets.
    pub(super) const fn class(self) -> Class {
        match self {
            Self::MissingCredential => Class::Unauthenticated,
            Self::MalformedCredential | Self::SeveralCredentials => Class::InvalidRequest,
            Self::AmbiguousAuthority | Self::AmbiguousMethod | Self::AmbiguousPath => {
                Class::InvalidTarget
            }
            Self::PathTooLong => Class::TargetTooLong,
            Self::Method => Class::InvalidMethod,
            Self::InsufficientClaim
            | Self::InsufficientClient
            | Self::InsufficientRole
            | Self::InsufficientScope
            | Self::RoutePolicy
            | Self::Unmatched
            | Self::UnsettledRoute => Class::InsufficientScope,
            Self::HostFailure | Self::KeysUnavailable | Self::Overloaded => Class::Unavailable,
            Self::Algorithm
            | Self::Audience
            | Self::BadClientSecret
            | Self::BadSignature
            | Self::Claim
            | Self::Client
            | Self::ClientDisabled
            | Self::ClientExpired
            | Self::Confirmation
            | Self::Expired
            | Self::HeaderValue
            | Self::Issuer
            | Self::Lifetime
            | Self::MalformedToken
            | Self::NotYetValid
            | Self::ProviderDisabled
            | Self::Revoked
            | Self::Subject
            | Self::TokenTooLarge
            | Self::TokenType
            | Self::UnknownKey => Class::InvalidToken,
        }
    }

    /// What the client is told that authenticates in one of these ways. All invalid tokens get one
    /// text, so that a forged one teaches nothing; that a token expired is said only of one whose
    /// signature is good. All clients with secrets get one text too.
    pub(super) const fn description(self, schemes: Schemes) -> &'static str {
        match self {
            Self::MissingCredential if schemes.is_basic_alone() => "A client secret is required",
            Self::MissingCredential if schemes.basic => {
                "An access token or a client secret is required"
            }
            Self::MalformedCredential if schemes.is_basic_alone() => {
                "The client secret is not presented as RFC 7617 says"
            }
            Self::MalformedCredential if schemes.basic => {
                "The credential is not presented as RFC 6750 or RFC 7617 says"
            }
            Self::Expired => "The access token expired",
            Self::MissingCredential => "An access token is required",
            Self::MalformedCredential => "The access token is not presented as RFC 6750 says",
            Self::SeveralCredentials => "The request presents more than one credential",
            Self::Method => "This path is for reading alone",
            Self::AmbiguousAuthority => "The host can be read in more than one way",
            Self::AmbiguousMethod => "Methods are written in capital letters",
            Self::AmbiguousPath => "The path can be read in more than one way",
            Self::PathTooLong => "The path is too long",
            Self::RoutePolicy | Self::Unmatched | Self::UnsettledRoute => {
                "Access to this resource is not configured"
            }
            _ => match self.class() {
                Class::Unavailable => "The access token cannot be verified at the moment",
                Class::InsufficientScope if schemes.is_basic_alone() => {
                    "The request requires higher privileges than the client has"
                }
                Class::InsufficientScope => {
                    "The request requires higher privileges than the access token provides"
                }
                _ if schemes.is_basic_alone() => "The client or its secret is invalid",
                _ => "The access token is invalid",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::policy::Scheme;

    #[test]
    fn lists_every_reason_once() {
        let mut labels: Vec<&str> = Reason::ALL.iter().map(|reason| reason.label()).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Reason::ALL.len());
    }

    #[test]
    fn tells_all_invalid_credentials_the_same_but_an_expired_token() {
        let basic = Schemes::default().and(Scheme::Basic);
        for (schemes, text) in [
            (Schemes::BEARER, "The access token is invalid"),
            (
                Schemes::BEARER.and(Scheme::Basic),
                "The access token is invalid",
            ),
            (basic, "The client or its secret is invalid"),
        ] {
            for reason in Reason::ALL {
                if reason.class() == Class::InvalidToken && reason != Reason::Expired {
                    assert_eq!(reason.description(schemes), text, "{reason:?}");
                }
            }
        }
    }
}

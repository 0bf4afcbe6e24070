//! Every reason to refuse a request: a closed set, with all that is said of each in one table.

use crate::policy::Schemes;

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

/// Declares each reason with its label, its class, and the number that `jwt_authn` of Envoy 1.40 has for it.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $reason:ident: $label:literal, $class:ident, $jwt_authn:expr;)*) => {
        /// Why a request is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason {
            $($(#[doc = $doc])* $reason,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: [Self; [$($label),*].len()] = [$(Self::$reason),*];

            /// Its name in metrics and response code details.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$reason => $label,)*
                }
            }

            /// The number that `jwt_authn` of Envoy 1.40 has for it; `None` where no token failed.
            #[must_use]
            pub const fn jwt_authn_status(self) -> Option<u8> {
                match self {
                    $(Self::$reason => $jwt_authn,)*
                }
            }

            /// Which answer it gets.
            pub(super) const fn class(self) -> Class {
                match self {
                    $(Self::$reason => Class::$class,)*
                }
            }
        }
    };
}

reasons! {
    /// The token's `alg` is unknown, or not one that the provider allows (RFC 8725 §3.1). A token
    /// without signature is malformed before that.
    Algorithm: "algorithm", InvalidToken, Some(8);
    /// The authority can be read in two ways.
    AmbiguousAuthority: "authority", InvalidTarget, None;
    /// Some servers take a header for one that a rule has a condition on.
    AmbiguousHeader: "header", InvalidTarget, None;
    /// The method is a standard one, or one of a rule, in other case; or no text.
    AmbiguousMethod: "method", InvalidTarget, None;
    /// The path, or a query parameter that a rule has a condition on, can be read in two ways.
    AmbiguousPath: "ambiguous_path", InvalidTarget, None;
    /// The token is meant for another audience (RFC 7519 §4.1.3).
    Audience: "audience", InvalidToken, Some(25);
    /// No client of the provider has this secret, or none is called so: nobody can tell which.
    BadClientSecret: "bad_client_secret", InvalidToken, Some(26);
    /// The signature does not verify.
    BadSignature: "bad_signature", InvalidToken, Some(26);
    /// A required claim is missing or has another value.
    Claim: "claim", InvalidToken, Some(26);
    /// The client is not one of the provider's, or the token names two.
    Client: "client", InvalidToken, Some(26);
    /// The client is disabled; its secret is good.
    ClientDisabled: "client_disabled", InvalidToken, Some(26);
    /// The client has expired; its secret is good.
    ClientExpired: "client_expired", InvalidToken, Some(26);
    /// The token is bound to a key that this connection does not prove (RFC 7800).
    Confirmation: "confirmation", InvalidToken, Some(26);
    /// The token has expired (RFC 7519 §4.1.4); its signature is good.
    Expired: "expired", InvalidToken, Some(3);
    /// A claim cannot be carried in a header.
    HeaderValue: "header_value", InvalidToken, Some(26);
    /// The proxy withholds something that the decision needs.
    HostFailure: "host_failure", Unavailable, None;
    /// The rule asks for a claim that the token lacks.
    InsufficientClaim: "insufficient_claim", InsufficientScope, None;
    /// The rule is for other clients.
    InsufficientClient: "insufficient_client", InsufficientScope, None;
    /// The rule asks for a role that the token lacks.
    InsufficientRole: "insufficient_role", InsufficientScope, None;
    /// The rule asks for scopes that the token lacks.
    InsufficientScope: "insufficient_scope", InsufficientScope, None;
    /// The token was issued by someone else (RFC 7519 §4.1.1).
    Issuer: "issuer", InvalidToken, Some(24);
    /// The authorization server's keys cannot be had.
    KeysUnavailable: "keys_unavailable", Unavailable, Some(40);
    /// The token lives, or was made to live, longer than allowed; or does not say.
    Lifetime: "lifetime", InvalidToken, Some(26);
    /// The credential is not `Bearer` SP token68 (RFC 6750 §2.1), or not `Basic` and a pair
    /// (RFC 7617 §2).
    MalformedCredential: "malformed_credential", InvalidRequest, Some(4);
    /// The token is no signed JWT (RFC 7519 §7.2).
    MalformedToken: "malformed_token", InvalidToken, Some(4);
    /// The path is answered here, and not with this method (RFC 9110 §15.5.6).
    Method: "method_not_allowed", InvalidMethod, None;
    /// There is no credential.
    MissingCredential: "missing_credential", Unauthenticated, None;
    /// The token is not valid yet, or was issued in the future (RFC 7519 §4.1.5, §4.1.6).
    NotYetValid: "not_yet_valid", InvalidToken, Some(2);
    /// Too many requests wait for keys already.
    Overloaded: "overloaded", Unavailable, Some(40);
    /// The path is longer than allowed.
    PathTooLong: "path_too_long", TargetTooLong, None;
    /// The provider is disabled.
    ProviderDisabled: "provider_disabled", InvalidToken, Some(26);
    /// The token, its client or its subject was revoked.
    Revoked: "revoked", InvalidToken, Some(26);
    /// What the proxy's route says of its requests cannot be understood, or not be met.
    RoutePolicy: "route_policy", InsufficientScope, None;
    /// There is more than one credential (RFC 6750 §2).
    SeveralCredentials: "several_credentials", InvalidRequest, Some(27);
    /// The token's subject is not accepted (RFC 7519 §4.1.2).
    Subject: "subject", InvalidToken, Some(26);
    /// The token is longer than allowed.
    TokenTooLarge: "token_too_large", InvalidToken, Some(4);
    /// The token's `typ` is not accepted (RFC 8725 §3.11).
    TokenType: "token_type", InvalidToken, Some(26);
    /// No key of the provider fits the token.
    UnknownKey: "unknown_key", InvalidToken, Some(32);
    /// No rule is for this request.
    Unmatched: "unmatched", InsufficientScope, None;
    /// The proxy chose the route by headers that this module takes away.
    UnsettledRoute: "unsettled_route", InsufficientScope, None;
}

impl Reason {
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
            Self::AmbiguousHeader => "A header can be read in more than one way",
            Self::AmbiguousMethod => "Methods are written in capital letters",
            Self::AmbiguousPath => "The path or query can be read in more than one way",
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

//! The closed set of reasons to refuse a request. One table lists each reason with its properties.

use crate::policy::Schemes;

/// The classes of responses to refused requests (RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// 500, because of a defect in Portcullis.
    Defect,
    /// 401, because of how or when the user authenticated (RFC 9470 §3).
    InsufficientAuthentication,
    /// 403, because of the request itself. Another credential would not help.
    Forbidden,
    /// 403, because the credential does not grant enough rights or because no rule grants access.
    InsufficientScope,
    /// 400, because of how the credential is sent.
    InvalidRequest,
    /// 400, because of the request's path, method or headers.
    InvalidTarget,
    /// 405 Method Not Allowed.
    InvalidMethod,
    /// 414 URI Too Long.
    TargetTooLong,
    /// 431 Request Header Fields Too Large (RFC 6585 §5).
    HeaderTooLarge,
    /// 401 with an error code in the challenge, because the credential is invalid.
    InvalidToken,
    /// 401 without an error code in the challenge, because the request has no credential. The
    /// client may not know yet that it has to authenticate.
    Unauthenticated,
    /// 503, because the decision is not possible at the moment.
    Unavailable,
}

/// Declares each reason with its label, its class, and its status code in `jwt_authn` of Envoy
/// 1.40.
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

            /// The reason's name in metrics and response code details.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$reason => $label,)*
                }
            }

            /// The status code with which `jwt_authn` of Envoy 1.40 reports this reason. `None` for
            /// a reason that is not a verification failure.
            #[must_use]
            pub const fn jwt_authn_status(self) -> Option<u8> {
                match self {
                    $(Self::$reason => $jwt_authn,)*
                }
            }

            /// The class of the response.
            pub(super) const fn class(self) -> Class {
                match self {
                    $(Self::$reason => Class::$class,)*
                }
            }
        }
    };
}

reasons! {
    /// The token's `alg` is unknown, or the provider does not allow it (RFC 8725 §3.1). A token
    /// without a signature is refused earlier, as `MalformedToken`.
    Algorithm: "algorithm", InvalidToken, Some(8);
    /// The authority can be read in more than one way.
    AmbiguousAuthority: "authority", InvalidTarget, None;
    /// A rule has a condition on a header. The request has another header that some servers would
    /// mistake for this header, or servers disagree on how to read this header's lines, or the white
    /// space around them.
    AmbiguousHeader: "header", InvalidTarget, None;
    /// The method differs only in case from a standard method or from a rule's method, or the
    /// method is not UTF-8.
    AmbiguousMethod: "method", InvalidTarget, None;
    /// The path, or a query parameter that a rule checks, can be read in more than one way.
    AmbiguousPath: "ambiguous_path", InvalidTarget, None;
    /// The token is for another audience (RFC 7519 §4.1.3).
    Audience: "audience", InvalidToken, Some(25);
    /// The rule requires the user to authenticate again or in another way (RFC 9470).
    Authentication: "authentication", InsufficientAuthentication, None;
    /// The client is unknown, or its secret is wrong. The response does not reveal which of the two
    /// is the case.
    BadClientSecret: "bad_client_secret", InvalidToken, Some(26);
    /// The signature is not valid.
    BadSignature: "bad_signature", InvalidToken, Some(26);
    /// A required claim is missing or has another value.
    Claim: "claim", InvalidToken, Some(26);
    /// The provider does not accept the client that the token was issued to, or the token names two
    /// clients.
    Client: "client", InvalidToken, Some(26);
    /// The client's secret is correct, but the client is disabled.
    ClientDisabled: "client_disabled", InvalidToken, Some(26);
    /// The client's secret is correct, but the client has expired.
    ClientExpired: "client_expired", InvalidToken, Some(26);
    /// The token is bound to a key, but the connection does not prove that the client has the key
    /// (RFC 7800).
    Confirmation: "confirmation", InvalidToken, Some(26);
    /// The token's signature is valid, but the token has expired (RFC 7519 §4.1.4).
    Expired: "expired", InvalidToken, Some(3);
    /// A rule has a condition on a header, and comparing the header would take too long: the condition
    /// is a regular expression, or the path of the request can be read in several ways.
    HeaderTooLong: "header_too_long", HeaderTooLarge, None;
    /// A claim or the caller's identity cannot be written into a header.
    HeaderValue: "header_value", InvalidToken, Some(26);
    /// The proxy refused to provide information about the request, or to change the request.
    HostFailure: "host_failure", Unavailable, None;
    /// The token lacks a claim that the rule requires.
    InsufficientClaim: "insufficient_claim", InsufficientScope, None;
    /// The rule does not allow the client that the token was issued to.
    InsufficientClient: "insufficient_client", InsufficientScope, None;
    /// The token lacks a role that the rule requires.
    InsufficientRole: "insufficient_role", InsufficientScope, None;
    /// The token lacks scopes that the rule requires.
    InsufficientScope: "insufficient_scope", InsufficientScope, None;
    /// The token is from another issuer (RFC 7519 §4.1.1).
    Issuer: "issuer", InvalidToken, Some(24);
    /// The authorization server's keys are unavailable.
    KeysUnavailable: "keys_unavailable", Unavailable, Some(40);
    /// The token's lifetime exceeds the limit, or the token does not state its lifetime.
    Lifetime: "lifetime", InvalidToken, Some(26);
    /// The credential is malformed. `Bearer` must be followed by a token68 (RFC 6750 §2.1), and
    /// `Basic` by an encoded user-id and password (RFC 7617 §2).
    MalformedCredential: "malformed_credential", InvalidRequest, Some(4);
    /// The token is not a signed JWT (RFC 7519 §7.2).
    MalformedToken: "malformed_token", InvalidToken, Some(4);
    /// A rule recognises MCP calls by their headers. In this request, one of these headers is
    /// missing, repeated or malformed, or a different header could be mistaken for it.
    McpHeader: "mcp_header", InvalidTarget, None;
    /// The request does not name a revision of MCP that requires servers to compare headers with
    /// the body.
    McpVersion: "mcp_version", InvalidTarget, None;
    /// Portcullis itself serves this path, but does not support this method (RFC 9110 §15.5.6).
    Method: "method_not_allowed", InvalidMethod, None;
    /// The request has no credential.
    MissingCredential: "missing_credential", Unauthenticated, None;
    /// The token is not valid yet, or its `iat` is in the future (RFC 7519 §4.1.5, §4.1.6).
    NotYetValid: "not_yet_valid", InvalidToken, Some(2);
    /// Too many requests are already waiting for keys.
    Overloaded: "overloaded", Unavailable, Some(40);
    /// The request comes from a page whose origin is not allowed.
    Origin: "origin", Forbidden, None;
    /// Portcullis failed to decide because of a defect. Only the dynamic module can report this: a
    /// trap ends the proxy-wasm module.
    Panic: "panic", Defect, None;
    /// The path is longer than allowed. Or comparing the path or the query with the rules would take
    /// too long: a rule has a regular expression for `:path` or a query parameter, or the path can be
    /// read in several ways.
    PathTooLong: "path_too_long", TargetTooLong, None;
    /// The provider is disabled.
    ProviderDisabled: "provider_disabled", InvalidToken, Some(26);
    /// The token, its client or its subject is revoked.
    Revoked: "revoked", InvalidToken, Some(26);
    /// The policy of the proxy's route is malformed. Or the policy requires rights, but no rule
    /// says which providers' tokens can grant these rights.
    RoutePolicy: "route_policy", InsufficientScope, None;
    /// The request has more than one credential (RFC 6750 §2).
    SeveralCredentials: "several_credentials", InvalidRequest, Some(27);
    /// The provider does not accept the token's subject (RFC 7519 §4.1.2).
    Subject: "subject", InvalidToken, Some(26);
    /// The token is longer than allowed.
    TokenTooLarge: "token_too_large", InvalidToken, Some(4);
    /// The provider does not accept the token's `typ` (RFC 8725 §3.11).
    TokenType: "token_type", InvalidToken, Some(26);
    /// No key of the provider matches the token.
    UnknownKey: "unknown_key", InvalidToken, Some(32);
    /// No rule matches this request.
    Unmatched: "unmatched", InsufficientScope, None;
    /// It is unclear which route's policy applies. The client may have chosen the route with a
    /// forged header. Or Portcullis edited headers, and the edits led the proxy to a route whose
    /// policy requires different edits.
    UnsettledRoute: "unsettled_route", InsufficientScope, None;
}

impl Reason {
    /// The status code of the response.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self.class() {
            Class::InvalidRequest | Class::InvalidTarget => 400,
            Class::InsufficientAuthentication | Class::InvalidToken | Class::Unauthenticated => 401,
            Class::Forbidden | Class::InsufficientScope => 403,
            Class::InvalidMethod => 405,
            Class::TargetTooLong => 414,
            Class::HeaderTooLarge => 431,
            Class::Defect => 500,
            Class::Unavailable => 503,
        }
    }

    /// The error description for a client that can use these authentication schemes. All invalid
    /// tokens get the same text, so that an attacker learns nothing from forged tokens. Expired
    /// tokens are the exception: their signature is valid, so they are not forged. All invalid
    /// client secrets also get the same text.
    pub(super) const fn description(self, schemes: Schemes) -> &'static str {
        match self {
            Self::MissingCredential if schemes.is_basic_alone() => "A client secret is required",
            Self::MissingCredential if schemes.basic => {
                "An access token or a client secret is required"
            }
            Self::MalformedCredential if schemes.is_basic_alone() => {
                "The client secret is not sent as RFC 7617 requires"
            }
            Self::MalformedCredential if schemes.basic => {
                "The credential is not sent as RFC 6750 or RFC 7617 requires"
            }
            Self::Expired => "The access token has expired",
            Self::MissingCredential => "An access token is required",
            Self::MalformedCredential => "The access token is not sent as RFC 6750 requires",
            Self::SeveralCredentials => "The request has more than one credential",
            Self::Method => "This path only supports GET and HEAD",
            Self::AmbiguousAuthority => "The host can be read in more than one way",
            Self::AmbiguousHeader => "A header can be read in more than one way",
            Self::AmbiguousMethod => "The method must be in capital letters",
            Self::AmbiguousPath => "The path or query can be read in more than one way",
            Self::McpHeader => "An MCP header is missing, repeated or malformed",
            Self::McpVersion => "MCP-Protocol-Version must be 2026-07-28 or later",
            Self::Origin => "Pages from this origin are not allowed to send requests",
            Self::HeaderTooLong => "A header is too long",
            Self::PathTooLong => "The path is too long",
            Self::RoutePolicy | Self::Unmatched | Self::UnsettledRoute => {
                "Access to this resource is not configured"
            }
            _ => match self.class() {
                Class::Defect | Class::Unavailable => "The access token cannot be verified now",
                Class::InsufficientScope if schemes.is_basic_alone() => {
                    "The request requires higher privileges than the client has"
                }
                Class::InsufficientScope => {
                    "The request requires higher privileges than the access token provides"
                }
                Class::InsufficientAuthentication => {
                    "A different or more recent authentication is required"
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
    fn every_reason_is_listed_once() {
        let mut labels: Vec<&str> = Reason::ALL.iter().map(|reason| reason.label()).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Reason::ALL.len());
    }

    #[test]
    fn all_invalid_credentials_but_an_expired_token_get_one_text() {
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

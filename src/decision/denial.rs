//! The response to a refused request. It follows RFC 6750 §3 for tokens and RFC 7617 §2 for client
//! secrets.

use core::fmt::Write as _;
use std::sync::Arc;

use crate::{
    decision::{Reason, StateEntry, reason::Class},
    http::Response,
    policy::{Authentication, ProviderId, Schemes},
};

/// The methods that read-only paths support.
pub const READING: [&str; 2] = ["GET", "HEAD"];

/// The refusal of a request, with everything that determines the response. Only an
/// [`Engine`](crate::engine::Engine) makes denials whose response has a challenge, because the
/// challenge must name the schemes that the configuration accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial {
    /// Why the request is refused.
    pub reason: Reason,
    /// The provider whose token or client secret was checked. `None` if no credential was checked.
    pub provider: Option<ProviderId>,
    /// The authentication schemes that the client can use. If a credential was checked, this is
    /// only the scheme of that credential.
    pub schemes: Schemes,
    /// The scopes that the challenge asks for.
    pub scopes: Vec<String>,
    /// The rule's condition on how and how recently the user authenticated (RFC 9470), if there is
    /// one.
    pub authentication: Option<Authentication>,
    /// The URL of the protected resource metadata, if the request is for a protected resource.
    pub resource_metadata: Option<Arc<str>>,
    /// The methods that the path supports. Only used if the request's method is not one of them.
    pub methods: &'static [&'static str],
    /// The number of seconds after which the client may try again, if keys are unavailable.
    pub retry_after: Option<u64>,
    /// The entries to write to the filter state for other filters.
    pub exports: Vec<StateEntry>,
}

/// The operator's settings for the responses to all refused requests.
#[derive(Clone, Copy, Debug)]
pub struct ResponseStyle<'a> {
    /// The `realm` of every challenge.
    pub realm: &'a str,
    /// True to send responses without a body and without a challenge.
    pub stripped: bool,
}

impl Denial {
    /// The refusal of a request because the proxy refused a call that the decision needs.
    pub(crate) const fn host_failure() -> Self {
        Self::new(Reason::HostFailure)
    }

    /// The refusal of a request because the keys that verify its token are unavailable.
    #[must_use]
    pub const fn keys_unavailable() -> Self {
        Self::new(Reason::KeysUnavailable)
    }

    /// Makes a refusal without a provider. If the response has a challenge, the caller must set the
    /// schemes.
    pub(crate) const fn new(reason: Reason) -> Self {
        Self {
            reason,
            provider: None,
            schemes: Schemes::BEARER,
            scopes: Vec::new(),
            authentication: None,
            resource_metadata: None,
            methods: &READING,
            retry_after: None,
            exports: Vec::new(),
        }
    }

    /// Returns true if the client needs another credential (401).
    #[must_use]
    pub const fn is_unauthenticated(&self) -> bool {
        matches!(
            self.reason.class(),
            Class::InsufficientAuthentication | Class::InvalidToken | Class::Unauthenticated
        )
    }

    /// Returns true if the response depends only on the reason and the schemes. Such a response can
    /// be reused for other refusals with the same reason and schemes.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        // Without `..`, a new field does not compile until it is considered here. If a field that
        // changes the response were forgotten, a client could get a response meant for another one.
        let Self {
            reason: _,
            schemes: _,
            // The response does not depend on the provider or the exports.
            provider: _,
            exports: _,
            scopes,
            authentication,
            resource_metadata,
            methods,
            retry_after,
        } = self;
        scopes.is_empty()
            && authentication.is_none()
            && resource_metadata.is_none()
            && *methods == READING
            && retry_after.is_none()
    }

    /// The response to send.
    #[must_use]
    pub fn response(&self, style: ResponseStyle<'_>) -> Response {
        let status = self.reason.status();
        let error = match self.reason.class() {
            Class::HeaderTooLarge
            | Class::InvalidMethod
            | Class::InvalidRequest
            | Class::InvalidTarget
            | Class::TargetTooLong => "invalid_request",
            Class::Unauthenticated => "unauthorized",
            Class::Defect => "server_error",
            // The code is from RFC 6749 section 5.2.
            Class::InvalidToken if self.schemes.is_basic_alone() => "invalid_client",
            Class::InvalidToken => "invalid_token",
            Class::InsufficientScope => "insufficient_scope",
            Class::InsufficientAuthentication => "insufficient_user_authentication",
            // The code is from RFC 6749 section 4.1.2.1.
            Class::Forbidden => "access_denied",
            Class::Unavailable => "temporarily_unavailable",
        };
        let mut headers = Vec::with_capacity(5);
        if !style.stripped {
            if let Some(bearer) = self.challenge(style.realm) {
                headers.push(("www-authenticate", bearer));
            }
            // RFC 7617 defines no error codes. Status 401 with a challenge asks the client for
            // another secret.
            if status == 401 && self.schemes.basic {
                let basic = format!("Basic realm=\"{}\"", style.realm);
                headers.push(("www-authenticate", basic));
            }
            // Without this header, scripts on web pages cannot read the challenge.
            if self.leads_to().is_some() {
                let exposed = "WWW-Authenticate, DPoP-Nonce".to_owned();
                headers.push(("access-control-expose-headers", exposed));
            }
            headers.push(("content-type", "application/json".to_owned()));
        }
        headers.push(("cache-control", "no-store".to_owned()));
        if self.reason.class() == Class::InvalidMethod {
            headers.push(("allow", self.methods.join(", ")));
        }
        if self.reason.class() == Class::Unavailable {
            let seconds = self.retry_after.unwrap_or(1);
            headers.push(("retry-after", seconds.to_string()));
        }
        Response {
            status,
            headers,
            body: if style.stripped {
                String::new()
            } else {
                self.body(error)
            },
            details: format!("portcullis_denied{{{}}}", self.reason.label()),
        }
    }

    /// The Bearer challenge in `WWW-Authenticate` (RFC 6750 §3). Its quoted strings contain only
    /// configured text, because text from a client could break out of the quotes.
    fn challenge(&self, realm: &str) -> Option<String> {
        if !self.schemes.bearer {
            return None;
        }
        let error = match self.reason.class() {
            Class::Unauthenticated => None,
            // Another token would not help, so the challenge has no error code. The challenge only
            // names the metadata document.
            Class::Forbidden if self.resource_metadata.is_some() => None,
            Class::InvalidRequest => Some("invalid_request"),
            Class::InvalidToken => Some("invalid_token"),
            Class::InsufficientScope => Some("insufficient_scope"),
            Class::InsufficientAuthentication => Some("insufficient_user_authentication"),
            Class::Defect
            | Class::Forbidden
            | Class::HeaderTooLarge
            | Class::InvalidMethod
            | Class::InvalidTarget
            | Class::TargetTooLong
            | Class::Unavailable => return None,
        };
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        if let Some(error) = error {
            // Writing to a String does not fail.
            let _ = write!(challenge, ", error=\"{error}\"");
        }
        if let Some(required) = &self.authentication {
            if !required.acr_values.is_empty() {
                let values = required.acr_values.join(" ");
                let _ = write!(challenge, ", acr_values=\"{values}\"");
            }
            if let Some(max_age) = required.max_age {
                let _ = write!(challenge, ", max_age=\"{}\"", max_age.as_secs());
            }
        }
        if !self.scopes.is_empty() {
            let _ = write!(challenge, ", scope=\"{}\"", self.scopes.join(" "));
        }
        if let Some(url) = self.leads_to() {
            let _ = write!(challenge, ", resource_metadata=\"{url}\"");
        }
        Some(challenge)
    }

    /// The URL of the metadata, if the client should read the metadata after this refusal.
    fn leads_to(&self) -> Option<&str> {
        let leads = matches!(
            self.reason.class(),
            Class::Forbidden
                | Class::InsufficientAuthentication
                | Class::InsufficientScope
                | Class::InvalidToken
                | Class::Unauthenticated
        );
        self.resource_metadata.as_deref().filter(|_| leads)
    }

    /// The JSON body. The error and its description need no escaping, because they are constants
    /// without special characters.
    fn body(&self, error: &str) -> String {
        let description = self.reason.description(self.schemes);
        format!("{{\"error\":\"{error}\",\"error_description\":\"{description}\"}}")
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{
        decision::{StateKey, StateValue},
        policy::Scheme,
    };

    const STYLE: ResponseStyle<'_> = ResponseStyle {
        realm: "api",
        stripped: false,
    };

    fn challenge(response: &Response) -> Option<&str> {
        response
            .headers
            .iter()
            .find(|(name, _)| *name == "www-authenticate")
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn responds_as_rfc_6750_requires() {
        for (reason, status, expected) in [
            (
                Reason::MissingCredential,
                401,
                Some(r#"Bearer realm="api""#),
            ),
            (
                Reason::MalformedCredential,
                400,
                Some(r#"Bearer realm="api", error="invalid_request""#),
            ),
            (
                Reason::SeveralCredentials,
                400,
                Some(r#"Bearer realm="api", error="invalid_request""#),
            ),
            (Reason::AmbiguousAuthority, 400, None),
            (Reason::AmbiguousHeader, 400, None),
            (Reason::AmbiguousMethod, 400, None),
            (Reason::AmbiguousPath, 400, None),
            (Reason::PathTooLong, 414, None),
            (Reason::HeaderTooLong, 431, None),
            (Reason::Method, 405, None),
            (
                Reason::Expired,
                401,
                Some(r#"Bearer realm="api", error="invalid_token""#),
            ),
            (
                Reason::InsufficientRole,
                403,
                Some(r#"Bearer realm="api", error="insufficient_scope""#),
            ),
            (Reason::KeysUnavailable, 503, None),
        ] {
            let response = Denial::new(reason).response(STYLE);
            assert_eq!(response.status, status, "{reason:?}");
            assert_eq!(challenge(&response), expected, "{reason:?}");
            assert!(serde_json::from_str::<serde_json::Value>(&response.body).is_ok());
            assert!(
                response
                    .headers
                    .contains(&("cache-control", "no-store".to_owned()))
            );
        }
    }

    #[test]
    fn challenges_for_each_accepted_scheme() {
        let basic = Schemes::default().and(Scheme::Basic);
        let both = Schemes::BEARER.and(Scheme::Basic);
        let (bearer, secret) = (r#"Bearer realm="api""#, r#"Basic realm="api""#);
        let invalid = r#"Bearer realm="api", error="invalid_request""#;
        for (reason, schemes, expected, error) in [
            (
                Reason::MissingCredential,
                basic,
                &[secret][..],
                "unauthorized",
            ),
            (
                Reason::MissingCredential,
                both,
                &[bearer, secret],
                "unauthorized",
            ),
            (Reason::BadClientSecret, basic, &[secret], "invalid_client"),
            (Reason::ProviderDisabled, basic, &[secret], "invalid_client"),
            (Reason::MalformedCredential, basic, &[], "invalid_request"),
            (
                Reason::SeveralCredentials,
                both,
                &[invalid],
                "invalid_request",
            ),
            (Reason::InsufficientScope, basic, &[], "insufficient_scope"),
            (Reason::AmbiguousPath, both, &[], "invalid_request"),
            (Reason::HostFailure, both, &[], "temporarily_unavailable"),
        ] {
            let denial = Denial {
                schemes,
                ..Denial::new(reason)
            };
            let response = denial.response(STYLE);
            let challenges = response
                .headers
                .iter()
                .filter(|(name, _)| *name == "www-authenticate");
            let challenges: Vec<&str> = challenges.map(|(_, value)| value.as_str()).collect();
            assert_eq!(challenges, expected, "{reason:?}");
            let body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
            assert_eq!(body["error"], error, "{reason:?}");
        }
    }

    #[test]
    fn the_challenge_names_the_missing_scopes() {
        let mut denial = Denial::new(Reason::InsufficientScope);
        denial.scopes = vec!["orders:read".to_owned(), "orders:write".to_owned()];
        assert_eq!(
            challenge(&denial.response(STYLE)),
            Some(
                r#"Bearer realm="api", error="insufficient_scope", scope="orders:read orders:write""#
            )
        );
    }

    /// Usual denials with the same reason and schemes share a response, so no other field may change
    /// this response.
    #[test]
    fn a_denial_is_usual_unless_a_field_changes_the_response() {
        type Change = fn(&mut Denial);
        let unusual: [(&str, Reason, Change); 5] = [
            ("scopes", Reason::InsufficientScope, |denial| {
                denial.scopes = vec!["read".to_owned()];
            }),
            ("authentication", Reason::Authentication, |denial| {
                denial.authentication = Some(Authentication {
                    acr_values: vec!["strong".to_owned()],
                    max_age: None,
                });
            }),
            ("resource_metadata", Reason::Expired, |denial| {
                denial.resource_metadata = Some("https://api.example/metadata".into());
            }),
            ("methods", Reason::Method, |denial| {
                denial.methods = &["GET"];
            }),
            ("retry_after", Reason::KeysUnavailable, |denial| {
                denial.retry_after = Some(3);
            }),
        ];
        for (field, reason, change) in unusual {
            let usual = Denial::new(reason);
            let mut denial = usual.clone();
            change(&mut denial);
            assert!(usual.is_usual(), "{field}");
            assert!(!denial.is_usual(), "{field}");
            assert_ne!(denial.response(STYLE), usual.response(STYLE), "{field}");
        }
        // These fields never change the response.
        let without_effect: [(&str, Change); 2] = [
            ("provider", |denial| {
                denial.provider = Some(ProviderId::new(1));
            }),
            ("exports", |denial| {
                denial.exports = vec![StateEntry {
                    key: StateKey::new("failure"),
                    value: StateValue::Text("3".to_owned()),
                }];
            }),
        ];
        for (field, change) in without_effect {
            for usual in Reason::ALL.map(Denial::new) {
                let mut denial = usual.clone();
                change(&mut denial);
                assert!(denial.is_usual(), "{field}");
                assert_eq!(denial.response(STYLE), usual.response(STYLE), "{field}");
            }
        }
    }

    #[test]
    fn a_wrong_method_is_answered_with_the_allowed_ones() {
        let response = Denial::new(Reason::Method).response(STYLE);
        assert!(
            response
                .headers
                .contains(&("allow", "GET, HEAD".to_owned()))
        );
    }

    #[test]
    fn an_unavailable_key_set_is_answered_with_retry_after() {
        let mut denial = Denial::new(Reason::KeysUnavailable);
        denial.retry_after = Some(3);
        assert!(
            denial
                .response(STYLE)
                .headers
                .contains(&("retry-after", "3".to_owned()))
        );
    }

    #[test]
    fn a_stripped_response_has_neither_body_nor_challenge() {
        let style = ResponseStyle {
            realm: "api",
            stripped: true,
        };
        let response = Denial::new(Reason::BadSignature).response(style);
        assert_eq!((response.status, response.body.as_str()), (401, ""));
        assert_eq!(challenge(&response), None);
        assert_eq!(response.details, "portcullis_denied{bad_signature}");
    }
}

//! Generates good and bad credentials. Because the test builds the credentials, it knows which ones
//! are good.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::{prelude::*, sample::select};
use serde_json::json;

use crate::world::{NOW, forger, signer};

const ISSUED: i64 = NOW - 50;
pub(super) const SECRET: &str = "c2VjcmV0-of-256-bits_0123456789abcdef";

/// The content of a credential. If the credential is a client secret, the fields that only tokens
/// have are ignored.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The provider: `people` accepts tokens, `jobs` accepts client secrets.
    pub(super) provider: &'static str,
    forged: bool,
    /// The expiry, in seconds after `NOW`.
    expires: i64,
    jti: &'static str,
    pub(super) client: &'static str,
    pub(super) subject: &'static str,
    issued: i64,
    scope: &'static str,
}

/// The place in the request where the client sends the credential.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Authorization,
    Header,
    Query,
}

const SCOPES: [&str; 8] = [
    "net::7::admin",
    "net::7::reader",
    "net::8::admin net::7::reader",
    "net::7::admin::net::7::admin x::net::7::admin NET::7::admin",
    "net::7:: net::7:::admin",
    "read",
    "read net::7::reader net::7::admin",
    "",
];

pub(super) fn made() -> impl Strategy<Value = Made> {
    // Faults are rare, so most bad credentials have only one fault. That fault must be enough
    // for a refusal.
    let rarely = || prop::bool::weighted(0.12);
    let of = |good: &'static str, bad: &'static str| {
        rarely().prop_map(move |is_bad| if is_bad { bad } else { good })
    };
    (
        select(vec!["people", "jobs"]),
        rarely(),
        prop_oneof![4 => Just(300_i64), 1 => -200_i64..200],
        of("t1", "gone"),
        prop_oneof![6 => Just("batch"), 1 => select(vec!["off", "ended", "nobody", "dead"])],
        of("ann", "bob"),
        prop_oneof![3 => Just(ISSUED), 1 => Just(NOW - 200)],
        prop_oneof![
            Just("read net::7::reader net::7::admin"),
            select(SCOPES.to_vec()),
        ],
    )
        .prop_map(
            |(provider, forged, expires, jti, client, subject, issued, scope)| Made {
                provider,
                forged,
                expires,
                jti,
                client,
                subject,
                issued,
                scope,
            },
        )
}

impl Made {
    fn token(&self) -> String {
        let signer = if self.forged { forger() } else { signer() };
        signer.sign_claims(&json!({
            "iss": "https://people.example", "aud": "api", "sub": self.subject,
            "exp": NOW + self.expires, "iat": self.issued, "jti": self.jti,
            "client_id": self.client, "scope": self.scope,
        }))
    }

    fn basic(&self) -> String {
        let secret = if self.forged { "wrong" } else { SECRET };
        STANDARD.encode(format!("{}:{secret}", self.client))
    }

    /// Returns the credential as a string, and whether the credential is a token.
    pub(super) fn text(&self) -> (String, bool) {
        match self.provider {
            "people" => (self.token(), true),
            _ => (self.basic(), false),
        }
    }

    /// Returns whether the provider accepts the credential at this time.
    pub(super) fn is_good(&self, now: i64) -> bool {
        match self.provider {
            "people" => {
                !self.forged
                    && NOW + self.expires > now
                    && self.issued <= now
                    && self.jti != "gone"
                    && self.client != "dead"
                    && !(self.subject == "bob" && self.issued < NOW - 100)
            }
            _ => {
                let is_live = self.client == "batch" || self.client == "ended" && now < NOW;
                !self.forged && is_live
            }
        }
    }

    pub(super) fn roles(&self) -> Vec<&'static str> {
        match (self.provider, self.scope) {
            ("people", "net::7::admin") => vec!["admin"],
            ("people", "net::7::reader" | "net::8::admin net::7::reader") => vec!["reader"],
            ("people", "read net::7::reader net::7::admin") => vec!["reader", "admin"],
            _ => vec![],
        }
    }

    pub(super) fn reads(&self) -> bool {
        self.provider == "jobs" || self.scope.split(' ').any(|scope| scope == "read")
    }
}

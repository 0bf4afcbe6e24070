//! The requests that clients send, and whether each request may pass.

use std::{
    sync::{Arc, LazyLock},
    time::{SystemTime, UNIX_EPOCH},
};

use portcullis::jose::Algorithm;
use serde_json::{Value, json};
use support::{
    random::Random,
    signer::{Pair, Signer},
};

use crate::{library::Library, policy::RoutePolicy};

/// The issuer of valid tokens.
const ISSUER: &str = "https://login.example.com";
/// A header that only Portcullis may set.
pub(crate) const USER: &[u8] = b"x-user";
const FORGED_USER: &[u8] = b"mallory";
/// So many headers that the library puts its list of headers on the heap.
const MANY: usize = 60;

/// A header or trailer line.
pub(crate) type Line = (Vec<u8>, Vec<u8>);

/// The credential that a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    Good,
    Forged,
    UnknownKid,
    Expired,
    Junk,
    None,
}

/// A request that a client sends.
pub(crate) struct Request {
    pub(crate) credential: Credential,
    /// True if the path of the request needs no token.
    pub(crate) is_open: bool,
    pub(crate) headers: Vec<Line>,
    pub(crate) trailers: Option<Vec<Line>>,
    pub(crate) route: Route,
}

/// The route of a request.
#[derive(Clone)]
pub(crate) enum Route {
    Plain,
    Policy(Arc<RoutePolicy>),
    /// The route's policy has a number that this library never returned, as if another version of
    /// the library had loaded the policy.
    Stale(usize),
    /// The policy is in the route's metadata, where only the proxy-wasm module looks for it.
    InWasmForm,
}

static TOKENS: LazyLock<Vec<(Credential, String)>> = LazyLock::new(|| {
    let signer = Signer::new(Algorithm::EdDsa);
    let (forger, unknown) = (
        Signer::with_pair(Algorithm::EdDsa, Pair::Other),
        signer.clone().named(Some("invented")),
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = |expiry| json!({ "iss": ISSUER, "aud": "orders", "sub": "alice", "exp": expiry });
    let good = claims(now.as_secs() + 86_400);
    vec![
        (Credential::Good, signer.sign_claims(&good)),
        (Credential::Forged, forger.sign_claims(&good)),
        (Credential::UnknownKid, unknown.sign_claims(&good)),
        (
            Credential::Expired,
            signer.sign_claims(&claims(1_000_000_000)),
        ),
        (Credential::Junk, "a.b.c".to_owned()),
    ]
});

/// Returns whether a string contains the signature of a token.
pub(crate) fn has_token(text: &str) -> bool {
    let tokens = TOKENS
        .iter()
        .filter(|(credential, _)| *credential != Credential::Junk);
    let mut signatures = tokens.filter_map(|(_, token)| token.rsplit('.').next());
    signatures.any(|signature| text.contains(signature))
}

/// The key set that the authorization server publishes.
pub(crate) fn key_set() -> String {
    Signer::new(Algorithm::EdDsa).jwks().to_string()
}

/// A configuration that the library accepts.
pub(crate) fn configuration(random: &mut Random) -> Value {
    let remote = |path: &str| {
        json!({
            "http_uri": { "uri": format!("{ISSUER}/{path}"), "cluster": "login", "timeout": "1s" },
            "cache_duration": "1s",
            "unknown_kid_cooldown": "1s",
            "async_fetch": { "failed_refetch_duration": "0.2s" },
        })
    };
    let mut provider = json!({
        "issuer": ISSUER,
        "audiences": ["orders"],
        "claim_to_headers": [{ "header_name": "x-user", "claim_name": "sub" }],
        "payload_in_metadata": "claims",
        "clear_route_cache": random.once_in(2),
    });
    match random.below(4) {
        0 => provider["local_jwks"] = json!({ "inline_string": key_set() }),
        path => provider["remote_jwks"] = remote(&path.to_string()),
    }
    let mut configuration = json!({
        "providers": { "login": provider },
        "requirement_map": { "signed_in": { "provider_name": "login" } },
        "rules": [
            { "match": { "path": "/open" } },
            { "match": { "prefix": "/" }, "requires": { "provider_name": "login" } },
        ],
        "limits": { "park_timeout": "0.3s", "parked_requests": 64 },
        "realm": random.below(1000).to_string(),
    });
    if random.once_in(2) {
        let mut other = provider;
        other["issuer"] = json!("https://partner.example.com");
        other["remote_jwks"] = remote("partner");
        other.as_object_mut().unwrap().remove("local_jwks");
        configuration["providers"]["partner"] = other;
    }
    if random.once_in(2) {
        configuration["policy_id"] = json!("policy");
    }
    configuration
}

impl Request {
    pub(crate) fn new(route: Route, random: &mut Random) -> Self {
        use Credential::{Expired, Forged, Good, Junk, None, UnknownKid};
        let credential =
            random.one_of(&[Good, Good, Good, Forged, UnknownKid, Expired, Junk, None]);
        let is_open = random.once_in(6);
        let line = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let mut headers = vec![
            line(":method", "GET"),
            line(":authority", "api.example.com"),
            line(":path", if is_open { "/open" } else { "/orders" }),
            line(":scheme", "https"),
        ];
        let token = TOKENS.iter().find(|(kind, _)| *kind == credential);
        headers.extend(token.map(|(_, token)| line("authorization", &format!("Bearer {token}"))));
        if random.once_in(3) {
            headers.push((USER.to_vec(), FORGED_USER.to_vec()));
        }
        if random.once_in(8) {
            headers.push(line("content-type", "application/grpc"));
        }
        if random.once_in(8) {
            headers.extend((0..MANY).map(|_| line("x-other", "")));
        }
        let trailers = random.once_in(4).then(|| {
            let forged = (USER.to_vec(), FORGED_USER.to_vec());
            vec![line("x-checksum", "1"), forged]
        });
        Self {
            credential,
            is_open,
            headers,
            trailers,
            route,
        }
    }

    /// Returns whether a filter of this library may let the request pass. Assumes that no callback
    /// fails.
    pub(crate) fn may_pass(&self, library: &'static Library) -> bool {
        match &self.route {
            Route::Stale(_) | Route::InWasmForm => false,
            Route::Policy(policy) if !policy.is_of(library) => false,
            Route::Policy(policy) if policy.disables => true,
            Route::Policy(_) => self.credential == Credential::Good,
            Route::Plain => self.is_open || self.credential == Credential::Good,
        }
    }

    /// The identity that must reach the upstream if this request passes; `None` if the request
    /// needs no token.
    pub(crate) fn identity(&self) -> Option<&'static [u8]> {
        match &self.route {
            Route::Policy(policy) if policy.disables => None,
            Route::Plain if self.is_open => None,
            _ => Some(b"alice"),
        }
    }
}

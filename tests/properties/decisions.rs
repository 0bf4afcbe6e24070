//! There is one good token, and no request passes without it. The tests generate requests with this
//! token, with broken versions of it, and with unusual headers and paths.
//!
//! The module `admission` generates well-formed credentials and knows which of them are good. This
//! module generates mostly broken input.

use std::sync::LazyLock;

use portcullis::{
    decision::{Decision, HeaderEdit},
    engine::Engine,
    http::Request,
};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{NOW, decide, engine, provider, runs, signer, with};

const ISSUER: &str = "https://idp.example";

/// The only token that passes.
static GOOD: LazyLock<String> = LazyLock::new(|| {
    signer().sign_claims(&json!({ "iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 60 }))
});

/// An engine that requires a token for every path. Clients can send the token in a header, in the
/// query or in a cookie.
fn gate() -> Engine {
    let places = json!({
        "from_headers": [
            { "name": "authorization", "value_prefix": "Bearer " },
            { "name": "x-jwt", "value_prefix": "jwt=" },
        ],
        "from_params": ["access_token"],
        "from_cookies": ["session"],
        "claim_to_headers": [{ "header_name": "x-user", "claim_name": "sub" }],
    });
    engine(&json!({
        "providers": { "idp": with(provider(ISSUER), &places) },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "idp" } }],
    }))
}

/// The good token, a broken version of it, or arbitrary octets.
fn token() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just(GOOD.clone().into_bytes()),
        2 => (0..GOOD.len(), any::<u8>()).prop_map(|(at, byte)| {
            let mut broken = GOOD.clone().into_bytes();
            broken[at] = byte;
            broken
        }),
        1 => (0..GOOD.len()).prop_map(|end| GOOD.as_bytes()[..end].to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let name = prop::sample::select(vec![
        "authorization",
        "x-jwt",
        "cookie",
        "x-user",
        "x_user",
        "X-User",
        "origin",
        "connection",
    ]);
    let prefix = prop::sample::select(vec![
        "",
        "Bearer ",
        "bearer  ",
        "Bearer",
        "Basic ",
        "jwt=",
        "a=1; jwt=",
        "session=",
        "x; session=",
        "Bearer x,Bearer ",
        ",",
    ]);
    (name, prefix, token())
        .prop_map(|(name, prefix, token)| (name.to_owned(), [prefix.as_bytes(), &token].concat()))
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        "/",
        "/a;b",
        "/%61",
        "/a/../b",
        "/a%2f",
        "*",
        "",
        "/?access_token=",
        "/?x&access%5Ftoken=",
    ]);
    (start, token(), any::<bool>()).prop_map(|(start, token, with_token)| {
        let tail: &[u8] = if with_token { &token } else { b"" };
        [start.as_bytes(), tail].concat()
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

proptest! {
    #![proptest_config(runs(4000))]

    /// A request that passes gets the identity in the good token, and no other identity.
    #[test]
    fn nothing_passes_without_the_good_token(
        headers in prop::collection::vec(header(), 0..4),
        path in path(),
        method in prop::sample::select(vec!["GET", "OPTIONS", "CONNECT", ""]),
    ) {
        let mut all: Vec<(&[u8], &[u8])> = vec![(b":method", method.as_bytes()), (b":path", &path)];
        all.extend(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
        let decision = decide(&gate(), &Request::new(all.clone()), NOW);
        let is_presented = all.iter().any(|(_, value)| contains(value, GOOD.as_bytes()));
        match decision {
            Decision::Permit(permit) => {
                prop_assert!(is_presented);
                let user = HeaderEdit::Set("x-user".into(), "alice".into());
                prop_assert!(permit.edits.contains(&user));
                for (name, _) in headers.iter().filter(|(name, _)| name.len() == 6 && name.ends_with("ser")) {
                    prop_assert!(permit.edits.contains(&HeaderEdit::Remove(name.as_str().into())));
                }
            }
            Decision::Deny(_) => {}
            Decision::Report(_) | Decision::Serve(_) => prop_assert!(false, "no status is configured"),
            Decision::AwaitKeys(_) => prop_assert!(false, "local keys are never waited for"),
        }
    }
}

//! Sample policies for the playground page.

use serde::Serialize;
use serde_json::Map;

use super::text::source;
use crate::{
    accepted,
    explain::request::RequestHead,
    policy_test::mint::{self, Keys, Wanted},
};

const POLICY: &str = include_str!("sample.yaml");
/// A placeholder line in the sample policy. `remote_jwks` or `local_jwks` replaces it.
const KEYS: &str = "    # keys\n";
const FETCHED: &str = "    remote_jwks:
      http_uri: { uri: \"https://login.example.com/keys\", cluster: login, timeout: 5s }
";

/// A policy. If the policy contains a key, there is also a token that the key verifies.
#[derive(Default, Serialize)]
struct Sample {
    policy: String,
    token: Option<String>,
}

/// Returns a sample as JSON. If `now` is given (in seconds since 1970), generates a key, puts its
/// public part into the policy, and signs a token with the key.
#[must_use]
pub fn sample(now: Option<u64>) -> String {
    let fetched = POLICY.replace(KEYS, FETCHED);
    let signed = now.and_then(|now| signed(&fetched, now));
    let sample = signed.unwrap_or(Sample {
        policy: fetched,
        token: None,
    });
    serde_json::to_string(&sample).unwrap_or_default()
}

fn signed(fetched: &str, now: u64) -> Option<Sample> {
    let (policy, config) = accepted::read(&source(fetched), None).ok()?;
    let mut claims = Map::new();
    claims.insert("scope".to_owned(), "orders.read".into());
    claims.insert("sub".to_owned(), "alice".into());
    claims.insert("exp".to_owned(), now.saturating_add(3600).into());
    let wanted = Wanted {
        provider: None,
        claims,
        request: RequestHead {
            method: "GET",
            path: "/orders",
            headers: &[],
        },
        now,
    };
    let minted = mint::mint(&policy.value, &config, wanted, &mut Keys::default()).ok()?;
    let keys = format!("    local_jwks:\n      inline_string: '{}'\n", minted.jwks);
    Some(Sample {
        policy: POLICY.replace(KEYS, &keys),
        token: Some(minted.token),
    })
}

//! Clients that sign their own tokens (`preset: private-key-jwt`).

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::world::{a_path_for_each, get, start};
use support::{
    driver::{Driver, Setup},
    objects::with,
    on_every_driver,
    signer::{Pair, Signer, public_pem},
};

on_every_driver!(a_client_s_own_assertion_is_its_token);

const CLIENT: &str = "iq41q3fpgg6st";
const VANITY: &str = "https://acme.zslogin.net";
const API: &str = "https://api.zscaler.com";

/// The assertions in Zscaler's documentation and the assertions of Zscaler's SDKs have different
/// claims and headers. The gate accepts both kinds.
fn a_client_s_own_assertion_is_its_token<D: Driver>() {
    let client = |algorithm| {
        json!({
            "preset": "private-key-jwt",
            "issuer": CLIENT,
            "audiences": [VANITY, API],
            "public_keys": { "pem": [public_pem(algorithm)] },
        })
    };
    let gate: D = start(&Setup::new(a_path_for_each(&json!({
        "RS256": client(Algorithm::Rs256),
        "ES256": client(Algorithm::Es256),
    }))));
    let now = gate.now();
    let help = json!({ "iss": CLIENT, "sub": CLIENT, "aud": VANITY, "iat": now, "exp": now + 600 });
    let sdk = json!({ "iss": CLIENT, "sub": CLIENT, "aud": API, "exp": now + 600 });
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        let (path, signer) = (format!("/{algorithm}"), Signer::new(algorithm));
        let help_header = json!({ "alg": algorithm.name(), "type": "JWT" });
        let sdk_header = json!({ "alg": algorithm.name(), "typ": "JWT" });
        for (header, claims) in [(&help_header, &help), (&sdk_header, &sdk)] {
            let sent = |changes: Value| {
                let token = signer.token(header, &with(claims.clone(), &changes));
                let exchange = get(&gate, &path, &token);
                let (status, reason) = exchange.outcome();
                (status, reason.to_owned())
            };
            assert_eq!(sent(json!({})), (200, String::new()));
            for (changes, reason) in [
                // Twice the limit of ten minutes. Some time has passed since `now` was read, so an
                // expiry just above the limit might be accepted.
                (json!({ "exp": now + 1200 }), "lifetime"),
                (json!({ "exp": null }), "lifetime"),
                (json!({ "exp": now - 60 }), "expired"),
                (json!({ "sub": "other" }), "client"),
                (json!({ "sub": null }), "claim"),
                (json!({ "iss": "other", "sub": "other" }), "issuer"),
                (json!({ "iss": null }), "issuer"),
                (json!({ "aud": "https://other.example" }), "audience"),
                (json!({ "aud": null }), "audience"),
            ] {
                assert_eq!(sent(changes.clone()), (401, reason.to_owned()), "{changes}");
            }
            let forger = Signer::with_pair(algorithm, Pair::Other);
            let forged = get(&gate, &path, &forger.token(header, claims));
            assert_eq!(forged.outcome(), (401, "bad_signature"));
        }
        for typ in ["at+jwt", "dpop+jwt", "logout+jwt"] {
            let header = json!({ "alg": algorithm.name(), "typ": typ });
            let other = get(&gate, &path, &signer.token(&header, &sdk));
            assert_eq!(other.outcome(), (401, "token_type"), "{typ}");
        }
    }
}

//! Tokens that could be mistaken for something else, and answers that could reveal too much.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use super::{any, assert_refused, assert_still_serves, ruled};
use crate::world::{
    JWKS_PATH, claims, get, publishing, signer, token, with_local_keys, with_remote_keys,
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Request},
    on_every_driver,
    signer::{Pair, Signer},
};

on_every_driver!(
    cve_2019_9900_nul_cuts_nothing_off,
    cve_2019_12995_malformed_tokens_are_only_refused,
    cve_2021_21378_a_failed_token_does_not_count_as_a_missing_one,
    cve_2025_59420_critical_extensions_are_not_ignored,
    cve_2026_41413_no_token_chooses_a_url_to_fetch,
    cve_2026_47775_all_bad_tokens_get_the_same_answer,
);

fn cve_2019_9900_nul_cuts_nothing_off<D: Driver>() {
    let gate: D = with_local_keys(&signer());
    let path = gate.send(&Request::get("/open%00/admin"));
    assert_refused(&path, &[400], "a path");
    for subject in ["alice\0", "\0alice", "al\0ice"] {
        let exchange = get(&gate, "/", &token(&gate, &signer(), subject));
        assert_refused(&exchange, &[401], "a claim");
    }
}

fn cve_2019_12995_malformed_tokens_are_only_refused<D: Driver>() {
    let gate: D = with_local_keys(&signer());
    let good = token(&gate, &signer(), "alice");
    let (signed, signature) = good.rsplit_once('.').unwrap();
    for malformed in [
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "a.b.c",
        "e30.e30.e30",
        "e30..",
        "bnVsbA.bnVsbA.AA",
        "W10.W10.AA",
        &format!("{signed}."),
        &format!("{signed}.A"),
        &format!("{signed}.{}", "A".repeat(100)),
        &format!("{signed}.{signature}{signature}"),
        signed.strip_prefix('e').unwrap(),
    ] {
        assert_refused(&get(&gate, "/", malformed), &[401], malformed);
    }
    assert_still_serves(&gate);
}

fn cve_2021_21378_a_failed_token_does_not_count_as_a_missing_one<D: Driver>() {
    let gate: D = ruled(json!([{ "match": { "prefix": "/" }, "requires": any("allow_missing") }]));
    assert_eq!(gate.send(&Request::get("/")).status, 200, "missing");
    for (claim, value) in [
        ("iss", json!("https://unknown.example")),
        ("aud", json!("others")),
        ("exp", json!(1)),
    ] {
        let mut claims = claims(&gate, "alice");
        claims[claim] = value;
        let exchange = get(&gate, "/", &signer().sign_claims(&claims));
        assert_refused(&exchange, &[401], claim);
    }
    assert_still_serves(&gate);
}

fn cve_2025_59420_critical_extensions_are_not_ignored<D: Driver>() {
    let gate: D = with_local_keys(&signer());
    for critical in [json!(["exp"]), json!(["bork"]), json!([]), json!("exp")] {
        let mut header = signer().header();
        header["crit"] = critical.clone();
        header["bork"] = json!("enterprise");
        let token = signer().token(&header, &claims(&gate, "alice"));
        assert_refused(&get(&gate, "/", &token), &[401], &critical.to_string());
    }
}

fn cve_2026_41413_no_token_chooses_a_url_to_fetch<D: Driver>() {
    let server = publishing(&signer());
    let gate: D = with_remote_keys(&server);
    assert_still_serves(&gate);
    let forger = Signer::with_pair(Algorithm::Es256, Pair::Other);
    server.answer("/evil", Answer::json(forger.jwks().to_string()));
    for member in ["jku", "x5u", "iss"] {
        let mut header = forger.header();
        header[member] = json!("https://login.example.com/evil");
        header["jwk"] = forger.jwk();
        let mut claims = claims(&gate, "root");
        claims["jwks_uri"] = header[member].clone();
        assert_refused(
            &get(&gate, "/", &forger.token(&header, &claims)),
            &[401],
            member,
        );
        claims["iss"] = header[member].clone();
        assert_refused(
            &get(&gate, "/", &forger.token(&header, &claims)),
            &[401],
            member,
        );
    }
    let paths = server.requests().into_iter().map(|request| request.start.1);
    assert!(paths.into_iter().all(|path| path == JWKS_PATH));
}

/// In the vulnerable software, the answer showed whether a token's padding was correct. In
/// Portcullis, all bad tokens get the same answer.
fn cve_2026_47775_all_bad_tokens_get_the_same_answer<D: Driver>() {
    let gate: D = with_local_keys(&signer());
    let forger = Signer::with_pair(Algorithm::Es256, Pair::Other);
    let answer = |token: &str| {
        let exchange = get(&gate, "/", token);
        let challenge = exchange.headers.value("www-authenticate");
        (exchange.status, challenge, exchange.body)
    };
    let forged = |claim: &str, value: Value| {
        let mut claims = claims(&gate, "alice");
        claims[claim] = value;
        answer(&forger.sign_claims(&claims))
    };
    let first = answer("a.b.c");
    assert_eq!(first.0, 401);
    assert_eq!(forged("sub", json!("alice")), first);
    assert_eq!(forged("exp", json!(1)), first);
    assert_eq!(forged("aud", json!("others")), first);
    assert_eq!(forged("iss", json!("https://unknown.example")), first);
    assert_eq!(
        answer(&token(&gate, &signer().named(Some("unknown")), "alice")),
        first
    );
}

//! Memory does not grow with the number of requests.
//!
//! `PORTCULLIS_TIMES` multiplies the number of requests. `make bench` sends millions of requests to
//! the proxy-wasm module.

use std::ops::Range;

use portcullis::jose::Algorithm;
use serde_json::json;

use crate::world::{ISSUER, configuration, local_provider, start};
use support::{
    crowd,
    driver::{Request, Setup},
    envoy::{InEnvoy, memory::Memory},
    on_both_builds,
    signer::{Pair, Signer},
    times::times,
};

on_both_builds!(memory_stays_flat_over_thousands_of_fresh_tokens);

/// The number of good tokens in each half of the test: ten times as many as fit into the cache.
const GOOD: u32 = 10_000;
/// The number of forged tokens in each half of the test.
const FORGED: u32 = 2_500;
/// The module's memory may grow by this much in the second half: about 40 bytes per request.
const MOST_LINEAR: u64 = 512 << 10;
/// Envoy's memory may grow by this much in the second half: about 400 bytes per request.
const MOST_RESIDENT: u64 = 5 << 20;

fn memory_stays_flat_over_thousands_of_fresh_tokens<D: InEnvoy>() {
    let signer = Signer::new(Algorithm::Hs256);
    let mut provider = local_provider(&signer);
    provider["algorithms"] = json!(["HS256"]);
    let gate: D = start(&Setup::new(configuration(&provider)).alone());
    let (good, forged) = (times(GOOD).into(), times(FORGED).into());
    let first = pass_half(&gate, 0..good, forged);
    let second = pass_half(&gate, good..2 * good, forged);
    // The dynamic module has no linear memory, because it is not WebAssembly.
    assert_eq!(first.linear > 0, !D::IS_NATIVE);
    let memory = format!("{first:?}, then {second:?}");
    assert!(second.linear <= first.linear + MOST_LINEAR, "{memory}");
    assert!(
        second.resident <= first.resident + MOST_RESIDENT,
        "{memory}"
    );
    for (name, expected) in [
        ("allowed", 2 * good),
        ("denied.bad_signature", 2 * forged),
        ("cache.hit", 0),
    ] {
        gate.wait_for_count(&format!("portcullis.{name}"), expected);
    }
    assert_eq!(gate.in_flight(), 0);
}

/// Sends the requests of one half of the test, each with a new token. Returns the memory in use
/// afterwards.
fn pass_half(gate: &impl InEnvoy, good: Range<u64>, forged: u64) -> Memory {
    let expiry = gate.now() + 86_400;
    let forged = good.start..good.start + forged;
    for (pair, numbers, status) in [(Pair::Own, good, 200), (Pair::Other, forged, 401)] {
        let signer = Signer::with_pair(Algorithm::Hs256, pair);
        let header = signer.header().to_string();
        let token = |number: u64| {
            let claims = json!({
                "iss": ISSUER, "aud": "orders", "sub": "alice", "exp": expiry, "jti": number.to_string(),
            });
            signer.token_of_bytes(header.as_bytes(), claims.to_string().as_bytes())
        };
        let request = |number| Request::get("/").bearer(token(number));
        crowd::send(gate.address(), 2, numbers, status, request).unwrap();
    }
    gate.memory()
}

//! How the cost of a decision grows with the policy: with its rules, providers and keys, and with
//! the tokens in the cache.

use std::cell::Cell;

use portcullis::jose::Algorithm;
use support::signer::Signer;
use workload::{self, Cache, Gate};

use crate::steps::{NOW, Step, decide, engine, permits};

/// The prefix of the names of these steps, such as `growth/rules/100`.
const PREFIX: &str = "growth";
/// The measured numbers of rules, providers and keys, and the measured sizes of the cache.
const RULES: [usize; 4] = [1, 10, 100, 1000];
const PROVIDERS: [usize; 3] = [1, 10, 100];
const KEYS: [usize; 3] = [1, 8, 64];
const TOKENS: [usize; 3] = [1_000, 10_000, 100_000];

/// The steps in order: the name of each, and a function that prepares it.
pub(crate) fn all() -> Vec<(String, Box<dyn Fn() -> Step>)> {
    let cached = Gate::new(Algorithm::Rs256, Cache::ON);
    let rules = RULES.map(|rules| ("rules", rules, Gate { rules, ..cached }));
    let providers = PROVIDERS.map(|providers| {
        let gate = Gate {
            providers,
            ..cached
        };
        ("providers", providers, gate)
    });
    let keys = KEYS.map(|key_count| {
        let gate = Gate {
            key_count,
            ..Gate::new(Algorithm::Hs256, Cache::Off)
        };
        ("keys", key_count, gate)
    });
    let policies = rules.into_iter().chain(providers).chain(keys);
    let mut steps: Vec<(String, Box<dyn Fn() -> Step>)> = Vec::new();
    for (what, size, gate) in policies {
        steps.push((name(what, size), Box::new(move || decide(&gate))));
    }
    for count in TOKENS {
        let prepare = move || decide_on_one_of(count);
        steps.push((name("tokens", count), Box::new(prepare)));
    }
    steps
}

fn name(what: &str, size: usize) -> String {
    format!("{PREFIX}/{what}/{size}")
}

/// Decides on requests with different tokens. All tokens are in the cache, which has room for
/// `count` tokens. The tokens fill only half of the cache, because a full cache may have evicted
/// some of its tokens.
fn decide_on_one_of(count: usize) -> Step {
    // The preparation signs and verifies all of these tokens, so they use HS256, which is quick.
    let engine = engine(&Gate::new(Algorithm::Hs256, Cache::Entries(count)));
    let signer = Signer::new(Algorithm::Hs256);
    let token = |number| signer.sign_claims(&workload::claims(number, NOW));
    let kept = count / 2;
    let credentials: Vec<String> = (0..kept).map(|n| format!("Bearer {}", token(n))).collect();
    for credential in &credentials {
        assert!(permits(&engine, credential.as_bytes()));
    }
    let next = Cell::new(0);
    Box::new(move || {
        // 7919 is a prime that does not divide `kept`, so every token gets its turn, and successive
        // tokens are far apart in the list.
        next.set((next.get() + 7919) % kept);
        assert!(permits(&engine, credentials[next.get()].as_bytes()));
    })
}

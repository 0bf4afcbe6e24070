//! Tests the memory cost of the cache of verified tokens. A cache hit allocates nothing except the
//! list of edits to the request, and a cache entry takes little memory.
//!
//! This test needs its own binary, because it replaces the global allocator with one that counts
//! allocations.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    iter,
};

use portcullis::{decision::Decision, engine::Engine, http::Request, jose::Algorithm};
use serde_json::{Value, json};

use support::{engine, objects::with, signer::Signer};

const NOW: i64 = 1_700_000_000;

/// The system allocator, with counters for the calls and bytes of this thread.
struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed to the system allocator. The counters do not allocate and have no
// destructors.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        BYTES.set(BYTES.get().wrapping_add(layout.size()));
        // SAFETY: the caller has the same obligations towards the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get().wrapping_sub(layout.size()));
        // SAFETY: the caller has the same obligations towards the system allocator.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn gate(of_provider: &Value) -> Engine {
    let provider = json!({
        "issuer": "https://as.example", "audiences": ["orders"],
        "shared_secrets": [{"secret": Signer::new(Algorithm::Hs256).jwk()["k"]}],
    });
    let provider = with(provider, of_provider);
    let rule = |path: &str| {
        json!({"match": {"prefix": path}, "requires": {"provider_name": "a"},
            "authorize": {"scopes": {"all_of": ["read"]}, "claims": [{"claim": "tier", "any_of": [1]}]}})
    };
    engine::engine(&json!({"providers": {"a": provider}, "rules": [rule("/orders"), rule("/")]}))
}

fn token(extra: &Value) -> String {
    let claims = json!({
        "iss": "https://as.example", "aud": ["orders", "other"], "sub": "s", "exp": NOW + 300,
        "scope": "openid read write", "tier": 1, "email": "s@as.example", "tenant": "t",
    });
    Signer::new(Algorithm::Hs256)
        .named(None)
        .sign_claims(&with(claims, extra))
}

fn request(value: &str) -> Request<'_> {
    Request::new(vec![
        (b":method", b"GET"),
        (b":path", b"/orders/7?page=2"),
        (b"accept", b"*/*"),
        (b"authorization", value.as_bytes()),
    ])
}

fn decide(engine: &Engine, request: &Request<'_>) -> Decision {
    engine::decide(engine, request, NOW)
}

#[test]
fn finding_a_token_again_allocates_nothing_but_the_list_of_edits() {
    let headers = json!([
        {"header_name": "x-user", "claim_name": "sub"},
        {"header_name": "x-email", "claim_name": "email"},
        {"header_name": "x-tenant", "claim_name": "tenant"},
    ]);
    for (of_provider, lists) in [
        (json!({"forward": true}), 0),
        // The token is removed from the request. This needs a list of edits, which takes one
        // allocation.
        (json!({}), 1),
        (json!({"claim_to_headers": headers}), 1),
    ] {
        let engine = gate(&of_provider);
        let value = format!("Bearer {}", token(&json!({})));
        let request = request(&value);
        let first = decide(&engine, &request);
        let before = CALLS.get();
        let again = engine::decided(&engine, &request, NOW);
        assert_eq!(CALLS.get() - before, lists, "{of_provider}");
        assert_eq!(again.decision, first);
        assert!(matches!(first, Decision::Permit(_)));
        assert_eq!(again.cache_use.hits, 1);
    }
}

/// The average number of bytes that the cache uses for a token, in addition to the token itself.
fn kept_besides_text(mut of_provider: Value, tokens: impl Iterator<Item = String>) -> usize {
    of_provider["jwt_cache_config"] = json!({"jwt_cache_size": 10_000});
    let engine = gate(&of_provider);
    let before = BYTES.get();
    let (mut count, mut text) = (0, 0);
    for token in tokens {
        let value = format!("Bearer {token}");
        assert!(matches!(
            decide(&engine, &request(&value)),
            Decision::Permit(_)
        ));
        (count, text) = (count + 1, text + token.len());
    }
    (BYTES.get() - before).saturating_sub(text) / count
}

/// Tokens that all differ. They are too few to fill any of the cache's sets, so all of them stay
/// cached.
fn numbered(padding: &str) -> impl Iterator<Item = String> {
    (0..1500).map(move |number| token(&json!({"jti": number.to_string(), "padding": padding})))
}

#[test]
fn keeping_a_token_takes_little_besides_its_text() {
    let headers = json!([
        {"header_name": "x-user", "claim_name": "sub"},
        {"header_name": "x-email", "claim_name": "email"},
    ]);
    for of_provider in [json!({}), json!({"claim_to_headers": headers})] {
        let kept = kept_besides_text(of_provider, numbered(&"x".repeat(500)));
        assert!(kept < 600, "{kept} bytes");
    }
}

/// Tests an attack: a token contains long lists, so that the parsed token takes many times as much
/// memory as its text.
#[test]
fn no_token_makes_the_cache_keep_more_than_its_share() {
    let lists = vec![json!([]); 800];
    let audiences: Vec<String> = iter::repeat_n(String::new(), 800)
        .chain(["orders".to_owned()])
        .collect();
    for extra in [json!({"lists": lists}), json!({"aud": audiences})] {
        let engine = gate(&json!({"jwt_cache_config": {"jwt_cache_size": 80}}));
        let before = BYTES.get();
        for number in 0..400 {
            let mut extra = extra.clone();
            extra["jti"] = json!(number.to_string());
            let value = format!("Bearer {}", token(&extra));
            assert!(matches!(
                decide(&engine, &request(&value)),
                Decision::Permit(_)
            ));
        }
        let kept = BYTES.get() - before;
        assert!(kept <= 80 * 2048, "{kept} bytes");
    }
}

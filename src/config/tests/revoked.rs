//! What was revoked.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::provider;
use crate::{config::Revocation, time::UnixSeconds};

fn revoked(written: Value) -> Revocation {
    provider(&[("revoked", written)]).revoked.unwrap()
}

/// Lists that programs write are not refused for what does no harm.
#[test]
fn lists_may_be_empty_unsorted_and_repeat_themselves() {
    for nothing in [
        json!({}),
        json!({"jti": [], "client_ids": [], "issued_before": {}}),
    ] {
        assert_eq!(revoked(nothing), Revocation::default());
    }
    let written = revoked(json!({
        "jti": ["b", "a", "b", " "], "client_ids": ["c"], "issued_before": {"": 0, "s": 5.0},
    }));
    let ids: Vec<&str> = written.token_ids.iter().map(String::as_str).collect();
    assert_eq!(ids, [" ", "a", "b"]);
    assert_eq!(written.issued_before.get("s"), Some(&UnixSeconds::new(5)));
}

#[test]
fn takes_tens_of_thousands() {
    let ids: Vec<String> = (0..50_000_u64)
        .map(|number| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let written = revoked(json!({ "jti": ids }));
    assert_eq!(written.token_ids.len(), 50_000);
    assert!(ids.iter().all(|id| written.token_ids.contains(id)));
}

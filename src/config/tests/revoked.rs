//! Tests of parsing `revoked`.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{provider, trust};
use crate::{time::UnixSeconds, verification::Revocation};

fn revoked(written: Value) -> Revocation {
    trust(&provider(&[("revoked", written)])).revoked.clone()
}

/// Programs often generate these lists, so harmless irregularities are accepted.
#[test]
fn lists_may_be_empty_or_unsorted_or_have_duplicates() {
    for nothing in [
        json!({}),
        json!({"jti": [], "client_ids": [], "issued_before": {}}),
    ] {
        assert_eq!(revoked(nothing), Revocation::default());
    }
    let written = revoked(json!({
        "jti": ["b", "a", "b", " "], "client_ids": ["c"], "issued_before": {"s": 5.0, "": 0},
    }));
    let ids: Vec<&str> = written.token_ids.iter().map(String::as_str).collect();
    assert_eq!(ids, [" ", "a", "b"]);
    let subjects = [("", 0), ("s", 5)];
    let subjects = subjects.map(|(name, time)| (name.to_owned(), UnixSeconds::new(time)));
    assert_eq!(written.issued_before, subjects);
}

#[test]
fn accepts_tens_of_thousands_of_entries() {
    let ids: Vec<String> = (0..50_000_u64)
        .map(|number| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let written = revoked(json!({ "jti": ids }));
    assert_eq!(written.token_ids.len(), 50_000);
    assert!(written.token_ids.is_sorted());
    let found = |id| written.token_ids.binary_search(id).is_ok();
    assert!(ids.iter().all(found));
}

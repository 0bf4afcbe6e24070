//! Functions that the playground's page calls with JSON and that return JSON.
//!
//! They call the program's own code, compiled to WebAssembly, so there is no second implementation
//! that could differ. The module cannot reach the network, and the Content-Security-Policy of the
//! page forbids requests to the page too.

use portcullis_cli::inspect::{self, Inspector};
use wasm_bindgen::prelude::wasm_bindgen;

/// Answers the page, and holds the keys with which it signs tokens.
#[wasm_bindgen]
#[derive(Default)]
pub struct Playground(Inspector);

#[wasm_bindgen]
impl Playground {
    /// Makes the instance that the page uses until it is closed.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks a policy and explains what it decides.
    pub fn answer(&mut self, question: &str) -> String {
        self.0.answer(question)
    }
}

/// Returns the policy without its secrets. If the text is an Envoy file with several filters,
/// `filter` names the one whose policy is returned.
#[wasm_bindgen]
#[must_use]
pub fn share(policy: &str, filter: &str) -> String {
    inspect::share(policy, Some(filter))
}

/// Returns an example policy. With `now`, in seconds, also returns a token and its key.
#[wasm_bindgen]
#[must_use]
pub fn sample(now: Option<u32>) -> String {
    inspect::sample(now.map(u64::from))
}

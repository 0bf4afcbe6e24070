//! The playground's page calls these functions with JSON and gets JSON.
//!
//! The program's own code answers, compiled to WebAssembly: there is no second implementation that could differ. The
//! module has no way to reach the network, and the page's Content-Security-Policy takes it from the page too.

use portcullis_cli::inspect::{self, Inspector};
use wasm_bindgen::prelude::wasm_bindgen;

/// What answers the page, with the keys that it signs with.
#[wasm_bindgen]
#[derive(Default)]
pub struct Playground(Inspector);

#[wasm_bindgen]
impl Playground {
    /// One for the page's life.
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

/// The policy without its secrets, of the named filter if the text is an Envoy file with several.
#[wasm_bindgen]
#[must_use]
pub fn share(policy: &str, filter: &str) -> String {
    inspect::share(policy, Some(filter))
}

/// A policy to start from; with the time in seconds, also a token and its key.
#[wasm_bindgen]
#[must_use]
pub fn sample(now: Option<u32>) -> String {
    inspect::sample(now.map(u64::from))
}

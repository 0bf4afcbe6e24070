//! The functions that the playground's page calls. Their arguments and results are JSON.
//!
//! The functions run the code of the `portcullis` program, which is compiled to WebAssembly. So
//! there is no second implementation that could differ. This module cannot reach the network, and
//! the page's Content-Security-Policy keeps the page from making requests.

use portcullis_cli::inspect::{self, Inspector};
use wasm_bindgen::prelude::wasm_bindgen;

/// Answers the page's questions, and keeps the keys with which it signs tokens.
#[wasm_bindgen]
#[derive(Default)]
pub struct Playground(Inspector);

#[wasm_bindgen]
impl Playground {
    /// Makes the instance that the page uses until the page is closed.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks a policy, and explains what the policy decides about a request.
    pub fn answer(&mut self, question: &str) -> String {
        self.0.answer(question)
    }
}

/// Returns the policy without its secrets. If `policy` is an Envoy file with several filters,
/// `filter` is the name of the filter whose policy is returned.
#[wasm_bindgen]
#[must_use]
pub fn share(policy: &str, filter: &str) -> String {
    inspect::share(policy, Some(filter))
}

/// Returns an example policy. If `now` is given (in seconds since 1970), the policy contains a
/// public key, and the result also contains a token that this key verifies.
#[wasm_bindgen]
#[must_use]
pub fn sample(now: Option<u32>) -> String {
    inspect::sample(now.map(u64::from))
}

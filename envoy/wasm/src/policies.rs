//! The policies (`policy_id`) of all configurations in this VM.
//!
//! On each worker thread, all plugins with the same `vm_id`, code and VM configuration share one
//! VM.

use core::cell::RefCell;

use portcullis::{
    engine::Engine,
    gate::{ConfigDigest, Membership, Policies},
};

thread_local! {
    static POLICIES: RefCell<Policies> = const { RefCell::new(Policies::new()) };
}

/// Adds the engine's configuration to the policy with the configuration's `policy_id`. Returns
/// `None` if the configuration has no `policy_id`. `text` is the configuration's text.
pub(super) fn enter(engine: &Engine, text: &[u8]) -> Option<Membership> {
    let digest = ConfigDigest::of(text);
    POLICIES.with_borrow_mut(|policies| Membership::enter(engine.shared_config(), digest, policies))
}

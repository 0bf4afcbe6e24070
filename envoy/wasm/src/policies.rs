//! The policies (`policy_id`) of this VM's configurations.
//!
//! All configurations with one `vm_id`, one code and one VM configuration live in one VM per worker thread.

use core::cell::RefCell;

use portcullis::{
    engine::Engine,
    gate::{Membership, Policies},
};

thread_local! {
    static POLICIES: RefCell<Policies> = const { RefCell::new(Policies::new()) };
}

/// Adds a configuration with this `text` to those of its policy.
pub(super) fn enter(engine: &Engine, text: &[u8]) -> Option<Membership> {
    POLICIES.with_borrow_mut(|policies| Membership::enter(engine.shared_config(), text, policies))
}

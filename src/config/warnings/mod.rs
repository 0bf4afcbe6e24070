//! Warnings about settings that are accepted although they are weak or have no effect.
//!
//! The files of this folder examine the parsed configuration, so a default can cause a warning just
//! like an explicit value. Two functions put the warnings together, for the proxy and for the
//! command line program. Only the warning that depends on the `vm_id` is separate, because most
//! callers do not know the `vm_id`.

mod evasion;
mod expiry;
mod literals;
mod reach;
mod warning;
mod weak;

use self::{expiry::expiry, weak::plain_discovery};
use super::Config;
use crate::time::UnixSeconds;

pub use self::warning::Warning;
pub(super) use self::weak::weak_settings;

impl Config {
    /// Returns the warnings that a proxy logs when it loads the configuration at `now`; `None` if
    /// the time is unknown. They concern security and expiry. A proxy does not search for rules
    /// without effect, because nobody is there to correct them, and because the search would make
    /// the WebAssembly module larger.
    #[must_use]
    pub fn warnings_at_load(&self, now: Option<UnixSeconds>) -> Vec<Warning> {
        let mut found = self.warnings.clone();
        found.extend(now.into_iter().flat_map(|now| expiry(self, now)));
        found
    }

    /// Returns the warnings for an operator who reviews the configuration at `now`. They include
    /// rules without effect, and settings that are weak only in some deployments, such as metadata
    /// that is fetched from an `http` URL.
    #[must_use]
    pub fn warnings_on_review(&self, now: UnixSeconds) -> Vec<Warning> {
        let mut found = self.warnings.clone();
        found.extend(self.reach_warnings());
        found.extend(expiry(self, now));
        found.extend(plain_discovery(self));
        found
    }
}

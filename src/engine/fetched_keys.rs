//! Access to the engine's fetched keys. If a decision lacked a key, reads the keys that other
//! workers have fetched.

use crate::{
    config::Provider,
    decision::{Decision, PermitReason, Reason},
    keys::KeyStore,
    time::UnixMillis,
    verification::Issuer,
};

use super::Engine;

impl Engine {
    /// The store of all fetched keys.
    #[must_use]
    pub const fn keys(&self) -> &KeyStore {
        &self.keys
    }

    /// The store of all fetched keys, to fetch keys and to share them with other workers.
    pub const fn keys_mut(&mut self) -> &mut KeyStore {
        &mut self.keys
    }

    /// Reads the key records that other workers wrote, if `decision` refused or ignored a token
    /// because its key was missing. Does so at most once per millisecond. Returns true if this
    /// changed the engine's keys. In that case, the caller should decide on the request again.
    pub fn synchronize_for(&mut self, decision: &Decision, now: UnixMillis) -> bool {
        let denial = match decision {
            Decision::Deny(denial) => denial,
            Decision::Permit(permit) => match &permit.reason {
                PermitReason::Shadow(denial) => denial,
                // The permit does not say which tokens were ignored, or why. So the records of all
                // providers are read.
                PermitReason::Lenient => {
                    return self.keys.synchronize_where(&|_| true, now);
                }
                _ => return false,
            },
            Decision::AwaitKeys(_) | Decision::Report(_) | Decision::Serve(_) => return false,
        };
        if !matches!(denial.reason, Reason::UnknownKey | Reason::KeysUnavailable) {
            return false;
        }
        let config = &self.config;
        let refusing = denial.provider.and_then(|id| config.provider(id));
        fn issuer(provider: Option<&Provider>) -> Option<&Issuer> {
            Some(&provider?.trust()?.issuer)
        }
        // Another provider that accepts tokens of the same issuer may have the token's key.
        let may_know = |id| match (issuer(refusing), issuer(config.provider(id))) {
            (Some(Issuer::Exact(own)), Some(Issuer::Exact(other))) => own == other,
            _ => true,
        };
        self.keys.synchronize_where(&may_know, now)
    }
}

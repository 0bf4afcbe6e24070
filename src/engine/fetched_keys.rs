//! Access to the engine's fetched keys. If a decision lacked a key, reads the keys that other
//! workers have fetched.

use crate::{
    config::Provider,
    decision::{Decision, PermitReason, Reason},
    keys::{KeyStore, News},
    policy::ProviderId,
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
    /// because its key was missing, or makes the request wait for the key. Does so at most once per
    /// millisecond. Returns what was new in these records. Unless this is [`News::Nothing`], the
    /// caller should decide on the request again.
    pub fn synchronize_for(&mut self, decision: &Decision, now: UnixMillis) -> News {
        let denial = match decision {
            Decision::Deny(denial) => denial,
            Decision::Permit(permit) => match &permit.reason {
                PermitReason::Shadow(denial) => denial,
                // The permit does not say which tokens were ignored, or why. So the records of all
                // providers are read.
                PermitReason::Lenient => {
                    return self.keys.synchronize_where(&|_, _| true, now);
                }
                _ => return News::Nothing,
            },
            Decision::AwaitKeys(wanted) => {
                let is_wanted = |source, _: &[ProviderId]| source == wanted.source;
                return self.keys.synchronize_where(&is_wanted, now);
            }
            Decision::Report(_) | Decision::Serve(_) => return News::Nothing,
        };
        if !matches!(denial.reason, Reason::UnknownKey | Reason::KeysUnavailable) {
            return News::Nothing;
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
        let serves = |_, providers: &[ProviderId]| providers.iter().any(|id| may_know(*id));
        self.keys.synchronize_where(&serves, now)
    }
}

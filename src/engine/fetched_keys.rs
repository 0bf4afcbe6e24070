//! The engine's fetched keys: the HTTP calls that fetch them, and the records that share them among
//! workers.

use crate::{
    config::Provider,
    decision::{Decision, PermitReason, Reason},
    keys::{
        Fetch, FetchError, FetchResponse, KeyStore, PreloadError, Progress, Records, WantedKeys,
    },
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

    /// Shares fetched keys with other workers through `records` from now on.
    /// [`synchronize`](Self::synchronize) reads the keys of other workers.
    pub fn share(&mut self, records: Box<dyn Records>) {
        self.records = records;
    }

    /// Uses a key set document as if the engine had fetched it at `now`.
    ///
    /// # Errors
    /// If the document has no usable key, or if the provider does not fetch its keys.
    pub fn preload(
        &mut self,
        provider: ProviderId,
        document: &[u8],
        now: UnixMillis,
    ) -> Result<(), PreloadError> {
        self.keys.preload(provider, document, now)
    }

    /// Records that a request waits for keys. [`due`](Self::due) can then return a call that
    /// fetches these keys.
    pub fn want(&mut self, wanted: WantedKeys) {
        self.keys.want(wanted);
    }

    /// Reads the key records that other workers wrote. Returns true if this changed the engine's
    /// keys.
    pub fn synchronize(&mut self) -> bool {
        self.keys.synchronize(&*self.records)
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
                    return self.keys.synchronize_where(&|_| true, now, &*self.records);
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
        self.keys.synchronize_where(&may_know, now, &*self.records)
    }

    /// Returns the calls that the host must make now to fetch keys.
    pub fn due(&mut self, now: UnixMillis) -> Vec<Fetch> {
        self.keys.due(now, &*self.records)
    }

    /// Processes the response to a call.
    pub fn complete(
        &mut self,
        fetch: &Fetch,
        response: Result<FetchResponse, FetchError>,
        now: UnixMillis,
    ) -> Progress {
        self.keys.complete(fetch, response, now, &*self.records)
    }

    /// Gives up a call that will get no response, so that another worker can fetch the keys.
    pub fn abandon(&mut self, fetch: &Fetch) {
        self.keys.abandon(fetch, &*self.records);
    }
}

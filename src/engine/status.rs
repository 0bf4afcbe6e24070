//! Answers requests for the status page.

use super::{AccessRequirement, Decided, Engine, refusal::No, sanitise::Sanitised};
use crate::{
    decision::{Decision, READING},
    http::{Format, Response},
    policy::StatusPath,
    status::{Count, Report},
    time::UnixMillis,
    verification::Circumstances,
};

impl Engine {
    /// Returns the status page. It includes counts of decisions if the host provides them. Call
    /// [`synchronize`](crate::keys::KeyStore::synchronize) first, so that the page shows the latest
    /// keys.
    #[must_use]
    pub fn report(&self, format: Format, now: UnixMillis, counts: &[Count]) -> Response {
        Report::new(&self.config, &self.keys, now).response(format, counts)
    }

    /// Decides whether the client may see the status page. Shadow mode and route policies never
    /// give access to the page.
    pub(super) fn status(
        &self,
        status: &StatusPath,
        sanitised: Sanitised<'_, '_>,
        circumstances: &Circumstances<'_>,
    ) -> Decided {
        let request = sanitised.request;
        if !READING.contains(&request.method()) {
            return self.refuse(No::Method(&READING)).into();
        }
        let report = Decision::Report(Format::preferred(request.values("accept")));
        let Some(demand) = &status.demand else {
            return report.into();
        };
        let required = AccessRequirement::new(demand, None);
        // The page is Portcullis's own answer, so nothing is forwarded.
        let sanitised = Sanitised {
            removals: &[],
            ..sanitised
        };
        let mut decided = self.apply(required, sanitised, circumstances);
        if matches!(decided.decision, Decision::Permit(_)) {
            decided.decision = report;
        }
        decided
    }
}

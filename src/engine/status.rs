//! Answers requests for the status page.

use super::{AccessRequirement, Decided, Engine, refusal::No};
use crate::{
    decision::{Decision, READING},
    http::{Format, Request, Response, path::Target},
    policy::StatusPath,
    status::{Count, Report},
    time::UnixMillis,
    verification::Circumstances,
};

impl Engine {
    /// Returns the status page. It includes counts of decisions if the host provides them. Call
    /// [`synchronize`](Engine::synchronize) first, so that the page shows the latest keys.
    #[must_use]
    pub fn report(&self, format: Format, now: UnixMillis, counts: &[Count]) -> Response {
        Report::new(&self.config, &self.keys, now).response(format, counts)
    }

    /// Decides whether the client may see the status page. Shadow mode and route policies never
    /// give access to the page.
    pub(super) fn status(
        &self,
        status: &StatusPath,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        circumstances: &Circumstances<'_>,
    ) -> Decided {
        if !READING.contains(&request.method()) {
            return self.refuse(No::Method(&READING)).into();
        }
        let report = Decision::Report(Format::preferred(request.values("accept")));
        let Some(demand) = &status.demand else {
            return report.into();
        };
        let required = AccessRequirement::new(demand, None);
        let mut decided = self.apply(required, request, target, Vec::new(), circumstances);
        if matches!(decided.decision, Decision::Permit(_)) {
            decided.decision = report;
        }
        decided
    }
}

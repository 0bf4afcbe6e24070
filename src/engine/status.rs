//! The path that is answered with how the authorization servers stand.

use super::{AccessRequirement, Decided, Engine};
use crate::{
    decision::{Decision, Denial, READING, Reason},
    http::{Format, Request, Response, path::Target},
    policy::StatusPath,
    status::{Count, Report},
    time::UnixMillis,
    verification::Circumstances,
};

impl Engine {
    /// The answer to a request for the status, with how often decisions were made where the host
    /// tells. Read what other workers wrote before.
    #[must_use]
    pub fn report(&self, format: Format, now: UnixMillis, counts: &[Count]) -> Response {
        Report::new(&self.config, &self.keys, now).response(format, counts)
    }

    /// Whether the request may see the status. Neither a route of the proxy nor `mode: shadow` opens
    /// it.
    pub(super) fn status(
        &self,
        status: &StatusPath,
        request: &Request<'_>,
        target: Option<Target<'_>>,
        circumstances: &Circumstances<'_>,
    ) -> Decided {
        if !READING.contains(&request.method()) {
            return Decision::Deny(Denial::new(Reason::Method)).into();
        }
        let report = Decision::Report(Format::preferred(request.values("accept")));
        let Some(requirement) = &status.requirement else {
            return report.into();
        };
        let required = AccessRequirement {
            requirement,
            authorization: status.authorization.as_ref(),
            rule: None,
        };
        let mut decided = self.apply(required, request, target, Vec::new(), circumstances);
        if matches!(decided.decision, Decision::Permit(_)) {
            decided.decision = report;
        }
        decided
    }
}

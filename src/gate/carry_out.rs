//! Carries out a decision. This module defines which operations the host performs, in which order,
//! and what happens if the host refuses an operation.

use crate::{
    connection::Refused,
    decision::{Decision, Denial, Permit, Reason, StateEntry},
    engine::{Decided, Patience},
    gate::{Answer, Exchange, Gate, Head, LogLevel, Verdict},
    http::Format,
    policy::Mode,
    time::UnixMillis,
};

impl Gate {
    /// Carries out a decision on the request of `exchange`.
    pub(super) fn carry_out(
        &mut self,
        decided: &Decided,
        head: &Result<Head<'_>, Refused>,
        now: UnixMillis,
        exchange: &impl Exchange,
    ) -> Verdict {
        self.metrics.looked_up(decided.cache_use, exchange);
        match &decided.decision {
            Decision::Permit(permit) => self.pass(permit, head, now, exchange),
            Decision::Deny(denial) => self.refuse(denial, exchange),
            Decision::Report(format) => self.report(*format, now, exchange),
            Decision::Serve(response) => {
                exchange.answer(&Answer::new(response.clone(), None));
                Verdict::Answer
            }
            // Callers handle `AwaitKeys` themselves, so this case is not expected. If it occurs,
            // the request must not pass.
            Decision::AwaitKeys(_) => self.refuse(&Denial::keys_unavailable(), exchange),
        }
    }

    /// Refuses a request.
    fn refuse(&mut self, denial: &Denial, exchange: &impl Exchange) -> Verdict {
        self.metrics.denied(denial.reason, exchange);
        // The request goes no further, so only the access log can read the filter state. A failure
        // to write the denial's entries to the filter state is therefore ignored.
        let _ = export(&denial.exports, exchange);
        exchange.answer(&self.answers.answer(&self.engine, denial));
        Verdict::Answer
    }

    /// Refuses a request because the host refused a call that the decision needs.
    pub(super) fn fail(&mut self, exchange: &impl Exchange) -> Verdict {
        self.refuse(&Denial::host_failure(), exchange)
    }

    /// Makes the edits and writes the filter state entries of a permit, then lets the request pass.
    /// If the host refuses an edit or an entry, the request is refused. Otherwise a forged header
    /// could remain, or other filters could lack entries that they rely on.
    fn pass(
        &mut self,
        permit: &Permit,
        head: &Result<Head<'_>, Refused>,
        now: UnixMillis,
        exchange: &impl Exchange,
    ) -> Verdict {
        if apply(permit, exchange).is_err() {
            return self.fail(exchange);
        }
        let shadowed = match self.check_next_route(permit, head, now, exchange) {
            Ok(reason) => reason.or(permit.reason.shadowed()),
            Err(refusal) => return self.refuse(&refusal, exchange),
        };
        match shadowed {
            None => self.metrics.permitted(permit, exchange),
            Some(reason) => {
                self.metrics.shadow_denied(reason, exchange);
                exchange.log(
                    LogLevel::Info,
                    &format!(
                        "without shadow mode, a request would have been denied: {}",
                        reason.label()
                    ),
                );
            }
        }
        Verdict::Pass
    }

    /// Decides on the request a second time, but only if the permit's edits made the host choose a
    /// route with a different policy. In shadow mode, returns the reason why the request would be
    /// refused.
    ///
    /// The edits of the second decision are not applied, because they could lead to yet another
    /// route.
    ///
    /// # Errors
    /// The refusal, unless the second decision lets the request pass with the same edits.
    fn check_next_route(
        &mut self,
        permit: &Permit,
        head: &Result<Head<'_>, Refused>,
        now: UnixMillis,
        exchange: &impl Exchange,
    ) -> Result<Option<Reason>, Box<Denial>> {
        if !permit.clears_route_cache || !exchange.reports_next_route() {
            return Ok(None);
        }
        let Ok((request, policy)) = head else {
            return Err(Box::new(Denial::host_failure()));
        };
        let next = self.head(Some(request), now, exchange);
        if matches!(&next, Ok((_, next)) if next == policy) {
            return Ok(None);
        }
        let decided = self.decide(&next, now, Patience::Exhausted, exchange);
        match decided.decision {
            Decision::Deny(denial) => Err(Box::new(denial)),
            Decision::Permit(next) if next.reason.shadowed().is_some() => {
                Ok(next.reason.shadowed())
            }
            Decision::Permit(next)
                if next.edits == permit.edits && next.exports == permit.exports =>
            {
                Ok(None)
            }
            _ => match self.engine.config().mode {
                Mode::Shadow => Ok(Some(Reason::UnsettledRoute)),
                Mode::Enforce => Err(Box::new(
                    self.engine.refusal(Reason::UnsettledRoute, request),
                )),
            },
        }
    }

    /// Responds with the status report.
    fn report(&mut self, format: Format, now: UnixMillis, exchange: &impl Exchange) -> Verdict {
        // All workers must report the same state, so this worker first reads the shared records
        // again. Another worker may have fetched keys since the last read.
        let news = self.engine.keys_mut().synchronize();
        self.on_news(news);
        let counts = match format {
            Format::Html => {
                self.metrics.write(exchange);
                self.metrics.counts(exchange)
            }
            Format::Json => Vec::new(),
        };
        exchange.answer(&Answer::new(self.engine.report(format, now, &counts), None));
        Verdict::Answer
    }

    /// Removes the trailers that
    /// [`trailer_removals`](crate::engine::Engine::trailer_removals) returns.
    ///
    /// # Errors
    /// If the host does not return the trailers, or refuses to remove one. The trailers may then
    /// still contain a forged identity.
    pub(super) fn clean_trailers(&self, exchange: &impl Exchange) -> Result<(), Refused> {
        let mut names = Vec::new();
        exchange.trailers(|trailers| names = self.engine.trailer_removals(trailers))?;
        let mut names = names.iter();
        names.try_for_each(|name| exchange.remove_trailer(name))
    }
}

fn apply(permit: &Permit, exchange: &impl Exchange) -> Result<(), Refused> {
    export(&permit.exports, exchange)?;
    permit
        .edits
        .iter()
        .try_for_each(|edit| exchange.edit(edit))?;
    if permit.clears_route_cache {
        let cleared = exchange.clear_route_cache();
        // Some hosts cannot clear the route cache on demand, but clear it on each edit. So a
        // failure matters only if there were no edits.
        if permit.edits.is_empty() {
            cleared?;
        }
    }
    Ok(())
}

fn export(entries: &[StateEntry], exchange: &impl Exchange) -> Result<(), Refused> {
    entries.iter().try_for_each(|entry| exchange.export(entry))
}

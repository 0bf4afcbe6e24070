//! Decides for which requests the policy of their route is looked up.
//!
//! With `route_policies: off`, the operator declares that no route has a policy. So most requests
//! need one fewer host call. If the declaration is wrong, a lenient rule could apply to a request
//! whose route has a strict policy. To detect this, each worker still looks up the policy for its
//! first request, and then at most once a second. Once a lookup has found a policy, the worker
//! looks up the policy for every request. A policy on a rarely used route can still be missed.

use core::{cell::Cell, time::Duration};

use crate::{policy::RouteLookup, time::UnixMillis};

/// The minimum time between two lookups, as long as no lookup has found a policy.
const INTERVAL: Duration = Duration::from_secs(1);

/// Decides for which requests of one worker the policy is looked up.
#[derive(Debug)]
pub(super) struct RouteSampling(Cell<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The policy is looked up for every request.
    Always,
    /// No lookup has succeeded yet, so the policy is looked up for every request. If the lookup
    /// fails, the request is refused, because the policy of its route may be strict.
    Unanswered,
    /// The last lookup was at this time, and found no policy.
    NoneAt(UnixMillis),
}

/// Tells whether the result of a lookup contradicts `route_policies: off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A route has a policy although the configuration declares that no route has a policy. Each
    /// worker reports this once.
    Unexpected,
    /// There is nothing to report.
    Expected,
}

impl RouteSampling {
    /// Creates the initial sampling state of one worker.
    pub(super) const fn new(lookup: RouteLookup) -> Self {
        Self(Cell::new(match lookup {
            RouteLookup::Always => State::Always,
            RouteLookup::Sampled => State::Unanswered,
        }))
    }

    /// Returns whether to look up the route's policy for a request that arrives now.
    pub(super) fn asks(&self, now: UnixMillis) -> bool {
        match self.0.get() {
            State::Always | State::Unanswered => true,
            State::NoneAt(then) => !then.is_within(INTERVAL, now),
        }
    }

    /// Records the result of a lookup: whether the route has a policy.
    pub(super) fn answered(&self, has_policy: bool, now: UnixMillis) -> Finding {
        if self.0.get() == State::Always {
            return Finding::Expected;
        }
        if has_policy {
            self.0.set(State::Always);
            return Finding::Unexpected;
        }
        self.0.set(State::NoneAt(now));
        Finding::Expected
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn at(milliseconds: u64) -> UnixMillis {
        UnixMillis::new(milliseconds)
    }

    #[test]
    fn asks_every_time_if_routes_may_have_policies() {
        let sampling = RouteSampling::new(RouteLookup::Always);
        for has_policy in [false, true, false] {
            assert!(sampling.asks(at(1000)));
            assert_eq!(sampling.answered(has_policy, at(1000)), Finding::Expected);
        }
    }

    #[test]
    fn asks_on_the_first_request_and_once_a_second() {
        let sampling = RouteSampling::new(RouteLookup::Sampled);
        for (now, asks) in [
            (5000, true),
            (5000, false),
            (5999, false),
            (6000, true),
            (6001, false),
            (7500, true),
            (8499, false),
            (4000, true), // the clock was set back
            (4999, false),
        ] {
            assert_eq!(sampling.asks(at(now)), asks, "{now}");
            if asks {
                assert_eq!(sampling.answered(false, at(now)), Finding::Expected);
            }
        }
    }

    #[test]
    fn asks_every_time_once_a_policy_was_found_and_reports_it_once() {
        let sampling = RouteSampling::new(RouteLookup::Sampled);
        assert_eq!(sampling.answered(false, at(0)), Finding::Expected);
        assert_eq!(sampling.answered(true, at(1000)), Finding::Unexpected);
        for has_policy in [true, false, true] {
            assert!(sampling.asks(at(1000)));
            assert_eq!(sampling.answered(has_policy, at(1000)), Finding::Expected);
        }
    }

    #[test]
    fn asks_again_if_the_host_gave_no_answer() {
        let sampling = RouteSampling::new(RouteLookup::Sampled);
        assert!(sampling.asks(at(0)) && sampling.asks(at(0)));
    }
}

//! Decides which requests look up the policy of their route.
//!
//! With `route_policies: off`, the operator declares that no route has a policy. So most requests
//! need one host call less. If the declaration is wrong, a lenient rule could apply on a route
//! whose policy is strict. To detect this, each worker still looks up the policy for its first
//! request, and then once a second. As soon as a lookup finds a policy, every later request looks
//! up the policy of its route. A policy on a rarely used route can still be missed.

use core::{cell::Cell, time::Duration};

use crate::{policy::RouteLookup, time::UnixMillis};

/// The time between two lookups while no policy has been found.
const INTERVAL: Duration = Duration::from_secs(1);

/// Decides which requests of one worker look up the policy.
#[derive(Debug)]
pub(super) struct RouteSampling(Cell<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Every request looks up the policy.
    Always,
    /// No lookup has succeeded yet, so every request tries a lookup. A request whose lookup fails
    /// is refused, because its route's policy may be strict.
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
    /// Creates the state before the first request.
    pub(super) const fn new(lookup: RouteLookup) -> Self {
        Self(Cell::new(match lookup {
            RouteLookup::Always => State::Always,
            RouteLookup::Sampled => State::Unanswered,
        }))
    }

    /// Returns whether a request that arrives now has to look up its route's policy.
    pub(super) fn asks(&self, now: UnixMillis) -> bool {
        match self.0.get() {
            State::Always | State::Unanswered => true,
            // The policy is also looked up if the clock was set back.
            State::NoneAt(then) => now < then || now.since(then) >= INTERVAL,
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

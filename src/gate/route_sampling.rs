//! Whether a request asks the proxy for its route's own policy.
//!
//! With `route_policies: off` the operator says that no route has one, and saves a host call for
//! each request. If that is wrong, laxer rules would decide for a strict route. So a worker asks on
//! its first request and once a second after that; as soon as a route does have a policy, it asks
//! every time. This can still miss the policy of a route that is rarely used.

use core::{cell::Cell, time::Duration};

use crate::{policy::RouteLookup, time::UnixMillis};

/// Longest time between two requests that ask.
const INTERVAL: Duration = Duration::from_secs(1);

/// Which requests of one worker ask.
#[derive(Debug)]
pub(super) struct RouteSampling(Cell<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Every request asks.
    Always,
    /// No answer yet. If the host does not answer, the next request asks again and is refused too:
    /// a policy that cannot be read may be a strict one.
    Unanswered,
    /// A request at that time asked, and its route had no policy.
    NoneAt(UnixMillis),
}

/// What an answer says about `route_policies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A route has a policy although none was expected. Reported once.
    Unexpected,
    /// Nothing new.
    Expected,
}

impl RouteSampling {
    /// Before the first request.
    pub(super) const fn new(lookup: RouteLookup) -> Self {
        Self(Cell::new(match lookup {
            RouteLookup::Always => State::Always,
            RouteLookup::Sampled => State::Unanswered,
        }))
    }

    /// Whether a request that arrives now asks.
    pub(super) fn asks(&self, now: UnixMillis) -> bool {
        match self.0.get() {
            State::Always | State::Unanswered => true,
            // Ask as well if the clock went back.
            State::NoneAt(then) => now < then || now.since(then) >= INTERVAL,
        }
    }

    /// Records whether the route of a request that asked has a policy.
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
    fn asks_every_time_where_routes_may_have_policies() {
        let sampling = RouteSampling::new(RouteLookup::Always);
        for has_policy in [false, true, false] {
            assert!(sampling.asks(at(1000)));
            assert_eq!(sampling.answered(has_policy, at(1000)), Finding::Expected);
        }
    }

    #[test]
    fn asks_first_and_once_a_second() {
        let sampling = RouteSampling::new(RouteLookup::Sampled);
        for (now, asks) in [
            (5000, true),
            (5000, false),
            (5999, false),
            (6000, true),
            (6001, false),
            (7500, true),
            (8499, false),
            (4000, true), // the clock went back
            (4999, false),
        ] {
            assert_eq!(sampling.asks(at(now)), asks, "{now}");
            if asks {
                assert_eq!(sampling.answered(false, at(now)), Finding::Expected);
            }
        }
    }

    #[test]
    fn asks_every_time_once_a_policy_was_found_and_says_so_once() {
        let sampling = RouteSampling::new(RouteLookup::Sampled);
        assert_eq!(sampling.answered(false, at(0)), Finding::Expected);
        assert_eq!(sampling.answered(true, at(1000)), Finding::Unexpected);
        for has_policy in [true, false, true] {
            assert!(sampling.asks(at(1000)));
            assert_eq!(sampling.answered(has_policy, at(1000)), Finding::Expected);
        }
    }

    #[test]
    fn asks_again_where_the_host_gave_no_answer() {
        let sampling = RouteSampling::new(RouteLookup::Sampled);
        assert!(sampling.asks(at(0)) && sampling.asks(at(0)));
    }
}

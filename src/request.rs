//! A request's head as the engine sees it.
//!
//! Values are bytes: a client may send anything, and a decision must be made about all of it.

use crate::policy::RoutePolicy;

/// A request's head. Names are in lower case, pseudo-headers included, in the order received.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    headers: Vec<(&'a [u8], &'a [u8])>,
    route_policy: Option<&'a RoutePolicy>,
}

impl<'a> Request<'a> {
    /// A request with these headers; names must be in lower case already, as Envoy gives them.
    #[must_use]
    pub fn new(headers: Vec<(&'a [u8], &'a [u8])>) -> Self {
        Self {
            headers,
            route_policy: None,
        }
    }

    /// The same on a route of the proxy that says this.
    #[must_use]
    pub fn on_route(self, route_policy: Option<&'a RoutePolicy>) -> Self {
        Self {
            route_policy,
            ..self
        }
    }

    /// What its route says, if anything.
    #[must_use]
    pub const fn route_policy(&self) -> Option<&'a RoutePolicy> {
        self.route_policy
    }

    /// All headers in order.
    #[must_use]
    pub fn headers(&self) -> &[(&'a [u8], &'a [u8])] {
        &self.headers
    }

    /// Every value of the header `name`, in order: a check of the first line alone would let a
    /// second one through unseen (CVE-2020-25017).
    pub fn values<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + 'b {
        self.headers
            .iter()
            // Most differ in length: a look costs no call then.
            .filter(move |(own, _)| own.len() == name.len() && *own == name.as_bytes())
            .map(|(_, value)| *value)
    }

    /// The value of `:method`; empty when absent or not text.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.values(":method")
            .next()
            .and_then(|value| str::from_utf8(value).ok())
            .unwrap_or("")
    }

    /// The value of `:path`, query included; `None` for a CONNECT without one.
    #[must_use]
    pub fn target(&self) -> Option<&'a [u8]> {
        self.values(":path").next()
    }
}

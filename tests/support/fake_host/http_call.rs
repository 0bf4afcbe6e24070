//! HTTP calls that the module makes, and the outcomes of these calls.

use std::time::Duration;

use crate::{
    authorization_server::{Answer, AuthorizationServer, Fault},
    http::Headers,
};

/// A pending HTTP call.
pub struct HttpCall {
    /// The context that made the call.
    pub context: u32,
    /// The server that will answer.
    pub server: AuthorizationServer,
    /// The path of the request.
    pub path: String,
    /// The time at which the call was made.
    pub since: Duration,
    /// The timeout; zero means no timeout.
    pub timeout: Duration,
}

impl HttpCall {
    /// The outcome at the time `now`; `None` while the call is pending. If the call times out, or
    /// if the server fails before it sends headers, the module receives an answer that the proxy
    /// generates. If the server fails later, the module receives an empty answer.
    pub fn outcome(&self, now: Duration) -> Option<Delivery> {
        let answer = self.server.answer_now(&self.path);
        let expired = !self.timeout.is_zero() && now >= self.since + self.timeout;
        match answer.filter(|answer| now >= self.since + answer.delay) {
            None if expired => Some(Delivery::of_proxy("504", "upstream request timeout")),
            None => None,
            Some(answer) => Some(match answer.fault {
                Some(Fault::Reset) => Delivery::of_proxy("503", "upstream connect error"),
                Some(Fault::Truncate) => Delivery::default(),
                None => Delivery::of(answer),
            }),
        }
    }
}

/// The response to an HTTP call. The module may read it in the callback that reports the end of the
/// call.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The headers; empty if the server failed after it had sent headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Delivery {
    fn of(answer: Answer) -> Self {
        let mut headers = Headers::default();
        headers.add(":status", answer.status.to_string());
        headers.add("content-length", answer.body.len().to_string());
        headers.0.extend(answer.headers.0);
        Self {
            headers,
            body: answer.body,
        }
    }

    fn of_proxy(status: &str, body: &str) -> Self {
        let mut headers = Headers::default();
        headers.add(":status", status);
        Self {
            headers,
            body: body.into(),
        }
    }
}

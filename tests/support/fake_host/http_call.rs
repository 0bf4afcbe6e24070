//! Calls that the module makes, and their outcomes.

use std::time::Duration;

use crate::{
    authorization_server::{Answer, AuthorizationServer, Fault},
    http::Headers,
};

/// An HTTP call under way.
pub struct HttpCall {
    /// The context that made it.
    pub context: u32,
    /// The server that will answer.
    pub server: AuthorizationServer,
    /// The path of the request.
    pub path: String,
    /// When it was made.
    pub since: Duration,
    /// The timeout; zero is none.
    pub timeout: Duration,
}

impl HttpCall {
    /// The outcome at `now`, if there is one. If the server fails before its headers, the proxy answers in
    /// its place. If it fails later, the call ends without an answer.
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

/// The response that a call's callback may read.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The headers; none if the call failed.
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

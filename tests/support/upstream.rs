//! The protected service. It records every request. It answers with the status in the request's
//! header [`STATUS`], or with 200 if there is no such header.
//!
//! Each answer has the header [`ECHO_ID`], with which a test finds the record of the request. This
//! works even if many requests run at once, or if the answer has no body (`HEAD`).

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use super::{
    driver::Seen,
    http::{Headers, Message, response},
    server::{Reply, Server, Then},
};

/// The response header with the id of the request's record.
pub const ECHO_ID: &str = "x-echo-id";
/// The response header that repeats the request header [`USER`].
pub const ECHO_USER: &str = "x-echo-user";
/// The request header in which the gate names the user.
pub const USER: &str = "x-user";
/// The request header with which a test chooses the service's status.
pub const STATUS: &str = "x-echo-status";
/// The body of the protected service's answers.
pub const BODY: &[u8] = b"hello from the protected service";

/// The protected service as an HTTP server.
pub struct Upstream {
    server: Server,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// Listens on a free loopback port.
    pub fn start() -> io::Result<Self> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let server = Server::start(move |request| {
            let mut records = record.lock().unwrap();
            let mut headers = Headers::default();
            for user in request.headers.bytes(USER) {
                headers.add(ECHO_USER, user);
            }
            let asked = request.headers.value(STATUS);
            records.push(described(request));
            headers.add(ECHO_ID, (records.len() - 1).to_string());
            let status = asked.and_then(|status| status.parse().ok());
            if status.is_some() {
                headers.add("retry-after", "7");
            }
            Reply {
                bytes: response(status.unwrap_or(200), &headers, BODY),
                then: Then::KeepAlive,
            }
        })?;
        Ok(Self { server, seen })
    }

    /// The address of the service.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The recorded request that led to an answer. The answer's [`ECHO_ID`] identifies the request.
    pub fn seen(&self, response_headers: &Headers) -> Option<Seen> {
        let id: usize = response_headers.value(ECHO_ID)?.parse().ok()?;
        self.seen.lock().unwrap().get(id).cloned()
    }
}

fn described(request: Message) -> Seen {
    let (method, path) = request.start;
    Seen {
        method,
        path,
        headers: request.headers,
        body: request.body,
        trailers: request.trailers,
    }
}

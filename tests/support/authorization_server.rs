//! A scripted authorization server. The script has an answer for each path. An answer can be
//! delayed, and it can fail.
//!
//! The script itself does not use sockets. The fake host reads it directly. For Envoy,
//! [`AuthorizationServer::listen`] serves it on loopback. Clones of a server share its script, so a
//! test can change the answers during a request.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use super::{
    http::{Headers, Message, PATIENCE, response},
    server::{Reply, Server, Then},
};

/// The server's answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header lines, except `content-length`.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// How long the server waits before it answers.
    pub delay: Duration,
    /// How the answer fails; `None` if the answer arrives complete.
    pub fault: Option<Fault>,
}

/// How an answer fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection closes before the first byte. The module receives a 503 that the proxy
    /// generates.
    Reset,
    /// The connection closes in the middle of the body. The module receives neither headers nor
    /// body.
    Truncate,
}

impl Answer {
    /// Status 200 with a JSON body.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        let mut headers = Headers::default();
        headers.add("content-type", "application/json");
        Self {
            status: 200,
            headers,
            body: body.into(),
            delay: Duration::ZERO,
            fault: None,
        }
    }

    /// An answer with this status and no body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Headers::default(),
            ..Self::json([])
        }
    }

    /// No answer: the connection closes before the first byte.
    pub fn reset() -> Self {
        Self {
            fault: Some(Fault::Reset),
            ..Self::status(200)
        }
    }

    /// Returns this answer with [`Fault::Truncate`]: the connection closes in the middle of the
    /// body.
    pub fn truncated(self) -> Self {
        Self {
            fault: Some(Fault::Truncate),
            ..self
        }
    }

    /// Returns this answer with a delay.
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Returns this answer with an additional header line.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.add(name, value);
        self
    }
}

/// A handle to a scripted server. Clones are handles to the same server.
#[derive(Clone, Default)]
pub struct AuthorizationServer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    released: Condvar,
}

#[derive(Default)]
struct Script {
    answers: Vec<(String, Answer)>,
    held: bool,
    requests: Vec<Message>,
}

impl AuthorizationServer {
    /// A server that answers 404 to every path.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the answer for `path`, which includes the query if there is one.
    pub fn answer(&self, path: &str, answer: Answer) {
        let mut script = self.0.script.lock().unwrap();
        script.answers.retain(|(other, _)| other != path);
        script.answers.push((path.to_owned(), answer));
    }

    /// Holds back all answers until the test calls [`Self::release`]. The server still accepts
    /// requests.
    pub fn hold(&self) {
        self.0.script.lock().unwrap().held = true;
    }

    /// Answers all requests that wait because of [`Self::hold`]. The requests get the answers that
    /// are set at the time of this call.
    pub fn release(&self) {
        self.0.script.lock().unwrap().held = false;
        self.0.released.notify_all();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Message> {
        self.0.script.lock().unwrap().requests.clone()
    }

    /// The number of requests for `path` so far.
    pub fn fetches(&self, path: &str) -> usize {
        let script = self.0.script.lock().unwrap();
        script
            .requests
            .iter()
            .filter(|request| request.start.1 == path)
            .count()
    }

    /// Records a request. The fake host records a request even if the request never gets an answer.
    pub fn receive(&self, request: Message) {
        self.0.script.lock().unwrap().requests.push(request);
    }

    /// The answer that is set for `path`; `None` while answers are held.
    pub fn answer_now(&self, path: &str) -> Option<Answer> {
        let script = self.0.script.lock().unwrap();
        (!script.held).then(|| script.answer_to(path))
    }

    /// Serves the script on a free loopback port.
    pub fn listen(&self) -> io::Result<Server> {
        self.listen_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Serves the script at this address. With this function, a test can start a dropped server
    /// again at its old address.
    pub fn listen_at(&self, address: SocketAddr) -> io::Result<Server> {
        let this = self.clone();
        Server::start_at(address, move |request| {
            let path = request.start.1.clone();
            this.receive(request);
            let script = this.0.script.lock().unwrap();
            let held = |script: &mut Script| script.held;
            let (script, _) = this
                .0
                .released
                .wait_timeout_while(script, PATIENCE, held)
                .unwrap();
            let answer = script.answer_to(&path);
            drop(script);
            thread::sleep(answer.delay);
            on_the_wire(&answer)
        })
    }
}

impl Script {
    fn answer_to(&self, path: &str) -> Answer {
        let found = self.answers.iter().find(|(other, _)| other == path);
        found.map_or_else(|| Answer::status(404), |(_, answer)| answer.clone())
    }
}

fn on_the_wire(answer: &Answer) -> Reply {
    let mut bytes = response(answer.status, &answer.headers, &answer.body);
    match answer.fault {
        None => {
            return Reply {
                bytes,
                then: Then::KeepAlive,
            };
        }
        Some(Fault::Reset) => bytes.clear(),
        Some(Fault::Truncate) => bytes.truncate(bytes.len() - answer.body.len().div_ceil(2)),
    }
    Reply {
        bytes,
        then: Then::Close,
    }
}

//! Puts a listener under a steady load, over connections that stay open.
//!
//! Each kind of request states which answers are correct. A scenario can change the mix of requests
//! with [`Load::change`]. This method returns when no request of the old mix is pending. If a
//! connection ends without an answer, the request counts as lost. The client does not send a lost
//! request again, because a retry would hide a loss that a real client would notice.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    driver::Request,
    http::{self, Message},
    upstream::ECHO_USER,
};

/// The maximum number of wrong or missing answers that a failed test describes in its message.
const SHOWN: usize = 10;

/// A kind of request with its expected answers.
#[derive(Clone)]
pub struct Shot {
    kind: &'static str,
    request: Arc<dyn Fn(u64) -> Request + Send + Sync>,
    right: Vec<u16>,
    user: Option<String>,
}

impl Shot {
    /// Creates a kind whose requests are all the same.
    pub fn new(kind: &'static str, request: Request, right: &[u16]) -> Self {
        Self::varying(kind, right, move |_| request.clone())
    }

    /// Creates a kind whose requests all differ. Each request comes from a call of the function
    /// `request` with a different number.
    pub fn varying(
        kind: &'static str,
        right: &[u16],
        request: impl Fn(u64) -> Request + Send + Sync + 'static,
    ) -> Self {
        Self {
            kind,
            request: Arc::new(request),
            right: right.to_vec(),
            user: None,
        }
    }

    /// Adds an expectation: if the request passes, the identity header that reaches the protected
    /// service must name this user.
    pub fn of_user(self, user: &str) -> Self {
        Self {
            user: Some(user.to_owned()),
            ..self
        }
    }

    /// Describes what is wrong with an answer; `None` if it is correct.
    fn fault(&self, status: u16, answer: &Message) -> Option<String> {
        let user = answer.headers.value(ECHO_USER);
        let expected = self.user.clone().filter(|_| status == 200);
        if !self.right.contains(&status) {
            let body = String::from_utf8_lossy(&answer.body);
            return Some(format!("{}: {status}: {body}", self.kind));
        }
        (user != expected).then(|| format!("{}: passed with the user {user:?}", self.kind))
    }
}

/// Clients that send requests until they are stopped, with a pause after each request.
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

struct Shared {
    mix: Mutex<(u64, Arc<[Shot]>)>,
    /// For each client, the number of the mix that the client's last completed request came from.
    taken: Vec<AtomicU64>,
    next: AtomicU64,
    stopping: AtomicBool,
    tally: Mutex<Tally>,
}

impl Load {
    /// Starts this many clients. Each client has one connection and pauses between two requests.
    pub fn start(
        address: SocketAddr,
        clients: usize,
        pause: Duration,
        mix: impl IntoIterator<Item = Shot>,
    ) -> Self {
        let shared = Arc::new(Shared {
            mix: Mutex::new((1, mix.into_iter().collect())),
            taken: (0..clients).map(|_| AtomicU64::new(0)).collect(),
            next: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            tally: Mutex::default(),
        });
        let spawn = |index| {
            let shared = Arc::clone(&shared);
            let mut client = Client::connected(address).unwrap();
            thread::spawn(move || {
                while !shared.stopping.load(Ordering::SeqCst) {
                    shared.shoot(index, &mut client);
                    thread::sleep(pause);
                }
            })
        };
        let clients = (0..clients).map(spawn).collect();
        Self { shared, clients }
    }

    /// Changes the mix. Returns when each client has completed a request of the new mix. Then no
    /// request of an older mix is pending.
    pub fn change(&self, mix: impl IntoIterator<Item = Shot>) {
        let current = {
            let mut current = self.shared.mix.lock().unwrap();
            *current = (current.0 + 1, mix.into_iter().collect());
            current.0
        };
        let start = Instant::now();
        let all_follow = || {
            let taken = self.shared.taken.iter();
            taken.map(|taken| taken.load(Ordering::SeqCst)).min() >= Some(current)
        };
        while !all_follow() {
            assert!(start.elapsed() < 2 * http::PATIENCE, "a client is stuck");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The tally so far.
    pub fn tally(&self) -> Tally {
        self.shared.tally.lock().unwrap().clone()
    }

    /// Stops the clients once their pending requests are answered, and returns the final tally.
    pub fn stop(mut self) -> Tally {
        self.end();
        self.tally()
    }

    fn end(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.clients
            .drain(..)
            .for_each(|client| client.join().unwrap());
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.end();
        }
        self.shared.stopping.store(true, Ordering::SeqCst);
    }
}

impl Shared {
    fn shoot(&self, index: usize, client: &mut Client) {
        let (generation, mix) = self.mix.lock().unwrap().clone();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let shot = &mix[(number % mix.len() as u64) as usize];
        let request = (shot.request)(number);
        let start = Instant::now();
        let answer = client.send(&request);
        let waited = start.elapsed();
        self.tally.lock().unwrap().count(shot, answer, waited);
        self.taken[index].store(generation, Ordering::SeqCst);
    }
}

/// The results of all requests.
#[derive(Clone, Default)]
pub struct Tally {
    /// The results by kind of request.
    pub rows: BTreeMap<&'static str, Row>,
    /// Descriptions of the first few wrong or missing answers.
    pub wrong: Vec<String>,
}

/// The results of one kind of request.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The number of answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// The number of wrong answers.
    pub wrong: u64,
    /// The number of connections that ended without an answer.
    pub lost: u64,
    /// The longest wait for an answer.
    pub longest: Duration,
}

impl Tally {
    fn count(&mut self, shot: &Shot, answer: io::Result<(u16, Message)>, waited: Duration) {
        let row = self.rows.entry(shot.kind).or_default();
        row.longest = row.longest.max(waited);
        let fault = match answer {
            Ok((status, message)) => {
                *row.statuses.entry(status).or_default() += 1;
                let fault = shot.fault(status, &message);
                row.wrong += u64::from(fault.is_some());
                fault
            }
            Err(error) => {
                row.lost += 1;
                Some(format!("{}: lost after {waited:?}: {error}", shot.kind))
            }
        };
        if self.wrong.len() < SHOWN {
            self.wrong.extend(fault);
        }
    }

    /// The number of requests of this kind that were answered with this status.
    pub fn of(&self, kind: &str, status: u16) -> u64 {
        let row = self.rows.get(kind);
        row.and_then(|row| row.statuses.get(&status).copied())
            .unwrap_or_default()
    }

    /// Fails the test if an answer was wrong or missing.
    pub fn assert_right(&self) {
        assert!(self.wrong.is_empty(), "{:#?}\n{self}", self.wrong);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{:<24} {:>8} {:>6} {:>6} {:>13}  statuses",
            "requests", "count", "wrong", "lost", "longest wait"
        )?;
        for (kind, row) in &self.rows {
            let count = row.statuses.values().sum::<u64>() + row.lost;
            let milliseconds = row.longest.as_millis();
            let (wrong, lost) = (row.wrong, row.lost);
            write!(
                formatter,
                "{kind:<24} {count:>8} {wrong:>6} {lost:>6} {milliseconds:>10} ms "
            )?;
            for (status, count) in &row.statuses {
                write!(formatter, " {status}: {count}")?;
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}

/// A client with one connection. If an answer says `connection: close`, the client opens a new
/// connection for its next request.
pub struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// Creates a client that is already connected.
    pub fn connected(address: SocketAddr) -> io::Result<Self> {
        let connection = Some(BufReader::new(http::connect(address)?));
        Ok(Self {
            address,
            connection,
        })
    }

    /// Sends a request and waits for its answer.
    pub fn send(&mut self, request: &Request) -> io::Result<(u16, Message)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => BufReader::new(http::connect(self.address)?),
        };
        connection.get_mut().write_all(&request.on_the_wire())?;
        let answer = http::read_response(&mut connection, &request.method)?;
        let closes = answer.1.headers.values("connection");
        if !closes.iter().any(|value| value == "close") {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}

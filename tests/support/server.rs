//! A threaded HTTP/1.1 server on loopback. The authorization server and the protected service of
//! the tests use it.

use std::{
    collections::BTreeMap,
    io::{self, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::http::{Message, read_request};

/// A [`Server`]'s reply to a request.
pub struct Reply {
    /// The bytes to send, which need not be valid HTTP.
    pub bytes: Vec<u8>,
    /// What the server does with the connection afterwards.
    pub then: Then,
}

/// What the server does after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The server waits for the next request.
    KeepAlive,
    /// The server closes the connection.
    Close,
}

/// A threaded server on loopback. Dropping the value frees the port and closes all connections, as
/// if the server's process had ended.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Server {
    /// Listens on a free port. `handler` answers the requests. Calls for different connections run
    /// in parallel.
    pub fn start(handler: impl Fn(Message) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), handler)
    }

    /// Listens on this address.
    pub fn start_at(
        address: SocketAddr,
        handler: impl Fn(Message) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        let (own, handler) = (Arc::clone(&shared), Arc::new(handler));
        let accepting = thread::spawn(move || {
            for (id, connection) in (0..).zip(listener.incoming().flatten()) {
                if own.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(twin) = connection.try_clone() else {
                    continue;
                };
                own.open.lock().unwrap().insert(id, twin);
                let (own, handler) = (Arc::clone(&own), Arc::clone(&handler));
                thread::spawn(move || {
                    // Errors on a connection are ignored: a test that waits for an answer fails
                    // anyway if its connection breaks.
                    drop(serve(connection, &*handler));
                    own.open.lock().unwrap().remove(&id);
                });
            }
        });
        Ok(Self {
            address,
            shared,
            accepting: Some(accepting),
        })
    }

    /// The address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address)); // wakes the accepting thread
        drop(self.accepting.take().map(thread::JoinHandle::join));
        for connection in self.shared.open.lock().unwrap().values() {
            // The connection may be closed already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn serve(connection: TcpStream, handler: &dyn Fn(Message) -> Reply) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    while let Some(request) = read_request(&mut reader)? {
        let reply = handler(request);
        writer.write_all(&reply.bytes)?;
        if reply.then == Then::Close {
            break;
        }
    }
    Ok(())
}

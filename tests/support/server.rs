//! A threaded HTTP/1.1 server on loopback, for the scripted parts of a scenario.

use std::{
    io::{self, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::http::{Message, read_request};

/// What a [`Server`] does with a request.
pub struct Reply {
    /// Bytes to write, not checked for sense.
    pub bytes: Vec<u8>,
    /// Whether the connection serves another request.
    pub then: Then,
}

/// What follows a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Wait for the next request.
    KeepAlive,
    /// Close the connection.
    Close,
}

/// A threaded server on a free loopback port; it stops accepting when dropped.
pub struct Server {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request by `handler`, connections in parallel.
    pub fn start(handler: impl Fn(Message) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, handler) = (Arc::clone(&stopping), Arc::new(handler));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let handler = Arc::clone(&handler);
                // A broken connection is the peer's affair: what it did not get, its test misses.
                thread::spawn(move || drop(serve(connection, &*handler)));
            }
        });
        Ok(Self { address, stopping })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address)); // wakes the accepting thread
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

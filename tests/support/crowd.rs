//! Sends many different requests as fast as possible, over connections that stay open.
//!
//! A client is a thread with many connections. The client sends one request on each connection
//! before it reads the first answer, so that even an unoptimised build keeps a proxy busy. The
//! client does not send several requests at once on one connection (pipelining), because Envoy
//! closes the connection after an answer of its own.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    ops::Range,
    thread,
};

use super::{driver::Request, http};

/// The number of connections of each client.
const CONNECTIONS: usize = 32;

/// Sends one request for each number in `numbers`, and waits for all answers. The numbers are
/// divided among the given number of clients. Returns an error at the first answer whose status is
/// not `status`.
pub fn send(
    address: SocketAddr,
    clients: u64,
    numbers: Range<u64>,
    status: u16,
    request: impl Fn(u64) -> Request + Sync,
) -> io::Result<()> {
    let part = (numbers.end - numbers.start).div_ceil(clients).max(1);
    let (request, end) = (&request, numbers.end);
    thread::scope(|scope| {
        let starts = numbers.step_by(usize::try_from(part).unwrap());
        let clients: Vec<_> = starts
            .map(|first| {
                scope
                    .spawn(move || converse(address, first..end.min(first + part), status, request))
            })
            .collect();
        clients
            .into_iter()
            .try_for_each(|client| client.join().unwrap())
    })
}

fn converse(
    address: SocketAddr,
    mut numbers: Range<u64>,
    status: u16,
    request: &impl Fn(u64) -> Request,
) -> io::Result<()> {
    let expected = format!("HTTP/1.1 {status} ");
    let connect = |_| http::connect(address);
    let mut connections = (0..CONNECTIONS)
        .map(connect)
        .collect::<io::Result<Vec<_>>>()?;
    let mut text = vec![0; 65_536];
    while !numbers.is_empty() {
        let mut waiting = Vec::new();
        for (connection, number) in connections
            .iter_mut()
            .zip(numbers.by_ref().take(CONNECTIONS))
        {
            connection.write_all(&request(number).on_the_wire())?;
            waiting.push(connection);
        }
        for connection in waiting {
            let answer = read_answer(connection, &mut text)?;
            if !answer.starts_with(expected.as_bytes()) {
                return Err(io::Error::other(String::from_utf8_lossy(answer)));
            }
        }
    }
    Ok(())
}

/// Reads one answer. The header `content-length` says where the answer ends. Envoy's own answers
/// and those of the test servers have this header.
fn read_answer<'a>(connection: &mut TcpStream, text: &'a mut [u8]) -> io::Result<&'a [u8]> {
    const LENGTH: &[u8] = b"content-length: ";
    const END: &[u8] = b"\r\n\r\n";
    let mut read = 0;
    loop {
        match connection.read(&mut text[read..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => read += more,
        }
        let Some(head) = find(&text[..read], END) else {
            continue;
        };
        let length = find(&text[..head], LENGTH).map(|start| {
            let digits = text[start + LENGTH.len()..]
                .iter()
                .take_while(|octet| octet.is_ascii_digit());
            digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
        });
        if read >= head + END.len() + length.unwrap_or_default() {
            return Ok(&text[..read]);
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

//! As many requests as fit, over connections that stay open, each of them different.
//!
//! Requests are sent in batches without waiting for answers (RFC 9112 section 9.3.2), so that even
//! an unoptimised client keeps a proxy busy. Envoy closes the connection where it refuses a request
//! behind which others wait: requests to refuse go one by one.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    ops::Range,
    thread,
};

use super::{driver::Request, http};

/// Requests that are under way on one connection, where they are to pass.
const BATCH: usize = 32;
/// How every answer begins.
const PROTOCOL: &[u8] = b"HTTP/1.1 ";

/// Sends a request for each number, over that many connections, and waits for all answers. Fails
/// with the first answer whose status is not `status`.
pub fn send(
    address: SocketAddr,
    connections: u64,
    numbers: Range<u64>,
    status: u16,
    request: impl Fn(u64) -> Request + Sync,
) -> io::Result<()> {
    let part = (numbers.end - numbers.start).div_ceil(connections);
    let (request, end) = (&request, numbers.end);
    thread::scope(|scope| {
        let starts = numbers.step_by(usize::try_from(part.max(1)).unwrap());
        let clients: Vec<_> = starts
            .map(|first| {
                let own = first..end.min(first + part);
                scope.spawn(move || converse(address, own, status, request))
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
    let mut connection = http::connect(address)?;
    let at_once = if status < 400 { BATCH } else { 1 };
    let expected = [PROTOCOL, status.to_string().as_bytes()].concat();
    while !numbers.is_empty() {
        let batch: Vec<_> = numbers.by_ref().take(at_once).collect();
        let bytes = batch.iter().flat_map(|n| request(*n).on_the_wire());
        connection.write_all(&bytes.collect::<Vec<_>>())?;
        await_answers(&mut connection, batch.len(), &expected)?;
    }
    Ok(())
}

/// Bodies are short and never look like an answer: they are not told from heads.
fn await_answers(connection: &mut impl Read, count: usize, expected: &[u8]) -> io::Result<()> {
    let (mut text, mut read, mut from) = (vec![0; 65_536], 0, 0);
    for _ in 0..count {
        loop {
            let start = find(&text[from..read], PROTOCOL).map(|start| from + start);
            // The head is there as far as its end, and so is a body that came with it.
            if let Some(start) =
                start.filter(|start| find(&text[*start..read], b"\r\n\r\n").is_some())
            {
                if !text[start..].starts_with(expected) {
                    let answer = String::from_utf8_lossy(&text[start..read]).into_owned();
                    return Err(io::Error::other(answer));
                }
                from = start + expected.len();
                break;
            }
            if read == text.len() {
                text.copy_within(from.., 0);
                (read, from) = (read - from, 0);
            }
            match connection.read(&mut text[read..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => read += more,
            }
        }
    }
    Ok(())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = |text: &[u8]| text.iter().position(|octet| *octet == part[0]);
    let mut from = 0;
    while let Some(next) = first(&text[from..]) {
        if text[from + next..].starts_with(part) {
            return Some(from + next);
        }
        from += next + 1;
    }
    None
}

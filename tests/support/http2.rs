//! A minimal HTTP/2 client: it sends one request and reads the status of the response.
//!
//! Some tests need requests that HTTP/1.1 cannot carry or that client libraries refuse to send,
//! such as requests with arbitrary octets in `:path` or with a method in lower case. Header fields
//! are sent as literals without indexing and without Huffman coding (RFC 7541 section 6.2.2).

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};

use super::http::connect;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// Sends a request without a body as stream 1 of a new connection. Returns the response's status.
pub fn status(address: SocketAddr, fields: &[(&[u8], &[u8])]) -> io::Result<u16> {
    let mut connection = connect(address)?;
    connection.write_all(PREFACE)?;
    connection.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    let block: Vec<u8> = fields
        .iter()
        .flat_map(|(name, value)| [&[0][..], &text(name), &text(value)].concat())
        .collect();
    connection.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block))?;
    loop {
        let mut head = [0; 9];
        connection.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        connection.read_exact(&mut payload)?;
        match kind {
            SETTINGS if flags & ACK == 0 => connection.write_all(&frame(SETTINGS, ACK, 0, &[]))?,
            HEADERS if u32::from_be_bytes(stream) == 1 => {
                return first_status(&payload[skipped(flags)..])
                    .ok_or_else(|| io::Error::other(format!("{payload:x?}")));
            }
            3 | 7 => return Err(io::ErrorKind::ConnectionReset.into()), // RST_STREAM, GOAWAY
            _ => {}
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Encodes a string literal that is shorter than 127 octets (RFC 7541 section 5.2).
fn text(octets: &[u8]) -> Vec<u8> {
    assert!(octets.len() < 127, "too long for a one-octet length");
    let length = u8::try_from(octets.len()).unwrap();
    [&[length], octets].concat()
}

/// The number of octets that precede the header block in a frame's payload. The number depends on
/// the frame's flags for padding and priority.
const fn skipped(flags: u8) -> usize {
    let padded = if flags & PADDED == 0 { 0 } else { 1 };
    let priority = if flags & PRIORITY == 0 { 0 } else { 5 };
    padded + priority
}

/// Reads `:status`, which is the first field of a response. The field is either an entry of the
/// static table or a literal.
fn first_status(block: &[u8]) -> Option<u16> {
    let indexed = [200, 204, 206, 304, 400, 404, 500];
    match block {
        [update, rest @ ..] if update & 0xe0 == 0x20 => first_status(rest), // dynamic table size update
        [field @ 0x88..=0x8e, ..] => indexed.get(usize::from(field - 0x88)).copied(),
        // A literal, with or without indexing, whose name refers to a `:status` entry of the static
        // table.
        [0x48..=0x4e | 0x08..=0x0e | 0x18..=0x1e, length, value @ ..] => {
            let value = value.get(..usize::from(length & 0x7f))?;
            match length & 0x80 {
                0 => str::from_utf8(value).ok()?.parse().ok(),
                _ => digits(value),
            }
        }
        _ => None,
    }
}

/// Decodes three Huffman-coded digits (RFC 7541 appendix B). The codes of the digits 0 to 2 have
/// five bits, and those of the other digits have six bits.
fn digits(coded: &[u8]) -> Option<u16> {
    let bits: Vec<u16> = coded
        .iter()
        .flat_map(|octet| (0..8).rev().map(move |bit| u16::from(octet >> bit & 1)))
        .collect();
    let number = |bits: &[u16]| bits.iter().fold(0, |sum, bit| sum * 2 + bit);
    let (mut status, mut at) = (0, 0);
    for _ in 0..3 {
        let five = number(bits.get(at..at + 5)?);
        let (digit, length) = match five {
            0..=2 => (five, 5),
            _ => (number(bits.get(at..at + 6)?).checked_sub(0x16)?, 6),
        };
        status = status * 10 + digit;
        at += length;
    }
    Some(status)
}

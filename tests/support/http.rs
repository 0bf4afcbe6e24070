//! A minimal HTTP/1.1 implementation over loopback sockets.
//!
//! Header names and values are bytes, because many attacks are requests that a normal client
//! library refuses to send. The end of a body is determined by `content-length`, by `chunked` or by
//! the end of the connection. A malformed message causes an `io::Error`.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// The timeout for reads and writes. Even a busy machine needs much less time, so a test that
/// reaches the timeout is stuck.
pub const PATIENCE: Duration = Duration::from_secs(60);
const MAX_HEADERS: usize = 2048;

/// Header lines in order, including repeated names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// Appends a line.
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0
            .push((name.as_ref().to_vec(), value.as_ref().to_vec()));
    }

    /// Removes every line with this name.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        self.0
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name.as_ref()));
    }

    /// Every value of a header, in order. The letter case of the name does not matter.
    pub fn bytes(&self, name: impl AsRef<[u8]>) -> Vec<&[u8]> {
        let same = |(other, _): &&(Vec<u8>, Vec<u8>)| other.eq_ignore_ascii_case(name.as_ref());
        self.0
            .iter()
            .filter(same)
            .map(|(_, value)| value.as_slice())
            .collect()
    }

    /// Every value of a header as a string. Bytes that are not UTF-8 become U+FFFD.
    pub fn values(&self, name: &str) -> Vec<String> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        self.bytes(name).into_iter().map(text).collect()
    }

    /// The value of a header; `None` if there is no such header. Fails the test if the header is
    /// repeated.
    pub fn value(&self, name: &str) -> Option<String> {
        let mut values = self.values(name);
        assert!(values.len() <= 1, "header {name} is repeated: {values:?}");
        values.pop()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &Vec<u8>| bytes.escape_ascii().to_string();
        let lines = self.0.iter().map(|(name, value)| (text(name), text(value)));
        formatter.debug_list().entries(lines).finish()
    }
}

/// A message as it was received.
#[derive(Clone, Debug)]
pub struct Message {
    /// For a request, the method and the target. For a response, an empty string and the status
    /// code.
    pub start: (String, String),
    /// The header lines in order.
    pub headers: Headers,
    /// The body, without its transfer encoding.
    pub body: Vec<u8>,
    /// The trailer lines in order.
    pub trailers: Headers,
}

/// Reads a request. Returns `None` if the peer has closed the connection before the first byte.
pub fn read_request(from: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(head) = read_head(from)? else {
        return Ok(None);
    };
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut lines);
    parsed.parse(&head).map_err(malformed)?;
    let method = parsed.method.unwrap_or_default().to_owned();
    let target = parsed.path.unwrap_or_default().to_owned();
    let headers = copied(parsed.headers);
    let (body, trailers) = read_body(from, &headers, Unframed::Empty)?;
    Ok(Some(Message {
        start: (method, target),
        headers,
        body,
        trailers,
    }))
}

/// Reads the response to a request with this method. Skips interim responses (`1xx`).
pub fn read_response(from: &mut impl BufRead, method: &str) -> io::Result<(u16, Message)> {
    loop {
        let head = read_head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut lines);
        parsed.parse(&head).map_err(malformed)?;
        let status = parsed.code.unwrap_or_default();
        if (100..200).contains(&status) {
            continue;
        }
        let headers = copied(parsed.headers);
        let (body, trailers) = match (method, status) {
            // A successful response to CONNECT has no body (RFC 9110 section 9.3.6).
            ("HEAD", _) | ("CONNECT", 200..=299) | (_, 204 | 304) => Default::default(),
            _ => read_body(from, &headers, Unframed::UntilClose)?,
        };
        return Ok((
            status,
            Message {
                start: (String::new(), status.to_string()),
                headers,
                body,
                trailers,
            },
        ));
    }
}

/// Sends a `GET` on a new connection, for example to Envoy's admin interface.
pub fn get(address: SocketAddr, path: &str) -> io::Result<(u16, Vec<u8>)> {
    exchange(address, "GET", path)
}

/// Sends a request without a body on a new connection.
pub fn exchange(address: SocketAddr, method: &str, path: &str) -> io::Result<(u16, Vec<u8>)> {
    let mut connection = connect(address)?;
    let mut request = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
    let mut headers = Headers::default();
    headers.add("host", address.to_string());
    headers.add("content-length", "0");
    headers.add("connection", "close");
    write_headers(&mut request, &headers);
    connection.write_all(&request)?;
    let (status, message) = read_response(&mut BufReader::new(connection), method)?;
    Ok((status, message.body))
}

/// Opens a connection whose reads and writes time out after [`PATIENCE`].
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// The bytes of an HTTP/1.1 response. A `content-length` line is added.
pub fn response(status: u16, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n", body.len()).into_bytes();
    write_headers(&mut bytes, headers);
    bytes.extend_from_slice(body);
    bytes
}

/// Writes header lines unchanged, and then the empty line that ends the header section.
pub fn write_headers(into: &mut Vec<u8>, headers: &Headers) {
    for (name, value) in &headers.0 {
        into.extend_from_slice(&[name, b": ".as_slice(), value, b"\r\n"].concat());
    }
    into.extend_from_slice(b"\r\n");
}

fn read_head(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if from.read_until(b'\n', &mut head)? == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
    Ok(Some(head))
}

/// How to read a body if the message has neither `content-length` nor `chunked` (RFC 9112 section
/// 6.3). Such a body is empty in a request, and ends with the connection in a response.
#[derive(Clone, Copy)]
enum Unframed {
    Empty,
    UntilClose,
}

fn read_body(
    from: &mut impl BufRead,
    headers: &Headers,
    rest: Unframed,
) -> io::Result<(Vec<u8>, Headers)> {
    let mut body = Vec::new();
    let mut trailers = Headers::default();
    if headers
        .bytes("transfer-encoding")
        .iter()
        .any(|coding| coding.ends_with(b"chunked"))
    {
        trailers = read_chunks(from, &mut body)?;
    } else if let Some(length) = headers.value("content-length") {
        body.resize(length.parse().map_err(malformed)?, 0);
        from.read_exact(&mut body)?;
    } else if matches!(rest, Unframed::UntilClose) {
        from.read_to_end(&mut body)?;
    }
    Ok((body, trailers))
}

fn read_chunks(from: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<Headers> {
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).map_err(malformed)?;
        if size == 0 {
            return read_trailers(from);
        }
        let start = body.len();
        body.resize(start + size, 0);
        from.read_exact(&mut body[start..])?;
        from.read_exact(&mut [0; 2])?;
    }
}

fn read_trailers(from: &mut impl BufRead) -> io::Result<Headers> {
    let mut section = Vec::new();
    while section != b"\r\n" && !section.ends_with(b"\r\n\r\n") {
        if from.read_until(b'\n', &mut section)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    match httparse::parse_headers(&section, &mut lines).map_err(malformed)? {
        httparse::Status::Complete((_, lines)) => Ok(copied(lines)),
        httparse::Status::Partial => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn copied(lines: &[httparse::Header<'_>]) -> Headers {
    let copy = |line: &httparse::Header<'_>| (line.name.as_bytes().to_vec(), line.value.to_vec());
    Headers(lines.iter().map(copy).collect())
}

fn malformed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

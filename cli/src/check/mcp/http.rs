//! A minimal HTTP/1.1 client: sends one request in plain text, and reads the response.

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    time::Duration,
};

/// The maximum time for connecting, for each read and for each write.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum length of a response. Without this limit, a response could be endless.
const MAX_RESPONSE: u64 = 256 * 1024;

/// An `http` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// The host and the port, as in the header `Host`.
    authority: String,
    path: String,
}

/// A response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Url {
    /// Parses a URL. Returns `None` if its scheme is not `http`, if it has no host, or if it
    /// contains characters that could smuggle a header into the request.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let (authority, path) = match rest.find('/') {
            Some(start) => rest.split_at_checked(start)?,
            None => (rest, "/"),
        };
        let is_clear = rest.bytes().all(|octet| octet.is_ascii_graphic());
        let has_host = !authority.is_empty() && !authority.contains(['@', '?', '#']);
        (is_clear && has_host && !path.contains('#')).then(|| Self {
            authority: authority.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The host and the port to connect to.
    fn address(&self) -> String {
        let behind_host = self.authority.rsplit(']').next().unwrap_or_default();
        match behind_host.contains(':') {
            true => self.authority.clone(),
            false => format!("{}:80", self.authority),
        }
    }

    /// Sends a POST request with a JSON body.
    pub(super) fn post(&self, headers: &[(&str, &str)], body: &str) -> io::Result<Response> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let mut head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n",
            self.path,
            self.authority,
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
        let mut bytes = Vec::new();
        stream.take(MAX_RESPONSE).read_to_end(&mut bytes)?;
        parse(&bytes).ok_or_else(|| io::Error::other("the response is not HTTP/1.1"))
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut failure = io::Error::other("the host has no address");
        for address in self.address().to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, TIMEOUT) {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

fn parse(bytes: &[u8]) -> Option<Response> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (first, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let is_chunked = headers.lines().any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("transfer-encoding:") && line.contains("chunked")
    });
    let body = match is_chunked {
        true => joined(body)?,
        false => body.to_owned(),
    };
    Some(Response { status, body })
}

/// Decodes a body in chunked transfer encoding. Returns `None` if it is malformed.
fn joined(mut rest: &str) -> Option<String> {
    let mut content = String::new();
    loop {
        let (size, behind) = rest.split_once("\r\n")?;
        let size = size.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(content);
        }
        let (chunk, behind) = behind.split_at_checked(size)?;
        content.push_str(chunk);
        rest = behind.strip_prefix("\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_an_address_to_connect_to() {
        for (text, expected) in [
            ("http://mcp.internal:8080/mcp", Some("mcp.internal:8080")),
            ("http://mcp.internal/mcp", Some("mcp.internal:80")),
            ("http://mcp.internal", Some("mcp.internal:80")),
            ("http://[::1]/mcp", Some("[::1]:80")),
            ("http://[::1]:8080/mcp", Some("[::1]:8080")),
            ("https://mcp.internal/mcp", None),
            ("http:///mcp", None),
            ("http://user@mcp.internal/mcp", None),
            ("http://mcp.internal/mcp#x", None),
            ("http://mcp.internal/mcp HTTP/1.1\r\nx: y", None),
            ("mcp.internal/mcp", None),
        ] {
            let address = Url::parse(text).map(|url| url.address());
            assert_eq!(address.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_response_is_read_with_and_without_chunks() {
        let plain = "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}";
        let chunked = "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x\r\n}\r\n0\r\n\r\n";
        for text in [plain, chunked] {
            let response = parse(text.as_bytes()).unwrap();
            assert_eq!((response.status, &*response.body), (400, "{}"), "{text}");
        }
        for text in ["", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
        let cut = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffff\r\n{";
        assert!(parse(cut.as_bytes()).is_none());
    }
}

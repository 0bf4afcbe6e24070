//! Turns the module's own answer to a request into the response that Envoy would send
//! (`Http::Utility::sendLocalReply`).

use crate::{driver::Exchange, http::Headers};

/// The module's own answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalResponse {
    /// The status code.
    pub status: u32,
    /// The response code details.
    pub details: String,
    /// Header lines.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// The gRPC status. If the value is negative, the gRPC status is derived from the HTTP status.
    pub grpc_status: i32,
}

impl LocalResponse {
    /// The response that the client of this request receives.
    pub fn exchange(self, request: &Headers) -> Exchange {
        let content_type = request.value("content-type").unwrap_or_default();
        let grpc =
            content_type == "application/grpc" || content_type.starts_with("application/grpc+");
        let mut exchange = if grpc {
            self.into_grpc()
        } else {
            self.into_http()
        };
        if request.value(":method").as_deref() == Some("HEAD") {
            exchange.body.clear();
        }
        exchange
    }

    fn into_http(self) -> Exchange {
        let mut headers = self.headers;
        if !self.body.is_empty() {
            headers.replace("content-length", self.body.len().to_string());
            if headers.bytes("content-type").is_empty() {
                headers.add("content-type", "text/plain");
            }
        }
        Exchange {
            status: u16::try_from(self.status).unwrap(),
            headers,
            body: self.body,
            details: self.details.replace(' ', "_"),
            ..Exchange::default()
        }
    }

    /// The response to a gRPC request: HTTP status 200, no body, and the result in `grpc-status`.
    fn into_grpc(self) -> Exchange {
        let mut headers = self.headers;
        headers.replace("content-type", "application/grpc");
        let derived = grpc_status(self.status);
        let status = u32::try_from(self.grpc_status).unwrap_or(derived);
        headers.replace("grpc-status", status.to_string());
        if !self.body.is_empty() {
            headers.replace("grpc-message", &self.body);
        }
        let details = self.details.replace(' ', "_");
        Exchange {
            status: 200,
            headers,
            details,
            ..Exchange::default()
        }
    }
}

/// Envoy's mapping from HTTP to gRPC status codes (`Grpc::Utility::httpToGrpcStatus`).
fn grpc_status(http: u32) -> u32 {
    match http {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}

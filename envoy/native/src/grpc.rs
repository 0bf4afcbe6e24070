//! The gRPC status of a refused request.
//!
//! If a dynamic module's answer to a gRPC request has no `grpc-status`, Envoy sends status 200, an
//! empty body and `grpc-status: 0`, which means success. So the module has to set the gRPC status
//! itself.

/// Returns whether Envoy treats a request with this `content-type` as gRPC.
pub(super) fn is_grpc(content_type: &[u8]) -> bool {
    content_type
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// Converts an HTTP status to a gRPC status. The table is the one that Envoy uses for its own
/// responses (`Grpc::Utility::httpToGrpcStatus`). It comes from gRPC's "HTTP to gRPC Status Code
/// Mapping".
pub(super) const fn status(http: u16) -> &'static str {
    match http {
        400 => "13",                   // internal
        401 => "16",                   // unauthenticated
        403 => "7",                    // permission denied
        404 => "12",                   // unimplemented
        429 | 502 | 503 | 504 => "14", // unavailable
        _ => "2",                      // unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_grpc_by_its_content_type() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpcweb", false),
            ("application/json", false),
            ("", false),
        ] {
            assert_eq!(is_grpc(content_type.as_bytes()), expected, "{content_type}");
        }
    }

    #[test]
    fn no_refusal_is_a_success() {
        for status_code in [400, 401, 403, 404, 405, 414, 429, 500, 503] {
            assert_ne!(status(status_code), "0", "{status_code}");
        }
        assert_eq!((status(401), status(403), status(503)), ("16", "7", "14"));
    }
}

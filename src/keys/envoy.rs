//! Strings that come from Envoy: the local replies by which it reports that a call for keys failed,
//! and the names of its metrics.
//!
//! Both shells for Envoy need these strings, so they are in the core.

use crate::keys::{Caching, FetchError, FetchResponse};

/// The maximum size of the text in which Envoy explains why the server did not respond.
pub const LONGEST_REASON: usize = 1024;

/// A response to a call for keys, as the host received it.
///
/// If the server sends no usable response, Envoy makes a response itself. Its status is 503 if the
/// connection was refused or closed, 502 if the server's response is not HTTP, and 504 if the call
/// took too long. If the connection ends in the middle of the body, Envoy reports no headers.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// The headers, including `:status`. Empty if no complete response arrived.
    pub headers: &'a [(&'a [u8], &'a [u8])],
    /// The size of the body.
    pub body_size: usize,
    /// Reads the whole body; `None` if the host refuses.
    pub body: &'a dyn Fn() -> Option<Vec<u8>>,
}

impl Received<'_> {
    /// Accepts a response with status 304, or with status 200 and a body of at most `limit` bytes.
    ///
    /// # Errors
    /// For any other response. A body that exceeds the limit is not read.
    pub fn answer(&self, limit: usize) -> Result<FetchResponse, FetchError> {
        let status = status(self.headers).ok_or(FetchError::Unreachable)?;
        let caching = Caching::read(self.headers.iter().copied());
        match status {
            200 if self.body_size > limit => Err(FetchError::TooLarge),
            200 => {
                let body = (self.body)().ok_or(FetchError::Unreachable)?;
                Ok(FetchResponse::Document { body, caching })
            }
            304 => Ok(FetchResponse::NotModified { caching }),
            502..=504 if !self.is_of_server() => Err(self.failure(status)),
            other => Err(FetchError::Status(other)),
        }
    }

    /// Returns whether the server sent the response. Envoy adds the header
    /// `x-envoy-upstream-service-time` to each response that arrives from a server, but not to
    /// responses that Envoy makes itself. A server cannot remove this header, so it cannot pass off
    /// its response as Envoy's.
    fn is_of_server(&self) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|(name, _)| *name == b"x-envoy-upstream-service-time")
    }

    /// Returns the reason why the server did not respond. The text of Envoy's own response states
    /// the reason. Since Envoy 1.40, the text does not distinguish failures of TLS from failures of
    /// TCP.
    fn failure(&self, status: u16) -> FetchError {
        if self.body_size > LONGEST_REASON {
            return FetchError::Status(status);
        }
        let body = (self.body)().unwrap_or_default();
        let text = str::from_utf8(&body).unwrap_or_default();
        if text.starts_with("upstream request timeout") {
            FetchError::TimedOut
        } else if text.starts_with("no healthy upstream") {
            FetchError::NoHost
        } else if !text.starts_with("upstream connect error") {
            FetchError::Status(status)
        } else if text.contains("connection failure") || text.contains("connection timeout") {
            FetchError::NotConnected
        } else {
            FetchError::Closed
        }
    }
}

impl FetchError {
    /// This error as text, followed by the names of the metrics of `cluster` that show the error's
    /// cause.
    #[must_use]
    pub fn with_metrics(self, cluster: &str) -> String {
        let mut message = self.to_string();
        for (place, metric) in self.metrics().iter().enumerate() {
            let start = if place == 0 { "; see " } else { ", " };
            for part in [start, "cluster.", cluster, ".", metric] {
                message.push_str(part);
            }
        }
        message
    }

    /// The names of the metrics that show the cause of this error in more detail. The proxy
    /// does not report this detail to a module. The names are given without their `cluster.<name>.`
    /// prefix.
    const fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Closed => &["upstream_cx_destroy_remote_with_active_rq"],
            Self::NoHost => &["membership_total", "membership_healthy"],
            Self::NotConnected => &[
                "ssl.connection_error",
                "ssl.fail_verify_error",
                "ssl.fail_verify_san",
                "upstream_cx_connect_fail",
            ],
            Self::TimedOut => &["upstream_rq_timeout"],
            _ => &[],
        }
    }
}

fn status(headers: &[(&[u8], &[u8])]) -> Option<u16> {
    let (_, value) = headers.iter().find(|(name, _)| *name == b":status")?;
    str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::tests::header_bytes;

    const LIMIT: usize = 4;

    fn answer(headers: &[(&str, &str)], body: Option<&str>) -> Result<FetchResponse, FetchError> {
        Received {
            headers: &header_bytes(headers),
            body_size: body.map_or(0, str::len),
            body: &|| body.map(|body| body.as_bytes().to_vec()),
        }
        .answer(LIMIT)
    }

    fn max_age(seconds: u64) -> Caching {
        Caching {
            max_age: Some(seconds),
            ..Caching::default()
        }
    }

    #[test]
    fn takes_a_200_with_its_body_and_a_304_without() {
        let caching = ("cache-control", "max-age=60");
        assert_eq!(
            answer(&[(":status", "200"), caching], Some("keys")),
            Ok(FetchResponse::Document {
                body: b"keys".to_vec(),
                caching: max_age(60),
            })
        );
        assert_eq!(
            answer(&[(":status", "304"), caching], Some("x")),
            Ok(FetchResponse::NotModified {
                caching: max_age(60)
            })
        );
    }

    #[test]
    fn reports_why_a_response_has_no_document() {
        for (headers, body, error) in [
            (&[][..], Some("keys"), FetchError::Unreachable),
            (&[("server", "x")], Some("keys"), FetchError::Unreachable),
            (&[(":status", "ok")], Some("keys"), FetchError::Unreachable),
            (&[(":status", "200")], None, FetchError::Unreachable),
            (&[(":status", "200")], Some("keys!"), FetchError::TooLarge),
            (&[(":status", "204")], Some("keys"), FetchError::Status(204)),
            (&[(":status", "302")], Some("keys"), FetchError::Status(302)),
            (&[(":status", "503")], Some("keys"), FetchError::Status(503)),
        ] {
            assert_eq!(answer(headers, body), Err(error), "{headers:?}");
        }
    }

    #[test]
    fn tells_an_answer_of_envoy_from_one_of_the_server() {
        let connect = "upstream connect error or disconnect/reset before headers. reset reason: ";
        let reset = |reason: &str| format!("{connect}{reason}");
        for (status, body, error) in [
            (
                "503",
                reset("remote connection failure"),
                FetchError::NotConnected,
            ),
            ("503", reset("connection timeout"), FetchError::NotConnected),
            (
                "503",
                reset("remote connection failure, transport failure reason: TLS_error:|268435581"),
                FetchError::NotConnected,
            ),
            ("503", reset("connection termination"), FetchError::Closed),
            ("502", reset("protocol error"), FetchError::Closed),
            ("503", "no healthy upstream".to_owned(), FetchError::NoHost),
            (
                "504",
                "upstream request timeout".to_owned(),
                FetchError::TimedOut,
            ),
            ("503", "busy".to_owned(), FetchError::Status(503)),
            ("503", reset(&"x".repeat(2000)), FetchError::Status(503)),
            (
                "500",
                "no healthy upstream".to_owned(),
                FetchError::Status(500),
            ),
        ] {
            let headers = [(":status", status)];
            assert_eq!(answer(&headers, Some(&body)), Err(error), "{body}");
            // The server itself may be behind another Envoy, which made this response.
            let headers = [(":status", status), ("x-envoy-upstream-service-time", "8")];
            let status = FetchError::Status(status.parse().unwrap());
            assert_eq!(answer(&headers, Some(&body)), Err(status), "{body}");
        }
    }

    #[test]
    fn names_the_metrics_that_tell_more_than_the_error() {
        let named = FetchError::NotConnected.metrics();
        assert!(named.contains(&"ssl.fail_verify_san"), "{named:?}");
        assert_eq!(FetchError::TimedOut.metrics(), ["upstream_rq_timeout"]);
        assert!(FetchError::Document.metrics().is_empty());
    }

    #[test]
    fn describes_an_error_with_the_metrics_of_its_cluster() {
        for (error, expected) in [
            (FetchError::Document, "the response contains no usable key"),
            (
                FetchError::NoHost,
                "the cluster has no healthy host; see cluster.as.membership_total, \
                 cluster.as.membership_healthy",
            ),
        ] {
            assert_eq!(error.with_metrics("as"), expected);
        }
    }

    #[test]
    fn searches_only_short_bodies_for_a_reason() {
        let begin = "upstream request timeout";
        for (length, error) in [
            (LONGEST_REASON, FetchError::TimedOut),
            (LONGEST_REASON + 1, FetchError::Status(504)),
        ] {
            let body = format!("{begin:length$}");
            assert_eq!(answer(&[(":status", "504")], Some(&body)), Err(error));
        }
    }

    #[test]
    fn reads_no_body_above_the_limit() {
        let received = Received {
            headers: &[(b":status", b"200")],
            body_size: LIMIT + 1,
            body: &|| panic!("it was read"),
        };
        assert_eq!(received.answer(LIMIT), Err(FetchError::TooLarge));
    }
}

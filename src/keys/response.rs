//! The response to a call for keys, as the host received it.

use crate::keys::{Caching, FetchError, FetchResponse};

/// A response to a call for keys, as the host received it.
///
/// Envoy reports status 503 if the connection was refused or reset, and status 504 if the call took
/// too long. If the connection ends within the body, Envoy reports no headers.
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
    /// Accepts a 200 with a body of at most `limit` bytes, or a 304.
    ///
    /// # Errors
    /// If the response is neither. A body above the limit is not read.
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
            other => Err(FetchError::Status(other)),
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

    const LIMIT: usize = 4;

    fn answer(headers: &[(&str, &str)], body: Option<&str>) -> Result<FetchResponse, FetchError> {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect();
        Received {
            headers: &headers,
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
    fn reads_no_body_above_the_limit() {
        let received = Received {
            headers: &[(b":status", b"200")],
            body_size: LIMIT + 1,
            body: &|| panic!("it was read"),
        };
        assert_eq!(received.answer(LIMIT), Err(FetchError::TooLarge));
    }
}

//! A small cache of recently parsed token headers.
//!
//! All tokens of an issuer have the same header text until the issuer's key changes. Not counting
//! the signature check, a tenth of the time for verifying a token is spent on parsing the header.
//! The memo avoids parsing the same text again. Callers keep a memo and pass it to each call of
//! [`parse_with`](super::UntrustedToken::parse_with).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::jose::error::TokenError;
use crate::jose::header::JoseHeader;

/// The maximum number of remembered headers. More than four issuers are rarely in use at the same
/// time.
const REMEMBERED: usize = 4;

/// The maximum length of a remembered segment, in bytes. Clients choose the length of their
/// headers, so the memo does not remember longer ones.
const REMEMBERED_BYTES: usize = 256;

/// The most recently parsed headers, each with the segment that it was parsed from.
#[derive(Debug, Default)]
pub struct HeaderMemo(VecDeque<(Box<str>, Arc<JoseHeader>)>);

impl HeaderMemo {
    /// Parses the first segment of a token, or returns the remembered header.
    ///
    /// # Errors
    /// The errors of [`JoseHeader::of_segment`]. Errors are not remembered.
    pub fn read(&mut self, segment: &str) -> Result<Arc<JoseHeader>, TokenError> {
        if let Some((_, header)) = self.0.iter().find(|(text, _)| **text == *segment) {
            return Ok(Arc::clone(header));
        }
        let header = Arc::new(JoseHeader::of_segment(segment)?);
        if segment.len() <= REMEMBERED_BYTES {
            self.0.truncate(REMEMBERED.saturating_sub(1));
            self.0.push_front((segment.into(), Arc::clone(&header)));
        }
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::base64url;

    #[test]
    fn a_segment_always_gives_the_header_of_its_own_text() {
        let segment = |kid: usize| {
            let padding = "x".repeat(kid.saturating_sub(8) * 64);
            base64url::encode(format!(r#"{{"alg":"HS256","kid":"{kid}{padding}"}}"#).as_bytes())
        };
        let mut memo = HeaderMemo::default();
        for round in 0..3 {
            for kid in (0..12).chain([3, 3, 2]) {
                let json = base64url::decode(&segment(kid)).unwrap();
                let header = memo.read(&segment(kid)).unwrap();
                assert_eq!(*header, JoseHeader::parse(&json).unwrap(), "{round}");
                assert!(header.kid().unwrap().starts_with(&kid.to_string()));
            }
            for wrong in ["", "e30", "eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9="] {
                assert!(memo.read(wrong).is_err(), "{wrong}");
            }
        }
        assert_eq!(memo.0.len(), REMEMBERED);
        let mut texts = memo.0.iter().map(|(text, _)| text);
        assert!(texts.all(|text| text.len() <= REMEMBERED_BYTES));
    }

    #[test]
    fn one_of_the_last_headers_is_not_parsed_again() {
        let segment = |kid: usize| {
            base64url::encode(format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#).as_bytes())
        };
        let mut memo = HeaderMemo::default();
        let first = memo.read(&segment(0)).unwrap();
        for others in 1..REMEMBERED {
            let _ = memo.read(&segment(others)).unwrap();
            assert!(Arc::ptr_eq(&first, &memo.read(&segment(0)).unwrap()));
        }
        let _ = memo.read(&segment(REMEMBERED)).unwrap();
        assert!(!Arc::ptr_eq(&first, &memo.read(&segment(0)).unwrap()));
    }
}

//! A fetched JWKS: its text and its keys.

use std::sync::Arc;

use crate::{
    jose::{KeyOrigin, KeySet, KeySetError, KeySetLimits},
    keys::FetchError,
};

/// A fetched JWKS with at least one usable key. Clones share the text and the keys, so the JWKS is
/// parsed only once.
#[derive(Clone, Debug)]
pub struct Document {
    text: Arc<str>,
    keys: Arc<KeySet>,
}

impl Document {
    /// Parses the body of a response.
    ///
    /// # Errors
    /// If the body is larger than the limit, or has no usable key.
    pub fn parse(body: &[u8], limits: KeySetLimits) -> Result<Self, FetchError> {
        let keys = KeySet::parse(body, KeyOrigin::Remote, limits).map_err(|error| match error {
            KeySetError::TooManyBytes { .. } => FetchError::TooLarge,
            _ => FetchError::Document,
        })?;
        let text = str::from_utf8(body).map_err(|_| FetchError::Document)?;
        Ok(Self {
            text: text.into(),
            keys: Arc::new(keys),
        })
    }

    /// The JWKS as the server sent it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The keys that may verify tokens.
    #[must_use]
    pub fn key_set(&self) -> &KeySet {
        &self.keys
    }
}

/// Compares only the texts, because equal texts contain equal keys.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.text, &other.text) || self.text == other.text
    }
}

impl Eq for Document {}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const JWKS: &[u8] = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn parse(body: &[u8]) -> Result<Document, FetchError> {
        let bytes = JWKS.len();
        Document::parse(body, KeySetLimits { bytes, keys: 1 })
    }

    #[test]
    fn a_document_without_usable_keys_is_distinguished_from_one_over_the_limit() {
        assert_eq!(parse(b"{}"), Err(FetchError::Document));
        let spaced = [JWKS, b" "].concat();
        assert_eq!(parse(&spaced), Err(FetchError::TooLarge));
    }

    #[test]
    fn documents_are_equal_if_their_texts_are() {
        let document = parse(JWKS).unwrap();
        assert_eq!(document, document.clone());
        assert_eq!(document, parse(JWKS).unwrap());
        let named = br#"{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}]}"#;
        assert_ne!(Ok(document), parse(named));
    }
}

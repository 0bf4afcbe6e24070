//! A fetched JWKS: its text, and the keys in it.

use std::sync::Arc;

use crate::{
    jose::{KeyOrigin, KeySet, KeySetError, KeySetLimits},
    keys::FetchError,
};

/// A fetched JWKS with a usable key, parsed once. Copies share both.
#[derive(Clone, Debug)]
pub struct Document {
    text: Arc<str>,
    keys: Arc<KeySet>,
}

impl Document {
    /// Parses what a server sent.
    ///
    /// # Errors
    /// When it is larger than the limit, or no JWKS with a usable key.
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

    /// The JWKS as it was sent.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The keys that may serve.
    #[must_use]
    pub fn key_set(&self) -> &KeySet {
        &self.keys
    }
}

/// By the text, which the keys follow from.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.text, &other.text) || self.text == other.text
    }
}

impl Eq for Document {}

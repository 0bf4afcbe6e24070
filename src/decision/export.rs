//! Entries that Portcullis writes to the filter state for other filters.

use std::borrow::Cow;

use serde_json::Value;

/// The prefix of every key. It keeps the entries apart from those of other filters. In the
/// proxy-wasm module, Envoy also adds `wasm.` in front of the key. In the dynamic module, it adds
/// nothing.
const PREFIX: &str = "portcullis.";

/// What Portcullis writes to the filter state for a provider's tokens. Envoy's `jwt_authn` filter
/// writes to the dynamic metadata instead, but a Wasm module cannot do this. The dynamic module
/// writes the JSON entries to the filter state and to the dynamic metadata. The identity is plain
/// text; all other values are JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// The key of the entry with the verified payload (`payload_in_metadata`).
    pub payload: Option<StateKey>,
    /// The key of the entry with the verified JOSE header (`header_in_metadata`).
    pub header: Option<StateKey>,
    /// The key of the entry with the caller's identity in plain text (`identity_in_metadata`).
    pub identity: Option<StateKey>,
    /// The key of the entry with the reason why a token was refused (`failed_status_in_metadata`).
    pub failed_status: Option<StateKey>,
    /// The claims to split at spaces and export as lists, if their values are strings.
    pub space_delimited_claims: Vec<String>,
}

impl Exports {
    /// Iterates over the keys that the operator configured.
    pub fn keys(&self) -> impl Iterator<Item = &StateKey> {
        // Without `..`, a new entry does not compile until its key is considered here.
        let Self {
            payload,
            header,
            identity,
            failed_status,
            space_delimited_claims: _,
        } = self;
        [payload, header, identity, failed_status]
            .into_iter()
            .flatten()
    }

    /// Returns true if there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys().next().is_none()
    }

    /// Returns true if one of the entries has this key.
    #[must_use]
    pub fn contain(&self, key: &StateKey) -> bool {
        self.keys().any(|own| own == key)
    }
}

/// The key of a filter state entry, without the `wasm.` that Envoy adds for a proxy-wasm module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateKey(String);

impl StateKey {
    /// Makes the key `portcullis.<name>` for a name that the operator chose.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(format!("{PREFIX}{name}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that the operator chose.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.strip_prefix(PREFIX).unwrap_or(&self.0)
    }
}

/// An entry to write to the filter state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateEntry {
    /// The key.
    pub key: StateKey,
    /// The value.
    pub value: StateValue,
}

/// The value of an entry. The filter state holds text, so a host converts JSON to text when it
/// writes the entry. The dynamic module also writes JSON to the dynamic metadata, but as a
/// structure instead of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateValue {
    /// JSON.
    Json(Value),
    /// Plain text, even if it looks like JSON.
    Text(String),
}

impl StateValue {
    /// The value as text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Json(value) => Cow::Owned(value.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

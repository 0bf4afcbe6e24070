//! What a provider's tokens leave for other filters.

/// Prefix of every key: a module reaches no other filter state, and the host adds `wasm.` to it.
const PREFIX: &str = "portcullis.";

/// Filter state to write, in place of the dynamic metadata of `jwt_authn`, which a module cannot
/// write. Each is JSON text but the identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Where the verified payload goes (`payload_in_metadata`).
    pub payload: Option<StateKey>,
    /// Where the verified JOSE header goes (`header_in_metadata`).
    pub header: Option<StateKey>,
    /// Where it goes who is calling (`identity_in_metadata`); the one that is not JSON.
    pub identity: Option<StateKey>,
    /// Where it goes why a token failed (`failed_status_in_metadata`).
    pub failed_status: Option<StateKey>,
    /// Claims whose text becomes a list of its words in the payload.
    pub space_delimited_claims: Vec<String>,
}

/// Name of an entry of the filter state, without the `wasm.` that the host adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateKey(String);

impl StateKey {
    /// The key for the operator's name: `portcullis.<name>`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(format!("{PREFIX}{name}"))
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Exports {
    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &StateKey> {
        [
            &self.payload,
            &self.header,
            &self.identity,
            &self.failed_status,
        ]
        .into_iter()
        .flatten()
    }
}

/// One entry of the filter state to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateEntry {
    /// Where it stands.
    pub key: StateKey,
    /// JSON text; an identity is written as it is.
    pub value: String,
}

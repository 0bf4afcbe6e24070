//! A set of keys, and which of them a token is tried against (RFC 7517 section 5).
//!
//! A set is read key by key: one that cannot be used is left out and listed with its reason, and
//! never takes the others with it, so an issuer may publish a key of a type to come. What would
//! make the whole set doubtful refuses it: a name that occurs twice in the outer object, a size
//! past its limits, or that nothing usable is left.
//!
//! `kid` is a hint (RFC 7515 section 4.1.4). Keys that share one are each tried, and a key without
//! one is tried for every token; the limits bound that work.

#[cfg(test)]
mod tests;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::jose::algorithm::Algorithm;
use crate::jose::base64url;
use crate::jose::claims::Claims;
use crate::jose::error::{KeyError, KeySetError, SkippedKey};
use crate::jose::header::JoseHeader;
use crate::jose::jwk::{KeyOrigin, admitted_kid};
use crate::jose::key::{JwkAlgorithm, VerifyingKey};
use crate::jose::numbers::KeyNumbers;
use crate::jose::shallow::Shallow;
use crate::json;
use crate::time::UnixSeconds;

/// How much a key set may ask of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySetLimits {
    /// Most bytes of the JSON text.
    pub bytes: usize,
    /// Most keys, usable or not.
    pub keys: usize,
}

impl Default for KeySetLimits {
    fn default() -> Self {
        Self {
            bytes: 262_144,
            keys: 64,
        }
    }
}

/// What a token asks of a key.
#[derive(Clone, Copy, Debug)]
pub struct KeyQuery<'a> {
    /// `kid` of the token.
    pub kid: Option<&'a str>,
    /// `alg` of the token.
    pub algorithm: Algorithm,
    /// How strictly a key's own `alg` binds it.
    pub binding: JwkAlgorithm,
    /// When: a key serves within its certificate's validity.
    pub now: UnixSeconds,
    /// Claims whose issuer the key must serve; None where the `issuer` of keys means nothing.
    pub issued: Option<&'a Claims>,
}

/// The admitted keys of one issuer; at least one.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    skipped: Vec<SkippedKey>,
}

impl KeySet {
    /// Reads a JWK Set.
    ///
    /// # Errors
    /// What makes the whole set unusable.
    pub fn parse(
        bytes: &[u8],
        origin: KeyOrigin,
        limits: KeySetLimits,
    ) -> Result<Self, KeySetError> {
        if bytes.len() > limits.bytes {
            return Err(KeySetError::TooManyBytes {
                limit: limits.bytes,
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| KeySetError::NotAKeySet)?;
        let keys = keys_of(text)?;
        if keys.len() > limits.keys {
            return Err(KeySetError::TooManyKeys { limit: limits.keys });
        }
        Self::admit(&keys, origin)
    }

    /// The set of these shared secrets: each a `kid`, if it has one, and a secret in base64url.
    ///
    /// # Errors
    /// The first that cannot be used, with its place.
    pub fn from_secrets<'a>(
        secrets: impl IntoIterator<Item = (Option<&'a str>, &'a str)>,
    ) -> Result<Self, KeySetError> {
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for (index, (kid, secret)) in secrets.into_iter().enumerate() {
            let named = kid.map(admitted_kid).transpose();
            match named.and_then(|kid| Ok(secret_key(secret)?.with_kid(kid))) {
                Ok(key) => keys.push(key),
                Err(reason) => skipped.push(SkippedKey::new(index, kid, reason)),
            }
        }
        // Unlike an issuer's, these are the operator's own: a bad one is a mistake to be told of.
        if keys.is_empty() || !skipped.is_empty() {
            return Err(KeySetError::NoUsableKey { skipped });
        }
        Ok(Self { keys, skipped })
    }

    /// The set of keys that were admitted one by one; None where there are none.
    pub fn from_keys(keys: Vec<VerifyingKey>) -> Option<Self> {
        (!keys.is_empty()).then_some(Self {
            keys,
            skipped: Vec::new(),
        })
    }

    /// The usable keys, in the order of the set.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// The keys that were left out.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// Whether some of its keys serve for a time only, as certificates say.
    pub fn depends_on_time(&self) -> bool {
        self.keys.iter().any(|key| key.validity().is_some())
    }

    /// The keys to try for a token: those of its `kid` first, then those without any; for a token
    /// without `kid`, all. Only keys that serve its algorithm, its time and its issuer.
    ///
    /// None at all is the one case in which fetching the set anew can help.
    pub fn candidates<'a>(&'a self, query: KeyQuery<'a>) -> impl Iterator<Item = &'a VerifyingKey> {
        let KeyQuery { kid, .. } = query;
        let serving = move |key: &&VerifyingKey| query.admits(key);
        let named = self
            .keys
            .iter()
            .filter(move |key| kid.is_none() || key.kid() == kid);
        let nameless = self
            .keys
            .iter()
            .filter(move |key| kid.is_some() && key.kid().is_none());
        named.chain(nameless).filter(serving)
    }

    fn admit(keys: &[&RawValue], origin: KeyOrigin) -> Result<Self, KeySetError> {
        let mut set = Self {
            keys: Vec::new(),
            skipped: Vec::new(),
        };
        for (index, text) in keys.iter().enumerate() {
            let jwk = json::parse_object(text.get().as_bytes()).map_err(KeyError::Json);
            let kid = jwk
                .as_ref()
                .ok()
                .and_then(|jwk| jwk.get("kid"))
                .and_then(Value::as_str);
            let kid = kid.map(str::to_owned);
            match jwk.and_then(|jwk| VerifyingKey::from_jwk(&jwk, origin)) {
                Ok(key) => set.keys.push(key),
                Err(reason) => set
                    .skipped
                    .push(SkippedKey::new(index, kid.as_deref(), reason)),
            }
        }
        if set.keys.is_empty() {
            return Err(KeySetError::NoUsableKey {
                skipped: set.skipped,
            });
        }
        Ok(set)
    }
}

impl SkippedKey {
    fn new(index: usize, kid: Option<&str>, reason: KeyError) -> Self {
        Self {
            index,
            kid: kid.and_then(|kid| admitted_kid(kid).ok()),
            reason,
        }
    }
}

impl<'a> KeyQuery<'a> {
    /// What a token with this header asks of a key now, strictly, whoever issued it.
    pub fn of(header: &'a JoseHeader, now: UnixSeconds) -> Self {
        Self {
            kid: header.kid(),
            algorithm: header.algorithm(),
            binding: JwkAlgorithm::Exact,
            now,
            issued: None,
        }
    }

    fn admits(&self, key: &VerifyingKey) -> bool {
        key.serves(self.algorithm, self.binding)
            && key.is_valid_at(self.now)
            && self
                .issued
                .is_none_or(|claims| key.serves_issuer_of(claims))
    }
}

fn secret_key(text: &str) -> Result<VerifyingKey, KeyError> {
    let secret = base64url::decode(text).ok_or(KeyError::NotBase64url { member: "secret" })?;
    VerifyingKey::from_numbers(KeyNumbers::Oct { secret: &secret })
}

/// The members of the outer object, its keys still text: a fault inside one must not reach the others.
/// Members other than `keys` are ignored (RFC 7517 section 5) but may not repeat.
fn keys_of(text: &str) -> Result<Vec<&RawValue>, KeySetError> {
    let Ok(Shallow::Object(members)) = serde_json::from_str(text) else {
        return Err(KeySetError::NotAKeySet);
    };
    let mut names = std::collections::BTreeSet::new();
    if !members.iter().all(|(name, _)| names.insert(name)) {
        return Err(KeySetError::DuplicateName);
    }
    let keys = members.iter().find(|(name, _)| name == "keys");
    match keys.map(|(_, keys)| serde_json::from_str(keys.get())) {
        Some(Ok(Shallow::List(keys))) => Ok(keys),
        _ => Err(KeySetError::NotAKeySet),
    }
}

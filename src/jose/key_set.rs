//! Key sets, and the selection of the keys to try for a token (RFC 7517 section 5).
//!
//! A set is parsed key by key. A key that cannot be used is skipped and listed with the reason. A
//! skipped key never affects the other keys, so an issuer may publish keys of types that Portcullis
//! does not know. The whole set is refused if the outer object contains the same name twice, if the
//! set exceeds its limits, or if it has no usable key.
//!
//! `kid` is a hint (RFC 7515 section 4.1.4). If several keys have the token's `kid`, all of them
//! are tried. A key without `kid` is tried whatever the token's `kid` is. The budget in
//! [`cost`](super::cost) limits the cost of trying keys.

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
use crate::jose::key::{JwkAlgorithm, KeyPurpose, VerifyingKey};
use crate::jose::numbers::KeyNumbers;
use crate::jose::shallow::Shallow;
use crate::json;
use crate::time::UnixSeconds;

/// The size limits of a key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySetLimits {
    /// The maximum length of the JSON text in bytes.
    pub bytes: usize,
    /// The maximum number of keys, usable or not.
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

/// The conditions that a key must meet to be tried for a token.
#[derive(Clone, Copy, Debug)]
pub struct KeyQuery<'a> {
    /// The token's `kid`.
    pub kid: Option<&'a str>,
    /// The token's `alg`.
    pub algorithm: Algorithm,
    /// How strictly a key's own `alg` restricts the key.
    pub binding: JwkAlgorithm,
    /// The purpose that the key must have.
    pub purpose: KeyPurpose,
    /// The present time. A key from a certificate is only used while the certificate is valid.
    pub now: UnixSeconds,
    /// The token's claims. If a key has an `issuer`, that issuer must match the `iss` in these
    /// claims. If this field is `None`, a key's `issuer` is ignored.
    pub issued: Option<&'a Claims>,
}

/// The admitted keys of one issuer. There is at least one key.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    /// Indices into `keys`, sorted by the keys' `kid`. Keys without `kid` come first.
    by_kid: Vec<usize>,
    depends_on_time: bool,
    refresh_hint: Option<u64>,
    skipped: Vec<SkippedKey>,
}

impl KeySet {
    /// Parses a JWK Set.
    ///
    /// # Errors
    /// If the whole set is unusable.
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
        let (keys, refresh_hint) = outer(text)?;
        if keys.len() > limits.keys {
            return Err(KeySetError::TooManyKeys { limit: limits.keys });
        }
        let admitted = Self::admit(&keys, origin)?;
        Ok(Self {
            refresh_hint,
            ..admitted
        })
    }

    /// The number of seconds after which clients should fetch the set again, if the publisher
    /// suggests one (SPIFFE Trust Domain and Bundle, section 4.1.2).
    #[must_use]
    pub fn refresh_hint(&self) -> Option<u64> {
        self.refresh_hint
    }

    /// Makes a set of shared secrets, each in base64url with an optional `kid`.
    ///
    /// # Errors
    /// [`KeySetError::NoUsableKey`] if any secret cannot be used, or if there are no secrets. The
    /// error lists the secrets that cannot be used.
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
        // The operator configured these secrets, so a single bad secret is an error. A bad key in
        // an issuer's key set is only skipped.
        if keys.is_empty() || !skipped.is_empty() {
            return Err(KeySetError::NoUsableKey { skipped });
        }
        Ok(Self::new(keys, skipped))
    }

    /// Makes a set of keys that are already admitted. Returns `None` if there are no keys.
    pub fn from_keys(keys: Vec<VerifyingKey>) -> Option<Self> {
        (!keys.is_empty()).then(|| Self::new(keys, Vec::new()))
    }

    /// The usable keys, in the order of the set.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// The keys that were skipped.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// Returns true if any key has a validity period, as keys from certificates do.
    pub const fn depends_on_time(&self) -> bool {
        self.depends_on_time
    }

    /// The keys to try for a token: those that meet the conditions of `query`. If the token has a
    /// `kid`, keys with this `kid` come first, then keys without `kid`. If the token has no `kid`,
    /// all keys that meet the other conditions are tried.
    ///
    /// The caller should fetch the set again only if this method returns no key.
    pub fn candidates<'a>(&'a self, query: KeyQuery<'a>) -> impl Iterator<Item = &'a VerifyingKey> {
        let KeyQuery { kid, .. } = query;
        let serving = move |key: &&VerifyingKey| query.admits(key);
        let (all, named, nameless): (&[VerifyingKey], &[usize], &[usize]) = match kid {
            None => (&self.keys, &[], &[]),
            named => (&[], self.with_kid(named), self.with_kid(None)),
        };
        let named = named.iter().chain(nameless);
        let named = named.filter_map(|place| self.keys.get(*place));
        all.iter().chain(named).filter(serving)
    }

    fn new(keys: Vec<VerifyingKey>, skipped: Vec<SkippedKey>) -> Self {
        let mut by_kid: Vec<usize> = Vec::with_capacity(keys.len());
        // Keys with the same `kid` stay in the order of the set.
        for (place, key) in keys.iter().enumerate() {
            let kid = |place: &usize| keys.get(*place).and_then(VerifyingKey::kid);
            let before = by_kid.partition_point(|other| kid(other) <= key.kid());
            by_kid.insert(before, place);
        }
        Self {
            depends_on_time: keys.iter().any(|key| key.validity().is_some()),
            by_kid,
            keys,
            refresh_hint: None,
            skipped,
        }
    }

    /// The indices of the keys with this `kid`. `None` selects the keys without `kid`.
    fn with_kid(&self, kid: Option<&str>) -> &[usize] {
        let of = |place: &usize| self.keys.get(*place).and_then(VerifyingKey::kid);
        let start = self.by_kid.partition_point(|place| of(place) < kid);
        let own = self.by_kid.get(start..).unwrap_or_default();
        let end = own.partition_point(|place| of(place) == kid);
        own.get(..end).unwrap_or_default()
    }

    fn admit(keys: &[&RawValue], origin: KeyOrigin) -> Result<Self, KeySetError> {
        let (mut admitted, mut skipped) = (Vec::new(), Vec::new());
        for (index, text) in keys.iter().enumerate() {
            let jwk = json::parse_object(text.get().as_bytes()).map_err(KeyError::Json);
            let kid = jwk
                .as_ref()
                .ok()
                .and_then(|jwk| jwk.get("kid"))
                .and_then(Value::as_str);
            let kid = kid.map(str::to_owned);
            match jwk.and_then(|jwk| VerifyingKey::from_jwk(&jwk, origin)) {
                Ok(key) => admitted.push(key),
                Err(reason) => skipped.push(SkippedKey::new(index, kid.as_deref(), reason)),
            }
        }
        if admitted.is_empty() {
            return Err(KeySetError::NoUsableKey { skipped });
        }
        Ok(Self::new(admitted, skipped))
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
    /// Makes a query from the header of a token. If a key has an `alg`, it must equal the token's
    /// `alg`. The query ignores the issuers of keys, and excludes keys for JWT-SVIDs.
    pub fn of(header: &'a JoseHeader, now: UnixSeconds) -> Self {
        Self {
            kid: header.kid(),
            algorithm: header.algorithm(),
            binding: JwkAlgorithm::Exact,
            purpose: KeyPurpose::Signatures,
            now,
            issued: None,
        }
    }

    fn admits(&self, key: &VerifyingKey) -> bool {
        key.purpose() == self.purpose
            && key.serves(self.algorithm, self.binding)
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

/// Parses the outer object of a JWK Set, and returns its keys and its refresh hint. Each key is
/// returned as unparsed text, so that an error in one key does not affect the other keys. Unknown
/// members of the object are ignored (RFC 7517 section 5), but no name may occur twice.
fn outer(text: &str) -> Result<(Vec<&RawValue>, Option<u64>), KeySetError> {
    let Ok(Shallow::Object(members)) = serde_json::from_str(text) else {
        return Err(KeySetError::NotAKeySet);
    };
    let mut names = std::collections::BTreeSet::new();
    if !members.iter().all(|(name, _)| names.insert(name)) {
        return Err(KeySetError::DuplicateName);
    }
    let member = |name: &str| {
        let (_, value) = members.iter().find(|(own, _)| own == name)?;
        Some(value.get())
    };
    let refresh_hint = member("spiffe_refresh_hint").and_then(|hint| hint.parse().ok());
    match member("keys").map(serde_json::from_str) {
        Some(Ok(Shallow::List(keys))) => Ok((keys, refresh_hint)),
        _ => Err(KeySetError::NotAKeySet),
    }
}

//! A set of keys, and which of them a token is tried against (RFC 7517 section 5).
//!
//! A set is read key by key: one that cannot be used is left out and listed with its reason, and
//! never takes the others with it, so an issuer may publish a key of a type to come. What would
//! make the whole set doubtful refuses it: a name that occurs twice in the outer object, a size
//! past its limits, or that nothing usable is left.
//!
//! `kid` is a hint (RFC 7515 section 4.1.4). Keys that share one are each tried, and a key without
//! one is tried for every token; the limits bound that work.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
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

/// One level of JSON, what is below still text.
///
/// Of any type, and none is wrong here: `serde_json`'s own complaints about types print numbers, with
/// 27 kB of code that nothing else needs.
enum Shallow<'a> {
    Object(Vec<(String, &'a RawValue)>),
    List(Vec<&'a RawValue>),
    Scalar,
}

impl<'de> Deserialize<'de> for Shallow<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShallowVisitor)
    }
}

struct ShallowVisitor;

impl<'de> Visitor<'de> for ShallowVisitor {
    type Value = Shallow<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Shallow<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Shallow::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Shallow<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Shallow::List(elements))
    }

    fn visit_unit<E>(self) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shallow<'de>, E> {
        Ok(Shallow::Scalar)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;
    use crate::jose::key::Validity;
    use crate::json::JsonError;

    fn ed25519(seed: u8) -> Value {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let x = base64url::encode(secret.verifying_key().as_bytes());
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
    }

    fn named(kid: &str, seed: u8) -> Value {
        let mut jwk = ed25519(seed);
        jwk["kid"] = json!(kid);
        jwk
    }

    fn parse(text: &str) -> Result<KeySet, KeySetError> {
        KeySet::parse(text.as_bytes(), KeyOrigin::Remote, KeySetLimits::default())
    }

    fn set(keys: &[Value]) -> KeySet {
        parse(&json!({ "keys": keys }).to_string()).unwrap()
    }

    fn query(kid: Option<&str>, algorithm: Algorithm) -> KeyQuery<'_> {
        KeyQuery {
            kid,
            algorithm,
            binding: JwkAlgorithm::Exact,
            now: UnixSeconds::new(0),
            issued: None,
        }
    }

    /// The seeds of the candidates, found again by their thumbprints.
    fn candidates(set: &KeySet, kid: Option<&str>) -> Vec<u8> {
        let seed_of = |key: &VerifyingKey| {
            (0..9).find(|seed| set_of_one(*seed).keys[0].thumbprint() == key.thumbprint())
        };
        set.candidates(query(kid, Algorithm::EdDsa))
            .filter_map(seed_of)
            .collect()
    }

    fn set_of_one(seed: u8) -> KeySet {
        set(&[ed25519(seed)])
    }

    #[test]
    fn one_bad_key_does_not_take_the_others_with_it() {
        let twice = r#"{"kty":"OKP","kty":"OKP"}"#;
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let good = named("good", 1);
        let rsa = r#"{"kid":"enc-1","kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}"#;
        let text = format!(r#"{{"keys":[{twice},1,null,{deep},{rsa},{{}},{good}]}}"#);
        let set = parse(&text).unwrap();
        assert_eq!(set.keys().len(), 1);
        let reasons: Vec<_> = set.skipped().iter().map(|key| &key.reason).collect();
        assert!(matches!(
            reasons[0],
            KeyError::Json(JsonError::DuplicateName { .. })
        ));
        assert_eq!(reasons[1..3], [&KeyError::Json(JsonError::NotAnObject); 2]);
        assert!(matches!(
            reasons[3],
            KeyError::Json(JsonError::Malformed { .. })
        ));
        let encryption = SkippedKey {
            index: 4,
            kid: Some("enc-1".to_owned()),
            reason: KeyError::NotForSignatures,
        };
        assert_eq!(set.skipped()[4], encryption);
        assert_eq!(*reasons[5], KeyError::MemberMissing { member: "kty" });
    }

    #[test]
    fn refuses_what_is_no_key_set() {
        let keys = json!([ed25519(1)]);
        for text in [
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            keys.to_string(),
            ed25519(1).to_string(),
            r#"{"keys":{}}"#.to_owned(),
            r#"{"keys":"x"}"#.to_owned(),
            r#"{"keys":null}"#.to_owned(),
            format!(r#"{{"Keys":{keys}}}"#),
            format!(r#"{{"keys":{keys},}}"#),
            format!(r#"{{"keys":{keys}}}{{}}"#),
            format!("\u{feff}{{\"keys\":{keys}}}"),
            format!(r#"{{"keys":{keys}"#),
        ] {
            assert_eq!(parse(&text).unwrap_err(), KeySetError::NotAKeySet, "{text}");
        }
        let limits = KeySetLimits::default();
        let refused = KeySet::parse(b"{\"keys\":[\"\xff\"]}", KeyOrigin::Remote, limits);
        assert_eq!(refused.unwrap_err(), KeySetError::NotAKeySet);
    }

    #[test]
    fn refuses_a_name_that_occurs_twice_in_the_outer_object() {
        let keys = json!([ed25519(1)]);
        for text in [
            format!(r#"{{"keys":{keys},"keys":{keys}}}"#),
            format!(r#"{{"keys":{keys},"\u006beys":[]}}"#),
            format!(r#"{{"a":1,"keys":{keys},"a":1}}"#),
        ] {
            assert_eq!(
                parse(&text).unwrap_err(),
                KeySetError::DuplicateName,
                "{text}"
            );
        }
    }

    #[test]
    fn other_members_of_the_set_are_ignored() {
        let text = format!(r#"{{"x":{{"y":[{{}}]}},"keys":[{}],"":null}}"#, ed25519(1));
        assert_eq!(parse(&text).unwrap().keys().len(), 1);
    }

    #[test]
    fn set_without_a_usable_key_is_refused_with_the_reasons() {
        let nothing = KeySetError::NoUsableKey {
            skipped: Vec::new(),
        };
        assert_eq!(parse(r#"{"keys":[]}"#).unwrap_err(), nothing);
        let text = r#"{"keys":[{"kid":"a","kty":"AKP"}]}"#;
        let skipped = vec![SkippedKey {
            index: 0,
            kid: Some("a".to_owned()),
            reason: KeyError::UnsupportedKeyType,
        }];
        assert_eq!(
            parse(text).unwrap_err(),
            KeySetError::NoUsableKey { skipped }
        );
    }

    #[test]
    fn limits_are_inclusive() {
        let text = json!({ "keys": [ed25519(1), ed25519(2)] }).to_string();
        let parse = |bytes, keys| {
            KeySet::parse(
                text.as_bytes(),
                KeyOrigin::Remote,
                KeySetLimits { bytes, keys },
            )
        };
        assert!(parse(text.len(), 2).is_ok());
        let limit = text.len() - 1;
        assert_eq!(
            parse(limit, 2).unwrap_err(),
            KeySetError::TooManyBytes { limit }
        );
        assert_eq!(
            parse(text.len(), 1).unwrap_err(),
            KeySetError::TooManyKeys { limit: 1 }
        );
    }

    #[test]
    fn token_with_kid_is_tried_against_keys_of_that_kid_and_those_without() {
        let set = set(&[
            named("a", 1),
            ed25519(2),
            named("b", 3),
            named("a", 4),
            named("", 5),
        ]);
        assert_eq!(candidates(&set, Some("a")), [1, 4, 2]);
        assert_eq!(candidates(&set, Some("b")), [3, 2]);
        assert_eq!(candidates(&set, Some("A")), [2]);
        assert_eq!(candidates(&set, Some("")), [5, 2]);
        assert_eq!(candidates(&set, None), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn candidates_serve_the_algorithm_of_the_token() {
        let mut bound = named("a", 1);
        bound["alg"] = json!("EdDSA");
        let set = set(&[bound, named("a", 2)]);
        for algorithm in Algorithm::ALL {
            let expected = if algorithm == Algorithm::EdDsa { 2 } else { 0 };
            let found = set
                .candidates(KeyQuery {
                    binding: JwkAlgorithm::Family,
                    ..query(Some("a"), algorithm)
                })
                .count();
            assert_eq!(found, expected, "{algorithm}");
        }
    }

    #[test]
    fn candidates_are_within_their_validity() {
        let key = |seed, from, to| {
            set_of_one(seed).keys[0].clone().with_validity(Validity {
                not_before: UnixSeconds::new(from),
                not_after: UnixSeconds::new(to),
            })
        };
        let set = KeySet::from_keys(vec![key(1, 10, 20), key(2, 20, 30), key(3, 9, 8)]).unwrap();
        for (now, count) in [(9, 0), (10, 1), (20, 2), (21, 1), (30, 1), (31, 0)] {
            let now = UnixSeconds::new(now);
            let query = KeyQuery {
                now,
                ..query(Some("any"), Algorithm::EdDsa)
            };
            assert_eq!(set.candidates(query).count(), count, "{now}");
        }
    }

    #[test]
    fn candidates_serve_the_issuer_where_that_is_asked() {
        let of = |seed, issuer: &str| {
            let mut jwk = named("k", seed);
            jwk["issuer"] = json!(issuer);
            jwk
        };
        let set = set(&[
            of(1, "https://login.example/a/v2.0"),
            of(2, "https://login.example/{tenantid}/v2.0"),
            of(3, "https://login.example/{tid}/v2.0"),
            of(4, "https://login.example/{tenantid}/"),
            of(5, ""),
            named("k", 6),
        ]);
        let serving = |claims: &Value| {
            let claims = Claims::parse(claims.to_string().as_bytes()).unwrap();
            let query = KeyQuery {
                issued: Some(&claims),
                ..query(Some("k"), Algorithm::EdDsa)
            };
            let found = set.candidates(query).map(VerifyingKey::thumbprint);
            let seed = |key| (1..7).find(|seed| set_of_one(*seed).keys[0].thumbprint() == key);
            found.filter_map(seed).collect::<Vec<u8>>()
        };
        let of_tenant = |tenant: &str| format!("https://login.example/{tenant}/v2.0");
        let tokens = [
            (
                json!({ "iss": of_tenant("a"), "tid": "a" }),
                &[1, 2, 3, 6][..],
            ),
            (json!({ "iss": of_tenant("b"), "tid": "b" }), &[2, 3, 6]),
            (json!({ "iss": of_tenant("a"), "tid": "b" }), &[1, 6]),
            (json!({ "iss": of_tenant("a") }), &[1, 6]),
            (json!({ "iss": "https://other.example" }), &[6]),
            (json!({}), &[6]),
        ];
        for (claims, expected) in tokens {
            assert_eq!(serving(&claims), expected, "{claims}");
        }
        assert_eq!(candidates(&set, Some("k")), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn shared_secret_is_as_long_as_its_hash() {
        for (octets, algorithms) in [
            (32, &[Algorithm::Hs256][..]),
            (47, &[Algorithm::Hs256]),
            (48, &[Algorithm::Hs256, Algorithm::Hs384]),
            (63, &[Algorithm::Hs256, Algorithm::Hs384]),
            (64, &[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]),
        ] {
            let secret = base64url::encode(&vec![1; octets]);
            let set = KeySet::from_secrets([(None, secret.as_str())]).unwrap();
            let serving = Algorithm::ALL
                .into_iter()
                .filter(|algorithm| set.candidates(query(None, *algorithm)).count() == 1);
            assert_eq!(serving.collect::<Vec<_>>(), algorithms, "{octets}");
        }
        let refused = KeySet::from_secrets([(None, base64url::encode(&[1; 31]).as_str())]);
        assert!(matches!(refused, Err(KeySetError::NoUsableKey { .. })));
    }

    #[test]
    fn a_key_is_left_out_for_a_long_kid_that_is_not_repeated() {
        let long = "k".repeat(257);
        let expected = SkippedKey {
            index: 1,
            kid: None,
            reason: KeyError::KidTooLong,
        };
        let set = set(&[ed25519(1), named(&long, 2)]);
        assert_eq!(set.skipped(), std::slice::from_ref(&expected));
        let secret = base64url::encode(&[1; 32]);
        let secrets = [(None, secret.as_str()), (Some(long.as_str()), &secret)];
        let refused = KeySet::from_secrets(secrets).unwrap_err();
        let skipped = vec![expected];
        assert_eq!(refused, KeySetError::NoUsableKey { skipped });
    }

    #[test]
    fn shared_secrets_make_a_set() {
        let long = base64url::encode(&[1; 64]);
        let short = base64url::encode(&[2; 32]);
        let set = KeySet::from_secrets([(Some("a"), long.as_str()), (None, &short)]).unwrap();
        let count = |kid, algorithm| set.candidates(query(kid, algorithm)).count();
        assert_eq!(count(Some("a"), Algorithm::Hs256), 2);
        assert_eq!(count(Some("a"), Algorithm::Hs512), 1);
        assert_eq!(count(Some("b"), Algorithm::Hs512), 0);
        assert_eq!(count(None, Algorithm::Rs256), 0);
    }

    #[test]
    fn one_bad_shared_secret_refuses_them_all() {
        let good = base64url::encode(&[1; 32]);
        let short = base64url::encode(&[1; 31]);
        let padded = format!("{good}=");
        for (bad, reason) in [
            (
                &short,
                KeyError::SecretTooShort {
                    octets: 31,
                    needed: 32,
                },
            ),
            (&padded, KeyError::NotBase64url { member: "secret" }),
        ] {
            let refused = KeySet::from_secrets([(None, good.as_str()), (Some("b"), bad)]);
            let skipped = vec![SkippedKey {
                index: 1,
                kid: Some("b".to_owned()),
                reason,
            }];
            assert_eq!(refused.unwrap_err(), KeySetError::NoUsableKey { skipped });
        }
        let nothing = KeySetError::NoUsableKey {
            skipped: Vec::new(),
        };
        assert_eq!(KeySet::from_secrets([]).unwrap_err(), nothing);
    }
}

//! Parses the source of a provider's keys, the accepted algorithms, and keys that are written in
//! the configuration.

use super::{defaults::SVID_ALGORITHMS, list::exactly_one, remote};
use crate::{
    config::{
        ConfigError, Fault, Limits,
        error::At,
        raw::{
            RawDataSource, RawDiscovery, RawProvider, RawPublicKeys, RawRemoteJwks, RawSharedSecret,
        },
    },
    jose::{
        Algorithm, JwkAlgorithm, KeyError, KeyOrigin, KeyPurpose, KeySet, KeySetError, KeyType, pem,
    },
    keys::RemoteKeys,
    lenient_base64,
    verification::{Issuer, KeySource},
};

/// The names of all algorithms, for error messages.
const ALGORITHMS: &[&str] = &[
    "EdDSA", "Ed25519", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "PS256", "PS384",
    "PS512", "RS256", "RS384", "RS512",
];

/// Returns the key source that is set, with the name of its field. Returns an error unless exactly
/// one source is set.
pub(super) fn source(raw: &RawProvider) -> Result<(&'static str, Written<'_>), Fault> {
    exactly_one([
        ("remote_jwks", raw.remote_jwks.as_ref().map(Written::Remote)),
        ("discovery", raw.discovery.as_ref().map(Written::Discovery)),
        ("local_jwks", raw.local_jwks.as_ref().map(Written::Local)),
        ("public_keys", raw.public_keys.as_ref().map(Written::Public)),
        (
            "shared_secrets",
            raw.shared_secrets.as_deref().map(Written::Secrets),
        ),
        // This field is listed only for the error message. A provider with `client_secrets` is a
        // `RawClientProvider`, so a `RawProvider` never has this field.
        ("client_secrets", None),
    ])
}

/// Parses the key source and the accepted algorithms.
pub(super) fn keys(
    (field, written): (&str, Written<'_>),
    raw: &RawProvider,
    issuer: &Issuer,
    uses: KeyUses,
    limits: &Limits,
) -> Result<(KeySource, Vec<Algorithm>), ConfigError> {
    let listed = raw
        .algorithms
        .as_deref()
        .map(algorithms)
        .transpose()
        .at("algorithms")?
        .or_else(|| uses.algorithms.map(<[_]>::to_vec));
    if uses.purpose == KeyPurpose::JwtSvids {
        let listed = listed.as_deref().unwrap_or_default();
        refuse_unlike_svids(listed).at("algorithms")?;
    }
    match written {
        Written::Remote(raw) => fetched(remote::remote(raw).at(field)?, listed),
        Written::Discovery(raw) => {
            let issuer = issuer
                .as_written()
                .ok_or(Fault::NotDiscoverable)
                .at(field)?;
            fetched(remote::discovery(raw, &issuer).at(field)?, listed)
        }
        Written::Local(raw) => {
            let algorithms = listed.unwrap_or_else(|| Algorithm::ASYMMETRIC.to_vec());
            let keys = local(raw, limits).at(field)?;
            if !keys.keys().iter().any(|key| key.key_type() == KeyType::Oct) {
                refuse_symmetric(&algorithms).at("algorithms")?;
            }
            check_service(&keys, &algorithms, uses).at(field)?;
            Ok((KeySource::Local(keys), algorithms))
        }
        Written::Public(raw) => {
            let algorithms = listed.unwrap_or_else(|| Algorithm::ASYMMETRIC.to_vec());
            refuse_symmetric(&algorithms).at("algorithms")?;
            let keys = public(raw, limits).at("pem").at(field)?;
            check_service(&keys, &algorithms, uses).at(field)?;
            Ok((KeySource::Local(keys), algorithms))
        }
        Written::Secrets(raw) => {
            let algorithms = listed.unwrap_or_else(symmetric);
            refuse_asymmetric(&algorithms).at("algorithms")?;
            let keys = secrets(raw).at(field)?;
            check_service(&keys, &algorithms, uses).at(field)?;
            Ok((KeySource::Local(keys), algorithms))
        }
    }
}

/// The settings that decide which keys a provider can use.
#[derive(Clone, Copy)]
pub(super) struct KeyUses {
    /// The algorithms that the preset sets, if it sets any.
    pub(super) algorithms: Option<&'static [Algorithm]>,
    /// The value of `jwk_algorithm`.
    pub(super) binding: JwkAlgorithm,
    /// The purpose that a key must have.
    pub(super) purpose: KeyPurpose,
}

/// The raw value of a key source.
#[derive(Clone, Copy)]
pub(super) enum Written<'a> {
    /// The value of `discovery`.
    Discovery(&'a RawDiscovery),
    /// The value of `local_jwks`.
    Local(&'a RawDataSource),
    /// The value of `public_keys`.
    Public(&'a RawPublicKeys),
    /// The value of `remote_jwks`.
    Remote(&'a RawRemoteJwks),
    /// The value of `shared_secrets`.
    Secrets(&'a [RawSharedSecret]),
}

fn fetched(
    keys: RemoteKeys,
    listed: Option<Vec<Algorithm>>,
) -> Result<(KeySource, Vec<Algorithm>), ConfigError> {
    let algorithms = listed.unwrap_or_else(|| Algorithm::ASYMMETRIC.to_vec());
    refuse_symmetric(&algorithms).at("algorithms")?;
    Ok((KeySource::Remote(keys), algorithms))
}

fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, ConfigError> {
    let mut listed = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let algorithm = Algorithm::from_name(name)
            .ok_or(Fault::UnknownValue {
                value: name.clone(),
                known: ALGORITHMS,
            })
            .at_index(index)?;
        listed.push(algorithm);
    }
    if listed.is_empty() {
        return Err(Fault::Empty.into());
    }
    let mut algorithms = Algorithm::ALL.to_vec();
    algorithms.retain(|algorithm| listed.contains(algorithm));
    Ok(algorithms)
}

fn symmetric() -> Vec<Algorithm> {
    Algorithm::ALL
        .into_iter()
        .filter(|algorithm| algorithm.is_symmetric())
        .collect()
}

/// Rejects HS* algorithms for public keys, because anyone who can read the keys could then sign
/// tokens (RFC 8725 §2.1).
fn refuse_symmetric(algorithms: &[Algorithm]) -> Result<(), Fault> {
    let found = algorithms.iter().find(|algorithm| algorithm.is_symmetric());
    found.map_or(Ok(()), |found| {
        Err(Fault::SymmetricAlgorithm {
            algorithm: found.name(),
        })
    })
}

fn refuse_asymmetric(algorithms: &[Algorithm]) -> Result<(), Fault> {
    let found = algorithms
        .iter()
        .find(|algorithm| !algorithm.is_symmetric());
    found.map_or(Ok(()), |found| {
        Err(Fault::AsymmetricSecret {
            algorithm: found.name(),
        })
    })
}

/// Rejects algorithms that are not allowed for JWT-SVIDs (JWT-SVID section 2.3).
fn refuse_unlike_svids(algorithms: &[Algorithm]) -> Result<(), Fault> {
    let mut algorithms = algorithms.iter();
    let found = algorithms.find(|algorithm| !SVID_ALGORITHMS.contains(algorithm));
    found.map_or(Ok(()), |found| {
        Err(Fault::NoSvidAlgorithm {
            algorithm: found.name(),
        })
    })
}

/// Returns an error if none of the keys could ever verify a token.
fn check_service(keys: &KeySet, algorithms: &[Algorithm], uses: KeyUses) -> Result<(), Fault> {
    let all = keys.keys().iter();
    let mut suitable = all.filter(|key| key.purpose() == uses.purpose).peekable();
    if uses.purpose == KeyPurpose::JwtSvids && suitable.peek().is_none() {
        return Err(Fault::NoSvidKey);
    }
    let serves_one = suitable.any(|key| {
        algorithms
            .iter()
            .any(|algorithm| key.serves(*algorithm, uses.binding))
    });
    if serves_one {
        Ok(())
    } else {
        Err(Fault::NoServingKey)
    }
}

fn local(raw: &RawDataSource, limits: &Limits) -> Result<KeySet, ConfigError> {
    let (field, text) = exactly_one([
        ("inline_string", raw.inline_string.as_deref()),
        ("inline_bytes", raw.inline_bytes.as_deref()),
    ])?;
    let document = if field == "inline_bytes" {
        lenient_base64::decode_either(text)
            .ok_or(Fault::NotBase64)
            .at(field)?
    } else {
        text.as_bytes().to_vec()
    };
    KeySet::parse(&document, KeyOrigin::Local, limits.key_sets)
        .and_then(without_large_exponents)
        .map_err(Fault::Keys)
        .at(field)
}

/// Returns the key set, or an error if a key was skipped because its RSA exponent is too large.
/// Earlier versions of Portcullis accepted exponents of up to 33 bits. So an operator who updates
/// Portcullis must see that such a key is no longer used.
fn without_large_exponents(keys: KeySet) -> Result<KeySet, KeySetError> {
    let mut skipped = keys.skipped().iter();
    match skipped.find(|key| key.reason == KeyError::RsaExponent) {
        Some(key) => Err(KeySetError::Refused { key: key.clone() }),
        None => Ok(keys),
    }
}

/// Parses `public_keys`. A bad key is an error here. In a fetched key set, a bad key is only
/// skipped.
fn public(raw: &RawPublicKeys, limits: &Limits) -> Result<KeySet, ConfigError> {
    let mut keys = Vec::new();
    for (index, text) in raw.pem.iter().enumerate() {
        keys.append(&mut pem::keys(text).map_err(Fault::Pem).at_index(index)?);
        let limit = limits.key_sets.keys;
        if keys.len() > limit {
            return Err(Fault::Keys(KeySetError::TooManyKeys { limit }).into());
        }
    }
    Ok(KeySet::from_keys(keys).ok_or(Fault::Empty)?)
}

fn secrets(raw: &[RawSharedSecret]) -> Result<KeySet, Fault> {
    KeySet::from_secrets(
        raw.iter()
            .map(|raw| (raw.kid.as_deref(), raw.secret.as_str())),
    )
    .map_err(Fault::Keys)
}

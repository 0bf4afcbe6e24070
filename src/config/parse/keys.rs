//! Where a provider's keys come from, and which algorithms they serve.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    limits::{MAX_DURATION_MS, in_bounds, positive},
    list::exactly_one,
};
use crate::{
    config::{
        ConfigError, KeySource, Limits, Reason, RemoteJwks, RetryPolicy,
        error::At,
        raw::{
            Milliseconds, RawAsyncFetch, RawDataSource, RawHttpUri, RawRemoteJwks, RawRetryPolicy,
            RawSharedSecret,
        },
    },
    jose::{Algorithm, JwkAlgorithm, KeyOrigin, KeySet, KeySetLimits, KeyType},
};

const DEFAULT_CACHE_DURATION_MS: u64 = 600_000;
const DEFAULT_MAX_STALE_MS: u64 = 3_600_000;
const DEFAULT_UNKNOWN_KID_COOLDOWN_MS: u64 = 30_000;
const DEFAULT_BACK_OFF_BASE_MS: u64 = 1000;

/// Greatest back-off in units of its base, where none is written.
const DEFAULT_BACK_OFF_GROWTH: u64 = 10;

/// Every name of an algorithm.
const ALGORITHMS: &[&str] = &[
    "EdDSA", "Ed25519", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "PS256", "PS384",
    "PS512", "RS256", "RS384", "RS512",
];

/// The three alternatives, of which one is written.
pub(super) struct WrittenKeys {
    /// `local_jwks`.
    pub(super) local: Option<RawDataSource>,
    /// `remote_jwks`.
    pub(super) remote: Option<RawRemoteJwks>,
    /// `shared_secrets`.
    pub(super) secrets: Option<Vec<RawSharedSecret>>,
    /// `algorithms`.
    pub(super) algorithms: Option<Vec<String>>,
}

enum Written {
    Local(RawDataSource),
    Remote(Box<RawRemoteJwks>),
    Secrets(Vec<RawSharedSecret>),
}

impl WrittenKeys {
    /// The key source and the algorithms that it is for.
    pub(super) fn keys(
        self,
        binding: JwkAlgorithm,
        limits: &Limits,
    ) -> Result<(KeySource, Vec<Algorithm>), ConfigError> {
        let (field, written) = exactly_one([
            (
                "remote_jwks",
                self.remote.map(|raw| Written::Remote(Box::new(raw))),
            ),
            ("local_jwks", self.local.map(Written::Local)),
            ("shared_secrets", self.secrets.map(Written::Secrets)),
        ])?;
        let listed = self
            .algorithms
            .map(algorithms)
            .transpose()
            .at("algorithms")?;
        match written {
            Written::Remote(raw) => {
                let algorithms = listed.unwrap_or_else(|| Algorithm::ASYMMETRIC.to_vec());
                refuse_symmetric(&algorithms).at("algorithms")?;
                Ok((KeySource::Remote(remote(*raw).at(field)?), algorithms))
            }
            Written::Local(raw) => {
                let algorithms = listed.unwrap_or_else(|| Algorithm::ASYMMETRIC.to_vec());
                let keys = local(raw, limits).at(field)?;
                if !keys.keys().iter().any(|key| key.key_type() == KeyType::Oct) {
                    refuse_symmetric(&algorithms).at("algorithms")?;
                }
                check_service(&keys, &algorithms, binding).at(field)?;
                Ok((KeySource::Local(keys), algorithms))
            }
            Written::Secrets(raw) => {
                let algorithms = listed.unwrap_or_else(symmetric);
                refuse_asymmetric(&algorithms).at("algorithms")?;
                let keys = secrets(&raw).at(field)?;
                check_service(&keys, &algorithms, binding).at(field)?;
                Ok((KeySource::Local(keys), algorithms))
            }
        }
    }
}

fn algorithms(names: Vec<String>) -> Result<Vec<Algorithm>, ConfigError> {
    let mut algorithms = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let algorithm = Algorithm::from_name(&name)
            .ok_or(Reason::UnknownValue {
                value: name,
                known: ALGORITHMS,
            })
            .at_index(index)?;
        algorithms.push(algorithm);
    }
    if algorithms.is_empty() {
        return Err(Reason::Empty.into());
    }
    algorithms.sort_unstable();
    algorithms.dedup();
    Ok(algorithms)
}

fn symmetric() -> Vec<Algorithm> {
    Algorithm::ALL
        .into_iter()
        .filter(|algorithm| algorithm.is_symmetric())
        .collect()
}

/// Whoever can read a public key could sign with it, were it a secret (RFC 8725 §2.1).
fn refuse_symmetric(algorithms: &[Algorithm]) -> Result<(), Reason> {
    let found = algorithms.iter().find(|algorithm| algorithm.is_symmetric());
    found.map_or(Ok(()), |found| {
        Err(Reason::SymmetricAlgorithm {
            algorithm: found.name(),
        })
    })
}

fn refuse_asymmetric(algorithms: &[Algorithm]) -> Result<(), Reason> {
    let found = algorithms
        .iter()
        .find(|algorithm| !algorithm.is_symmetric());
    found.map_or(Ok(()), |found| {
        Err(Reason::AsymmetricSecret {
            algorithm: found.name(),
        })
    })
}

/// Refuses keys of which none could ever verify a token.
fn check_service(
    keys: &KeySet,
    algorithms: &[Algorithm],
    binding: JwkAlgorithm,
) -> Result<(), Reason> {
    let serves_one = keys.keys().iter().any(|key| {
        algorithms
            .iter()
            .any(|algorithm| key.serves(*algorithm, binding))
    });
    if serves_one {
        Ok(())
    } else {
        Err(Reason::NoServingKey)
    }
}

fn local(raw: RawDataSource, limits: &Limits) -> Result<KeySet, ConfigError> {
    let (field, text) = exactly_one([
        ("inline_string", raw.inline_string),
        ("inline_bytes", raw.inline_bytes),
    ])?;
    let document = if field == "inline_bytes" {
        decode_base64(&text).ok_or(Reason::NotBase64).at(field)?
    } else {
        text.into_bytes()
    };
    let limits = KeySetLimits {
        bytes: limits.jwks_bytes,
        keys: limits.jwks_keys,
    };
    KeySet::parse(&document, KeyOrigin::Local, limits)
        .map_err(Reason::Keys)
        .at(field)
}

/// `bytes` of protobuf JSON: either alphabet, with padding or without.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT
        .decode(text.replace('-', "+").replace('_', "/"))
        .ok()
}

fn secrets(raw: &[RawSharedSecret]) -> Result<KeySet, Reason> {
    KeySet::from_secrets(
        raw.iter()
            .map(|raw| (raw.kid.as_deref(), raw.secret.as_str())),
    )
    .map_err(Reason::Keys)
}

fn remote(raw: RawRemoteJwks) -> Result<RemoteJwks, ConfigError> {
    let RawHttpUri {
        cluster,
        timeout,
        uri,
    } = raw.http_uri;
    if cluster.is_empty() {
        return Err(Reason::Empty).at("cluster").at("http_uri");
    }
    let Some((authority, path)) = split_uri(&uri) else {
        let expected = "https://host/path, without user and fragment";
        return Err(Reason::WrongForm {
            expected,
            found: uri,
        })
        .at("uri")
        .at("http_uri");
    };
    let or = |written: Option<Milliseconds>, default| written.unwrap_or(Milliseconds(default));
    Ok(RemoteJwks {
        uri,
        authority,
        path,
        cluster,
        // Envoy reads zero as "no limit": a call that hangs would never be repeated.
        timeout_ms: positive(timeout).at("timeout").at("http_uri")?,
        cache_duration_ms: positive(or(raw.cache_duration, DEFAULT_CACHE_DURATION_MS))
            .at("cache_duration")?,
        max_stale_ms: or(raw.max_stale, DEFAULT_MAX_STALE_MS).0,
        unknown_kid_cooldown_ms: positive(or(
            raw.unknown_kid_cooldown,
            DEFAULT_UNKNOWN_KID_COOLDOWN_MS,
        ))
        .at("unknown_kid_cooldown")?,
        retry: retry(
            raw.async_fetch.unwrap_or_default(),
            raw.retry_policy.unwrap_or_default(),
        )?,
    })
}

fn retry(async_fetch: RawAsyncFetch, policy: RawRetryPolicy) -> Result<RetryPolicy, ConfigError> {
    let base_ms = async_fetch
        .failed_refetch_duration
        .map_or(Ok(DEFAULT_BACK_OFF_BASE_MS), positive)
        .at("failed_refetch_duration")
        .at("async_fetch")?;
    let Some(back_off) = policy.retry_back_off else {
        let max_ms = base_ms.saturating_mul(DEFAULT_BACK_OFF_GROWTH);
        return Ok(RetryPolicy { base_ms, max_ms });
    };
    let base_ms = positive(back_off.base_interval)
        .at("base_interval")
        .at("retry_back_off")
        .at("retry_policy")?;
    let max_ms = match back_off.max_interval {
        None => base_ms.saturating_mul(DEFAULT_BACK_OFF_GROWTH),
        Some(max) => in_bounds(max.0, base_ms, MAX_DURATION_MS, "milliseconds")
            .at("max_interval")
            .at("retry_back_off")
            .at("retry_policy")?,
    };
    Ok(RetryPolicy { base_ms, max_ms })
}

/// Authority, and path with query, of an absolute http or https URI (RFC 3986 §3).
fn split_uri(uri: &str) -> Option<(String, String)> {
    let (scheme, rest) = uri.split_once("://")?;
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        || rest
            .bytes()
            .any(|byte| !byte.is_ascii_graphic() || b"#\\\"<>".contains(&byte))
    {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    is_authority(authority).then(|| (authority.to_owned(), path))
}

/// A host and perhaps a port; a user would be sent to the cluster in the clear.
fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_ip_literal = |host: &str| {
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|address| {
                address
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
            })
    };
    let is_name = |host: &str| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        && (is_name(host) || is_ip_literal(host))
}

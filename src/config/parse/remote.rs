//! Keys that are fetched.

use super::limits::{MAX_DURATION_MS, in_bounds, positive};
use crate::{
    config::{
        ConfigError, Reason,
        error::At,
        raw::{
            Milliseconds, RawAsyncFetch, RawDiscovery, RawHttpUri, RawRemoteJwks, RawRetryPolicy,
            RawUnknownKidAnswer,
        },
    },
    keys::{Discovery, Endpoint, JwksLocation, RemoteKeys, RetryPolicy, UnknownKidAnswer},
};

const DEFAULT_BACK_OFF_BASE_MS: u64 = 1000;
const DEFAULT_DISCOVERY_TIMEOUT_MS: u64 = 5000;
const DEFAULT_MAX_STALE_MS: u64 = 3_600_000;
const DEFAULT_UNKNOWN_KID_COOLDOWN_MS: u64 = 30_000;

/// An hour.
const MAX_TIMEOUT_MS: u64 = 3_600_000;

/// Greatest back-off in units of its base, where none is written.
const DEFAULT_BACK_OFF_GROWTH: u64 = 10;

/// `remote_jwks`.
pub(super) fn remote(raw: &RawRemoteJwks) -> Result<RemoteKeys, ConfigError> {
    let RawHttpUri {
        cluster,
        timeout,
        uri,
    } = &raw.http_uri;
    if cluster.is_empty() {
        return Err(Reason::Empty).at("cluster").at("http_uri");
    }
    let endpoint = Endpoint::parse(uri, cluster)
        .ok_or(Reason::WrongForm {
            expected: "https://host/path, without user and fragment",
            found: uri.clone(),
        })
        .at("uri")
        .at("http_uri")?;
    let timeout_ms = call_timeout(*timeout).at("timeout").at("http_uri")?;
    let keeping = WrittenKeeping {
        async_fetch: raw.async_fetch.as_ref(),
        cache_duration: raw.cache_duration,
        max_stale: raw.max_stale,
        retry_policy: raw.retry_policy.as_ref(),
        unknown_kid_cooldown: raw.unknown_kid_cooldown,
        unknown_kid_answer: raw.unknown_kid_answer,
    };
    keeping.remote_keys(JwksLocation::Configured(endpoint), timeout_ms)
}

/// `discovery` of the issuer that is configured beside it.
pub(super) fn discovery(raw: &RawDiscovery, issuer: &str) -> Result<RemoteKeys, ConfigError> {
    if raw.cluster.is_empty() {
        return Err(Reason::Empty).at("cluster");
    }
    let jwks_cluster = raw.jwks_cluster.as_ref().unwrap_or(&raw.cluster);
    if jwks_cluster.is_empty() {
        return Err(Reason::Empty).at("jwks_cluster");
    }
    let timeout = raw
        .timeout
        .unwrap_or(Milliseconds(DEFAULT_DISCOVERY_TIMEOUT_MS));
    let timeout_ms = call_timeout(timeout).at("timeout")?;
    let location = JwksLocation::Discovered(Discovery {
        issuer: issuer.to_owned(),
        metadata: metadata_endpoints(issuer, &raw.cluster).ok_or(Reason::NotDiscoverable)?,
        jwks_cluster: jwks_cluster.clone(),
    });
    let keeping = WrittenKeeping {
        async_fetch: raw.async_fetch.as_ref(),
        cache_duration: raw.cache_duration,
        max_stale: raw.max_stale,
        retry_policy: raw.retry_policy.as_ref(),
        unknown_kid_cooldown: raw.unknown_kid_cooldown,
        unknown_kid_answer: raw.unknown_kid_answer,
    };
    keeping.remote_keys(location, timeout_ms)
}

/// Envoy reads zero as "no limit": a call that hangs would never be repeated. The ABI has 32 bits for
/// it, and a lease lasts as long.
fn call_timeout(written: Milliseconds) -> Result<u64, Reason> {
    in_bounds(written.0, 1, MAX_TIMEOUT_MS, "milliseconds")
}

/// Where the issuer's metadata stands: below it (OpenID Connect Discovery 1.0 §4.1), or in front of
/// its path (RFC 8414 §3.1).
fn metadata_endpoints(issuer: &str, cluster: &str) -> Option<Vec<Endpoint>> {
    let issuer = without_placeholders(issuer)?;
    let issuer = issuer.strip_suffix('/').unwrap_or(&issuer);
    // An issuer has no query (RFC 8414 §2).
    let own = Endpoint::parse(issuer, cluster).filter(|_| !issuer.contains('?'))?;
    let path = if own.path == "/" { "" } else { &own.path };
    let (scheme, authority) = (own.scheme, &own.authority);
    [
        format!("{scheme}://{authority}{path}/.well-known/openid-configuration"),
        format!("{scheme}://{authority}/.well-known/oauth-authorization-server{path}"),
    ]
    .iter()
    .map(|uri| Endpoint::parse(uri, cluster))
    .collect()
}

/// The issuer with `common` for each tenant, as Microsoft Entra serves the metadata that all
/// tenants share. Only a whole segment of the path may be one: a host that a tenant chooses could
/// not be told from another's.
fn without_placeholders(issuer: &str) -> Option<String> {
    let mut segments = Vec::new();
    for (index, segment) in issuer.split('/').enumerate() {
        let is_placeholder = segment.starts_with('{') && segment.ends_with('}');
        if is_placeholder && index > 2 {
            segments.push("common");
        } else if segment.contains(['{', '}']) {
            return None;
        } else {
            segments.push(segment);
        }
    }
    Some(segments.join("/"))
}

/// What `remote_jwks` and `discovery` both say about how keys are kept.
struct WrittenKeeping<'a> {
    async_fetch: Option<&'a RawAsyncFetch>,
    cache_duration: Option<Milliseconds>,
    max_stale: Option<Milliseconds>,
    retry_policy: Option<&'a RawRetryPolicy>,
    unknown_kid_cooldown: Option<Milliseconds>,
    unknown_kid_answer: Option<RawUnknownKidAnswer>,
}

impl WrittenKeeping<'_> {
    fn remote_keys(
        self,
        location: JwksLocation,
        timeout_ms: u64,
    ) -> Result<RemoteKeys, ConfigError> {
        let or = |written: Option<Milliseconds>, default| written.unwrap_or(Milliseconds(default));
        Ok(RemoteKeys {
            location,
            timeout_ms,
            cache_duration_ms: self
                .cache_duration
                .map(positive)
                .transpose()
                .at("cache_duration")?,
            max_stale_ms: or(self.max_stale, DEFAULT_MAX_STALE_MS).0,
            unknown_kid_cooldown_ms: positive(or(
                self.unknown_kid_cooldown,
                DEFAULT_UNKNOWN_KID_COOLDOWN_MS,
            ))
            .at("unknown_kid_cooldown")?,
            unknown_kid_answer: unknown_kid_answer(self.unknown_kid_answer),
            retry: retry(self.async_fetch, self.retry_policy)?,
        })
    }
}

const fn unknown_kid_answer(written: Option<RawUnknownKidAnswer>) -> UnknownKidAnswer {
    match written {
        None | Some(RawUnknownKidAnswer::Unauthorized) => UnknownKidAnswer::Invalid,
        Some(RawUnknownKidAnswer::ServiceUnavailable) => UnknownKidAnswer::Unavailable,
    }
}

fn retry(
    async_fetch: Option<&RawAsyncFetch>,
    policy: Option<&RawRetryPolicy>,
) -> Result<RetryPolicy, ConfigError> {
    let base_ms = async_fetch
        .and_then(|raw| raw.failed_refetch_duration)
        .map_or(Ok(DEFAULT_BACK_OFF_BASE_MS), positive)
        .at("failed_refetch_duration")
        .at("async_fetch")?;
    let Some(back_off) = policy.and_then(|raw| raw.retry_back_off.as_ref()) else {
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

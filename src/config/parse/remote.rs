//! Parses `remote_jwks` and `discovery`, the sources of fetched keys.

use core::time::Duration;

use super::limits::{SHORTEST, duration_in_bounds, positive};
use crate::{
    config::{
        ConfigError, Fault,
        echo::without_secrets,
        error::At,
        raw::{
            RawAsyncFetch, RawDiscovery, RawDuration, RawHttpUri, RawRemoteJwks, RawRetryPolicy,
            RawUnknownKidAnswer,
        },
    },
    keys::{Discovery, Endpoint, JwksLocation, RemoteKeys, RetryPolicy, UnknownKidAnswer},
};

const DEFAULT_BACK_OFF_BASE: Duration = Duration::from_secs(1);
const DEFAULT_DISCOVERY_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_MAX_STALE: Duration = Duration::from_secs(60 * 60);
const DEFAULT_UNKNOWN_KID_COOLDOWN: Duration = Duration::from_secs(30);

const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// The default maximum back-off, as a multiple of the initial back-off.
const DEFAULT_BACK_OFF_GROWTH: u32 = 10;

/// Parses `remote_jwks`.
pub(super) fn remote(raw: &RawRemoteJwks) -> Result<RemoteKeys, ConfigError> {
    let RawHttpUri {
        cluster,
        timeout,
        uri,
    } = &raw.http_uri;
    if cluster.is_empty() {
        return Err(Fault::Empty).at("cluster").at("http_uri");
    }
    let expected = "a URL such as https://host/path, without a user or a fragment";
    let endpoint = Endpoint::parse(uri, cluster)
        .ok_or_else(|| Fault::wrong_form(expected, without_secrets(uri)))
        .at("uri")
        .at("http_uri")?;
    let timeout = call_timeout(*timeout).at("timeout").at("http_uri")?;
    let keeping = WrittenKeeping {
        async_fetch: raw.async_fetch.as_ref(),
        cache_duration: raw.cache_duration,
        max_stale: raw.max_stale,
        retry_policy: raw.retry_policy.as_ref(),
        unknown_kid_cooldown: raw.unknown_kid_cooldown,
        unknown_kid_answer: raw.unknown_kid_answer,
    };
    keeping.remote_keys(JwksLocation::Configured(endpoint), timeout)
}

/// Parses `discovery`. `issuer` is the provider's issuer.
pub(super) fn discovery(raw: &RawDiscovery, issuer: &str) -> Result<RemoteKeys, ConfigError> {
    if raw.cluster.is_empty() {
        return Err(Fault::Empty).at("cluster");
    }
    let jwks_cluster = raw.jwks_cluster.as_ref().unwrap_or(&raw.cluster);
    if jwks_cluster.is_empty() {
        return Err(Fault::Empty).at("jwks_cluster");
    }
    let timeout = raw
        .timeout
        .map_or(Ok(DEFAULT_DISCOVERY_TIMEOUT), call_timeout)
        .at("timeout")?;
    let location = JwksLocation::Discovered(Discovery {
        issuer: issuer.to_owned(),
        metadata: metadata_endpoints(issuer, &raw.cluster).ok_or(Fault::NotDiscoverable)?,
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
    keeping.remote_keys(location, timeout)
}

/// Checks a timeout. Zero is rejected: Envoy treats zero as "no limit", so a call that hangs would
/// never be retried. The maximum is an hour, for two reasons: the ABI passes the timeout in
/// milliseconds as a 32-bit number, and no other worker can fetch the keys while a call hangs.
fn call_timeout(written: RawDuration) -> Result<Duration, Fault> {
    duration_in_bounds(written.0, SHORTEST, MAX_TIMEOUT)
}

/// Returns the two URLs at which the server may publish the issuer's metadata. In the first URL,
/// `/.well-known/…` follows the issuer (OpenID Connect Discovery 1.0 §4.1). In the second URL,
/// `/.well-known/…` is between the issuer's host and path (RFC 8414 §3.1).
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

/// Replaces each placeholder in the issuer with `common`. At the resulting URL, Microsoft Entra
/// serves the metadata that all tenants share. Returns `None` if a placeholder is not a whole
/// segment of the path. If a placeholder were in the host, a tenant could choose the host.
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

/// The settings that `remote_jwks` and `discovery` have in common. They say how keys are fetched
/// and kept.
struct WrittenKeeping<'a> {
    async_fetch: Option<&'a RawAsyncFetch>,
    cache_duration: Option<RawDuration>,
    max_stale: Option<RawDuration>,
    retry_policy: Option<&'a RawRetryPolicy>,
    unknown_kid_cooldown: Option<RawDuration>,
    unknown_kid_answer: Option<RawUnknownKidAnswer>,
}

impl WrittenKeeping<'_> {
    fn remote_keys(
        self,
        location: JwksLocation,
        timeout: Duration,
    ) -> Result<RemoteKeys, ConfigError> {
        Ok(RemoteKeys {
            location,
            timeout,
            cache_duration: self
                .cache_duration
                .map(positive)
                .transpose()
                .at("cache_duration")?,
            max_stale: self
                .max_stale
                .map_or(DEFAULT_MAX_STALE, |written| written.0),
            unknown_kid_cooldown: self
                .unknown_kid_cooldown
                .map_or(Ok(DEFAULT_UNKNOWN_KID_COOLDOWN), positive)
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
    let base = async_fetch
        .and_then(|raw| raw.failed_refetch_duration)
        .map_or(Ok(DEFAULT_BACK_OFF_BASE), positive)
        .at("failed_refetch_duration")
        .at("async_fetch")?;
    let Some(back_off) = policy.and_then(|raw| raw.retry_back_off.as_ref()) else {
        let max = base.saturating_mul(DEFAULT_BACK_OFF_GROWTH);
        return Ok(RetryPolicy { base, max });
    };
    let base = positive(back_off.base_interval)
        .at("base_interval")
        .at("retry_back_off")
        .at("retry_policy")?;
    let max = match back_off.max_interval {
        None => base.saturating_mul(DEFAULT_BACK_OFF_GROWTH),
        Some(written) => duration_in_bounds(written.0, base, RawDuration::MAX)
            .at("max_interval")
            .at("retry_back_off")
            .at("retry_policy")?,
    };
    Ok(RetryPolicy { base, max })
}

//! Keys that are fetched.

use super::limits::{MAX_DURATION_MS, in_bounds, positive};
use crate::config::{
    ConfigError, Reason, RemoteJwks, RetryPolicy,
    error::At,
    raw::{Milliseconds, RawAsyncFetch, RawHttpUri, RawRemoteJwks, RawRetryPolicy},
};

const DEFAULT_BACK_OFF_BASE_MS: u64 = 1000;
const DEFAULT_CACHE_DURATION_MS: u64 = 600_000;
const DEFAULT_MAX_STALE_MS: u64 = 3_600_000;
const DEFAULT_UNKNOWN_KID_COOLDOWN_MS: u64 = 30_000;

/// Greatest back-off in units of its base, where none is written.
const DEFAULT_BACK_OFF_GROWTH: u64 = 10;

/// `remote_jwks`.
pub(super) fn remote(raw: RawRemoteJwks) -> Result<RemoteJwks, ConfigError> {
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
            &raw.async_fetch.unwrap_or_default(),
            raw.retry_policy.unwrap_or_default(),
        )?,
    })
}

fn retry(async_fetch: &RawAsyncFetch, policy: RawRetryPolicy) -> Result<RetryPolicy, ConfigError> {
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
    port.is_none_or(is_port) && (is_name(host) || is_ip_literal(host))
}

fn is_port(text: &str) -> bool {
    // `str::parse` would also take a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|port: u16| port > 0)
}

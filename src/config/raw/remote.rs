//! The JSON form of `remote_jwks` and `discovery`.

use serde_json::Value;

use super::{RawDuration, Read, Reader, object::object};
use crate::json;

object! {
    /// `RemoteJwks` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawRemoteJwks {
        /// How failed fetches are retried.
        async_fetch | camelCase: Option<RawAsyncFetch>,
        /// How long fetched keys are fresh. Default: the `max-age` in the response's `Cache-Control`, or a
        /// `spiffe_refresh_hint` in the response, but at least 1 minute and at most 24 hours; `"600s"` if the response
        /// has neither.
        cache_duration | camelCase !null: Option<RawDuration>,
        /// Location of the JWK set.
        http_uri | camelCase: RawHttpUri,
        /// If fetching fails: how long the last good keys remain in use after they stop being fresh. After this time,
        /// every request with a token gets 503.
        max_stale !null: Option<RawDuration> = "3600s",
        /// How failed fetches are retried. Takes precedence over `async_fetch`.
        retry_policy | camelCase: Option<RawRetryPolicy>,
        /// Status of the answer to a token with an unknown `kid` while `unknown_kid_cooldown` or the back-off after a
        /// failed fetch prevents a new fetch: 401, or 503 with `Retry-After`.
        unknown_kid_answer: Option<RawUnknownKidAnswer> = 401,
        /// Minimum time between two fetches that are caused by an unknown `kid`.
        unknown_kid_cooldown: Option<RawDuration> = "30s",
    }
}

object! {
    /// The value of `discovery`: two clusters, and the same settings for fetches as in
    /// `remote_jwks`.
    #[derive(Debug)]
    pub(in crate::config) struct RawDiscovery {
        /// How failed fetches are retried.
        async_fetch: Option<RawAsyncFetch>,
        /// How long fetched keys are fresh. Default: the `max-age` in the response's `Cache-Control`, or a
        /// `spiffe_refresh_hint` in the response, but at least 1 minute and at most 24 hours; `"600s"` if the response
        /// has neither.
        cache_duration !null: Option<RawDuration>,
        /// Envoy cluster through which the issuer's metadata is fetched.
        cluster: String,
        /// Envoy cluster through which the `jwks_uri` in the metadata is fetched. Default: `cluster`.
        jwks_cluster: Option<String>,
        /// If fetching fails: how long the last good keys remain in use after they stop being fresh. After this time,
        /// every request with a token gets 503.
        max_stale !null: Option<RawDuration> = "3600s",
        /// How failed fetches are retried. Takes precedence over `async_fetch`.
        retry_policy: Option<RawRetryPolicy>,
        /// Timeout of each HTTP call: more than 0, at most an hour.
        timeout: Option<RawDuration> = "5s",
        /// Status of the answer to a token with an unknown `kid` while `unknown_kid_cooldown` or the back-off after a
        /// failed fetch prevents a new fetch: 401, or 503 with `Retry-After`.
        unknown_kid_answer: Option<RawUnknownKidAnswer> = 401,
        /// Minimum time between two fetches that are caused by an unknown `kid`.
        unknown_kid_cooldown: Option<RawDuration> = "30s",
    }
}

/// The value of `unknown_kid_answer`: the HTTP status of the response.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) enum RawUnknownKidAnswer {
    Unauthorized,
    ServiceUnavailable,
}

impl Read for RawUnknownKidAnswer {
    fn read<'a>(value: &'a Value, reader: &mut Reader<'a>) -> Self {
        match value.as_number().and_then(json::integer) {
            Some(401) => return Self::Unauthorized,
            Some(503) => return Self::ServiceUnavailable,
            _ => reader.wrong_type("401 or 503", value),
        }
        Self::Unauthorized
    }
}

super::describe::describe! {
    RawUnknownKidAnswer: {"enum": [401, 503]},
}

object! {
    /// `HttpUri` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawHttpUri {
        /// Envoy cluster through which the JWK set is fetched.
        cluster: String,
        /// Timeout of each HTTP call: more than 0, at most an hour.
        timeout: RawDuration,
        /// Absolute `http` or `https` URI of the JWK set. The settings of `cluster`, not the scheme, decide whether TLS
        /// is used.
        uri: String,
    }
}

object! {
    /// `JwksAsyncFetch` of `jwt_authn`.
    #[derive(Debug)]
    pub(in crate::config) struct RawAsyncFetch {
        /// How long to wait after a failed fetch. Each further failure doubles the wait, up to ten times this value.
        failed_refetch_duration | camelCase: Option<RawDuration> = "1s",
        /// Has no effect: keys are always fetched in the background.
        _fast_listener = "fast_listener" | camelCase: Option<bool>,
    }
}

object! {
    /// `RetryPolicy` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawRetryPolicy {
        /// Has no effect: a failed fetch is repeated until there are keys.
        _num_retries = "num_retries" | camelCase: Option<u32>,
        /// Times to wait between attempts.
        retry_back_off | camelCase: Option<RawBackOff>,
        /// Has no effect: every failed fetch is repeated.
        _retry_on = "retry_on" | camelCase: Option<String>,
    }
}

object! {
    /// `BackoffStrategy` of Envoy.
    #[derive(Debug)]
    pub(in crate::config) struct RawBackOff {
        /// How long to wait after the first failed fetch. Replaces `failed_refetch_duration`.
        base_interval | camelCase: RawDuration,
        /// Maximum wait; not less than `base_interval`. Default: ten times `base_interval`.
        max_interval | camelCase: Option<RawDuration>,
    }
}

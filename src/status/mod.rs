//! The status report for operators. It shows the state of each authorization server, as JSON or as
//! a web page.
//!
//! The report contains the configuration of each provider and the results of fetching its keys. For
//! each key, the report shows only `kid`, `kty` and `alg`. It never shows a client's secret. A
//! failed fetch is reported as one of a fixed set of errors, without text from the server: a server
//! could craft such text to mislead the operators who read the report.
//!
//! Both formats are written from one [`Report`]. The engine authorizes a request for the report
//! like any other request.

mod columns;
mod health;
mod html;
mod json;
mod page;

use crate::{
    config::{Config, Provider},
    http::{Format, Response},
    keys::{JwksLocation, KeyReport, KeyStore, without_query},
    policy::Mode,
    time::UnixMillis,
};

use self::health::Health;

/// The number of times that the engine made a given decision for a given reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The decision.
    pub decision: &'static str,
    /// The reason, or an empty string if the decision has no reason.
    pub reason: &'static str,
    /// The number of times that the decision was made.
    pub times: u64,
}

/// The state of the authorization servers at one point in time.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    config: &'a Config,
    keys: &'a KeyStore,
    now: UnixMillis,
}

impl<'a> Report<'a> {
    /// Creates a report on a configuration and its keys.
    #[must_use]
    pub const fn new(config: &'a Config, keys: &'a KeyStore, now: UnixMillis) -> Self {
        Self { config, keys, now }
    }

    /// Creates the response in the given format. Only the page shows `counts`: programs that read
    /// JSON can read the metrics instead.
    #[must_use]
    pub fn response(&self, format: Format, counts: &[Count]) -> Response {
        let (content_type, body) = match format {
            Format::Html => ("text/html; charset=utf-8", page::write(self, counts)),
            Format::Json => ("application/json", json::write(self)),
        };
        let mut headers = vec![
            ("content-type", content_type.to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("vary", "accept".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
            ("x-frame-options", "DENY".to_owned()),
        ];
        // With this policy, markup in a value could not load or run anything, even if the value
        // were not escaped correctly.
        headers.push(("content-security-policy", page::content_security_policy()));
        Response {
            status: 200,
            headers,
            body,
            details: "portcullis_status".to_owned(),
        }
    }

    /// The providers, ordered by name, with the state of their keys.
    fn servers(&self) -> impl Iterator<Item = Server<'a>> {
        let (keys, now) = (self.keys, self.now);
        self.config.providers().map(move |(id, provider)| {
            let configured = || KeyReport::of_configured(provider.configured_keys());
            let keys = keys.report(id, now).unwrap_or_else(configured);
            Server {
                provider,
                keys,
                health: Health::of(provider, &keys),
            }
        })
    }

    const fn mode(&self) -> &'static str {
        match self.config.mode {
            Mode::Enforce => "enforce",
            Mode::Shadow => "shadow",
        }
    }

    fn base_url(&self) -> Option<&'a str> {
        self.config.status.as_ref()?.base_url.as_deref()
    }
}

/// A provider and the state of its keys.
#[derive(Clone, Copy, Debug)]
struct Server<'a> {
    provider: &'a Provider,
    keys: KeyReport<'a>,
    health: Health,
}

impl<'a> Server<'a> {
    /// The state of the provider according to the configuration.
    const fn state(&self) -> &'static str {
        if self.provider.is_enabled() {
            "enabled"
        } else {
            "disabled"
        }
    }

    /// The URI of the key set, without its query, which may contain a secret. `None` if the
    /// provider fetches no keys, or if it uses `discovery` and its keys have not been fetched yet.
    fn jwks_uri(&self) -> Option<&'a str> {
        let uri = match self.location()? {
            JwksLocation::Configured(endpoint) => Some(endpoint.uri.as_str()),
            JwksLocation::Discovered(_) => self.keys.uri,
        };
        uri.map(without_query)
    }

    /// The cluster through which the keys are fetched; `None` if the provider fetches no keys. If
    /// the provider uses `discovery`, this is the cluster that serves the metadata until the keys
    /// have been fetched once.
    fn cluster(&self) -> Option<&'a str> {
        match self.location()? {
            JwksLocation::Configured(endpoint) => Some(&endpoint.cluster),
            JwksLocation::Discovered(discovery) if self.keys.uri.is_some() => {
                Some(&discovery.jwks_cluster)
            }
            JwksLocation::Discovered(discovery) => {
                let metadata = discovery.metadata.first();
                metadata.map(|endpoint| endpoint.cluster.as_str())
            }
        }
    }

    fn location(&self) -> Option<&'a JwksLocation> {
        Some(&self.provider.remote_keys()?.location)
    }
}

#[cfg(test)]
mod tests;

//! The status report for operators: the state of each authorization server, as JSON and as a page.
//!
//! The report has the configuration and the results of fetching. It shows only `kid`, `kty` and `alg`
//! of each key, and never a client's secret. A failed fetch is reported as one of a closed set of
//! errors: text that a server sent could be aimed at the people who read this.
//!
//! Both forms are written by hand from one [`Report`]. Whether a client may see it is decided
//! before, as for any request.

mod json;
mod page;

use crate::{
    config::{Config, Provider},
    http::{Format, Response},
    keys::{KeyReport, KeyStore},
    policy::Mode,
    time::UnixMillis,
    verification::KeySource,
};

/// A decision, and how often it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The decision.
    pub decision: &'static str,
    /// The reason; empty if there is none.
    pub reason: &'static str,
    /// How often it was made.
    pub times: u64,
}

/// The state of the authorization servers at one time.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    config: &'a Config,
    keys: &'a KeyStore,
    now: UnixMillis,
}

impl<'a> Report<'a> {
    /// Makes the report of a configuration and its keys.
    #[must_use]
    pub const fn new(config: &'a Config, keys: &'a KeyStore, now: UnixMillis) -> Self {
        Self { config, keys, now }
    }

    /// The response in this form. Only the page has counts: machines read the metrics.
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
        // Even if a description escaped from its place, it could load and run nothing.
        headers.push(("content-security-policy", page::content_security_policy()));
        Response {
            status: 200,
            headers,
            body,
            details: "portcullis_status".to_owned(),
        }
    }

    /// The providers, by name, with the state of their keys.
    fn providers(&self) -> impl Iterator<Item = (&'a Provider, KeyReport<'a>)> {
        let (keys, now) = (self.keys, self.now);
        self.config.providers().map(move |(id, provider)| {
            let configured = || match &provider.trust.keys {
                KeySource::Local(key_set) if provider.trust.enabled => key_set.keys(),
                _ => &[],
            };
            let report = keys.report(id, now);
            let report = report.unwrap_or_else(|| KeyReport::of_configured(configured()));
            (provider, report)
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

const fn state(provider: &Provider) -> &'static str {
    if provider.trust.enabled {
        "enabled"
    } else {
        "disabled"
    }
}

#[cfg(test)]
mod tests;

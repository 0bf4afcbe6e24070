//! The status report for operators: the state of each authorization server, as JSON and as a page.
//!
//! The report has the configuration of each provider and the results of fetching its keys. It shows
//! only `kid`, `kty` and `alg` of each key, and never a client's secret. A failed fetch is reported
//! as one of a closed set of errors, without text from the server: such text could be crafted to
//! mislead the operators who read the report.
//!
//! Both formats are written from one [`Report`]. The engine has already decided that the client may
//! see the report, as it decides about any request.

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
    /// How often the decision was made for this reason.
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

    /// Makes the response in this format. Only the page shows `counts`, because monitoring systems
    /// read the metrics.
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
        // Even if the escaping of a description failed, its markup could not load or run anything.
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

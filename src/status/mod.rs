//! The operator's view: how each authorization server stands, as JSON and as a page.
//!
//! It holds what is configured and what fetching has come to. Nothing of a key but its `kid`, `kty`
//! and `alg` is in it, no secret of a client, and of a failed fetch only which of a closed set of
//! errors it was: what a server sent could be meant for the eyes that read this.
//!
//! Both forms are written by hand from one [`Report`]; whether someone may see it is decided
//! before, as for any request.

mod json;
mod page;

use crate::{
    config::{Config, Provider},
    http::{Format, Response},
    keys::{Account, KeyStore},
    policy::Mode,
    time::UnixMillis,
    verification::KeySource,
};

/// How often one decision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// What was decided.
    pub decision: &'static str,
    /// Why; empty where that needs no reason.
    pub reason: &'static str,
    /// How often.
    pub times: u64,
}

/// How the authorization servers stand at one time.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    config: &'a Config,
    keys: &'a KeyStore,
    now: UnixMillis,
}

impl<'a> Report<'a> {
    /// The report of a configuration and its keys.
    #[must_use]
    pub const fn new(config: &'a Config, keys: &'a KeyStore, now: UnixMillis) -> Self {
        Self { config, keys, now }
    }

    /// The answer in this form. Counts are for the page alone: machines read the metrics.
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
        // A description that broke out of its place could still load nothing and run nothing.
        headers.push(("content-security-policy", page::content_security_policy()));
        Response {
            status: 200,
            headers,
            body,
            details: "portcullis_status".to_owned(),
        }
    }

    /// Each provider, by name, and how its keys stand.
    fn providers(&self) -> impl Iterator<Item = (&'a Provider, Account<'a>)> {
        let (keys, now) = (self.keys, self.now);
        self.config.providers().map(move |(id, provider)| {
            let account = keys.account(id, now).unwrap_or_else(|| Account {
                keys: match &provider.trust.keys {
                    KeySource::Local(key_set) if provider.trust.enabled => key_set.keys(),
                    _ => &[],
                },
                ..Account::default()
            });
            (provider, account)
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

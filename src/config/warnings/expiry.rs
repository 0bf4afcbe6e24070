//! Finds certificates and clients that have expired or will expire soon.

use core::time::Duration;

use crate::{
    config::{Accepts, Config, ConfigPath, Warning},
    jose::Validity,
    time::UnixSeconds,
    verification::Clients,
};

/// A certificate or client causes a warning if it expires within this time.
const NOTICE: Duration = Duration::from_secs(30 * DAY);

const DAY: u64 = 86_400;

/// Returns warnings about certificates and clients that have expired or will expire soon, and about
/// certificates that are not valid yet.
pub(super) fn expiry(config: &Config, now: UnixSeconds) -> Vec<Warning> {
    let mut found = Vec::new();
    for provider in &config.providers {
        if let Accepts::Secrets(clients) = &provider.accepts {
            found.extend(expiring(&provider.name, clients, now));
        }
        let Some(keys) = provider.local_keys() else {
            continue;
        };
        for (index, key) in keys.keys().iter().enumerate() {
            let state = key.validity().and_then(|validity| state(validity, now));
            found.extend(state.map(|state| Warning {
                location: ConfigPath::of_members(&["providers", &provider.name, "public_keys"]),
                text: format!("the certificate of key {index} {state}"),
            }));
        }
    }
    found
}

fn expiring(provider: &str, clients: &Clients, now: UnixSeconds) -> Vec<Warning> {
    let enabled = clients.all().iter().filter(|client| client.enabled);
    let ending = enabled.filter_map(|client| {
        let end = client.expires_at?;
        let text = if end <= now {
            "the client has expired, so its secrets are refused".to_owned()
        } else {
            format!("the client {}", expires_soon(end.since(now))?)
        };
        let steps = [
            "providers",
            provider,
            "client_secrets",
            "clients",
            &client.id,
        ];
        Some(Warning {
            location: ConfigPath::of_members(&steps),
            text,
        })
    });
    ending.collect()
}

fn expires_soon(left: Duration) -> Option<String> {
    let days = left.as_secs().div_euclid(DAY);
    (left < NOTICE).then(|| match days {
        0 => "expires in less than a day".to_owned(),
        1 => "expires in 1 day".to_owned(),
        days => format!("expires in {days} days"),
    })
}

fn state(validity: Validity, now: UnixSeconds) -> Option<String> {
    let left = validity.not_after.since(now);
    if now > validity.not_after {
        Some("has expired, so tokens signed with this key are refused".to_owned())
    } else if now < validity.not_before {
        Some("is not valid yet, so tokens signed with this key are refused".to_owned())
    } else {
        expires_soon(left)
    }
}

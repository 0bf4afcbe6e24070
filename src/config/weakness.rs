//! Finds weak settings in a configuration.
//!
//! A configuration with warnings is still accepted. This module examines the parsed configuration,
//! so a default can cause a warning just like an explicit value. Two functions put the warnings
//! together, for the proxy and for the command line program. Only the warning that depends on the
//! `vm_id` is separate, because most callers do not know the `vm_id`.

use core::time::Duration;

use super::{Accepts, Config, ConfigPath, Preset, Provider, Warning};
use crate::{
    jose::{KeySet, Nameless, Validity},
    keys::JwksLocation,
    policy::{Audiences, Authorization, Mode, PathPolicy, Unmatched},
    time::UnixSeconds,
    verification::{Clients, Issuer, TokenTypes, unconstrained},
};

/// The largest clock tolerance that is accepted without a warning.
const AMPLE_CLOCK_SKEW: Duration = Duration::from_secs(300);

/// The shortest `unknown_kid_cooldown` that is accepted without a warning. With a shorter
/// cool-down, anyone can cause many key fetches.
const SHORT_COOLDOWN: Duration = Duration::from_secs(1);

/// A certificate or client causes a warning if it expires within this time.
const NOTICE: Duration = Duration::from_secs(30 * DAY);

const DAY: u64 = 86_400;

impl Config {
    /// Returns the warnings that a proxy logs when it loads the configuration at `now`; `None` if
    /// the time is unknown. They concern security and expiry. A proxy does not search for rules
    /// without effect, because nobody is there to correct them, and because the search would make
    /// the WebAssembly module larger.
    #[must_use]
    pub fn warnings_at_load(&self, now: Option<UnixSeconds>) -> Vec<Warning> {
        let mut found = self.warnings.clone();
        found.extend(now.into_iter().flat_map(|now| self.expiry_warnings(now)));
        found
    }

    /// Returns the warnings for an operator who reviews the configuration at `now`. They include
    /// rules without effect, and settings that are weak only in some deployments, such as metadata
    /// that is fetched from an `http` URL.
    #[must_use]
    pub fn warnings_on_review(&self, now: UnixSeconds) -> Vec<Warning> {
        let mut found = self.warnings.clone();
        found.extend(self.reach_warnings());
        found.extend(self.expiry_warnings(now));
        found.extend(self.discovery_warnings());
        found
    }

    /// Returns warnings about certificates and clients that have expired or will expire soon, and
    /// about certificates that are not valid yet.
    fn expiry_warnings(&self, now: UnixSeconds) -> Vec<Warning> {
        let mut found = Vec::new();
        for provider in &self.providers {
            if let Accepts::Secrets(clients) = &provider.accepts {
                found.extend(expiring(&provider.name, clients, now));
            }
            let Some(keys) = provider.local_keys() else {
                continue;
            };
            for (index, key) in keys.keys().iter().enumerate() {
                let state = key.validity().and_then(|validity| state(validity, now));
                found.extend(state.map(|state| {
                    Warning {
                        location: ConfigPath::default()
                            .within("public_keys")
                            .within(&provider.name)
                            .within("providers"),
                        text: format!("the certificate of key {index} {state}"),
                    }
                }));
            }
        }
        found
    }
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
        let location = ConfigPath::default().within(&client.id).within("clients");
        let location = location.within("client_secrets").within(provider);
        Some(Warning {
            location: location.within("providers"),
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

impl Config {
    /// Returns a warning if other Wasm modules in the same Envoy can overwrite the fetched keys. A
    /// module without a `vm_id` shares its data with all other modules without a `vm_id`.
    #[must_use]
    pub fn shared_memory_warning(&self, vm_id: &[u8]) -> Option<Warning> {
        let mut providers = self.providers.iter();
        let is_exposed = vm_id.is_empty()
            && self.shared_memory_key.is_none()
            && providers.any(|provider| provider.remote_keys().is_some());
        is_exposed.then(|| Warning {
            location: ConfigPath::default().within("shared_memory_key"),
            text:
                "without shared_memory_key, every Wasm module in the proxy that has no vm_id can \
                 replace the fetched keys; set shared_memory_key, or set vm_config.vm_id to a \
                 name that no other module has"
                    .to_owned(),
        })
    }

    /// Returns warnings about providers with `discovery` whose issuer is an `http` URL. Unless
    /// Envoy's cluster uses TLS, anyone on the network path could forge the issuer's metadata.
    fn discovery_warnings(&self) -> Vec<Warning> {
        let is_plain = |provider: &&Provider| {
            provider.remote_keys().is_some_and(|remote| {
                matches!(&remote.location, JwksLocation::Discovered(discovery)
                    if discovery.metadata.iter().any(|place| place.scheme == "http"))
            })
        };
        let plain = self.providers.iter().filter(is_plain);
        plain
            .map(|provider| Warning {
                location: ConfigPath::default()
                    .within("discovery")
                    .within(&provider.name)
                    .within("providers"),
                text: "the issuer is an http URL: unless the cluster uses TLS, anyone on the \
                       network path can forge the issuer's metadata, which says where the keys are"
                    .to_owned(),
            })
            .collect()
    }
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

/// Returns the warnings about weak settings that depend neither on the time nor on the deployment.
pub(super) fn warnings(config: &Config) -> Vec<Warning> {
    let mut found = Vec::new();
    for provider in &config.providers {
        let weak = weak_fields(provider)
            .into_iter()
            .filter(|(holds, ..)| *holds)
            .map(|(_, field, text)| (ConfigPath::default().within(field), text.to_owned()));
        let keys = skipped_keys(provider)
            .into_iter()
            .chain(nameless_keys(provider));
        for (location, text) in weak.chain(keys) {
            let location = location.within(&provider.name).within("providers");
            found.push(Warning { location, text });
        }
    }
    let top = [
        (
            config.mode == Mode::Shadow,
            "mode",
            "in shadow mode, no rule blocks a request",
        ),
        (
            config.path_policy == PathPolicy::Raw,
            "path_policy",
            "a request can evade the rules if the upstream reads the path, method or host \
             differently",
        ),
        (
            config.unmatched == Unmatched::Allow,
            "unmatched",
            "requests that no rule matches pass without a token",
        ),
        (
            config
                .status
                .as_ref()
                .is_some_and(|status| status.demand.is_none()),
            "status",
            "anyone can see which authorization servers are configured, and the state of their \
             keys",
        ),
        (
            config.strip_failure_response && !config.protected_resources.is_empty(),
            "strip_failure_response",
            "refused requests get no challenge, so clients cannot find the metadata of the \
             protected resources",
        ),
    ];
    found.extend(extractions(config));
    found.extend(anyones_tokens(config));
    for (_, field, text) in top.into_iter().filter(|(holds, ..)| *holds) {
        found.push(Warning {
            location: ConfigPath::default().within(field),
            text: text.to_owned(),
        });
    }
    found
}

/// Returns warnings about providers that issue tokens to anyone, unless a setting restricts whose
/// tokens are accepted.
fn anyones_tokens(config: &Config) -> Vec<Warning> {
    let is_selective =
        |rights: &Authorization| !rights.claims.is_empty() || !rights.client_ids.is_empty();
    let mut admitted = Vec::new();
    for stated in config.requirements() {
        let requirement = stated.requirement;
        match stated.authorization {
            Some(rights) if is_selective(rights) => {}
            // These rights need a token even with `allow_missing`. The token may come from any
            // provider that is read for the requirement.
            Some(_) => {
                let read = config.providers_read_for(requirement);
                admitted.extend(read.map(|(id, _)| id));
            }
            None => requirement.each_provider(&mut |id, _| admitted.push(id)),
        }
    }
    let open = config.providers().filter(|(id, provider)| {
        let is_selective = provider.trust().is_some_and(|trust| {
            trust.subjects.is_some()
                || !trust.client_ids.is_empty()
                || trust.require_claims.iter().any(|own| own.any_of.is_some())
        });
        provider.preset.issues_to_anyone() && !is_selective && admitted.contains(id)
    });
    open.map(|(_, provider)| Warning {
        location: ConfigPath::default()
            .within("require_claims")
            .within(&provider.name)
            .within("providers"),
        text:
            "anyone can get a token for any audience from this issuer; restrict whose tokens are \
               accepted, here or in \"subjects\""
                .to_owned(),
    })
    .collect()
}

/// Returns warnings about requirements that forward unverified claims, which anyone can forge.
fn extractions(config: &Config) -> Vec<Warning> {
    let mut found = Vec::new();
    for stated in config.requirements() {
        stated.requirement.each_extraction(&mut |extraction| {
            let text = match extraction.status_header {
                Some(_) => "this requirement forwards claims that anyone can make up",
                None => {
                    "this requirement forwards claims that anyone can make up, and no header says \
                     that they are unverified"
                }
            };
            found.push(Warning {
                location: stated.location.clone(),
                text: text.to_owned(),
            });
        });
    }
    found
}

fn weak_fields(provider: &Provider) -> Vec<(bool, &'static str, &'static str)> {
    let Some(trust) = provider.trust() else {
        let text = "the secrets of clients reach the upstream";
        return vec![(provider.forward, "forward", text)];
    };
    vec![
        (
            trust.audiences == Audiences::Any
                && (!provider.preset.lacks_audience() || trust.client_ids.is_empty()),
            "allow_any_audience",
            "tokens that were issued for another service are accepted",
        ),
        (
            trust.issuer == Issuer::Any && trust.trust_domain.is_none(),
            "allow_any_issuer",
            "a token with any \"iss\" is accepted, if the provider's keys verify the token",
        ),
        (
            matches!(&trust.issuer, Issuer::Template(issuer)
                if unconstrained(issuer, &trust.require_claims).is_some()),
            "allow_any_tenant",
            "tokens of every tenant of the issuer are accepted",
        ),
        (
            ends_unlike(provider.preset, &trust.issuer, true),
            "issuer",
            "the issuers of this preset end in \"/\", so no token will match; add the final \"/\"",
        ),
        (
            ends_unlike(provider.preset, &trust.issuer, false),
            "issuer",
            "the issuers of this preset do not end in \"/\", so no token will match; remove the \
             final \"/\"",
        ),
        (
            trust.times.clock_skew > AMPLE_CLOCK_SKEW,
            "clock_skew_seconds",
            "a token is accepted for more than five minutes after it expired",
        ),
        (
            provider.forward && !provider.places.params.is_empty(),
            "forward",
            "a token in the query reaches the upstream and the upstream's access log",
        ),
        (
            !trust.times.require_expiration && trust.times.max_lifetime.is_none(),
            "require_expiration",
            "a token without \"exp\" is accepted forever",
        ),
        (
            (provider.remote_keys())
                .is_some_and(|remote| remote.unknown_kid_cooldown < SHORT_COOLDOWN),
            "remote_jwks",
            "unknown_kid_cooldown is so short that anyone can cause more than one key fetch per \
             second",
        ),
        (
            trust.times.allow_future_iat,
            "allow_future_iat",
            "a token is accepted even if its \"iat\" is in the future",
        ),
        (
            trust.token_types == TokenTypes::Any,
            "token_types",
            "tokens of other kinds, such as ID tokens, are accepted",
        ),
    ]
}

/// Compares the final slash of the configured issuer with that of the preset's issuers. If
/// `expected` is true, returns true if the preset's issuers end with a slash and the configured
/// issuer does not. If `expected` is false, returns true in the opposite case. With such a
/// mismatch, every token would be refused, and the operator would not know why.
fn ends_unlike(preset: Preset, issuer: &Issuer, expected: bool) -> bool {
    let written = match issuer {
        Issuer::Any => return false,
        Issuer::Exact(issuer) => issuer.as_str(),
        Issuer::Template(template) => template.literals().last().unwrap_or_default(),
    };
    preset.issuer_ends_in_slash() == Some(expected) && written.ends_with('/') != expected
}

/// Returns a warning if several keys have no `kid`. PEM keys never have a `kid`, and an operator
/// who replaces a PEM key has two such keys for a while. So there is no warning about PEM keys if
/// all of them are tried for each token.
fn nameless_keys(provider: &Provider) -> Option<(ConfigPath, String)> {
    let nameless = Nameless::of(provider.local_keys()?)?;
    let is_worth_a_word = provider.key_source == "local_jwks" || !nameless.are_all_tried;
    let location = ConfigPath::default().within(provider.key_source);
    is_worth_a_word.then(|| (location, nameless.to_string()))
}

fn skipped_keys(provider: &Provider) -> Vec<(ConfigPath, String)> {
    let skipped = provider.local_keys().map_or(&[][..], KeySet::skipped);
    skipped
        .iter()
        .map(|key| {
            let location = ConfigPath::default().within_index(key.index).within("keys");
            (
                location.within("local_jwks"),
                format!("this key is not used: {}", key.reason),
            )
        })
        .collect()
}

//! Finds weak settings.

use core::time::Duration;

use crate::{
    config::{Config, ConfigPath, Preset, Provider, Warning},
    jose::{KeySet, Nameless},
    keys::JwksLocation,
    policy::{Audiences, Authorization, Mode, PathPolicy, Unmatched},
    verification::{Issuer, TokenTypes, unconstrained},
};

/// The largest clock tolerance that is accepted without a warning.
const AMPLE_CLOCK_SKEW: Duration = Duration::from_secs(300);

/// The shortest `unknown_kid_cooldown` that is accepted without a warning. With a shorter
/// cool-down, anyone can cause many key fetches.
const SHORT_COOLDOWN: Duration = Duration::from_secs(1);

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
            location: ConfigPath::of_members(&["shared_memory_key"]),
            text:
                "without shared_memory_key, every Wasm module in the proxy that has no vm_id can \
                 replace the fetched keys; set shared_memory_key, or set vm_config.vm_id to a \
                 name that no other module has"
                    .to_owned(),
        })
    }
}

/// Returns warnings about providers with `discovery` whose issuer is an `http` URL. Unless Envoy's
/// cluster uses TLS, anyone on the network path could forge the issuer's metadata.
pub(super) fn plain_discovery(config: &Config) -> impl Iterator<Item = Warning> {
    let is_plain = |provider: &&Provider| {
        provider.remote_keys().is_some_and(|remote| {
            matches!(&remote.location, JwksLocation::Discovered(discovery)
                if discovery.metadata.iter().any(|place| place.scheme == "http"))
        })
    };
    let plain = config.providers.iter().filter(is_plain);
    plain.map(|provider| Warning {
        location: ConfigPath::of_members(&["providers", &provider.name, "discovery"]),
        text: "the issuer is an http URL: unless the cluster uses TLS, anyone on the network path \
               can forge the issuer's metadata, which says where the keys are"
            .to_owned(),
    })
}

/// Returns the warnings about weak settings that depend neither on the time nor on the deployment.
pub(in crate::config) fn weak_settings(config: &Config) -> Vec<Warning> {
    let mut found = Vec::new();
    for provider in &config.providers {
        let weak = weak_fields(provider)
            .into_iter()
            .filter(|(holds, ..)| *holds)
            .map(|(_, field, text)| Warning {
                location: ConfigPath::of_members(&["providers", &provider.name, field]),
                text: text.to_owned(),
            });
        found.extend(weak);
        found.extend(skipped_keys(provider));
        found.extend(nameless_keys(provider));
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
            location: ConfigPath::of_members(&[field]),
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
        location: ConfigPath::of_members(&["providers", &provider.name, "require_claims"]),
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
fn nameless_keys(provider: &Provider) -> Option<Warning> {
    let nameless = Nameless::of(provider.local_keys()?)?;
    let is_worth_a_word = provider.key_source == "local_jwks" || !nameless.are_all_tried;
    is_worth_a_word.then(|| Warning {
        location: ConfigPath::of_members(&["providers", &provider.name, provider.key_source]),
        text: nameless.to_string(),
    })
}

fn skipped_keys(provider: &Provider) -> impl Iterator<Item = Warning> {
    let skipped = provider.local_keys().map_or(&[][..], KeySet::skipped);
    skipped.iter().map(|key| {
        let list = ConfigPath::of_members(&["providers", &provider.name, "local_jwks", "keys"]);
        Warning {
            location: list.element(key.index),
            text: format!("this key is not used: {}", key.reason),
        }
    })
}

//! Tests of whole configurations.

mod accepted;
mod defaults;
#[cfg(not(target_arch = "wasm32"))]
mod mutated;
mod nulls;
mod presets;
mod reach;
mod readers;
mod reasons;
mod refused;
mod revoked;
mod structured_scopes;
mod warned;

use serde_json::{Value, json};

use super::{Config, ConfigError, Provider};
use crate::verification::Trust;

/// The key in RFC 8037 appendix A.2.
const ED25519_KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// The key in RFC 8037 appendix A.2, in PEM.
const ED25519_PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

/// A secret of 32 octets, which is long enough for HS256 but not for HS384.
const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

/// The hash of the client secret `secret`.
const SECRET_HASH: &str =
    "sha256:AQEBAQEBAQEBAQEBAQEBAQ:plGS-NZFvE0ZdluOphv7uJbcmZy4ikvkGVGMVJP5LJ0";

/// Returns the texts of the warnings about weak settings and about settings without effect.
fn all_warnings(config: &Config) -> Vec<String> {
    let reach = config.reach_warnings();
    let all = config.warnings.iter().chain(&reach);
    all.map(ToString::to_string).collect()
}

/// Returns the warnings about [`base`] after `changes` are applied.
fn warnings(changes: &[(&str, Value)]) -> Vec<String> {
    warnings_of(&base_with(changes))
}

fn warnings_of(document: &Value) -> Vec<String> {
    let config = parse(document).unwrap_or_else(|error| panic!("{error}"));
    all_warnings(&config)
}

/// The smallest useful configuration.
fn base() -> Value {
    json!({
        "providers": {
            "okta": {
                "issuer": "https://idp.example",
                "audiences": ["api"],
                "remote_jwks": {
                    "http_uri": {
                        "uri": "https://idp.example/keys",
                        "cluster": "idp",
                        "timeout": "5s",
                    },
                },
            },
        },
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "okta"}}],
    })
}

/// Returns [`base`] with each value of `changes` set at its dotted path. `null` removes a field.
fn base_with(changes: &[(&str, Value)]) -> Value {
    let mut document = base();
    for (path, value) in changes {
        *at(&mut document, path) = value.clone();
    }
    without_nulls(document)
}

/// Removes every member that is null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name, without_nulls(member)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        scalar => scalar,
    }
}

/// Returns the value at a dotted path. If the value is missing, creates it. Numbers in the path are
/// list indices.
fn at<'a>(document: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.')
        .fold(document, |value, step| match step.parse::<usize>() {
            Ok(index) => {
                if !value.is_array() {
                    *value = json!([]);
                }
                let list = value.as_array_mut().unwrap();
                list.resize(list.len().max(index.saturating_add(1)), Value::Null);
                &mut list[index]
            }
            Err(_) => {
                if !value.is_object() {
                    *value = json!({});
                }
                value
                    .as_object_mut()
                    .unwrap()
                    .entry(step)
                    .or_insert(Value::Null)
            }
        })
}

fn parse(document: &Value) -> Result<Config, ConfigError> {
    Config::parse(document.to_string().as_bytes())
}

/// Returns the conditions of a provider that accepts tokens.
fn trust(provider: &Provider) -> &Trust {
    provider.trust().unwrap()
}

/// Parses [`base`] with `changes` applied to the fields of its provider, and returns the provider.
fn provider(changes: &[(&str, Value)]) -> Provider {
    let changes: Vec<_> = changes
        .iter()
        .map(|(path, value)| (format!("providers.okta.{path}"), value))
        .collect();
    let changes: Vec<_> = changes
        .iter()
        .map(|(path, value)| (path.as_str(), (*value).clone()))
        .collect();
    let mut config = parse(&base_with(&changes)).unwrap_or_else(|error| panic!("{error}"));
    config.providers.remove(0)
}

fn key_set(keys: &[&str]) -> String {
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn oct_key() -> String {
    format!(r#"{{"kty":"oct","k":"{SECRET}"}}"#)
}

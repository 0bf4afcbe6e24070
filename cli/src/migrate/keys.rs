//! Converts a provider's key source.
//!
//! A wasm module cannot read files or environment variables, so `migrate` reads them and writes
//! their content into the configuration.

use std::{env, fs};

use super::{
    difference::Deviation,
    fields::{Fields, Placed},
    journal::Journal,
    object::Object,
    obstacle::{NotCarried, Obstacle},
};
use crate::envoy::document::Node;
use portcullis::{
    config::ConfigPath,
    jose::{Algorithm, JwkAlgorithm, KeyOrigin, KeySet, KeySetLimits, KeyType},
    lenient_base64,
};

/// The timeout for a fetch that has no timeout in `jwt_authn`.
const TIMEOUT: &str = "5s";

/// The source of a provider's keys.
pub(super) struct Keys {
    /// The field that configures the source: `remote_jwks` or `local_jwks`.
    pub(super) field: &'static str,
    /// The content of the field; `None` if the original provider does not have the field.
    pub(super) source: Option<Node>,
    /// The algorithms that the new configuration must list, because the key set contains shared
    /// secrets. Empty if the key set contains no shared secrets.
    pub(super) secret_algorithms: Vec<&'static str>,
}

/// Reads `remote_jwks` or `local_jwks`.
pub(super) fn keys(fields: &mut Fields<'_>, journal: &mut Journal) -> Result<Keys, NotCarried> {
    if let Some(placed) = fields.take("local_jwks")? {
        return local(placed, journal);
    }
    let remote = fields.take("remote_jwks")?;
    Ok(Keys {
        field: "remote_jwks",
        source: remote
            .map(|placed| remote_jwks(placed, journal))
            .transpose()?,
        secret_algorithms: Vec::new(),
    })
}

fn remote_jwks(placed: Placed<'_>, journal: &mut Journal) -> Result<Node, NotCarried> {
    let mut fields = Fields::open(placed)?;
    let mut remote = Object::default();
    journal.note_once(fields.at(), Deviation::FetchedKeys);
    if let Some(placed) = fields.take("http_uri")? {
        remote.put("http_uri", http_uri(placed, journal)?);
    }
    remote.put_some("cache_duration", fields.duration("cache_duration")?);
    if let Some(placed) = fields.take("async_fetch")? {
        remote.put_filled("async_fetch", async_fetch(placed, journal)?);
    }
    if let Some(placed) = fields.take("retry_policy")? {
        remote.put_filled("retry_policy", retry_policy(placed, journal)?);
    }
    fields.finish()?;
    Ok(remote.into())
}

fn http_uri(placed: Placed<'_>, journal: &mut Journal) -> Result<Object, NotCarried> {
    let mut fields = Fields::open(placed)?;
    let mut uri = Object::default();
    for field in ["uri", "cluster"] {
        uri.put_some(field, fields.text(field)?);
    }
    let written = fields.duration("timeout")?;
    // In Envoy, a timeout of zero means no timeout.
    let bounded = written.filter(|timeout| timeout.bytes().any(|byte| matches!(byte, b'1'..=b'9')));
    if bounded.is_none() {
        journal.note(fields.at(), Deviation::CallBounded { timeout: TIMEOUT });
    }
    uri.put("timeout", bounded.unwrap_or_else(|| TIMEOUT.to_owned()));
    fields.finish()?;
    Ok(uri)
}

fn async_fetch(placed: Placed<'_>, journal: &mut Journal) -> Result<Object, NotCarried> {
    let mut fields = Fields::open(placed)?;
    let mut fetch = Object::default();
    if !fields.flag("fast_listener")? {
        journal.note_once(fields.at(), Deviation::ListenerDoesNotWait);
    }
    let refetch = fields.duration("failed_refetch_duration")?;
    fetch.put_some("failed_refetch_duration", refetch);
    fields.finish()?;
    Ok(fetch)
}

fn retry_policy(placed: Placed<'_>, journal: &mut Journal) -> Result<Object, NotCarried> {
    let mut fields = Fields::open(placed)?;
    let mut policy = Object::default();
    journal.note_once(fields.at(), Deviation::RetriesUnbounded);
    // Each of these fields is dropped, because Envoy ignores it or because Portcullis has no such
    // setting for its retries.
    for field in [
        "host_selection_retry_max_attempts",
        "num_retries",
        "retry_host_predicate",
        "retry_on",
        "retry_priority",
    ] {
        fields.take(field)?;
    }
    if let Some(placed) = fields.take("retry_back_off")? {
        let mut fields = Fields::open(placed)?;
        let mut back_off = Object::default();
        for field in ["base_interval", "max_interval"] {
            back_off.put_some(field, fields.duration(field)?);
        }
        fields.finish()?;
        policy.put("retry_back_off", back_off);
    }
    fields.finish()?;
    Ok(policy)
}

fn local(placed: Placed<'_>, journal: &mut Journal) -> Result<Keys, NotCarried> {
    let mut fields = Fields::open(placed)?;
    let source = fields.at().clone();
    let text = content(&mut fields, journal)?;
    if let Some((at, _)) = fields.take("watched_directory")? {
        journal.note(&at, Deviation::NotWatched);
    }
    fields.finish()?;
    let refused = |reason| NotCarried {
        at: source.clone(),
        reason,
    };
    let set = KeySet::parse(text.as_bytes(), KeyOrigin::Local, KeySetLimits::default())
        .map_err(|error| refused(Obstacle::Keys(error)))?;
    for skipped in set.skipped() {
        journal.note(&source, Deviation::KeyLeftOut(skipped.clone()));
    }
    let mut local = Object::default();
    local.put("inline_string", text);
    Ok(Keys {
        field: "local_jwks",
        source: Some(local.into()),
        secret_algorithms: secret_algorithms(&set),
    })
}

/// Reads the content of a `DataSource`, which is inline, in a file or in an environment variable.
fn content(fields: &mut Fields<'_>, journal: &mut Journal) -> Result<String, NotCarried> {
    let at = fields.at().clone();
    if let Some(file) = fields.text("filename")? {
        let at = at.member("filename");
        let file = file.to_owned();
        journal.note(&at, Deviation::FileInlined { file: file.clone() });
        return fs::read_to_string(&file).map_err(|error| NotCarried {
            at,
            reason: Obstacle::File {
                file,
                fault: error.to_string(),
            },
        });
    }
    if let Some(variable) = fields.text("environment_variable")? {
        let at = at.member("environment_variable");
        let variable = variable.to_owned();
        let what = Deviation::VariableInlined {
            variable: variable.clone(),
        };
        journal.note(&at, what);
        let reason = Obstacle::Variable {
            variable: variable.clone(),
        };
        return env::var(&variable).map_err(|_| NotCarried { at, reason });
    }
    if let Some(bytes) = fields.text("inline_bytes")? {
        return decoded(bytes, at.member("inline_bytes"));
    }
    Ok(fields.text("inline_string")?.unwrap_or_default().to_owned())
}

fn decoded(bytes: &str, at: ConfigPath) -> Result<String, NotCarried> {
    lenient_base64::decode_either(bytes)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(NotCarried {
            at,
            reason: Obstacle::NotText,
        })
}

/// The algorithms for the shared secrets in a key set. `jwt_authn` uses a shared secret for any
/// HMAC algorithm; Portcullis uses it only for algorithms that the configuration lists.
fn secret_algorithms(set: &KeySet) -> Vec<&'static str> {
    if set.keys().iter().all(|key| key.key_type() != KeyType::Oct) {
        return Vec::new();
    }
    let serves = |algorithm: &Algorithm| {
        set.keys()
            .iter()
            .any(|key| key.serves(*algorithm, JwkAlgorithm::Exact))
    };
    Algorithm::ALL
        .into_iter()
        .filter(serves)
        .map(Algorithm::name)
        .collect()
}

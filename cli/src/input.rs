//! The input of commands: files, key sets, tokens, and the time.

use std::{
    fmt, fs,
    io::BufRead,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use crate::outcome::Failure;
use portcullis::{
    config::{Config, Provider},
    engine::Engine,
    jose::{KeyOrigin, KeySet, KeySetError},
    policy::ProviderId,
    time::UnixMillis,
};

/// The value of `--jwks`: `PROVIDER=FILE`.
#[derive(Clone, Debug)]
pub struct KeySetFile {
    provider: String,
    file: PathBuf,
}

impl FromStr for KeySetFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((provider, file)) if !provider.is_empty() && !file.is_empty() => Ok(Self {
                provider: provider.to_owned(),
                file: file.into(),
            }),
            _ => Err("write PROVIDER=FILE"),
        }
    }
}

impl KeySetFile {
    /// Reads the file. Fails if the provider does not exist or does not fetch its keys.
    fn read(&self, config: &Config) -> Result<(ProviderId, Vec<u8>), Failure> {
        let unusable = |what: &str| Failure::Usage(format!("--jwks {self}: {what}"));
        let Some((id, provider)) = config.provider_named(&self.provider) else {
            let names: Vec<&str> = config.providers().map(|(_, own)| &*own.name).collect();
            return Err(unusable(&format!(
                "the configuration has no such provider; its providers are {}",
                names.join(", ")
            )));
        };
        if provider.remote_keys().is_none() {
            let own = "this provider does not fetch its keys; remove --jwks for this provider";
            return Err(unusable(own));
        }
        Ok((id, read(&self.file, &mut std::io::empty())?))
    }

    /// Reads the file and parses it in the same way as a fetched key set.
    pub(super) fn key_set(&self, config: &Config) -> Result<Result<KeySet, KeySetError>, Failure> {
        let (_, document) = self.read(config)?;
        Ok(key_set(config, &document))
    }

    pub(super) fn provider(&self) -> &str {
        &self.provider
    }

    pub(super) fn path(&self) -> String {
        self.file.display().to_string()
    }

    /// Whether the configuration has this provider.
    pub(super) fn is_for(&self, config: &Config) -> bool {
        config.provider_named(&self.provider).is_some()
    }

    /// Loads these keys into the engine, as if the engine had fetched them.
    pub(super) fn preload(&self, engine: &mut Engine, now: UnixMillis) -> Result<(), Failure> {
        let (id, document) = self.read(engine.config())?;
        preload(engine, id, &document, now)
            .map_err(|fault| Failure::Finding(format!("--jwks {self}: {fault}")))
    }
}

impl fmt::Display for KeySetFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.provider, self.file.display())
    }
}

/// Parses a key set in the same way as a fetched key set.
fn key_set(config: &Config, document: &[u8]) -> Result<KeySet, KeySetError> {
    KeySet::parse(document, KeyOrigin::Remote, config.limits.key_sets)
}

/// Loads the keys of a provider into the engine, as if the engine had fetched them. Returns what is
/// wrong with the key set if it cannot be used.
pub(super) fn preload(
    engine: &mut Engine,
    id: ProviderId,
    document: &[u8],
    now: UnixMillis,
) -> Result<(), String> {
    let config = engine.config();
    if !config.provider(id).is_some_and(Provider::is_enabled) {
        return Ok(()); // a disabled provider refuses every token, so it needs no keys
    }
    if let Err(error) = key_set(config, document) {
        return Err(format!("{error}; {KEY_SET_REMEDY}"));
    }
    engine
        .keys_mut()
        .preload(id, document, now)
        .map_err(|error| error.to_string())
}

/// The advice for a key set that cannot be used.
pub(super) const KEY_SET_REMEDY: &str =
    "give the JWKS that the authorization server publishes, with a public key for signatures";

/// The time of the decisions: the given time, or else the current time.
pub(super) fn time(seconds: Option<u64>) -> UnixMillis {
    seconds.map_or_else(system_time, |seconds| {
        UnixMillis::new(seconds.saturating_mul(1000))
    })
}

fn system_time() -> UnixMillis {
    UnixMillis::default().plus(since_epoch())
}

/// The current time in seconds since 1970.
pub(super) fn present() -> u64 {
    since_epoch().as_secs()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program has a clock; the module has none"
)]
fn since_epoch() -> Duration {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    elapsed.unwrap_or_default()
}

/// Why a string is not a single token.
pub(super) enum NotOneToken {
    /// The string is empty.
    Empty,
    /// The string has several words.
    Several,
}

/// Removes the word `Bearer` before a token, and white space around the token.
pub(super) fn token(text: &str) -> Result<&str, NotOneToken> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [token] => Ok(token),
        [scheme, token] if scheme.eq_ignore_ascii_case("bearer") => Ok(token),
        [] => Err(NotOneToken::Empty),
        _ => Err(NotOneToken::Several),
    }
}

/// Whether the path is `-`, which means the standard input.
pub(super) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a file as bytes; `-` is the standard input.
pub(super) fn read(path: &Path, input: &mut dyn BufRead) -> Result<Vec<u8>, Failure> {
    let bytes = if is_standard(path) {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    bytes.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

//! `portcullis client-secret`: makes a secret for an API client, and its hash.

use std::io::{self, Write};

use serde::Serialize;

use crate::outcome::{Exit, Failure};
use portcullis::{
    jose::base64url,
    verification::{DIGEST_OCTETS, SALT_OCTETS, SecretHash},
};

/// The JSON that the command prints.
#[derive(Serialize)]
struct Made {
    secret: String,
    hash: String,
}

/// Prints a new secret and its hash. The program does not store the secret. If the secret is lost,
/// the operator has to make a new one.
pub(super) fn run(output: &mut dyn Write) -> Result<Exit, Failure> {
    let secret = base64url::encode(&random::<DIGEST_OCTETS>()?);
    let hash = SecretHash::new(random::<SALT_OCTETS>()?, secret.as_bytes()).to_string();
    serde_json::to_writer(&mut *output, &Made { secret, hash }).map_err(io::Error::from)?;
    writeln!(output)?;
    Ok(Exit::Done)
}

/// Random octets from the operating system.
fn random<const OCTETS: usize>() -> Result<[u8; OCTETS], Failure> {
    let mut octets = [0; OCTETS];
    getrandom::fill(&mut octets).map_err(|error| {
        Failure::Usage(format!(
            "the operating system provides no random numbers: {error}"
        ))
    })?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use portcullis::verification::SecretHashes;

    fn made() -> (String, String) {
        let mut output = Vec::new();
        run(&mut output).unwrap();
        assert_eq!(output.pop(), Some(b'\n'));
        let made: Value = serde_json::from_slice(&output).unwrap();
        assert_eq!(made.as_object().unwrap().len(), 2);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        (text("secret"), text("hash"))
    }

    #[test]
    fn hash_is_of_the_secret_and_of_256_bits() {
        let (secret, hash) = made();
        assert_eq!(base64url::decode(&secret).unwrap().len(), 32);
        let hashes = SecretHashes::new(SecretHash::parse(&hash).unwrap(), None);
        assert!(hashes.fit(secret.as_bytes()));
        assert!(!hashes.fit(made().0.as_bytes()));
        assert!(!hash.contains(&secret));
    }

    #[test]
    fn no_two_runs_are_alike_in_secret_or_salt() {
        let runs: Vec<_> = (0..16).map(|_| made()).collect();
        let salts: BTreeSet<&str> = runs
            .iter()
            .map(|(_, hash)| hash.split(':').nth(1).unwrap())
            .collect();
        let secrets: BTreeSet<&String> = runs.iter().map(|(secret, _)| secret).collect();
        assert_eq!((secrets.len(), salts.len()), (16, 16));
    }
}

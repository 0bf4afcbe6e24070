//! Hashes of API clients' secrets (RFC 6749 section 2.3.1).
//!
//! A secret has 256 random bits, so it cannot be guessed, and one round of SHA-256 is enough. The
//! salt gives equal secrets different hashes. A configuration contains only hashes, so nobody can
//! authenticate with what is in the configuration.
//!
//! The duration of a check does not reveal whether a client exists, whether it has one secret or
//! two, or which of its secrets matches. Each check computes two hashes over the same number of
//! octets, and compares both in constant time.

use core::fmt;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::jose::base64url;

/// The length of a salt in octets. The salt and a secret from `portcullis client-secret` together
/// fill two blocks of SHA-256.
pub const SALT_OCTETS: usize = 16;

/// The length in octets of a digest, and of a secret.
pub const DIGEST_OCTETS: usize = 32;

/// The maximum number of secrets of one client: the current secret and its replacement.
pub const MAX_SECRETS: usize = 2;

const SCHEME: &str = "sha256";

type Salt = [u8; SALT_OCTETS];
type Hashed = [u8; DIGEST_OCTETS];

/// A hash, written as `sha256:<salt>:<digest>`, where the salt and the digest are in base64url. The
/// digest is SHA-256 over the salt, followed by the secret's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash {
    salt: Salt,
    digest: Hashed,
}

/// The hashes of one client's secrets. If the client has only one secret, the second slot is
/// unused. For an unused slot, a dummy hash is computed and compared like any other, but never
/// matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretHashes([Option<SecretHash>; MAX_SECRETS]);

impl SecretHash {
    /// The hash that is computed for an unused slot.
    const DUMMY: Self = Self {
        salt: [0; SALT_OCTETS],
        digest: [0; DIGEST_OCTETS],
    };

    /// The hash of `secret`.
    #[must_use]
    pub fn new(salt: Salt, secret: &[u8]) -> Self {
        let digest = digest(&salt, secret);
        Self { salt, digest }
    }

    /// Parses a hash. Returns `None` if the text is not a hash. Never log a text that is not a
    /// hash: an operator may have configured the secret itself.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        // base64url has no colon, so the next colon separates salt and digest.
        let (salt, digest) = rest.split_once(':')?;
        let mut hash = Self::DUMMY;
        let is_hash = scheme == SCHEME
            && decode_into(salt, &mut hash.salt)
            && decode_into(digest, &mut hash.digest);
        is_hash.then_some(hash)
    }
}

impl fmt::Display for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, digest) = (&self.salt, &self.digest);
        let (salt, digest) = (base64url::encode(salt), base64url::encode(digest));
        write!(formatter, "{SCHEME}:{salt}:{digest}")
    }
}

/// Shows neither salt nor digest.
impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash")
    }
}

impl SecretHashes {
    /// The hashes of one or two secrets.
    #[must_use]
    pub const fn new(first: SecretHash, second: Option<SecretHash>) -> Self {
        Self([Some(first), second])
    }

    /// Returns true if one of the hashes matches `secret`.
    #[must_use]
    pub fn fit(&self, secret: &[u8]) -> bool {
        self.fit_by(|salt| digest(salt, secret))
    }

    /// Implements [`fit`](Self::fit) for any digest function, so that tests can count the calls to
    /// the digest function. No branch and no early return depends on the result.
    fn fit_by(&self, mut digest: impl FnMut(&Salt) -> Hashed) -> bool {
        let mut fits = Choice::from(0);
        for place in &self.0 {
            let hash = place.as_ref().unwrap_or(&SecretHash::DUMMY);
            let is_there = Choice::from(u8::from(place.is_some()));
            fits |= digest(&hash.salt).ct_eq(&hash.digest) & is_there;
        }
        fits.into()
    }
}

/// Decodes `text` into `octets`. Returns false if `text` is not base64url of exactly `octets.len()`
/// octets.
fn decode_into(text: &str, octets: &mut [u8]) -> bool {
    match base64url::decode(text) {
        Some(decoded) if decoded.len() == octets.len() => {
            octets.copy_from_slice(&decoded);
            true
        }
        _ => false,
    }
}

fn digest(salt: &Salt, secret: &[u8]) -> Hashed {
    Sha256::new()
        .chain_update(salt)
        .chain_update(secret)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const SALT: Salt = [1; SALT_OCTETS];

    /// The digest was computed with OpenSSL:
    /// `printf '\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1secret' | openssl dgst -sha256 -binary | basenc --base64url`.
    const WRITTEN: &str =
        "sha256:AQEBAQEBAQEBAQEBAQEBAQ:plGS-NZFvE0ZdluOphv7uJbcmZy4ikvkGVGMVJP5LJ0";

    fn hash(salt: u8, secret: &str) -> SecretHash {
        SecretHash::new([salt; SALT_OCTETS], secret.as_bytes())
    }

    #[test]
    fn writes_and_reads_the_hash_that_openssl_computes() {
        let hash = SecretHash::new(SALT, b"secret");
        assert_eq!(hash.to_string(), WRITTEN);
        assert_eq!(SecretHash::parse(WRITTEN), Some(hash));
    }

    #[test]
    fn refuses_text_that_is_not_a_hash() {
        let digest = WRITTEN.rsplit(':').next().unwrap();
        for text in [
            "",
            "secret",
            digest,
            "sha256::",
            &format!("sha256:{digest}"),
            &format!("SHA256:AQEBAQEBAQEBAQEBAQEBAQ:{digest}"),
            &format!("sha512:AQEBAQEBAQEBAQEBAQEBAQ:{digest}"),
            &format!("sha256:AQEBAQEBAQEBAQEBAQEB:{digest}"), // the salt has only 15 octets
            &format!("sha256:AQEBAQEBAQEBAQEBAQEBAQ==:{digest}"),
            "sha256:AQEBAQEBAQEBAQEBAQEBAQ:AQEBAQEBAQEBAQEBAQEBAQ",
            &format!("{WRITTEN}:"),
            &format!("{WRITTEN}="),
            &format!(" {WRITTEN}"),
        ] {
            assert_eq!(SecretHash::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn either_of_two_secrets_matches() {
        let both = SecretHashes::new(hash(1, "old"), Some(hash(2, "new")));
        let one = SecretHashes::new(hash(1, "old"), None);
        let none = SecretHashes::default();
        for (secret, both_fit, one_fits) in [
            ("old", true, true),
            ("new", true, false),
            ("ol", false, false),
            ("old ", false, false),
            ("", false, false),
        ] {
            assert_eq!(both.fit(secret.as_bytes()), both_fit, "{secret:?}");
            assert_eq!(one.fit(secret.as_bytes()), one_fits, "{secret:?}");
            assert!(!none.fit(secret.as_bytes()), "{secret:?}");
        }
    }

    /// An unused slot does not match, even if the computed digest equals the dummy's digest.
    #[test]
    fn an_unused_slot_matches_nothing() {
        assert!(!SecretHashes::default().fit_by(|_| SecretHash::DUMMY.digest));
    }

    #[test]
    fn always_computes_two_digests() {
        let (old, new) = (hash(1, "old"), hash(2, "new"));
        for hashes in [
            SecretHashes::default(),
            SecretHashes::new(old, None),
            SecretHashes::new(old, Some(new)),
        ] {
            for secret in ["old", "new", "other"] {
                let mut digests = 0;
                let fits = hashes.fit_by(|salt| {
                    digests += 1;
                    digest(salt, secret.as_bytes())
                });
                assert_eq!(digests, MAX_SECRETS, "{secret}");
                assert_eq!(fits, hashes.fit(secret.as_bytes()), "{secret}");
            }
        }
    }

    #[test]
    fn hash_is_not_in_debug_output() {
        let shown = format!("{:?}", SecretHashes::new(hash(1, "old"), None));
        assert_eq!(shown, "SecretHashes([Some(SecretHash), None])");
    }
}

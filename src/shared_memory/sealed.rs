//! Records in the proxy's shared data, and what authenticates them.
//!
//! Every module of the proxy under the same `vm_id` can write there, and Istio gives none to its
//! plugins: any of them could plant a key and sign with it. With `shared_memory_key` a record is
//! preceded by a tag, HMAC-SHA-256 over this purpose, the record's name and its text. The name binds
//! the record to its subject: one provider's keys are not another's.
//!
//! A tag does not say that a record is the latest. An older one can be put back at any time, so each
//! reader has to know what that does to it.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    jose::{SecretKey, base64url},
    shared_memory::{Expected, SetSharedDataError, SharedMemory},
};

/// What the tag is for, so that a key which has other uses makes no tag for this one.
const PURPOSE: &[u8] = b"portcullis shared record 1\0";

/// What the name is for.
const NAMING: &[u8] = b"portcullis shared record name 1\0";

/// How often a write is tried again when another VM wrote in between.
const WRITE_ATTEMPTS: usize = 8;

/// Octets of a tag.
const TAG: usize = 32;

/// Octets of a block of SHA-256.
const BLOCK: usize = 64;

/// What a document becomes; `None` leaves it.
type Change<'a> = dyn FnMut(Option<&[u8]>) -> Option<Vec<u8>> + 'a;

/// The place of one record in shared data.
#[derive(Debug)]
pub struct SealedRecord {
    name: String,
    /// Authenticates the record, if there is a key for it.
    seal: Option<Seal>,
}

impl SealedRecord {
    /// The record of this name.
    #[must_use]
    pub fn new(name: String, key: Option<&SecretKey>) -> Self {
        let seal = key.map(|key| Seal::new(key, &name));
        Self { name, seal }
    }

    /// The record of `kind` about `subject`. The key's hash is part of its name, so that policies with
    /// another key, or none, do not overwrite what they cannot read.
    #[must_use]
    pub fn about(kind: &str, subject: &str, key: Option<&SecretKey>) -> Self {
        let mut digest = Sha256::new();
        digest.update(subject);
        if let Some(key) = key {
            digest.update(key_name(key));
        }
        let digest = base64url::encode(&digest.finalize());
        Self::new(format!("portcullis/{kind}/{digest}"), key)
    }

    /// The name in shared data.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether only the key's holders can write the record.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// The document in a value of shared data; `None` if it is not genuine.
    #[must_use]
    pub fn open<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        match &self.seal {
            Some(seal) => seal.open(value),
            None => Some(value),
        }
    }

    /// A document as a value for shared data.
    #[must_use]
    pub fn close(&self, document: Vec<u8>) -> Vec<u8> {
        match &self.seal {
            Some(seal) => seal.close(&document),
            None => document,
        }
    }

    /// Replaces the document by what `change` makes of it, or leaves it if that is `None`. A document
    /// that is not genuine reads as an empty one.
    ///
    /// # Errors
    /// When others wrote in between each time, or the host refuses.
    pub fn update(
        &self,
        change: &mut Change<'_>,
        memory: &dyn SharedMemory,
    ) -> Result<(), SetSharedDataError> {
        for _ in 0..WRITE_ATTEMPTS {
            let present = memory.shared_data(&self.name);
            let document = present.as_ref();
            let document = document.map(|entry| self.open(&entry.value).unwrap_or_default());
            let Some(document) = change(document) else {
                return Ok(());
            };
            let expected =
                present.map_or(Expected::Absent, |entry| Expected::Version(entry.version));
            match memory.set_shared_data(&self.name, &self.close(document), expected) {
                Err(SetSharedDataError::Changed) => {}
                ended => return ended,
            }
        }
        Err(SetSharedDataError::Changed)
    }
}

/// Tags and checks the record of one name.
#[derive(Clone)]
struct Seal(Hmac<Sha256>);

impl Seal {
    /// The seal of the record called `name`.
    fn new(key: &SecretKey, name: &str) -> Self {
        let mut mac = keyed(key, PURPOSE);
        mac.update(name.as_bytes());
        mac.update(b"\0");
        Self(mac)
    }

    /// The value for shared data.
    fn close(&self, document: &[u8]) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(document);
        [mac.finalize().into_bytes().as_slice(), document].concat()
    }

    /// The document in a value that was closed with the same key, under the same name.
    fn open<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        let (tag, document) = value.split_at_checked(TAG)?;
        let mut mac = self.0.clone();
        mac.update(document);
        // In constant time: a writer who learnt how far a tag is right could find a right one.
        mac.verify_slice(tag).ok()?;
        Some(document)
    }
}

/// Says nothing of the key.
impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seal")
    }
}

/// The key's part in the names of records.
fn key_name(key: &SecretKey) -> [u8; TAG] {
    keyed(key, NAMING).finalize().into_bytes().into()
}

/// By the key's hash in a whole block, which HMAC takes as it is: a constructor that could fail would
/// leave the choice between no authentication and no start.
fn keyed(key: &SecretKey, purpose: &[u8]) -> Hmac<Sha256> {
    let digest: [u8; TAG] = Sha256::digest(key.octets()).into();
    let mut block = [0; BLOCK];
    for (octet, from) in block.iter_mut().zip(digest) {
        *octet = from;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(purpose);
    mac
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn seal(octet: u8, name: &str) -> Seal {
        Seal::new(&SecretKey::new(&[octet; 32]).unwrap(), name)
    }

    #[test]
    fn opens_what_the_same_key_closed_under_the_same_name() {
        let closed = seal(1, "a").close(b"record");
        assert_eq!(seal(1, "a").open(&closed), Some(&b"record"[..]));
        assert_eq!(seal(2, "a").open(&closed), None);
        assert_eq!(seal(1, "b").open(&closed), None);
        // Where a name ends and a record begins is not the writer's to say.
        let shifted = seal(1, "").close(b"a\0record");
        assert_eq!(seal(1, "a").open(&shifted), None);
    }

    #[test]
    fn opens_nothing_that_was_changed() {
        let closed = seal(1, "a").close(b"record");
        for place in 0..closed.len() {
            let mut changed = closed.clone();
            changed[place] ^= 1;
            assert_eq!(seal(1, "a").open(&changed), None, "{place}");
        }
        for length in 0..closed.len() {
            assert_eq!(seal(1, "a").open(&closed[..length]), None, "{length}");
        }
        assert_eq!(seal(1, "a").open(b"{\"version\":2}"), None);
    }

    #[test]
    fn the_key_is_part_of_the_name() {
        let [one, other] = [1, 2].map(|octet| SecretKey::new(&[octet; 32]).unwrap());
        let name = |subject, key| SealedRecord::about("kind", subject, key).name;
        let names = [
            name("a", Some(&one)),
            name("a", Some(&other)),
            name("a", None),
            name("b", Some(&one)),
        ];
        for (place, own) in names.iter().enumerate() {
            assert!(!names[..place].contains(own), "{names:?}");
        }
        assert_eq!(names[0], name("a", Some(&one)));
    }

    #[test]
    fn without_a_key_a_record_is_as_it_is() {
        let record = SealedRecord::new("a".to_owned(), None);
        assert_eq!(record.close(b"record".to_vec()), b"record");
        assert_eq!(record.open(b"record"), Some(&b"record"[..]));
    }

    #[test]
    fn shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", seal(7, "a")), "Seal");
        let names = [1, 2].map(|octet| key_name(&SecretKey::new(&[octet; 32]).unwrap()));
        assert_ne!(names[0], names[1]);
    }
}

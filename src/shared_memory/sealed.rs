//! Records in the proxy's shared data, and how they are authenticated.
//!
//! If several modules of a proxy have the same `vm_id`, each of them can write the same shared
//! data. In Istio, all plugins have the same (empty) `vm_id`. So any plugin could write its own key
//! into a record and sign tokens with that key. If `shared_memory_key` is configured, each record
//! begins with a tag that authenticates the record. The tag is an HMAC-SHA-256 over three parts: a
//! constant that states the tag's purpose, the record's name, and the record's document. The name
//! binds the record to its subject, so one provider's keys cannot be passed off as another
//! provider's.
//!
//! A tag does not prove that a record is the latest version. An attacker can restore an older
//! version at any time, so each reader must expect older versions.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    jose::{SecretKey, base64url},
    shared_memory::{Expected, SetSharedDataError, SharedMemory},
};

/// States the purpose of a record's tag. A tag that was made with the same key for another purpose
/// is not valid for a record.
const PURPOSE: &[u8] = b"portcullis shared record 1\0";

/// States the purpose of a key's hash, which becomes part of a record's name.
const NAMING: &[u8] = b"portcullis shared record name 1\0";

/// The maximum number of attempts to write a record that other VMs also write.
const WRITE_ATTEMPTS: usize = 8;

/// Length of a tag in octets.
const TAG: usize = 32;

/// Length of a block of SHA-256 in octets.
const BLOCK: usize = 64;

/// Computes the new document from the current document. If the result is `None`, the document stays
/// unchanged.
type Change<'a> = dyn FnMut(Option<&[u8]>) -> Option<Vec<u8>> + 'a;

/// One record in shared data, identified by its name.
#[derive(Debug)]
pub struct SealedRecord {
    name: String,
    /// Authenticates the record, if there is a key.
    seal: Option<Seal>,
}

impl SealedRecord {
    /// The record with this name.
    #[must_use]
    pub fn new(name: String, key: Option<&SecretKey>) -> Self {
        let seal = key.map(|key| Seal::new(key, &name));
        Self { name, seal }
    }

    /// The record of `kind` about `subject`. The key's hash is part of the name. So configurations
    /// with another key, or without a key, do not overwrite records that they cannot read.
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

    /// The record's name in shared data.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns true if only holders of the key can write an authentic record.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// Extracts the document from a value in shared data. Returns `None` if the value is not
    /// authentic.
    #[must_use]
    pub fn open<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        match &self.seal {
            Some(seal) => seal.open(value),
            None => Some(value),
        }
    }

    /// Converts a document to a value for shared data.
    #[must_use]
    pub fn close(&self, document: Vec<u8>) -> Vec<u8> {
        match &self.seal {
            Some(seal) => seal.close(&document),
            None => document,
        }
    }

    /// Replaces the document with the result of `change`, or leaves the document unchanged if
    /// `change` returns `None`. If the value in shared data is not authentic, `change` gets an
    /// empty document.
    ///
    /// # Errors
    /// If another VM writes the record during every attempt, or if the host refuses the write.
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

/// Makes and checks the tags of one record.
#[derive(Clone)]
struct Seal(Hmac<Sha256>);

impl Seal {
    /// The seal of the record with this name.
    fn new(key: &SecretKey, name: &str) -> Self {
        let mut mac = keyed(key, PURPOSE);
        mac.update(name.as_bytes());
        mac.update(b"\0");
        Self(mac)
    }

    /// Puts a tag before the document.
    fn close(&self, document: &[u8]) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(document);
        [mac.finalize().into_bytes().as_slice(), document].concat()
    }

    /// Returns the document in a value. Returns `None` if the value's tag was made with another
    /// key, for another name or for another document.
    fn open<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        let (tag, document) = value.split_at_checked(TAG)?;
        let mut mac = self.0.clone();
        mac.update(document);
        // `verify_slice` takes constant time. Otherwise the duration would reveal how many octets
        // of a forged tag are right, and an attacker could find the tag octet by octet.
        mac.verify_slice(tag).ok()?;
        Some(document)
    }
}

/// Does not show the key.
impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seal")
    }
}

/// Returns the hash of the key, for use in a record's name.
fn key_name(key: &SecretKey) -> [u8; TAG] {
    keyed(key, NAMING).finalize().into_bytes().into()
}

/// Starts an HMAC for this purpose. The HMAC key is the hash of `key`, padded to exactly one block.
/// With a key of this length, the constructor cannot fail. If it could fail, the caller would have
/// to continue without authentication or not start at all.
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
    fn opens_only_what_the_same_key_closed_under_the_same_name() {
        let closed = seal(1, "a").close(b"record");
        assert_eq!(seal(1, "a").open(&closed), Some(&b"record"[..]));
        assert_eq!(seal(2, "a").open(&closed), None);
        assert_eq!(seal(1, "b").open(&closed), None);
        // An attacker cannot shift the boundary between the name and the document.
        let shifted = seal(1, "").close(b"a\0record");
        assert_eq!(seal(1, "a").open(&shifted), None);
    }

    #[test]
    fn does_not_open_a_changed_value() {
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
    fn a_records_name_depends_on_its_subject_and_its_key() {
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
    fn without_a_key_a_record_is_stored_unchanged() {
        let record = SealedRecord::new("a".to_owned(), None);
        assert_eq!(record.close(b"record".to_vec()), b"record");
        assert_eq!(record.open(b"record"), Some(&b"record"[..]));
    }

    #[test]
    fn debug_output_and_names_do_not_reveal_the_key() {
        assert_eq!(format!("{:?}", seal(7, "a")), "Seal");
        let names = [1, 2].map(|octet| key_name(&SecretKey::new(&[octet; 32]).unwrap()));
        assert_ne!(names[0], names[1]);
    }
}

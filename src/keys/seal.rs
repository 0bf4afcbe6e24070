//! Authentication of records in shared data.
//!
//! Every module of the proxy under the same `vm_id` can write there, and Istio gives none to its
//! plugins: any of them could plant a key and sign with it. With `shared_memory_key` a record is
//! preceded by a tag, HMAC-SHA-256 over this purpose, the record's name and its text. The name binds
//! the record to its source: one provider's keys are not another's.
//!
//! A tag does not say that a record is the latest: [`Record::precedes`](super::Record::precedes)
//! does, for a worker that has seen a later one.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::jose::algorithm::hmac::SecretKey;

/// What the tag is for, so that a key which has other uses makes no tag for this one.
const PURPOSE: &[u8] = b"portcullis shared record 1\0";

/// What the name is for.
const NAMING: &[u8] = b"portcullis shared record name 1\0";

/// Octets of a tag.
const TAG: usize = 32;

/// Octets of a block of SHA-256.
const BLOCK: usize = 64;

/// Tags and checks the record of one name.
#[derive(Clone)]
pub(super) struct Seal(Hmac<Sha256>);

impl Seal {
    /// The seal of the record called `name`.
    pub(super) fn new(key: &SecretKey, name: &str) -> Self {
        let mut mac = keyed(key, PURPOSE);
        mac.update(name.as_bytes());
        mac.update(b"\0");
        Self(mac)
    }

    /// The value for shared data.
    pub(super) fn close(&self, document: &[u8]) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(document);
        [mac.finalize().into_bytes().as_slice(), document].concat()
    }

    /// The document in a value that was closed with the same key, under the same name.
    pub(super) fn open<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
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

/// What policies with this key have in the names of their records, so that those with another key, or
/// none, do not overwrite them.
pub(super) fn key_name(key: &SecretKey) -> [u8; TAG] {
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
    fn shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", seal(7, "a")), "Seal");
        let names = [1, 2].map(|octet| key_name(&SecretKey::new(&[octet; 32]).unwrap()));
        assert_ne!(names[0], names[1]);
    }
}

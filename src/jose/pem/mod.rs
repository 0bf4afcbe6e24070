//! Keys in PEM, the format in which other programs export public keys (RFC 7468).
//!
//! A PEM text has one or more blocks, each with one key. The label of a block is `PUBLIC KEY`
//! ([`spki`], every supported algorithm), `RSA PUBLIC KEY` (RFC 8017 appendix A.1.1) or
//! `CERTIFICATE` ([`certificate`]). Text around the blocks is explanatory and is skipped. Lines may
//! have any length and may be indented, because configuration languages reformat them. The base64
//! and DER content is parsed strictly.
//!
//! One bad block makes the whole text invalid, because the operator expects every key to be used.
//! A private key anywhere in the text is reported instead of any other error. No error repeats a
//! part of the text.
//! [`VerifyingKey::from_numbers`] decides whether a key is strong enough, as it does for keys in
//! other formats.

mod certificate;
mod der;
mod spki;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::jose::error::KeyError;
use crate::jose::key::VerifyingKey;
use base64::{Engine as _, engine::general_purpose::STANDARD};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Why a PEM text cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PemError {
    /// The text has no block.
    NoBlock,
    /// The text contains a private key of any type.
    PrivateKey,
    /// A block cannot be used.
    Block {
        /// The block's number, starting with 1.
        number: usize,
        /// Why the block cannot be used.
        reason: BlockError,
    },
}

/// Why a block cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockError {
    /// A BEGIN or END line is broken, or the two lines do not match (RFC 7468 section 2).
    Boundary,
    /// The label is not one of the three supported labels.
    UnsupportedLabel,
    /// The text between the BEGIN and END lines is not base64.
    NotBase64,
    /// The octets are not the DER encoding of the type that the label names.
    Malformed,
    /// The algorithm is `id-RSASSA-PSS` (RFC 4055 section 1.2). Such a key must not be used for
    /// anything but PSS, and some of these keys are restricted to one hash. [`VerifyingKey`] cannot
    /// express either restriction.
    PssOnly,
    /// The key is not an RSA, EC or Ed25519 key, or the algorithm has parameters that its standard
    /// does not allow (RFC 3279 section 2.3.1, RFC 8410 section 3).
    UnsupportedAlgorithm,
    /// The curve is not P-256, P-384 or P-521, or is described by parameters instead of its name
    /// (RFC 5480 section 2.1.1). If attackers could choose the parameters, they could make a
    /// private key for any public key (CVE-2020-0601).
    UnsupportedCurve,
    /// The point is in compressed form (RFC 5480 section 2.2).
    CompressedPoint,
    /// `keyUsage` lacks `digitalSignature` (RFC 5280 section 4.2.1.3).
    NotForSignatures,
    /// The numbers in the block do not form a key, or the key is weak.
    Key(KeyError),
}

/// Parses the keys of a text, one per block.
///
/// # Errors
/// [`PemError::PrivateKey`] if the text has a private key. Otherwise [`PemError::Block`] for the
/// first block that cannot be used, or [`PemError::NoBlock`] if the text has no block.
pub fn keys(text: &str) -> Result<Vec<VerifyingKey>, PemError> {
    if split(text, "PRIVATE KEY").is_some() {
        return Err(PemError::PrivateKey);
    }
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let number = keys.len().saturating_add(1);
        let at = |reason| PemError::Block { number, reason };
        match next_block(rest).map_err(at)? {
            Some((block, after)) => {
                keys.push(block.key().map_err(at)?);
                rest = after;
            }
            None if keys.is_empty() => return Err(PemError::NoBlock),
            None => return Ok(keys),
        }
    }
}

struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

/// Returns the next block and the text after it.
fn next_block(text: &str) -> Result<Option<(Block<'_>, &str)>, BlockError> {
    let (explanation, rest) = match split(text, BEGIN) {
        Some((explanation, rest)) => (explanation, Some(rest)),
        None => (text, None),
    };
    // A block with a misspelt boundary must not be skipped as explanatory text.
    if split(explanation, DASHES).is_some() {
        return Err(BlockError::Boundary);
    }
    let Some(rest) = rest else { return Ok(None) };
    let block = || {
        let (label, rest) = split(rest, DASHES)?;
        let (body, rest) = split(rest, END)?;
        let rest = rest.strip_prefix(label)?.strip_prefix(DASHES)?;
        Some((Block { label, body }, rest))
    };
    block().ok_or(BlockError::Boundary).map(Some)
}

/// Splits `text` at the first occurrence of `at`. Not inlined, so that the Wasm module has only one
/// copy of this function.
#[inline(never)]
fn split<'a>(text: &'a str, at: &str) -> Option<(&'a str, &'a str)> {
    text.split_once(at)
}

impl Block<'_> {
    fn key(&self) -> Result<VerifyingKey, BlockError> {
        let read = match self.label {
            "PUBLIC KEY" => spki::key,
            "RSA PUBLIC KEY" => spki::rsa_key,
            "CERTIFICATE" => certificate::key,
            _ => return Err(BlockError::UnsupportedLabel),
        };
        let mut body = self.body.as_bytes().to_vec();
        body.retain(|octet| !octet.is_ascii_whitespace());
        let octets = STANDARD.decode(body).map_err(|_| BlockError::NotBase64)?;
        read(&octets)
    }
}

impl fmt::Display for PemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBlock => f.write_str(
                "no PEM block: start with a line such as \"-----BEGIN PUBLIC KEY-----\"",
            ),
            Self::PrivateKey => f.write_str(
                "a private key is a secret and does not belong here: write the public key instead, \
                 and make a new key pair if others could have read the private key",
            ),
            Self::Block { number, reason } => write!(f, "block {number}: {reason}"),
        }
    }
}

impl std::error::Error for PemError {}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boundary => {
                "a BEGIN or END line is broken, or the two do not match: copy the whole block"
            }
            Self::UnsupportedLabel => "the label must be PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE",
            Self::NotBase64 => {
                "the text between the BEGIN and END lines is not base64: copy the whole block"
            }
            Self::Malformed => {
                "the content does not match the label of the BEGIN line: export the key again"
            }
            Self::PssOnly => "the key is only for RSASSA-PSS: export the key as rsaEncryption",
            Self::UnsupportedAlgorithm => {
                "the type of the key is not supported: use an RSA key, an EC key on P-256, P-384 \
                 or P-521, or an Ed25519 key"
            }
            Self::UnsupportedCurve => {
                "the curve is not supported or has no name: use the named curve P-256, P-384 or \
                 P-521"
            }
            Self::CompressedPoint => {
                "the EC point is compressed: export the key with -conv_form uncompressed"
            }
            Self::NotForSignatures => {
                "the certificate's keyUsage lacks digitalSignature: use the certificate of the key \
                 that signs tokens"
            }
            Self::Key(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for BlockError {}

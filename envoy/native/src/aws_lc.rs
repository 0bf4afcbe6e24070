//! Verifies signatures with AWS-LC, a fork of BoringSSL with optimised code for each kind of
//! processor.
//!
//! AWS-LC verifies RS* and PS* signatures. For the other algorithms the core is faster: it
//! precomputes a table for each key of ES* and `EdDSA`, and HS* needs only a hash.
//!
//! AWS-LC parses no data structure that comes from a client. The core validates each RSA key and
//! encodes it as DER for AWS-LC, and an RSA signature is a plain string of octets.

use std::sync::OnceLock;

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};
use portcullis::{
    jose::{Hash, Scheme, X509Signature},
    verification::{Accelerator, CannotTell},
};

/// The accelerator that calls AWS-LC.
#[derive(Clone, Copy, Debug)]
pub struct AwsLc;

/// The parsed forms of an RSA key. AWS-LC needs a separate form for each combination of hash and
/// padding. Each form is made when a signature first needs it.
#[derive(Default)]
struct Prepared {
    pkcs1: ByHash,
    pss: ByHash,
}

/// The parsed key for each of the three hashes. A member is `None` if AWS-LC rejected the key.
type ByHash = [OnceLock<Option<ParsedPublicKey>>; 3];

impl Accelerator for AwsLc {
    fn supports(&self, scheme: Scheme) -> bool {
        algorithm(scheme).is_some()
    }

    fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell> {
        let algorithm = algorithm(signature.scheme).ok_or(CannotTell)?;
        let key = signature.public_key;
        let prepared = key.prepared(|_| Some(Prepared::default()));
        let form = prepared.and_then(|prepared| prepared.form(signature.scheme));
        let parsed = form
            .ok_or(CannotTell)?
            .get_or_init(|| ParsedPublicKey::new(algorithm, key.der()).ok());
        let parsed = parsed.as_ref().ok_or(CannotTell)?;
        Ok(parsed
            .verify_sig(signature.text, &signature.signature)
            .is_ok())
    }
}

impl Prepared {
    fn form(&self, scheme: Scheme) -> Option<&OnceLock<Option<ParsedPublicKey>>> {
        let (forms, hash) = match scheme {
            Scheme::RsaPkcs1(hash) => (&self.pkcs1, hash),
            Scheme::RsaPss(hash) => (&self.pss, hash),
            Scheme::Ecdsa(_) | Scheme::Ed25519 | Scheme::Hmac(_) => return None,
        };
        let [sha256, sha384, sha512] = forms;
        Some(match hash {
            Hash::Sha256 => sha256,
            Hash::Sha384 => sha384,
            Hash::Sha512 => sha512,
        })
    }
}

/// The AWS-LC algorithm for a scheme. `None` if the core verifies signatures of this scheme.
///
/// AWS-LC and the core have the same size limits for RSA keys. So AWS-LC never rejects a valid
/// signature merely because of the key's size.
fn algorithm(scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match scheme {
        Scheme::RsaPkcs1(Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
        Scheme::RsaPkcs1(Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
        Scheme::RsaPkcs1(Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
        Scheme::RsaPss(Hash::Sha256) => &RSA_PSS_2048_8192_SHA256,
        Scheme::RsaPss(Hash::Sha384) => &RSA_PSS_2048_8192_SHA384,
        Scheme::RsaPss(Hash::Sha512) => &RSA_PSS_2048_8192_SHA512,
        Scheme::Ecdsa(_) | Scheme::Ed25519 | Scheme::Hmac(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use portcullis::{
        jose::{Algorithm, KeyNumbers, VerifyingKey},
        verification::{Backend, SignatureBackend},
    };

    use super::*;

    #[test]
    fn passes_the_self_test() {
        assert_eq!(
            Backend::choose(SignatureBackend::Host, &AwsLc),
            Ok(Backend::Accelerator)
        );
    }

    #[test]
    fn supports_what_it_verifies_faster_than_the_core() {
        let claimed = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| AwsLc.supports(algorithm.scheme()));
        let claimed: Vec<_> = claimed.map(Algorithm::name).collect();
        let expected = ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];
        assert_eq!(claimed, expected);
    }

    /// If a scheme does not fit the key, AWS-LC must not report the signature as invalid, because a
    /// valid token would be refused. Without a verdict, the core verifies the signature.
    #[test]
    fn gives_no_verdict_on_a_scheme_that_does_not_fit_the_key() {
        let modulus = [0xff; 256];
        let numbers = KeyNumbers::Rsa {
            modulus: &modulus,
            exponent: &[1, 0, 1],
        };
        let key = VerifyingKey::from_numbers(numbers).unwrap();
        let signature = key.as_x509(Algorithm::Rs256, b"text", &[0; 256]).unwrap();
        // The base point of Ed25519 (RFC 8032 section 5.1) is a valid public key.
        let mut x = [0x66; 32];
        x[0] = 0x58;
        let ed25519 = VerifyingKey::from_numbers(KeyNumbers::Ed25519 { x: &x }).unwrap();
        let of_another_kind = X509Signature {
            scheme: Scheme::RsaPkcs1(Hash::Sha256),
            ..ed25519
                .as_x509(Algorithm::EdDsa, b"text", &[0; 64])
                .unwrap()
        };
        let unsupported = X509Signature {
            scheme: Scheme::Ed25519,
            ..signature.clone()
        };
        assert_eq!(AwsLc.verify(&of_another_kind), Err(CannotTell));
        assert_eq!(AwsLc.verify(&unsupported), Err(CannotTell));
        assert_eq!(AwsLc.verify(&signature), Ok(false));
    }
}

//! Verifies signatures with AWS-LC, a fork of BoringSSL that is compiled for the machine.
//!
//! It verifies RS*, PS* and ES512. For the other algorithms the core is faster: it has tables for
//! each key of ES256, ES384 and `EdDSA`, and HS* needs only a hash. The core has admitted every key
//! before it arrives here, and has written the DER itself, so AWS-LC parses nothing that a client
//! wrote.

use std::sync::OnceLock;

use aws_lc_rs::signature::{
    ECDSA_P521_SHA512_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};
use portcullis::{
    jose::{Hash, Scheme, X509Signature},
    verification::{Accelerator, CannotTell},
};

/// AWS-LC as the core's accelerator.
#[derive(Clone, Copy, Debug)]
pub struct AwsLc;

/// A key in the form of AWS-LC, which has a form for each hash and padding. Each is made when the
/// first signature needs it.
#[derive(Default)]
struct Prepared {
    pkcs1: ByHash,
    pss: ByHash,
    ecdsa: ByHash,
}

/// A key's forms for the three hashes. `None` if AWS-LC refused the key.
type ByHash = [OnceLock<Option<ParsedPublicKey>>; 3];

impl Accelerator for AwsLc {
    fn claims(&self, scheme: Scheme) -> bool {
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
            Scheme::Ecdsa(hash) => (&self.ecdsa, hash),
            Scheme::Ed25519 | Scheme::Hmac(_) => return None,
        };
        let [sha256, sha384, sha512] = forms;
        Some(match hash {
            Hash::Sha256 => sha256,
            Hash::Sha384 => sha384,
            Hash::Sha512 => sha512,
        })
    }
}

/// AWS-LC's name of a scheme. `None` if the core verifies it.
///
/// The bounds of RSA are those of admission, so AWS-LC calls no signature bad because of its key.
fn algorithm(scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match scheme {
        Scheme::RsaPkcs1(Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
        Scheme::RsaPkcs1(Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
        Scheme::RsaPkcs1(Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
        Scheme::RsaPss(Hash::Sha256) => &RSA_PSS_2048_8192_SHA256,
        Scheme::RsaPss(Hash::Sha384) => &RSA_PSS_2048_8192_SHA384,
        Scheme::RsaPss(Hash::Sha512) => &RSA_PSS_2048_8192_SHA512,
        Scheme::Ecdsa(Hash::Sha512) => &ECDSA_P521_SHA512_ASN1,
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
            Ok(Backend::Host)
        );
    }

    #[test]
    fn claims_what_it_verifies_faster_than_the_core() {
        let claimed = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| AwsLc.claims(algorithm.scheme()));
        let claimed: Vec<_> = claimed.map(Algorithm::name).collect();
        let expected = [
            "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
        ];
        assert_eq!(claimed, expected);
    }

    /// A wrong verdict would refuse a good token; without one, the core verifies it.
    #[test]
    fn gives_no_verdict_on_a_key_of_another_kind() {
        let modulus = [0xff; 256];
        let numbers = KeyNumbers::Rsa {
            modulus: &modulus,
            exponent: &[1, 0, 1],
        };
        let key = VerifyingKey::from_numbers(numbers).unwrap();
        let signature = key.as_x509(Algorithm::Rs256, b"text", &[0; 256]).unwrap();
        let of_another_curve = X509Signature {
            scheme: Scheme::Ecdsa(Hash::Sha512),
            ..signature.clone()
        };
        let unclaimed = X509Signature {
            scheme: Scheme::Ed25519,
            ..signature.clone()
        };
        assert_eq!(AwsLc.verify(&of_another_curve), Err(CannotTell));
        assert_eq!(AwsLc.verify(&unclaimed), Err(CannotTell));
        assert_eq!(AwsLc.verify(&signature), Ok(false));
    }
}

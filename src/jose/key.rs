//! An admitted key, ready to verify signatures.
//!
//! A [`VerifyingKey`] has passed every check that concerns only the key. Its numbers are already in
//! the form that signature verification needs. The key determines which algorithms it may be used
//! with. A token's `alg` never decides how the octets of a key are interpreted. Otherwise an
//! attacker could use an RSA public key as an HMAC secret (RFC 8725 sections 2.1 and 3.1).
//!
//! [`jwk`](super::jwk) parses keys from JSON and decides which keys are admitted.

use std::{borrow::Cow, sync::Arc};

use crate::jose::algorithm::{Algorithm, Scheme};
use crate::jose::claims::Claims;
use crate::jose::crypto::{EcKey, Ed25519Key, RsaKey, SecretKey};
use crate::jose::error::KeyError;
use crate::jose::issuer::IssuerTemplate;
use crate::jose::numbers::{KeyNumbers, KeyType, Thumbprint};
use crate::jose::x509::{self, X509Key, X509Signature};
use crate::time::UnixSeconds;

/// How strictly the `alg` of a key restricts the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JwkAlgorithm {
    /// A key may only be used with the algorithm in its `alg` (RFC 7517 section 4.4, RFC 8725
    /// section 3.1).
    #[default]
    Exact,
    /// A key may be used with all algorithms in the family of its `alg`. PingFederate, for example,
    /// publishes a key with the `alg` RS256 and signs with RS384.
    Family,
}

/// The purpose of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPurpose {
    /// The key verifies JWTs (RFC 7517 section 4.2).
    #[default]
    Signatures,
    /// The key only verifies JWT-SVIDs (SPIFFE Trust Domain and Bundle section 4.2.2).
    JwtSvids,
}

/// The period in which a certificate is valid, including both ends (RFC 5280 section 4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The certificate's `notBefore`.
    pub not_before: UnixSeconds,
    /// The certificate's `notAfter`.
    pub not_after: UnixSeconds,
}

/// An admitted key, that is, a key that has passed every check.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    material: Material,
    thumbprint: Thumbprint,
    /// The key in the encoding of X.509, for an accelerator (host code that verifies signatures);
    /// `None` for a shared secret. Clones of the key share this value, so an accelerator's work
    /// on a key, such as parsing it, is done only once.
    x509: Option<Arc<X509Key>>,
    kid: Option<String>,
    purpose: KeyPurpose,
    algorithm: Option<Algorithm>,
    issuer: Option<KeyIssuer>,
    validity: Option<Validity>,
}

#[derive(Clone, Debug)]
struct KeyIssuer {
    text: String,
    template: IssuerTemplate,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa(RsaKey),
    Ec(EcKey),
    Ed25519(Box<Ed25519Key>),
    Oct(SecretKey),
}

impl VerifyingKey {
    /// Checks the numbers and creates a key from them. The new key has no `kid`, `alg`, issuer or
    /// validity period.
    ///
    /// # Errors
    /// If the numbers do not form a key, or if the key is weak.
    pub fn from_numbers(numbers: KeyNumbers<'_>) -> Result<Self, KeyError> {
        let material = match numbers {
            KeyNumbers::Rsa { modulus, exponent } => {
                Material::Rsa(RsaKey::admit(modulus, exponent)?)
            }
            KeyNumbers::Ec { curve, x, y } => Material::Ec(EcKey::admit(curve, x, y)?),
            KeyNumbers::Ed25519 { x } => Material::Ed25519(Box::new(Ed25519Key::admit(x)?)),
            KeyNumbers::Oct { secret } => Material::Oct(SecretKey::new(secret)?),
        };
        Ok(Self {
            material,
            thumbprint: numbers.thumbprint(),
            x509: X509Key::of(numbers).map(Arc::new),
            kid: None,
            purpose: KeyPurpose::default(),
            algorithm: None,
            issuer: None,
            validity: None,
        })
    }

    /// Sets the key's `kid`.
    #[must_use]
    pub fn with_kid(mut self, kid: Option<String>) -> Self {
        self.kid = kid;
        self
    }

    /// Sets the key's purpose.
    #[must_use]
    pub fn with_purpose(mut self, purpose: KeyPurpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Restricts the key to tokens whose issuer matches `issuer`, which may contain placeholders.
    #[must_use]
    pub fn with_issuer(mut self, issuer: Option<String>) -> Self {
        self.issuer = issuer.map(|text| KeyIssuer {
            template: IssuerTemplate::of_key(&text),
            text,
        });
        self
    }

    /// Restricts the key to a validity period.
    #[must_use]
    pub fn with_validity(mut self, validity: Validity) -> Self {
        self.validity = Some(validity);
        self
    }

    /// Restricts the key to an algorithm.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] or [`KeyError::AlgorithmDoesNotFit`].
    pub fn with_algorithm(mut self, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        if let Some(algorithm) = algorithm.filter(|algorithm| !self.fits(*algorithm)) {
            return Err(match (&self.material, algorithm.scheme()) {
                (Material::Oct(key), Scheme::Hmac(hash)) => KeyError::SecretTooShort {
                    octets: key.octets().len(),
                    needed: hash.octets(),
                },
                _ => KeyError::AlgorithmDoesNotFit { algorithm },
            });
        }
        self.algorithm = algorithm;
        Ok(self)
    }

    /// The key's `kid`. An empty string counts as a `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key's `kty`, with the curve for EC keys.
    pub fn key_type(&self) -> KeyType {
        match &self.material {
            Material::Rsa(_) => KeyType::Rsa,
            Material::Ec(key) => KeyType::Ec(key.curve()),
            Material::Ed25519(_) => KeyType::Okp,
            Material::Oct(_) => KeyType::Oct,
        }
    }

    /// The purpose of the key.
    pub fn purpose(&self) -> KeyPurpose {
        self.purpose
    }

    /// The size of an RSA modulus in bits; 0 for other types of keys.
    pub fn modulus_bits(&self) -> usize {
        match &self.material {
            Material::Rsa(key) => key.bits(),
            _ => 0,
        }
    }

    /// The key's `alg`.
    pub fn alg(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The key's `issuer`, which Microsoft Entra adds to its keys. It may contain the placeholder
    /// `{tenantid}`.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_ref().map(|issuer| issuer.text.as_str())
    }

    /// The validity period, if the key comes from a certificate.
    pub fn validity(&self) -> Option<Validity> {
        self.validity
    }

    /// The thumbprint of the key's numbers. It does not depend on `kid` or `alg`.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Returns true if the key may verify tokens whose `alg` is `algorithm`. The key's type must
    /// fit `algorithm`. The key's own `alg`, if any, must fit as strictly as `binding` requires.
    pub fn serves(&self, algorithm: Algorithm, binding: JwkAlgorithm) -> bool {
        self.fits(algorithm)
            && match (self.algorithm, binding) {
                (None, _) => true,
                (Some(own), JwkAlgorithm::Exact) => own == algorithm,
                (Some(own), JwkAlgorithm::Family) => own.family() == algorithm.family(),
            }
    }

    /// Returns true if `now` is in the validity period. Always returns true for a key without a
    /// validity period.
    pub fn is_valid_at(&self, now: UnixSeconds) -> bool {
        self.validity.is_none_or(|validity| validity.contains(now))
    }

    /// Returns true if the key's issuer matches the issuer in these claims. Always returns true for
    /// a key without an issuer.
    pub fn serves_issuer_of(&self, claims: &Claims) -> bool {
        let issuer = self.issuer.as_ref();
        issuer.is_none_or(|issuer| issuer.template.fits(claims))
    }

    /// Returns true if the key's type, curve and length are right for `algorithm`.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        match (&self.material, algorithm.scheme()) {
            (Material::Rsa(_), Scheme::RsaPkcs1(_) | Scheme::RsaPss(_)) => true,
            (Material::Ec(key), Scheme::Ecdsa(hash)) => key.hash() == hash,
            (Material::Ed25519(_), Scheme::Ed25519) => true,
            (Material::Oct(key), Scheme::Hmac(hash)) => key.fits(hash),
            _ => false,
        }
    }

    /// Returns true if `signature` is a valid signature of `message` under this key. Always returns
    /// false if the key does not [fit](Self::fits) the algorithm.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.fits(algorithm)
            && match (&self.material, algorithm.scheme()) {
                (Material::Rsa(key), Scheme::RsaPkcs1(hash)) => {
                    key.verify_pkcs1(hash, message, signature)
                }
                (Material::Rsa(key), Scheme::RsaPss(hash)) => {
                    key.verify_pss(hash, message, signature)
                }
                (Material::Ec(key), Scheme::Ecdsa(_)) => key.verify(message, signature),
                (Material::Ed25519(key), Scheme::Ed25519) => key.verify(message, signature),
                (Material::Oct(key), Scheme::Hmac(hash)) => key.verify(hash, message, signature),
                _ => false,
            }
    }

    /// Converts the key and the signature to the encodings of X.509, for an accelerator. Returns
    /// `None` if the key is a shared secret or does not fit the algorithm, or if an ECDSA signature
    /// has the wrong length or an r or s that is out of range. In these cases, the caller must use
    /// [`Self::verify`].
    pub fn as_x509<'a>(
        &'a self,
        algorithm: Algorithm,
        text: &'a [u8],
        signature: &'a [u8],
    ) -> Option<X509Signature<'a>> {
        // An accelerator may derive the signature scheme from the key alone. Without this check, it
        // could verify an ES256 token with a P-521 key or an RSA key.
        if !self.fits(algorithm) {
            return None;
        }
        let scheme = algorithm.scheme();
        let signature = match (&self.material, scheme) {
            (Material::Rsa(_) | Material::Ed25519(_), _) => Cow::Borrowed(signature),
            (Material::Ec(key), _) if key.is_in_range(signature) => {
                Cow::Owned(x509::ecdsa_signature(signature)?)
            }
            _ => return None,
        };
        Some(X509Signature {
            scheme,
            public_key: self.x509.as_deref()?,
            signature,
            text,
        })
    }
}

impl Validity {
    /// Returns true if `now` is in the period.
    pub fn contains(self, now: UnixSeconds) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::base64url;
    use crate::jose::numbers::Curve;

    const SECRET: &[u8] = &[7; 64];

    fn ed25519() -> VerifyingKey {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        let public = secret.verifying_key();
        VerifyingKey::from_numbers(KeyNumbers::Ed25519 {
            x: public.as_bytes(),
        })
        .unwrap()
    }

    fn rsa() -> VerifyingKey {
        let numbers = KeyNumbers::Rsa {
            modulus: &[0xff; 256],
            exponent: &[1, 0, 1],
        };
        VerifyingKey::from_numbers(numbers).unwrap()
    }

    fn oct() -> VerifyingKey {
        VerifyingKey::from_numbers(KeyNumbers::Oct { secret: SECRET }).unwrap()
    }

    fn serving(key: &VerifyingKey, binding: JwkAlgorithm) -> Vec<&'static str> {
        let all = Algorithm::ALL.into_iter();
        all.filter(|alg| key.serves(*alg, binding))
            .map(Algorithm::name)
            .collect()
    }

    #[test]
    fn key_without_alg_verifies_every_algorithm_of_its_type() {
        for binding in [JwkAlgorithm::Exact, JwkAlgorithm::Family] {
            let of_rsa = ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];
            assert_eq!(serving(&rsa(), binding), of_rsa);
            assert_eq!(serving(&ed25519(), binding), ["EdDSA"]);
            assert_eq!(serving(&oct(), binding), ["HS256", "HS384", "HS512"]);
        }
    }

    #[test]
    fn key_with_alg_verifies_only_this_algorithm_or_its_family() {
        let bound = rsa().with_algorithm(Some(Algorithm::Rs256)).unwrap();
        assert_eq!(serving(&bound, JwkAlgorithm::Exact), ["RS256"]);
        assert_eq!(
            serving(&bound, JwkAlgorithm::Family),
            ["RS256", "RS384", "RS512"]
        );
        let bound = rsa().with_algorithm(Some(Algorithm::Ps512)).unwrap();
        assert_eq!(serving(&bound, JwkAlgorithm::Exact), ["PS512"]);
        assert_eq!(
            serving(&bound, JwkAlgorithm::Family),
            ["PS256", "PS384", "PS512"]
        );
    }

    /// A P-256 key only verifies ES256, even with [`JwkAlgorithm::Family`].
    #[test]
    fn an_ec_key_only_verifies_the_algorithm_of_its_curve() {
        // The base point of P-256 (SEC 2 section 2.4.2) is a valid public key.
        let x = base64url::decode("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY").unwrap();
        let y = base64url::decode("T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU").unwrap();
        let (curve, x, y) = (Curve::P256, &x[..], &y[..]);
        let key = VerifyingKey::from_numbers(KeyNumbers::Ec { curve, x, y }).unwrap();
        let bound = key.with_algorithm(Some(Algorithm::Es256)).unwrap();
        for binding in [JwkAlgorithm::Exact, JwkAlgorithm::Family] {
            assert_eq!(serving(&bound, binding), ["ES256"]);
        }
    }

    #[test]
    fn alg_has_to_fit_the_key() {
        for (key, algorithm) in [
            (rsa(), Algorithm::Hs256),
            (rsa(), Algorithm::Es256),
            (ed25519(), Algorithm::Hs256),
            (oct(), Algorithm::Rs256),
        ] {
            let refused = key.with_algorithm(Some(algorithm)).unwrap_err();
            assert_eq!(refused, KeyError::AlgorithmDoesNotFit { algorithm });
        }
        let short = VerifyingKey::from_numbers(KeyNumbers::Oct { secret: &[7; 47] }).unwrap();
        let refused = short.with_algorithm(Some(Algorithm::Hs384)).unwrap_err();
        assert_eq!(
            refused,
            KeyError::SecretTooShort {
                octets: 47,
                needed: 48
            }
        );
    }

    #[test]
    fn public_key_never_verifies_a_mac() {
        use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
        let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        let public = secret.verifying_key();
        let tag = jwt_compact::alg::Hs256.sign(
            &jwt_compact::alg::Hs256Key::new(public.as_bytes()),
            b"message",
        );
        for algorithm in Algorithm::ALL {
            assert!(
                !ed25519().verify(algorithm, b"message", &tag.as_bytes()),
                "{algorithm}"
            );
        }
    }

    #[test]
    fn no_key_verifies_an_algorithm_that_does_not_fit_it() {
        for key in [rsa(), ed25519(), oct()] {
            for algorithm in Algorithm::ALL.into_iter().filter(|alg| !key.fits(*alg)) {
                for length in [0, 32, 64, 256] {
                    assert!(!key.verify(algorithm, b"", &vec![0; length]), "{algorithm}");
                }
            }
        }
    }

    #[test]
    fn thumbprint_is_that_of_rfc_8037_and_ignores_names() {
        // RFC 8037 appendix A.3.
        let x = base64url::decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = VerifyingKey::from_numbers(KeyNumbers::Ed25519 { x: &x }).unwrap();
        let expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(key.thumbprint().to_string(), expected);
        let named = key
            .with_kid(Some("k".to_owned()))
            .with_issuer(Some("i".to_owned()));
        assert_eq!(named.thumbprint().to_string(), expected);
    }

    #[test]
    fn thumbprint_ignores_leading_zeros_of_a_modulus() {
        let signed = [&[0][..], &[0xff; 256]].concat();
        let numbers = KeyNumbers::Rsa {
            modulus: &signed,
            exponent: &[0, 1, 0, 1],
        };
        let key = VerifyingKey::from_numbers(numbers).unwrap();
        assert_eq!(key.thumbprint(), rsa().thumbprint());
    }
}

//! The numbers that make up a key, and the key's thumbprint.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::jose::base64url;
use crate::jose::big_endian::without_leading_zeros;

/// A curve of `EC` keys (RFC 7518 section 6.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// `P-256`.
    P256,
    /// `P-384`.
    P384,
    /// `P-521`.
    P521,
}

/// The type of a key (`kty`, RFC 7518 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `EC`.
    Ec(Curve),
    /// `OKP`. The only supported curve is Ed25519.
    Okp,
    /// `oct`: a shared secret.
    Oct,
    /// `RSA`.
    Rsa,
}

/// The numbers of a key, from a JWK, a certificate or another source.
#[derive(Clone, Copy)]
pub enum KeyNumbers<'a> {
    /// Modulus and public exponent.
    Rsa {
        /// The JWK member `n`, big-endian.
        modulus: &'a [u8],
        /// The JWK member `e`, big-endian.
        exponent: &'a [u8],
    },
    /// The coordinates of a point.
    Ec {
        /// The JWK member `crv`.
        curve: Curve,
        /// The JWK member `x`, with its leading zeros.
        x: &'a [u8],
        /// The JWK member `y`, with its leading zeros.
        y: &'a [u8],
    },
    /// An Ed25519 public key.
    Ed25519 {
        /// The JWK member `x`.
        x: &'a [u8],
    },
    /// A shared secret.
    Oct {
        /// The JWK member `k`.
        secret: &'a [u8],
    },
}

/// The SHA-256 thumbprint of a key (RFC 7638). The thumbprint identifies the key independently of
/// its `kid`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thumbprint([u8; 32]);

impl Curve {
    /// The curve's name in `crv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The length of a coordinate in octets (RFC 7518 section 6.2.1.2). The numbers r and s of a
    /// signature have the same length (RFC 7518 section 3.4).
    pub const fn octets(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl KeyType {
    /// The type's name in `kty`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ec(_) => "EC",
            Self::Okp => "OKP",
            Self::Oct => "oct",
            Self::Rsa => "RSA",
        }
    }
}

impl KeyNumbers<'_> {
    /// Computes the thumbprint over the required members, in lexical order and without white space
    /// (RFC 7638 section 3).
    pub(super) fn thumbprint(self) -> Thumbprint {
        let encode = base64url::encode;
        let jwk = match self {
            Self::Rsa { modulus, exponent } => {
                let n = encode(without_leading_zeros(modulus));
                let e = encode(without_leading_zeros(exponent));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
            Self::Ec { curve, x, y } => {
                let (crv, x, y) = (curve.name(), encode(x), encode(y));
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Ed25519 { x } => {
                let x = encode(x);
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
            }
            Self::Oct { secret } => {
                let k = encode(secret);
                format!(r#"{{"k":"{k}","kty":"oct"}}"#)
            }
        };
        Thumbprint(Sha256::digest(jwk).into())
    }
}

impl Thumbprint {
    /// The SHA-256 digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// A thumbprint is the hash of the members in lexical order. `jwt_compact` writes the members
    /// in this order, so its text has the same hash.
    #[test]
    fn the_thumbprint_equals_that_of_jwt_compact() {
        use jwt_compact::{alg::SecretBytes, jwk::JsonWebKey};
        let (x, y) = (&[1, 2, 3][..], &[4, 5][..]);
        for (numbers, jwk) in [
            (
                KeyNumbers::Rsa {
                    modulus: x,
                    exponent: y,
                },
                JsonWebKey::Rsa {
                    modulus: x.into(),
                    public_exponent: y.into(),
                    private_parts: None,
                },
            ),
            (
                KeyNumbers::Ec {
                    curve: Curve::P384,
                    x,
                    y,
                },
                JsonWebKey::EllipticCurve {
                    curve: "P-384".into(),
                    x: x.into(),
                    y: y.into(),
                    secret: None,
                },
            ),
            (
                KeyNumbers::Ed25519 { x },
                JsonWebKey::KeyPair {
                    curve: "Ed25519".into(),
                    x: x.into(),
                    secret: None,
                },
            ),
            (
                KeyNumbers::Oct { secret: x },
                JsonWebKey::Symmetric {
                    secret: SecretBytes::borrowed(x),
                },
            ),
        ] {
            let expected = Thumbprint(Sha256::digest(jwk.to_string()).into());
            assert_eq!(numbers.thumbprint(), expected, "{jwk}");
        }
    }
}

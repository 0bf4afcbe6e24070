//! Keys made for one run, and tokens signed with them.

use std::collections::{BTreeMap, btree_map::Entry};

use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::signature::Signer as _;
use portcullis::jose::{Algorithm, KeyPurpose, base64url};
use rsa::{
    Pkcs1v15Sign, Pss, RsaPrivateKey,
    rand_core::{TryCryptoRng, TryRng},
    traits::PublicKeyParts as _,
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

const RSA_BITS: usize = 2048;

/// The error if the operating system provides no random numbers for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoKey;

/// Private keys, by algorithm and by whether the key is a forger's. A forger's key has the same
/// `kid` as the provider's key.
#[derive(Default)]
pub(crate) struct Keys(BTreeMap<(Algorithm, bool), Key>);

enum Key {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(Box<RsaPrivateKey>),
    Secret(Vec<u8>),
}

/// The owner of the key that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The provider's key.
    Provider,
    /// A key that the provider does not have.
    Forger,
}

impl Keys {
    /// The provider's public key as a JWK.
    pub(super) fn jwk(
        &mut self,
        algorithm: Algorithm,
        purpose: KeyPurpose,
    ) -> Result<Value, NoKey> {
        let mut jwk = self.key(algorithm, By::Provider)?.public();
        jwk.insert("kid".to_owned(), json!(kid(algorithm)));
        let purpose = match purpose {
            KeyPurpose::Signatures => "sig",
            KeyPurpose::JwtSvids => "jwt-svid",
        };
        jwk.insert("use".to_owned(), json!(purpose));
        jwk.insert("alg".to_owned(), json!(algorithm.name()));
        Ok(Value::Object(jwk))
    }

    /// Signs a token.
    pub(super) fn token(
        &mut self,
        algorithm: Algorithm,
        by: By,
        header: &Value,
        claims: &Value,
    ) -> Result<String, NoKey> {
        let encode = |part: &Value| base64url::encode(part.to_string().as_bytes());
        let message = format!("{}.{}", encode(header), encode(claims));
        let key = self.key(algorithm, by)?;
        let signature = key.sign(algorithm, message.as_bytes())?;
        Ok(format!("{message}.{}", base64url::encode(&signature)))
    }

    fn key(&mut self, algorithm: Algorithm, by: By) -> Result<&Key, NoKey> {
        match self.0.entry((algorithm, by == By::Forger)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(Key::generate(algorithm)?)),
        }
    }
}

/// The `kid` of an algorithm's key.
pub(super) fn kid(algorithm: Algorithm) -> String {
    format!("test-{}", algorithm.name())
}

impl Key {
    fn generate(algorithm: Algorithm) -> Result<Self, NoKey> {
        Ok(match algorithm {
            Algorithm::Es256 => Self::P256(scalar(p256::ecdsa::SigningKey::from_slice, 0)?),
            Algorithm::Es384 => Self::P384(scalar(p384::ecdsa::SigningKey::from_slice, 1)?),
            Algorithm::Es512 => Self::P521(scalar(p521::ecdsa::SigningKey::from_slice, 2)?),
            Algorithm::EdDsa => Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&random()?)),
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
                Self::Secret(random::<64>()?.to_vec())
            }
            _ => {
                let key = RsaPrivateKey::new(&mut SystemRandom, RSA_BITS).map_err(|_| NoKey)?;
                Self::Rsa(Box::new(key))
            }
        })
    }

    fn public(&self) -> Map<String, Value> {
        let octets = |octets: Option<&[u8]>| json!(base64url::encode(octets.unwrap_or_default()));
        let members = match self {
            Self::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = (point.x().map(|x| &x[..]), point.y().map(|y| &y[..]));
                json!({"kty": "EC", "crv": "P-256", "x": octets(x), "y": octets(y)})
            }
            Self::P384(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = (point.x().map(|x| &x[..]), point.y().map(|y| &y[..]));
                json!({"kty": "EC", "crv": "P-384", "x": octets(x), "y": octets(y)})
            }
            Self::P521(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = (point.x().map(|x| &x[..]), point.y().map(|y| &y[..]));
                json!({"kty": "EC", "crv": "P-521", "x": octets(x), "y": octets(y)})
            }
            Self::Ed25519(key) => {
                let x = octets(Some(key.verifying_key().as_bytes()));
                json!({"kty": "OKP", "crv": "Ed25519", "x": x})
            }
            Self::Rsa(key) => {
                let (n, e) = (key.n_bytes(), key.e_bytes());
                json!({"kty": "RSA", "n": octets(Some(&n)), "e": octets(Some(&e))})
            }
            Self::Secret(secret) => json!({"kty": "oct", "k": octets(Some(secret))}),
        };
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, NoKey> {
        Ok(match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::P521(key) => {
                let signature: p521::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Self::Rsa(key) => rsa_signature(key, algorithm, message).map_err(|_| NoKey)?,
            Self::Secret(secret) => mac(algorithm, secret, message)?,
        })
    }
}

fn rsa_signature(
    key: &RsaPrivateKey,
    algorithm: Algorithm,
    message: &[u8],
) -> Result<Vec<u8>, rsa::Error> {
    let rng = &mut SystemRandom;
    let (short, middle, long) = (
        Sha256::digest(message),
        Sha384::digest(message),
        Sha512::digest(message),
    );
    match algorithm {
        Algorithm::Rs384 => key.sign(Pkcs1v15Sign::new::<Sha384>(), &middle),
        Algorithm::Rs512 => key.sign(Pkcs1v15Sign::new::<Sha512>(), &long),
        Algorithm::Ps256 => key.sign_with_rng(rng, Pss::<Sha256>::new(), &short),
        Algorithm::Ps384 => key.sign_with_rng(rng, Pss::<Sha384>::new(), &middle),
        Algorithm::Ps512 => key.sign_with_rng(rng, Pss::<Sha512>::new(), &long),
        _ => key.sign(Pkcs1v15Sign::new::<Sha256>(), &short),
    }
}

fn mac(algorithm: Algorithm, secret: &[u8], message: &[u8]) -> Result<Vec<u8>, NoKey> {
    macro_rules! with {
        ($hash:ty) => {{
            let mut mac = Hmac::<$hash>::new_from_slice(secret).map_err(|_| NoKey)?;
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        }};
    }
    Ok(match algorithm {
        Algorithm::Hs384 => with!(Sha384),
        Algorithm::Hs512 => with!(Sha512),
        _ => with!(Sha256),
    })
}

/// A random private key for a curve. A random value is very rarely out of range, so a few attempts
/// are enough.
fn scalar<K, E>(from: impl Fn(&[u8]) -> Result<K, E>, curve: u8) -> Result<K, NoKey> {
    for _ in 0..16 {
        let octets: [u8; 66] = random()?;
        let mut long = octets;
        // The order of P-521 has 521 bits, so only the lowest bit of the first octet is kept.
        if let Some(first) = long.first_mut() {
            *first &= 1;
        }
        let octets = match curve {
            0 => octets.get(..32),
            1 => octets.get(..48),
            _ => long.get(..),
        };
        if let Some(Ok(key)) = octets.map(&from) {
            return Ok(key);
        }
    }
    Err(NoKey)
}

/// Random octets from the operating system.
pub(super) fn random<const OCTETS: usize>() -> Result<[u8; OCTETS], NoKey> {
    let mut octets = [0; OCTETS];
    getrandom::fill(&mut octets).map_err(|_| NoKey)?;
    Ok(octets)
}

/// The operating system's random number generator.
struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        // The error is ignored: the generator worked earlier in this run, and a test key protects
        // nothing.
        let _ = getrandom::fill(octets);
        Ok(())
    }
}

impl TryCryptoRng for SystemRandom {}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis::{
        config::Config, connection::NoConnection, decision::Decision, engine::Engine,
        engine::Patience, http::Request, time::UnixMillis,
    };

    #[test]
    fn the_engine_accepts_what_each_key_signs() {
        let mut keys = Keys::default();
        for algorithm in Algorithm::ALL {
            let jwks = json!({"keys": [keys.jwk(algorithm, KeyPurpose::Signatures).unwrap()]});
            let config = json!({
                "providers": {"p": {
                    "allow_any_issuer": true, "allow_any_audience": true, "require_expiration": false,
                    "algorithms": [algorithm.name()], "local_jwks": {"inline_string": jwks.to_string()},
                }},
                "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "p"}}],
            });
            let engine = Engine::new(Config::from_value(&config).unwrap());
            for (by, is_good) in [(By::Provider, true), (By::Forger, false)] {
                let header = json!({"alg": algorithm.name(), "kid": kid(algorithm)});
                let token = keys
                    .token(algorithm, by, &header, &json!({"sub": "a"}))
                    .unwrap();
                let token = format!("Bearer {token}");
                let headers: [(&[u8], &[u8]); 4] = [
                    (b":method", b"GET"),
                    (b":path", b"/"),
                    (b":authority", b"a"),
                    (b"authorization", token.as_bytes()),
                ];
                let request = Request::new(headers.into_iter().collect());
                let decided = engine.decide(
                    &request,
                    None,
                    UnixMillis::new(0),
                    Patience::Exhausted,
                    &NoConnection,
                );
                assert_eq!(
                    matches!(decided.decision, Decision::Permit(_)),
                    is_good,
                    "{algorithm}"
                );
            }
        }
    }
}

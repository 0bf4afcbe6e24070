//! Signs tokens with the fixed keys in `keys/`, as an issuer would.
//!
//! All signatures are deterministic (the salt of RSA-PSS comes from a counter), so failures are
//! reproducible. The private keys are in this repository, so everyone knows them: never use them
//! anywhere else.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "only tests use this module, and they must fail if a key file is broken"
)]
#![allow(dead_code, reason = "each test file uses only a part of the signer")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_compact::Algorithm as _;
use jwt_compact::AlgorithmSignature as _;
use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key};
use p256::ecdsa::signature::Signer as _;
use portcullis::jose::Algorithm;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPrivateKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Selects one of the two keys that exist for each key type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// The key that the issuer publishes.
    Own,
    /// A key that the issuer does not publish, for forged tokens.
    Other,
}

/// A private key with its `kid` and the algorithm that it signs with.
#[derive(Clone)]
pub struct Signer {
    pub alg: Algorithm,
    pub kid: Option<String>,
    private: Map<String, Value>,
    key: PrivateKey,
}

#[derive(Clone)]
enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Oct(Vec<u8>),
}

impl Signer {
    /// Creates a signer for `alg`. Its `kid` is `<alg>-1`, such as `RS256-1`.
    pub fn new(alg: Algorithm) -> Self {
        Self::with_pair(alg, Pair::Own)
    }

    /// Like [`Self::new`], but `pair` selects the key. Both keys of an algorithm have the same
    /// `kid`.
    pub fn with_pair(alg: Algorithm, pair: Pair) -> Self {
        let jwk = private_jwk(alg, pair);
        let private = serde_json::from_str(jwk).expect("a key file is a JSON object");
        Self::from_private_jwk(alg, Some(&format!("{}-1", alg.name())), private)
    }

    /// Creates a signer with the private key that a JWK describes.
    pub fn from_private_jwk(
        alg: Algorithm,
        kid: Option<&str>,
        private: Map<String, Value>,
    ) -> Self {
        let key = PrivateKey::from_jwk(&private);
        Self {
            alg,
            kid: kid.map(str::to_owned),
            private,
            key,
        }
    }

    /// Returns the same signer with another `kid`, or with none.
    #[must_use]
    pub fn named(mut self, kid: Option<&str>) -> Self {
        self.kid = kid.map(str::to_owned);
        self
    }

    /// The public JWK with `kid`, `alg` and `use`. If the key is symmetric, the JWK contains the
    /// secret itself.
    pub fn jwk(&self) -> Value {
        let public = ["kty", "crv", "x", "y", "n", "e", "k"];
        let mut jwk: Map<_, _> = self.private.clone();
        jwk.retain(|name, _| public.contains(&name.as_str()));
        jwk.insert("alg".to_owned(), json!(self.alg.name()));
        jwk.insert("use".to_owned(), json!("sig"));
        if let Some(kid) = &self.kid {
            jwk.insert("kid".to_owned(), json!(kid));
        }
        Value::Object(jwk)
    }

    /// A JWK Set with only this key.
    pub fn jwks(&self) -> Value {
        jwks([self])
    }

    /// The header `{"alg", "typ": "at+jwt", "kid"}`.
    pub fn header(&self) -> Value {
        let mut header = json!({ "alg": self.alg.name(), "typ": "at+jwt" });
        if let Some(kid) = &self.kid {
            header["kid"] = json!(kid);
        }
        header
    }

    /// Signs a token with [`Self::header`] and these claims.
    pub fn sign_claims(&self, claims: &Value) -> String {
        self.token(&self.header(), claims)
    }

    /// Signs a token with exactly this header and these claims. The header may name an algorithm
    /// that the signer does not use.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// Signs a token with arbitrary bytes as header and payload.
    pub fn token_of_bytes(&self, header: &[u8], payload: &[u8]) -> String {
        let input = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        );
        let signature = URL_SAFE_NO_PAD.encode(self.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            PrivateKey::Rsa(key) => sign_rsa(self.alg, key, message),
            PrivateKey::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            PrivateKey::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            PrivateKey::P521(key) => {
                let signature: p521::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            PrivateKey::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            PrivateKey::Oct(secret) => sign_hmac(self.alg, secret, message),
        }
    }
}

/// A JWK Set with these keys.
pub fn jwks<'a>(signers: impl IntoIterator<Item = &'a Signer>) -> Value {
    json!({ "keys": signers.into_iter().map(Signer::jwk).collect::<Vec<_>>() })
}

/// The public key of `alg` in PEM (SPKI).
pub fn public_pem(alg: Algorithm) -> &'static str {
    match alg {
        Algorithm::Es256 => include_str!("keys/p256.pub.pem"),
        Algorithm::Es384 => include_str!("keys/p384.pub.pem"),
        Algorithm::Es512 => include_str!("keys/p521.pub.pem"),
        Algorithm::EdDsa => include_str!("keys/ed25519.pub.pem"),
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => panic!("a secret has no PEM"),
        _ => include_str!("keys/rsa.pub.pem"),
    }
}

fn private_jwk(alg: Algorithm, pair: Pair) -> &'static str {
    match (alg, pair) {
        (Algorithm::EdDsa, Pair::Own) => include_str!("keys/ed25519.jwk.json"),
        (Algorithm::EdDsa, Pair::Other) => include_str!("keys/ed25519_other.jwk.json"),
        (Algorithm::Es256, Pair::Own) => include_str!("keys/p256.jwk.json"),
        (Algorithm::Es256, Pair::Other) => include_str!("keys/p256_other.jwk.json"),
        (Algorithm::Es384, Pair::Own) => include_str!("keys/p384.jwk.json"),
        (Algorithm::Es384, Pair::Other) => include_str!("keys/p384_other.jwk.json"),
        (Algorithm::Es512, Pair::Own) => include_str!("keys/p521.jwk.json"),
        (Algorithm::Es512, Pair::Other) => include_str!("keys/p521_other.jwk.json"),
        (Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512, Pair::Own) => {
            include_str!("keys/oct.jwk.json")
        }
        (Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512, Pair::Other) => {
            include_str!("keys/oct_other.jwk.json")
        }
        (_, Pair::Own) => include_str!("keys/rsa.jwk.json"),
        (_, Pair::Other) => include_str!("keys/rsa_other.jwk.json"),
    }
}

impl PrivateKey {
    fn from_jwk(jwk: &Map<String, Value>) -> Self {
        let octets = |member: &str| {
            let text = jwk[member].as_str().expect("a key member is a string");
            URL_SAFE_NO_PAD
                .decode(text)
                .expect("a key member is base64url")
        };
        let number = |member: &str| BoxedUint::from_be_slice_vartime(&octets(member));
        match (jwk["kty"].as_str(), jwk.get("crv").and_then(Value::as_str)) {
            (Some("RSA"), None) => {
                let primes = vec![number("p"), number("q")];
                let key =
                    RsaPrivateKey::from_components(number("n"), number("e"), number("d"), primes);
                Self::Rsa(Box::new(key.expect("the RSA key is sound")))
            }
            (Some("EC"), Some("P-256")) => {
                Self::P256(p256::ecdsa::SigningKey::from_slice(&octets("d")).expect("a scalar"))
            }
            (Some("EC"), Some("P-384")) => {
                Self::P384(p384::ecdsa::SigningKey::from_slice(&octets("d")).expect("a scalar"))
            }
            (Some("EC"), Some("P-521")) => {
                Self::P521(p521::ecdsa::SigningKey::from_slice(&octets("d")).expect("a scalar"))
            }
            (Some("OKP"), Some("Ed25519")) => {
                let seed = octets("d").try_into().expect("a seed has 32 octets");
                Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed))
            }
            (Some("oct"), None) => Self::Oct(octets("k")),
            other => panic!("no signer for keys of type {other:?}"),
        }
    }
}

fn sign_rsa(alg: Algorithm, key: &RsaPrivateKey, message: &[u8]) -> Vec<u8> {
    let (h256, h384, h512) = (
        Sha256::digest(message),
        Sha384::digest(message),
        Sha512::digest(message),
    );
    let mut salt = Counter(0);
    match alg {
        Algorithm::Rs256 => key.sign(Pkcs1v15Sign::new::<Sha256>(), &h256),
        Algorithm::Rs384 => key.sign(Pkcs1v15Sign::new::<Sha384>(), &h384),
        Algorithm::Rs512 => key.sign(Pkcs1v15Sign::new::<Sha512>(), &h512),
        Algorithm::Ps256 => key.sign_with_rng(&mut salt, Pss::<Sha256>::new(), &h256),
        Algorithm::Ps384 => key.sign_with_rng(&mut salt, Pss::<Sha384>::new(), &h384),
        Algorithm::Ps512 => key.sign_with_rng(&mut salt, Pss::<Sha512>::new(), &h512),
        other => panic!("an RSA key does not sign {other}"),
    }
    .expect("signing succeeds")
}

fn sign_hmac(alg: Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    match alg {
        Algorithm::Hs256 => Hs256
            .sign(&Hs256Key::new(secret), message)
            .as_bytes()
            .into_owned(),
        Algorithm::Hs384 => Hs384
            .sign(&Hs384Key::new(secret), message)
            .as_bytes()
            .into_owned(),
        Algorithm::Hs512 => Hs512
            .sign(&Hs512Key::new(secret), message)
            .as_bytes()
            .into_owned(),
        other => panic!("a secret does not sign {other}"),
    }
}

/// A deterministic source of octets for PSS salts: 1, 2, 3 and so on.
struct Counter(u8);

impl TryRng for Counter {
    type Error = std::convert::Infallible;

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
        for octet in octets {
            self.0 = self.0.wrapping_add(1);
            *octet = self.0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

//! Good tokens, and tokens with a single fault.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::provider::Provider;
use support::signer::{Pair, Signer};

/// The distance, in seconds, between a token's times and the times at which the decision changes.
/// It is so large that `jwt_authn` and Portcullis decide alike, although one decides after the
/// other.
const MARGIN: i64 = 15;

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident),+ $(,)?) => {
        /// How a token differs from a good token. Not every difference makes the token invalid.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Fault { $($(#[$doc])* $fault),+ }
        impl Fault {
            /// Every fault.
            pub(crate) const ALL: &[Self] = &[$(Self::$fault),+];
        }
    };
}

faults! {
    /// No fault.
    None,
    // Faults of the token's times.
    Expired, ExpiredWithinSkew, NoExp, ExpZero, ExpNegative, ExpFraction, ExpText, ExpHuge, ExpNull,
    NotYet, NotYetWithinSkew, NbfText, NbfFraction, IatInFuture, IatText, LongLife,
    // Faults of issuer, audience and subject.
    NoIssuer, OtherIssuer, IssuerNumber, IssuerSlash, NoAudience, OtherAudience, AudienceList,
    AudienceMixed, AudienceEmpty, AudienceNumber, AudienceSlash, AudienceScheme, NoSubject,
    OtherSubject, SubjectNumber, JtiNumber,
    // Faults of keys and algorithms.
    OtherKey, UnknownKid, NoKid, EmptyKid, KidNumber, AlgNone, AlgUnknown, AlgMissing, AlgLowerCase,
    AlgOfFamily, AlgUntrue,
    // Faults of the header's other members.
    TypOther, TypAbsent, TypNumber, Crit, B64, CtyJwt, Jku, HeaderExtra,
    // Faults of the signature.
    SignatureEmpty, SignatureFlipped, SignatureShort, SignatureOfOther,
    // Faults of the token's segments and of their encoding.
    TwoSegments, FourSegments, DotBefore, DotBehind, DotsBetween, Padding, NotBase64, StandardBase64,
    TrailingBits,
    // Other faults of the header, the payload or the whole token.
    PayloadArray, PayloadNoJson, HeaderNoJson, PayloadNotUtf8, ClaimTwice, NestedTwice, HeaderTwice,
    Deep, DeepBeyond, Long, Cnf, LineBreak, SpaceAtEnd, Empty, Opaque,
}

/// Creates tokens whose times are relative to `now`.
#[derive(Clone, Copy)]
pub(crate) struct Mint {
    /// The time in seconds since 1970.
    pub(crate) now: i64,
}

impl Mint {
    /// Signs a token of `provider` with this fault. `key` is the index of the signing key among the
    /// provider's keys.
    pub(crate) fn token(self, provider: &Provider, key: usize, fault: Fault) -> String {
        let signers = &provider.keys.signers;
        let signer = &signers[key % signers.len()];
        let claims = self.faulty_claims(provider, fault);
        if let Some(token) = misshapen(signer, &claims, fault) {
            return token;
        }
        let header = faulty_header(signer, fault);
        let token = with_other_key(signer, &header, &claims, fault);
        faulty_signature(&token, fault)
    }

    fn faulty_claims(self, provider: &Provider, fault: Fault) -> Value {
        let mut claims = self.claims(provider);
        let (now, skew) = (self.now, provider.skew());
        let audience = claims["aud"].as_str().unwrap().to_owned();
        let edits: &[(&str, Value)] = match fault {
            Fault::Expired => &[("exp", json!(now - skew - MARGIN))],
            Fault::ExpiredWithinSkew => &[("exp", json!(now - skew + skew.min(2 * MARGIN) / 2))],
            Fault::NoExp => &[("exp", Value::Null)],
            Fault::ExpZero => &[("exp", json!(0))],
            Fault::ExpNegative => &[("exp", json!(-1))],
            Fault::ExpFraction => &[("exp", json!(now as f64 + 300.5))],
            Fault::ExpText => &[("exp", json!((now + 300).to_string()))],
            Fault::ExpHuge => &[("exp", json!(1e30))],
            Fault::NotYet => &[("nbf", json!(now + skew + MARGIN))],
            Fault::NotYetWithinSkew => &[("nbf", json!(now + skew - skew.min(2 * MARGIN) / 2))],
            Fault::NbfText => &[("nbf", json!("soon"))],
            Fault::NbfFraction => &[("nbf", json!(now as f64 - 60.5))],
            Fault::IatInFuture => &[("iat", json!(now + 3600))],
            Fault::IatText => &[("iat", json!("today"))],
            Fault::LongLife => &[("exp", json!(now + 1_000_000))],
            Fault::NoIssuer => &[("iss", Value::Null)],
            Fault::OtherIssuer => &[("iss", json!("https://elsewhere.example"))],
            Fault::IssuerNumber => &[("iss", json!(1))],
            Fault::IssuerSlash => {
                let issuer = claims["iss"].as_str().unwrap().to_owned() + "/";
                &[("iss", json!(issuer))]
            }
            Fault::NoAudience => &[("aud", Value::Null)],
            Fault::OtherAudience => &[("aud", json!("elsewhere"))],
            Fault::AudienceList => &[("aud", json!(["elsewhere", audience]))],
            Fault::AudienceMixed => &[("aud", json!([audience, 1]))],
            Fault::AudienceEmpty => &[("aud", json!([]))],
            Fault::AudienceNumber => &[("aud", json!(1))],
            Fault::AudienceSlash => &[("aud", json!(format!("{audience}/")))],
            Fault::AudienceScheme => &[("aud", json!(format!("http://{audience}")))],
            Fault::NoSubject => &[("sub", Value::Null)],
            Fault::OtherSubject => &[("sub", json!("mallory"))],
            Fault::SubjectNumber => &[("sub", json!(7))],
            Fault::JtiNumber => &[("jti", json!(7))],
            Fault::Deep => &[("deep", deep(60))],
            Fault::Long => &[("filler", json!("f".repeat(9000)))],
            Fault::Cnf => &[("cnf", json!({ "x5t#S256": "A".repeat(43) }))],
            Fault::LineBreak => &[("user", json!("alice\r\nx-admin: 1"))],
            Fault::SpaceAtEnd => &[("user", json!(" alice "))],
            _ => &[],
        };
        for (name, value) in edits {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(*name);
            } else {
                claims[*name] = value.clone();
            }
        }
        if fault == Fault::ExpNull {
            claims["exp"] = Value::Null;
        }
        claims
    }

    /// The claims of a good token. They include a value of each JSON type.
    fn claims(self, provider: &Provider) -> Value {
        let issuer = provider.json["issuer"].as_str();
        let audience = provider.json["audiences"][0].as_str();
        json!({
            "iss": issuer.filter(|issuer| !issuer.is_empty()).unwrap_or("https://any.example"),
            "aud": audience.unwrap_or("anyone"),
            "sub": "alice@example.com",
            "exp": self.now + 300,
            "iat": self.now - 10,
            "user": "alice",
            "admin": true,
            "level": 3,
            "debt": -7,
            "ratio": 1.5,
            "third": 0.333_333_333_333,
            "large": 123_456_789_012_i64,
            "groups": ["b", "a", 1, true, null],
            "address": { "zip": 8001, "city": "Z\u{fc}rich", "geo": { "lat": 47.25 } },
            "scope": "orders.read orders.write",
            "roles": ["clerk"],
            "empty": "",
            "nothing": null,
            "https://example.com/roles": ["x"],
            "tenant.name": "acme",
        })
    }
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

fn faulty_header(signer: &Signer, fault: Fault) -> Value {
    let mut header = signer.header();
    let edits: &[(&str, Value)] = match fault {
        Fault::UnknownKid => &[("kid", json!("elsewhere"))],
        Fault::NoKid => &[("kid", Value::Null)],
        Fault::EmptyKid => &[("kid", json!(""))],
        Fault::KidNumber => &[("kid", json!(7))],
        Fault::AlgNone => &[("alg", json!("none"))],
        Fault::AlgUnknown => &[("alg", json!("ES256K"))],
        Fault::AlgMissing => &[("alg", Value::Null)],
        Fault::AlgLowerCase => &[("alg", json!(signer.alg.name().to_ascii_lowercase()))],
        Fault::AlgOfFamily => &[("alg", json!(sibling(signer.alg).name()))],
        Fault::AlgUntrue => &[("alg", json!(stranger(signer.alg).name()))],
        Fault::TypOther => &[("typ", json!("dpop+jwt"))],
        Fault::TypAbsent => &[("typ", Value::Null)],
        Fault::TypNumber => &[("typ", json!(7))],
        Fault::Crit => &[("crit", json!(["exp"]))],
        Fault::B64 => &[("b64", json!(true))],
        Fault::CtyJwt => &[("cty", json!("JWT"))],
        Fault::Jku => &[("jku", json!("https://elsewhere.example/keys"))],
        Fault::HeaderExtra => &[("x", json!({ "y": [1] }))],
        _ => &[],
    };
    for (name, value) in edits {
        if value.is_null() {
            header.as_object_mut().unwrap().remove(*name);
        } else {
            header[*name] = value.clone();
        }
    }
    header
}

/// Signs a token with the provider's key, or with another key if the fault requires a wrong key.
fn with_other_key(signer: &Signer, header: &Value, claims: &Value, fault: Fault) -> String {
    match fault {
        Fault::OtherKey => Signer::with_pair(signer.alg, Pair::Other).token(header, claims),
        Fault::AlgOfFamily => {
            // The token's header names the algorithm that the token is signed with. The key set
            // names another algorithm for the key.
            Signer::new(sibling(signer.alg)).token(header, claims)
        }
        _ => signer.token(header, claims),
    }
}

fn faulty_signature(token: &str, fault: Fault) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    match fault {
        Fault::SignatureEmpty => format!("{signed}."),
        Fault::SignatureFlipped => {
            let other = if signature.starts_with('A') { 'B' } else { 'A' };
            format!("{signed}.{other}{}", &signature[1..])
        }
        Fault::SignatureShort => format!("{signed}.{}", &signature[..signature.len() - 4]),
        Fault::SignatureOfOther => format!("{header}.{payload}e30.{signature}"),
        Fault::TwoSegments => signed.to_owned(),
        Fault::FourSegments => format!("{token}.AA"),
        Fault::DotBefore => format!(".{token}"),
        Fault::DotBehind => format!("{token}."),
        Fault::DotsBetween => format!("{header}..{payload}.{signature}"),
        Fault::Padding => format!("{signed}.{signature}{}", padding(signature)),
        Fault::NotBase64 => format!("{header}.{payload}.{}~", &signature[1..]),
        Fault::StandardBase64 => {
            format!("{signed}.{}", signature.replace('-', "+").replace('_', "/"))
        }
        Fault::TrailingBits => format!("{signed}.{}", with_trailing_bits(signature)),
        _ => token.to_owned(),
    }
}

fn padding(segment: &str) -> String {
    "=".repeat((4 - segment.len() % 4) % 4)
}

/// Replaces the last character with the next character of the base64url alphabet. If this changes
/// only unused bits, the segment still decodes to the same octets.
fn with_trailing_bits(segment: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = segment.split_at(segment.len() - 1);
    let value = ALPHABET.iter().position(|byte| *byte == last.as_bytes()[0]);
    let next = ALPHABET[(value.unwrap() + 1) % ALPHABET.len()];
    format!("{rest}{}", char::from(next))
}

/// A token with an unusual header or payload, such as invalid JSON, or a string that is no JWT.
/// `None` for any other fault.
fn misshapen(signer: &Signer, claims: &Value, fault: Fault) -> Option<String> {
    let header = signer.header().to_string();
    let claims = claims.to_string();
    let open = claims.strip_suffix('}').unwrap();
    let payload = match fault {
        Fault::PayloadArray => b"[1]".to_vec(),
        Fault::PayloadNoJson => b"sub=alice".to_vec(),
        Fault::PayloadNotUtf8 => [open.as_bytes(), b",\"x\":\"\xff\"}"].concat(),
        Fault::ClaimTwice => format!("{open},\"sub\":\"root\"}}").into_bytes(),
        Fault::NestedTwice => format!("{open},\"x\":{{\"y\":1,\"y\":2}}}}").into_bytes(),
        Fault::DeepBeyond => {
            format!("{open},\"x\":{}1{}}}", "[".repeat(900), "]".repeat(900)).into_bytes()
        }
        _ => claims.clone().into_bytes(),
    };
    match fault {
        Fault::HeaderNoJson => Some(signer.token_of_bytes(b"alg=ES256", &payload)),
        Fault::HeaderTwice => {
            let open = header.strip_suffix('}').unwrap();
            let twice = format!("{open},\"kid\":{:?}}}", signer.kid.clone().unwrap());
            Some(signer.token_of_bytes(twice.as_bytes(), &payload))
        }
        Fault::PayloadArray
        | Fault::PayloadNoJson
        | Fault::PayloadNotUtf8
        | Fault::ClaimTwice
        | Fault::NestedTwice
        | Fault::DeepBeyond => Some(signer.token_of_bytes(header.as_bytes(), &payload)),
        Fault::Empty => Some(String::new()),
        Fault::Opaque => Some("0a1b2c3d4e5f".to_owned()),
        _ => None,
    }
}

/// Another algorithm that works with the same key as `alg`, or `alg` itself if there is no other.
pub(crate) fn sibling(alg: Algorithm) -> Algorithm {
    match alg {
        Algorithm::Rs256 => Algorithm::Rs512,
        Algorithm::Rs384 | Algorithm::Rs512 | Algorithm::Ps384 | Algorithm::Ps512 => {
            Algorithm::Ps256
        }
        Algorithm::Ps256 => Algorithm::Rs256,
        Algorithm::Hs256 => Algorithm::Hs512,
        Algorithm::Hs384 | Algorithm::Hs512 => Algorithm::Hs256,
        other => other,
    }
}

/// An algorithm that does not work with a key for `alg`.
fn stranger(alg: Algorithm) -> Algorithm {
    match alg {
        Algorithm::Es256 => Algorithm::Rs256,
        Algorithm::Es384 => Algorithm::Es256,
        Algorithm::Es512 => Algorithm::Es384,
        Algorithm::EdDsa => Algorithm::Es256,
        _ => Algorithm::Hs256,
    }
}

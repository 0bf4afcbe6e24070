//! Compares the project's verification of RSA paddings with that of the crate `rsa`.
//!
//! The moduli are primes, not products of two primes. If the modulus is a prime, the private
//! exponent is easy to compute, so the tests can sign any encoding, good or flawed. A verifier does
//! not notice the prime, because it does not factor the modulus.

use num_bigint::BigUint;
use portcullis::jose::{Algorithm, KeyNumbers, VerifyingKey};
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::{Random, padded};

/// For each prime, its size in bits, and the number to subtract from 2^bits to get the prime. With
/// these sizes, a PSS encoding uses 7, 8, 1, 4, 6, 7 and 8 bits of its first octet. If the encoding
/// uses all 8 bits, the modulus has one octet more than the encoding.
const PRIMES: [(usize, u64); 7] = [
    (2048, 2543),
    (2049, 1449),
    (2050, 17357),
    (2053, 2211),
    (2055, 321),
    (2056, 1037),
    (3073, 3219),
];
const EXPONENT: u64 = 65537;

struct Key {
    modulus: BigUint,
    private: BigUint,
    bits: usize,
    ours: VerifyingKey,
    theirs: RsaPublicKey,
}

impl Key {
    fn new(bits: usize, below: u64) -> Self {
        let modulus = (BigUint::from(1_u8) << bits) - below;
        let exponent = BigUint::from(EXPONENT);
        let octets = modulus.to_bytes_be();
        let numbers = KeyNumbers::Rsa {
            modulus: &octets,
            exponent: &exponent.to_bytes_be(),
        };
        Self {
            private: exponent.modinv(&(&modulus - 1_u8)).unwrap(),
            ours: VerifyingKey::from_numbers(numbers).unwrap(),
            theirs: RsaPublicKey::new(
                BoxedUint::from_be_slice_vartime(&octets),
                BoxedUint::from(EXPONENT),
            )
            .unwrap(),
            modulus,
            bits,
        }
    }

    /// Signs an encoded message. Returns `None` if the encoding, read as a number, is not below the
    /// modulus.
    fn sign(&self, encoded: &[u8]) -> Option<Vec<u8>> {
        let number = BigUint::from_bytes_be(encoded);
        (number < self.modulus).then(|| {
            let signature = number.modpow(&self.private, &self.modulus);
            padded(&signature, self.bits.div_ceil(8))
        })
    }
}

type Hash = fn(&[u8]) -> Vec<u8>;
/// A function that encodes a message. The arguments are a generator of random numbers, the number
/// of the flaw to introduce (0 for none), the size of the modulus in bits, the last octet of the
/// hash's object identifier, the hash function and the message.
type Encode = fn(&mut Random, u64, usize, u8, Hash, &[u8]) -> Vec<u8>;
/// The data for one hash: the PKCS #1 algorithm and the PSS algorithm that use it, the last octet
/// of the hash's object identifier, and the hash function.
type Row = (Algorithm, Algorithm, u8, Hash);

const HASHES: [Row; 3] = [
    (Algorithm::Rs256, Algorithm::Ps256, 1, |octets| {
        Sha256::digest(octets).to_vec()
    }),
    (Algorithm::Rs384, Algorithm::Ps384, 2, |octets| {
        Sha384::digest(octets).to_vec()
    }),
    (Algorithm::Rs512, Algorithm::Ps512, 3, |octets| {
        Sha512::digest(octets).to_vec()
    }),
];

fn theirs(key: &Key, algorithm: Algorithm, digest: &[u8], signature: &[u8]) -> bool {
    let key = &key.theirs;
    match algorithm {
        Algorithm::Rs256 => key.verify(Pkcs1v15Sign::new::<Sha256>(), digest, signature),
        Algorithm::Rs384 => key.verify(Pkcs1v15Sign::new::<Sha384>(), digest, signature),
        Algorithm::Rs512 => key.verify(Pkcs1v15Sign::new::<Sha512>(), digest, signature),
        Algorithm::Ps256 => key.verify(Pss::<Sha256>::new(), digest, signature),
        Algorithm::Ps384 => key.verify(Pss::<Sha384>::new(), digest, signature),
        _ => key.verify(Pss::<Sha512>::new(), digest, signature),
    }
    .is_ok()
}

/// Compares the project's verdicts with those of the crate `rsa`. For every key and hash, the two
/// verify a correct encoding, and one encoding with each flaw.
fn verdicts_are_equal(pick: fn(&Row) -> Algorithm, flaws: u64, encode: Encode) {
    let mut random = Random(8017);
    for (bits, below) in PRIMES {
        let key = Key::new(bits, below);
        for row in &HASHES {
            let (algorithm, (_, _, oid, hash)) = (pick(row), *row);
            for flaw in 0..flaws {
                let message: [u8; 20] = random.octets();
                let encoded = encode(&mut random, flaw, bits, oid, hash, &message);
                let Some(signature) = key.sign(&encoded) else {
                    continue;
                };
                let verdict = key.ours.verify(algorithm, &message, &signature);
                let expected = theirs(&key, algorithm, &hash(&message), &signature);
                assert_eq!(
                    verdict, expected,
                    "{bits} {algorithm} {flaw} {encoded:02x?}"
                );
                assert_eq!(
                    verdict,
                    flaw == 0,
                    "{bits} {algorithm} {flaw} {encoded:02x?}"
                );
                assert!(!key.ours.verify(algorithm, &message, &signature[1..]));
                assert!(
                    !key.ours
                        .verify(algorithm, &message, &[&[0], &signature[..]].concat())
                );
            }
        }
    }
}

#[test]
fn pkcs1_is_accepted_in_a_single_form() {
    verdicts_are_equal(
        |row| row.0,
        9,
        |random, flaw, bits, oid, hash, message| {
            let mut digest = hash(message);
            let octets = u8::try_from(digest.len()).unwrap();
            let parameters: &[u8] = if flaw == 1 { &[] } else { &[5, 0] };
            let oid = if flaw == 2 { oid % 3 + 1 } else { oid };
            let algorithm = [&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, oid], parameters].concat();
            let length = u8::try_from(algorithm.len()).unwrap();
            digest[0] ^= u8::from(flaw == 3);
            let info = [&[0x30, length], &algorithm[..], &[4, octets], &digest].concat();
            let length = u8::try_from(info.len()).unwrap();
            let header: &[u8] = if flaw == 4 {
                &[0x30, 0x81, length]
            } else {
                &[0x30, length]
            };
            // Flaw 5: the padding is too short, and garbage follows the digest. A verifier that
            // parses from the front and ignores what follows the digest would accept this encoding.
            let garbage = vec![0xaa; if flaw == 5 { 100 } else { 0 }];
            let info = [header, &info, &garbage].concat();
            let mut padding = vec![0xff; bits.div_ceil(8) - 3 - info.len()];
            let middle = padding.len() / 2;
            padding[middle] ^= u8::from(flaw == 6);
            let block = if flaw == 7 { 2 } else { 1 };
            let mut encoded = [&[0, block][..], &padding, &[0], &info].concat();
            flip(random, &mut encoded, flaw == 8);
            encoded
        },
    );
}

#[test]
fn pss_is_accepted_with_a_salt_as_long_as_its_hash() {
    verdicts_are_equal(
        |row| row.1,
        13,
        |random, flaw, bits, _, hash, message| {
            let digest = hash(message);
            let salt = match flaw {
                1 => 0,
                2 => 10,
                3 => digest.len() - 1,
                4 => digest.len() + 1,
                _ => digest.len(),
            };
            let salt = &random.octets::<80>()[..salt];
            let octets = (bits - 1).div_ceil(8);
            let unused = octets * 8 - (bits - 1);
            let mut seed = hash(&[&[0; 8], &digest[..], salt].concat());
            let mut block = vec![0; octets - digest.len() - 1];
            let separator = block.len() - salt.len() - 1;
            block[separator] = if flaw == 5 { 2 } else { 1 };
            block[separator + 1..].copy_from_slice(salt);
            block[separator - 1] ^= u8::from(flaw == 6);
            block[1] ^= u8::from(flaw == 7);
            for (counter, part) in (0_u32..).zip(block.chunks_mut(digest.len())) {
                let mask = hash(&[&seed[..], &counter.to_be_bytes()].concat());
                part.iter_mut()
                    .zip(mask)
                    .for_each(|(octet, mask)| *octet ^= mask);
            }
            block[0] &= 0xff_u8 >> unused;
            if flaw == 8 && unused > 0 {
                block[0] |= 0x80 >> (unused - 1);
            }
            seed[0] ^= u8::from(flaw == 9);
            let trailer = if flaw == 10 { 0xcc } else { 0xbc };
            let before = vec![u8::from(flaw == 11); bits.div_ceil(8) - octets];
            let mut encoded = [&before[..], &block, &seed, &[trailer]].concat();
            // Flaws 8 and 11 are possible only with some sizes of the modulus. With the other
            // sizes, a bit is flipped instead, so that the encoding is still wrong.
            let has_flaw = (flaw != 8 || unused > 0) && (flaw != 11 || !before.is_empty());
            flip(random, &mut encoded, flaw == 12 || !has_flaw);
            encoded
        },
    );
}

fn flip(random: &mut Random, encoded: &mut [u8], is_wanted: bool) {
    let octet =
        usize::try_from(random.below(u64::try_from(encoded.len()).unwrap() - 1)).unwrap() + 1;
    encoded[octet] ^= u8::from(is_wanted) << random.below(8);
}

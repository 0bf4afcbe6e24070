//! Verification of ECDSA signatures on P-256, P-384 and P-521, and of Ed25519 signatures, with a
//! table of multiples for each key.
//!
//! An ECDSA verification computes u1·G + u2·Q, where G is the base point of the curve and Q is the
//! public key. On P-256, this sum takes 256 doublings and about 256 additions without tables. With a
//! table of multiples of G and a table of multiples of Q, it takes 7 doublings and 48 additions. On
//! Ed25519's curve, the sum S·B - k·A takes 7 doublings and 64 additions.
//!
//! A table takes 61 to 221 kB of memory. Building it takes as long as about 48 verifications on
//! P-256, and 14 or 15 on the other curves. The first verification of a signature whose numbers are
//! in range builds the key's table. **Never build tables for keys that a client chooses**: for
//! ECDSA, verify with `verify_without_table` instead.
//!
//! Every input is public: a published key, a message and a signature. So the running time may
//! depend on the input. **Never use this package with a private key.**
//!
//! # Why the results are right
//!
//! - In native builds, the formally verified code of `fiat-crypto` does all arithmetic on P-384. On
//!   P-256, it does everything except building tables and adding their entries. For these two
//!   tasks, this package has faster arithmetic of its own, in full 64-bit words
//!   (`arithmetic/words.rs`).
//! - The code of `fiat-crypto` is large, and needs 128-bit products of 64-bit words, for which
//!   WebAssembly has no instruction. So this package also has arithmetic in shorter limbs
//!   (`arithmetic/limbs.rs`). It builds tables and adds their entries: for all curves in
//!   WebAssembly, and for P-521 also in native builds. A test (`ecdsa/bounds.rs`) runs the formulas
//!   on intervals instead of numbers. This proves that nothing overflows. Short code that is the
//!   same for every prime (`arithmetic/compact.rs`) does the remaining arithmetic.
//! - Tests compare the results of `words`, `limbs` and `compact` with those of `fiat-crypto`.
//! - For Ed25519, the formally verified code of `fiat-crypto` does the field arithmetic in all
//!   builds. Its proof requires that limbs are within bounds, and the types in `ed25519/field.rs`
//!   make the compiler check this. `compact` reduces the hash in WebAssembly, and `fiat-crypto` does
//!   so in native builds. The addition formula is right for all points. Tests compare points, sums
//!   and scalars with those of `curve25519-dalek`.
//! - On the NIST curves, the addition formula is wrong if the two points are equal or opposite. Only
//!   the owner of a key can make a signature that leads to such an addition. It sets the coordinate
//!   zz to 0, and zz stays 0 in all later steps, so one check at the end is enough. If zz is 0, the
//!   sum is computed again, without tables, by code that handles all cases.
//! - `inverse` computes the inverse of s, and for Ed25519 the inverse of Z. A multiplication checks
//!   the result.
//!
//! `tests/arithmetic/ecdsa.rs` compares the verdicts of this package with those of the crates
//! `p256`, `p384` and `p521`, and of AWS-LC. `tests/arithmetic/eddsa.rs` compares them with the
//! verdicts of `ed25519-dalek`.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these lints; the build without tests is \
                  still checked"
    )
)]

mod arithmetic;
mod comb;
mod ecdsa;
pub mod ed25519;

pub use self::ecdsa::lazy::P521Key;
#[cfg(target_arch = "wasm32")]
pub use self::ecdsa::lazy::{P256Key, P384Key};
pub use self::ecdsa::{lazy, saturated, verified};
#[cfg(not(target_arch = "wasm32"))]
pub use self::ecdsa::{saturated::P256Key, verified::P384Key};

//! Request paths, and the ways in which servers read them.
//!
//! A rule for `/admin` protects nothing if the upstream serves the same resource for
//! `/x/..%2fadmin`, `/%61dmin` or `/admin;x`. Upstreams normalise paths in different ways, so
//! Portcullis cannot imitate all of them. Instead, if `path_policy` is `reject`, Portcullis refuses
//! a path that different servers read as different resources. If a path has several harmless
//! readings, the same rule must match each of them ([`readings()`]). The path of a rule is
//! converted to its normal spelling when the configuration is read ([`normal_spelling`]).
//!
//! Path parameters (`;v=1`) and encoded letters (`%61`) are legitimate. They are allowed if the
//! same rule matches every reading (CVE-2026-73553).
//!
//! ```
//! use portcullis::http::path::{Ambiguity, readings};
//!
//! let others = readings("/%61dmin;v=1")?;
//! assert!(others.iter().eq(["/admin;v=1", "/admin"]));
//! assert_eq!(readings("/x/..%2fadmin"), Err(Ambiguity::EncodedSlash));
//! # Ok::<(), Ambiguity>(())
//! ```

mod ambiguity;
mod readings;
mod spelling;
mod target;
#[cfg(test)]
mod tests;
mod written;

pub use self::{
    ambiguity::{Ambiguity, Extent},
    readings::{Readings, readings},
    spelling::normal_spelling,
    target::Target,
    written::{Unreachable, unreachable},
};
pub(crate) use self::{
    readings::decoded_queries,
    spelling::{is_pchar, triplet},
};

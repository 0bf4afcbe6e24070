//! One path, however it is spelled.
//!
//! A rule for `/admin` protects nothing if the upstream takes `/x/..%2fadmin`, `/%61dmin` or
//! `/admin;x` for the same resource. Normalising like one upstream would fail for another, so with
//! `path_policy: reject` a path that servers read as different resources is refused, and a path
//! that has several spellings must meet the same rule in each: [`readings()`]. A rule's own path is
//! brought into the same spelling when the configuration is read ([`normal_spelling`]).
//!
//! Path parameters (`;v=1`) and encoded letters (`%61`) are legitimate. They are allowed where the
//! rules decide alike for every reading (CVE-2026-73553).

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

//! Fuzz targets: one module for each parser of untrusted input.
//!
//! A target panics if its parser breaks a property. libFuzzer runs it on inputs that it invents
//! (`make fuzz`), and `make test` on the files of `corpus/`. So a target is fast, depends on neither time
//! nor chance, and gives the same result whatever it saw before.

pub mod accept;
pub mod config;
pub mod cookie;
mod issuer;
pub mod jwks;
pub mod pairs;
pub mod path;
pub mod pem;
pub mod record;
pub mod request;
pub mod route_policy;
pub mod structure;
pub mod token;

/// A property that holds for any input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its module, its program and the folder of its corpus.
    pub name: &'static str,
    /// Panics if the property does not hold for an input.
    pub check: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 12] = [
    Target {
        name: "accept",
        check: accept::check,
    },
    Target {
        name: "config",
        check: config::check,
    },
    Target {
        name: "cookie",
        check: cookie::check,
    },
    Target {
        name: "jwks",
        check: jwks::check,
    },
    Target {
        name: "pairs",
        check: pairs::check,
    },
    Target {
        name: "path",
        check: path::check,
    },
    Target {
        name: "pem",
        check: pem::check,
    },
    Target {
        name: "record",
        check: record::check,
    },
    Target {
        name: "request",
        check: request::check,
    },
    Target {
        name: "route_policy",
        check: route_policy::check,
    },
    Target {
        name: "structure",
        check: structure::check,
    },
    Target {
        name: "token",
        check: token::check,
    },
];

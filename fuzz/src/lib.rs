//! Fuzz targets: one module for each parser of untrusted input.
//!
//! A target panics if its parser violates a property. libFuzzer runs the target on generated inputs
//! (`make fuzz`), and `make test` runs it on the files of `corpus/`. So a target must be fast, and
//! must not depend on time, randomness or earlier inputs.

pub mod accept;
pub mod certificate;
pub mod config;
pub mod cookie;
pub mod ecdsa;
pub mod eddsa;
mod input;
mod issuer;
pub mod jwks;
pub mod mcp;
pub mod pairs;
pub mod path;
pub mod pem;
pub mod record;
pub mod request;
pub mod route_policy;
pub mod structure;
pub mod token;

/// A property that must hold for any input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name that the target's module, program and corpus folder have in common.
    pub name: &'static str,
    /// Panics if the property does not hold for an input.
    pub check: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 16] = [
    Target {
        name: "accept",
        check: accept::check,
    },
    Target {
        name: "certificate",
        check: certificate::check,
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
        name: "ecdsa",
        check: ecdsa::check,
    },
    Target {
        name: "eddsa",
        check: eddsa::check,
    },
    Target {
        name: "jwks",
        check: jwks::check,
    },
    Target {
        name: "mcp",
        check: mcp::check,
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

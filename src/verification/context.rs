//! The inputs of a verification, and its failures.

use core::time::Duration;

use crate::{
    decision::Reason,
    keys::{FetchCause, KeyStore, SourceId},
    policy::ProtectedResource,
    time::UnixMillis,
    verification::{Accelerator, Allowance},
};

/// The inputs of a verification besides the token.
pub struct Circumstances<'a> {
    /// The keys of remote sources.
    pub keys: &'a KeyStore,
    /// The current time.
    pub now: UnixMillis,
    /// Whether the request can wait for keys.
    pub patience: Patience,
    /// Reads the digest of the connection's client certificate, if a token needs it.
    pub certificate_digest: &'a dyn Fn() -> Option<[u8; 32]>,
    /// The accelerator to ask about signatures, if there is one.
    pub accelerator: Option<&'a dyn Accelerator>,
    /// The budget left for signatures in this request.
    pub allowance: &'a Allowance,
    /// The protected resource of the request, for which the token must be meant.
    pub resource: Option<&'a ProtectedResource>,
}

/// Whether a request can wait for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The request has waited, or must not wait: decide with the available keys.
    Exhausted,
    /// The request can wait.
    Waiting,
    /// The request has waited since this time, and can wait longer.
    Waited(UnixMillis),
}

/// Why a token did not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Keys that may verify the token are being fetched, or should be.
    AwaitKeys(SourceId, FetchCause),
    /// The token is invalid.
    Invalid(Reason),
    /// No keys may serve. The next attempt to fetch them is due after this time.
    KeysUnavailable(Duration),
}

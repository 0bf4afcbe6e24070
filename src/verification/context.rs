//! What a verification may look at, and how it can end.

use core::time::Duration;

use crate::{
    decision::Reason,
    keys::{FetchCause, KeyStore, SourceId},
    time::UnixMillis,
    verification::{Accelerator, Allowance},
};

/// What a verification may look at besides the token.
pub struct Circumstances<'a> {
    /// The keys of remote sources.
    pub keys: &'a KeyStore,
    /// What time it is.
    pub now: UnixMillis,
    /// Whether the request can wait for keys.
    pub patience: Patience,
    /// Digest of the connection's client certificate, asked for when a token needs it.
    pub certificate_digest: &'a dyn Fn() -> Option<[u8; 32]>,
    /// Whom to ask about signatures before they are computed here.
    pub accelerator: Option<&'a dyn Accelerator>,
    /// What signatures may still cost in this request.
    pub allowance: &'a Allowance,
}

/// Whether a request can wait for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It has waited, or must not: decide with what is there.
    Exhausted,
    /// It can.
    Waiting,
    /// It has waited since then, and can continue.
    Waited(UnixMillis),
}

/// Why a token is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Keys may arrive that verify it.
    AwaitKeys(SourceId, FetchCause),
    /// It is not valid.
    Invalid(Reason),
    /// Its keys cannot be had; the next try is this far away.
    KeysUnavailable(Duration),
}

//! The inputs of a verification, and its failures.

use core::time::Duration;

use crate::{
    decision::Reason,
    keys::{KeyStore, WantedKeys},
    policy::ProtectedResource,
    time::UnixMillis,
    verification::{Accelerator, Allowance},
};

/// The inputs of a verification other than the token.
pub struct Circumstances<'a> {
    /// The keys of remote sources.
    pub keys: &'a KeyStore,
    /// The current time.
    pub now: UnixMillis,
    /// How long the request can still wait for keys.
    pub patience: Patience,
    /// Reads the digest of the connection's client certificate, if a token needs it.
    pub certificate_digest: &'a dyn Fn() -> Option<[u8; 32]>,
    /// The accelerator to ask about signatures, if there is one.
    pub accelerator: Option<&'a dyn Accelerator>,
    /// The budget left for signatures in this request.
    pub allowance: &'a Allowance,
    /// The protected resource that the request is for, if any. The token must be meant for this
    /// resource.
    pub resource: Option<&'a ProtectedResource>,
    /// The resources that match the request's path but not its host, if the request belongs to no
    /// resource. The upstream may ignore the host, so the request may reach one of these resources.
    /// The token must then be meant for one of them. If the list is empty, this is not checked.
    pub resources_elsewhere: &'a [&'a ProtectedResource],
}

/// How long a request can still wait for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The request must not wait, or has waited long enough. Only the available keys are used.
    Exhausted,
    /// The request has not waited yet, and can wait.
    Waiting,
    /// The request has waited since this time, and can wait longer.
    Waited(UnixMillis),
}

/// Why a token is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// These keys may verify the token. They are being fetched, or should now be fetched.
    AwaitKeys(WantedKeys),
    /// The token is invalid.
    Invalid(Reason),
    /// The provider has no keys that may verify tokens. The next attempt to fetch keys is due after
    /// this duration.
    KeysUnavailable(Duration),
}

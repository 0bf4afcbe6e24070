//! The inputs of a verification, and its failures.

use core::time::Duration;

use crate::{
    certificate_digest::CertificateDigest,
    decision::Reason,
    keys::{KeyStore, WantedKeys},
    policy::ProtectedResource,
    time::UnixMillis,
    verification::{Accelerator, Allowance},
};

/// How long a client should wait before a retry while a fetch is under way.
const SOON: Duration = Duration::from_secs(1);

/// The inputs of a verification other than the token.
pub struct Circumstances<'a> {
    /// The keys that are fetched from remote sources.
    pub keys: &'a KeyStore,
    /// The current time.
    pub now: UnixMillis,
    /// How long the request can still wait for keys.
    pub patience: Patience,
    /// Reads the digest of the connection's client certificate. Called only for a token that is
    /// bound to a certificate.
    pub certificate_digest: &'a dyn Fn() -> Option<CertificateDigest>,
    /// The accelerator to ask about signatures, if there is one.
    pub accelerator: Option<&'a dyn Accelerator>,
    /// The remaining budget for verifying signatures in this request.
    pub allowance: &'a Allowance,
    /// The protected resource that the request is for, if any. This resource must admit one of the
    /// token's audiences.
    pub resource: Option<&'a ProtectedResource>,
    /// The resources that match the request's path but not its host, if the request belongs to no
    /// resource. The upstream may ignore the host, so the request may reach one of these resources.
    /// Unless the list is empty, one of these resources must admit one of the token's audiences.
    pub resources_elsewhere: &'a [&'a ProtectedResource],
}

/// How long a request can still wait for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The request must not wait, or has waited long enough. Only the available keys are used.
    Exhausted,
    /// The request cannot wait, because too many requests are waiting already. Only the available
    /// keys are used.
    Overloaded,
    /// The request has not waited yet, and can wait.
    Waiting,
    /// The request has waited since this time, and can wait longer.
    Waited(UnixMillis),
}

impl Patience {
    /// Returns the failure of a token that may have been signed with one of the `wanted` keys. The
    /// token may be good, so the client must not discard it.
    pub(super) const fn lacking(self, wanted: WantedKeys) -> Failure {
        match self {
            Self::Waiting | Self::Waited(_) => Failure::AwaitKeys(wanted),
            Self::Exhausted => Failure::KeysUnavailable(SOON),
            Self::Overloaded => Failure::Overloaded(SOON),
        }
    }
}

/// The reason why a token could not be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The token may have been signed with one of these keys. The keys are being fetched, or should
    /// be fetched now.
    AwaitKeys(WantedKeys),
    /// The token is invalid.
    Invalid(Reason),
    /// The provider has no keys that may be used to verify tokens. The next attempt to fetch keys
    /// is due after this duration.
    KeysUnavailable(Duration),
    /// The request would have to wait for keys, but too many requests are waiting already. A client
    /// should retry after this duration.
    Overloaded(Duration),
}

//! The checks by name, for whoever wants to see them being made.
//!
//! Nothing here decides: a [`CheckObserver`] is told of each check when its outcome is there. [`NoObserver`] is
//! one that costs nothing, since the compiler leaves it out.

/// A check of a token, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// It is a signed JWT of strict form.
    Form,
    /// The provider is enabled.
    Provider,
    /// `alg` is one of the provider's.
    Algorithm,
    /// `iss`.
    Issuer,
    /// `nbf`, `iat` and how long it lives, but not yet whether it has expired.
    Times,
    /// `aud`.
    Audience,
    /// `typ`.
    TokenType,
    /// `sub`.
    Subject,
    /// The client that it was issued to.
    Client,
    /// It, its client or its subject is not revoked.
    Revocation,
    /// Claims that the provider requires.
    Claims,
    /// `cnf`: who may present it.
    Confirmation,
    /// There are keys to verify it with.
    Keys,
    /// One of them is for it.
    Key,
    /// The signature.
    Signature,
    /// `exp`.
    Expiry,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not, and no further check is made.
    Failed,
}

/// Sees checks being made.
pub trait CheckObserver {
    /// A check has been made.
    fn record(&mut self, check: Check, outcome: Outcome);

    /// A check has been made that gave `result`, which is handed on.
    #[inline]
    fn observe<T, E>(&mut self, check: Check, result: Result<T, E>) -> Result<T, E> {
        self.record(
            check,
            match result {
                Ok(_) => Outcome::Passed,
                Err(_) => Outcome::Failed,
            },
        );
        result
    }
}

/// Looks away.
#[derive(Clone, Copy, Debug)]
pub struct NoObserver;

impl CheckObserver for NoObserver {
    #[inline(always)]
    fn record(&mut self, _check: Check, _outcome: Outcome) {}
}

//! The names of the checks, and an interface for observing them.
//!
//! A [`CheckObserver`] learns the outcome of each check but does not decide anything. The compiler
//! removes all calls to [`NoObserver`].

/// A check of a token. The variants are in the order in which the checks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The token is a signed JWT in strict form.
    Form,
    /// The provider is enabled.
    Provider,
    /// The provider allows the `alg`.
    Algorithm,
    /// `iss`.
    Issuer,
    /// `nbf`, `iat` and lifetimes, but not expiry.
    Times,
    /// `aud`.
    Audience,
    /// `typ`.
    TokenType,
    /// `sub`.
    Subject,
    /// The client that the token was issued to.
    Client,
    /// The token, its client and its subject are not revoked.
    Revocation,
    /// The claims that the provider requires.
    Claims,
    /// `cnf`: the presenter may use the token.
    Confirmation,
    /// The provider has keys.
    Keys,
    /// One of the keys may have signed the token.
    Key,
    /// The signature.
    Signature,
    /// `exp`.
    Expiry,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The check passed.
    Passed,
    /// The check failed. No further check runs.
    Failed,
}

/// Observes checks.
pub trait CheckObserver {
    /// Records the outcome of a check.
    fn record(&mut self, check: Check, outcome: Outcome);

    /// Records whether a check passed, and returns its result unchanged.
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

/// An observer that ignores everything.
#[derive(Clone, Copy, Debug)]
pub struct NoObserver;

impl CheckObserver for NoObserver {
    #[inline(always)]
    fn record(&mut self, _check: Check, _outcome: Outcome) {}
}

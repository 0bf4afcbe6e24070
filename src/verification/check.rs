//! The names of the checks, and an interface for observing them.
//!
//! A [`CheckObserver`] receives the outcome of each check, but does not influence the decision. The
//! compiler removes all calls to [`NoObserver`].

/// A check of a token. The variants are in the order in which the checks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The token is a well-formed signed JWT.
    Form,
    /// The provider is enabled.
    Provider,
    /// The provider allows the `alg`.
    Algorithm,
    /// The provider accepts `iss`.
    Issuer,
    /// `nbf`, `iat` and the token's lifetime are within the limits. Expiry is checked later.
    Times,
    /// The provider accepts one of the audiences in `aud`.
    Audience,
    /// The provider accepts `typ`.
    TokenType,
    /// The provider accepts `sub`.
    Subject,
    /// The provider accepts the client that the token was issued to.
    Client,
    /// The token, its client and its subject are not revoked.
    Revocation,
    /// The token has the claims that the provider requires.
    Claims,
    /// If `cnf` binds the token to a certificate, the client has presented that certificate.
    Confirmation,
    /// The provider has keys that may be used now to verify tokens.
    Keys,
    /// The provider has a key that could have signed the token, judging by the token's header.
    Key,
    /// The signature is valid under one of the provider's keys.
    Signature,
    /// The token has not expired (`exp`).
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

    /// Records whether a check passed, and returns the check's result unchanged.
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

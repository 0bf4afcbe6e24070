//! Lets the newest configuration of a policy refuse credentials that older configurations accept.
//!
//! After an update, Envoy continues to serve open connections with the old configuration for some
//! minutes. If the old configuration has a `policy_id`, each credential that the old configuration
//! would accept is also checked here, against the newest configuration with this `policy_id`. This
//! check can only refuse: it never admits a credential that the old configuration refuses.

use std::sync::Arc;

use crate::{
    config::{Accepts, Config, Provider},
    decision::Reason,
    jose::Claims,
    time::UnixSeconds,
    verification::{Revocation, client_secret},
};

/// What the newest configuration refuses: revoked tokens, tokens of providers that now accept
/// secrets, credentials of disabled providers, and clients or client secrets that are removed,
/// disabled or expired.
///
/// Providers are matched by name. A provider that is missing from the newest configuration
/// restricts nothing, because it may have been renamed.
#[derive(Clone, Debug)]
pub struct Restrictions(Arc<Config>);

impl Restrictions {
    /// Creates the restrictions that `newest` defines.
    #[must_use]
    pub const fn new(newest: Arc<Config>) -> Self {
        Self(newest)
    }

    /// Checks a token that was accepted by the provider with the name `provider`. The closure
    /// `claims` runs only if the newest configuration has revocations for this provider.
    ///
    /// # Errors
    /// The reason why the newest configuration refuses the credential.
    pub fn check_token<'c>(
        &self,
        provider: &str,
        claims: impl FnOnce() -> Option<&'c Claims>,
    ) -> Result<(), Reason> {
        let Some(newest) = self.provider(provider)? else {
            return Ok(());
        };
        let trust = match &newest.accepts {
            Accepts::Tokens(trust) => trust,
            // In the newest configuration, this provider accepts secrets instead of tokens, so it no
            // longer accepts any of its tokens.
            Accepts::Secrets(_) => return Err(Reason::ProviderDisabled),
        };
        if trust.revoked == Revocation::default() {
            return Ok(());
        }
        // A verified token always has claims. Without claims, the token cannot be checked for
        // revocation, so refuse it.
        let claims = claims().ok_or(Reason::MalformedToken)?;
        trust.check_revocation(claims)
    }

    /// Checks a client's secret that was accepted by the provider with the name `provider`.
    ///
    /// # Errors
    /// The reason why the newest configuration refuses the credential.
    pub fn check_client(
        &self,
        provider: &str,
        token68: &str,
        now: UnixSeconds,
    ) -> Result<(), Reason> {
        let Some(newest) = self.provider(provider)? else {
            return Ok(());
        };
        match &newest.accepts {
            Accepts::Secrets(clients) => client_secret::verify(clients, token68, now).map(|_| ()),
            // In the newest configuration, this provider accepts tokens instead of secrets, so all
            // of its clients were removed.
            Accepts::Tokens(_) => Err(Reason::BadClientSecret),
        }
    }

    fn provider(&self, name: &str) -> Result<Option<&Provider>, Reason> {
        match self.0.provider_named(name) {
            Some((_, newest)) if !newest.is_enabled() => Err(Reason::ProviderDisabled),
            newest => Ok(newest.map(|(_, newest)| newest)),
        }
    }
}

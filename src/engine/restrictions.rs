//! Refusals of a policy's newest configuration that apply to older ones.
//!
//! A proxy serves open connections with the configuration that they began with, for minutes after
//! an update. With `policy_id` such a configuration asks here about each credential that it would
//! accept. The answer is a refusal or nothing: a newer configuration never lets anything in.

use std::sync::Arc;

use crate::{
    config::{Config, Provider},
    decision::Reason,
    jose::Claims,
    time::UnixSeconds,
    verification::{KeySource, Revocation, client_secret},
};

/// The refusals of the newest configuration: revoked tokens, disabled providers, secrets of clients.
///
/// Providers correspond by name. One that the newest configuration does not have refuses nothing here:
/// it may have been renamed.
#[derive(Clone, Debug)]
pub struct Restrictions(Arc<Config>);

impl Restrictions {
    /// The refusals of `newest`.
    #[must_use]
    pub const fn new(newest: Arc<Config>) -> Self {
        Self(newest)
    }

    /// Checks a token that verified for the provider of that name. Its claims are asked for only if
    /// anything is revoked.
    ///
    /// # Errors
    /// The reason that the newest configuration gives.
    pub fn check_token<'c>(
        &self,
        provider: &str,
        claims: impl FnOnce() -> Option<&'c Claims>,
    ) -> Result<(), Reason> {
        let Some(newest) = self.provider(provider)? else {
            return Ok(());
        };
        if newest.trust.revoked == Revocation::default() {
            return Ok(());
        }
        // A token that verified does parse. Without its claims it might be revoked.
        let claims = claims().ok_or(Reason::MalformedToken)?;
        newest.trust.check_revocation(claims)
    }

    /// Checks a client's secret that was accepted for the provider of that name.
    ///
    /// # Errors
    /// The reason that the newest configuration gives.
    pub fn check_client(
        &self,
        provider: &str,
        token68: &str,
        now: UnixSeconds,
    ) -> Result<(), Reason> {
        let Some(newest) = self.provider(provider)? else {
            return Ok(());
        };
        match &newest.trust.keys {
            KeySource::Clients(clients) => client_secret::verify(clients, token68, now).map(|_| ()),
            // The provider accepts tokens now, so all of its clients were removed.
            KeySource::Local(_) | KeySource::Remote(_) => Err(Reason::BadClientSecret),
        }
    }

    fn provider(&self, name: &str) -> Result<Option<&Provider>, Reason> {
        let providers = self.0.providers.as_slice();
        let place = providers.binary_search_by(|own| own.name.as_str().cmp(name));
        match place.ok().and_then(|place| providers.get(place)) {
            Some(disabled) if !disabled.trust.enabled => Err(Reason::ProviderDisabled),
            newest => Ok(newest),
        }
    }
}

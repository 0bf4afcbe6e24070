//! What the rules for a protected resource imply: its authorization servers and scopes, and how
//! clients send tokens.

use super::url::SecureUrl;
use crate::{
    config::{
        Fault, Provider,
        readers::{named, readers},
    },
    jose::ClaimPath,
    policy::{Audiences, HeaderPlace, OFFLINE_ACCESS, ResourceUrl, Rule, Scheme},
    verification::Issuer,
};

/// The rules that can match requests for a resource, and the providers whose tokens these rules
/// accept.
pub(super) struct Below<'a> {
    pub(super) rules: Vec<&'a Rule>,
    /// The providers, each with the audiences that a rule accepts for this provider.
    providers: Vec<(&'a Provider, &'a Audiences)>,
}

impl<'a> Below<'a> {
    pub(super) fn new(url: &ResourceUrl, rules: &'a [Rule], providers: &'a [Provider]) -> Self {
        let rules = rules.iter().filter(|rule| url.can_match(&rule.route));
        let mut below = Self {
            rules: rules.collect(),
            providers: Vec::new(),
        };
        for rule in below.rules.clone() {
            let Some(demand) = &rule.demand else {
                continue;
            };
            // With `authorize`, a rule requires a token even if its requirement contains
            // `allow_missing` or a similar member. So every provider whose tokens are read counts,
            // not only the named ones.
            let accepted = match demand.authorization() {
                Some(_) => readers(providers, demand.requirement()),
                None => named(providers, demand.requirement()),
            };
            for (id, audiences) in accepted {
                if let Some(provider) = providers.get(id.index()) {
                    below.note(provider, audiences);
                }
            }
        }
        below
    }

    /// Adds a provider, unless the provider's clients have secrets instead of tokens.
    fn note(&mut self, provider: &'a Provider, audiences: &'a Audiences) {
        let is_known = |(known, others): &(&Provider, &Audiences)| {
            known.name == provider.name && *others == audiences
        };
        if provider.scheme() == Scheme::Bearer && !self.providers.iter().any(is_known) {
            self.providers.push((provider, audiences));
        }
    }

    /// Checks that at least one rule requires a token, and that each provider restricts the
    /// audience.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.providers.is_empty() || !self.rules.iter().any(|rule| rule.requires_token()) {
            return Err(Fault::OpenResource);
        }
        match self
            .providers
            .iter()
            .find(|(_, own)| **own == Audiences::Any)
        {
            Some((provider, _)) => Err(Fault::AnyAudienceBelow {
                provider: provider.name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Returns the issuers of the enabled providers, or of all providers if all of them are
    /// disabled.
    pub(super) fn issuers(&self) -> Result<Vec<String>, Fault> {
        let is_any_enabled = self.providers.iter().any(|(own, _)| own.is_enabled());
        let mut issuers: Vec<String> = Vec::new();
        for (provider, _) in &self.providers {
            let issuer = match provider.trust().map(|trust| &trust.issuer) {
                Some(Issuer::Exact(issuer)) if SecureUrl::parse(issuer).is_some() => issuer,
                _ => {
                    return Err(Fault::NoAuthorizationServer {
                        provider: provider.name.clone(),
                    });
                }
            };
            if (provider.is_enabled() || !is_any_enabled) && !issuers.contains(issuer) {
                issuers.push(issuer.clone());
            }
        }
        Ok(issuers)
    }

    /// Returns the scopes that the rules require, in sorted order.
    pub(super) fn scopes(&self) -> Vec<String> {
        let authorizations = self.rules.iter().filter_map(|rule| rule.authorization());
        let sets = authorizations.filter_map(|authorization| authorization.scopes.as_ref());
        published(sets.flat_map(|set| set.words()))
    }

    /// Returns the methods of RFC 6750 with which clients can send tokens to the resource.
    pub(super) fn bearer_methods(&self) -> Vec<&'static str> {
        let places = || self.providers.iter().map(|(provider, _)| &provider.places);
        let reads_header = places().any(|places| places.headers.contains(&HeaderPlace::Bearer));
        // The only parameter that RFC 6750 section 2.3 defines is `access_token`.
        let is_standard = |name: &String| name == "access_token";
        let reads_query = places().any(|places| places.params.iter().any(is_standard));
        let methods = [("header", reads_header), ("query", reads_query)];
        let read = methods.into_iter().filter(|(_, is_read)| *is_read);
        read.map(|(method, _)| method).collect()
    }

    /// Returns true if every provider requires that its tokens are bound to a certificate.
    pub(super) fn requires_certificate(&self) -> bool {
        let binding = ["cnf", "x5t#S256"].map(str::to_owned);
        let Some(binding) = ClaimPath::from_segments(binding) else {
            return false;
        };
        self.providers.iter().all(|(provider, _)| {
            let required = provider
                .trust()
                .map_or(&[][..], |trust| &trust.require_claims);
            required
                .iter()
                .any(|requirement| requirement.claim == binding)
        })
    }
}

/// Returns the scopes in sorted order, without duplicates and without `offline_access`.
pub(super) fn published<'a>(scopes: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut published: Vec<String> = Vec::new();
    for scope in scopes.filter(|scope| *scope != OFFLINE_ACCESS) {
        if let Err(place) = published.binary_search(scope) {
            published.insert(place, scope.clone());
        }
    }
    published
}

//! Determines which providers' credentials are read for a requirement, and which audiences these
//! providers' tokens may have.

use super::{Config, Provider};
use crate::{
    policy::{Audiences, ProviderId, Requirement},
    short_list::ShortList,
};

impl Config {
    /// Iterates over the providers whose credentials are read for a requirement, each with the
    /// audiences that are accepted in its tokens.
    ///
    /// First come the providers that the requirement names, in order. If the requirement sets
    /// audiences for a provider, they replace the provider's own audiences. A provider with
    /// several lists of audiences occurs once for each list. Then come all other providers, if a
    /// member of the requirement such as `allow_missing` [applies to the tokens of all
    /// providers](Requirement::asks_anyone).
    pub fn providers_read_for<'a>(
        &'a self,
        requirement: &'a Requirement,
    ) -> impl Iterator<Item = (ProviderId, &'a Audiences)> {
        self.readers(requirement).into_iter()
    }

    /// Returns the list that [`providers_read_for`](Self::providers_read_for) iterates over. If
    /// there is only one provider, the list needs no allocation.
    pub(crate) fn readers<'a>(
        &'a self,
        requirement: &'a Requirement,
    ) -> ShortList<(ProviderId, &'a Audiences)> {
        readers(&self.providers, requirement)
    }
}

/// Returns the providers whose credentials are read for a requirement.
pub(super) fn readers<'a>(
    providers: &'a [Provider],
    requirement: &'a Requirement,
) -> ShortList<(ProviderId, &'a Audiences)> {
    let mut readers = named(providers, requirement);
    if requirement.asks_anyone() {
        for (index, provider) in providers.iter().enumerate() {
            let id = ProviderId::new(index);
            if readers.iter().all(|(reader, _)| *reader != id) {
                readers.push((id, provider.audiences(None)));
            }
        }
    }
    readers
}

/// Returns the providers that a requirement names.
pub(super) fn named<'a>(
    providers: &'a [Provider],
    requirement: &'a Requirement,
) -> ShortList<(ProviderId, &'a Audiences)> {
    let mut named: ShortList<(ProviderId, &Audiences)> = ShortList::default();
    requirement.each_provider(&mut |id, audiences| {
        if let Some(provider) = providers.get(id.index()) {
            let reader = (id, provider.audiences(audiences));
            if named.iter().all(|other| *other != reader) {
                named.push(reader);
            }
        }
    });
    named
}

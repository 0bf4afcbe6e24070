//! Evaluates the requirement of a rule for one request. A requirement is a tree: most leaves are
//! providers, and each inner node combines its children with `any` or `all`.

use crate::{
    config::Provider,
    engine::{
        credentials::{Credentials, Found},
        notes::Notes,
        refusal::Refusal,
        token::{self, Means},
        verified::{Satisfied, Verified},
    },
    policy::{Audiences, Credential, ProviderId, Requirement},
    short_list::ShortList,
    verification::Failure,
};

/// The evaluation of a requirement for one request.
pub(super) struct Evaluation<'e, 'a, 'c> {
    pub(super) means: Means<'c>,
    pub(super) credentials: &'e Credentials<'a, 'c>,
    pub(super) notes: &'e mut Notes,
}

type Outcome<'a, 'c> = Result<Satisfied<'a, 'c>, Refusal>;

impl<'e, 'a, 'c: 'a> Evaluation<'e, 'a, 'c> {
    /// Returns the verified tokens that satisfy `requirement`.
    pub(super) fn evaluate(&mut self, requirement: &'c Requirement) -> Outcome<'a, 'c> {
        match requirement {
            Requirement::Provider {
                provider: id,
                audiences,
            } => {
                let Some(provider) = self.means.config.provider(*id) else {
                    return Err(Refusal::Missing);
                };
                let audiences = provider.audiences(audiences.as_ref());
                let credential = self.credentials.of(*id);
                credential
                    .and_then(|credential| self.verify(*id, provider, audiences, credential))
                    .map(|verified| ShortList::from(verified).into())
                    .inspect_err(|refusal| self.notes.refused(provider, *refusal))
            }
            Requirement::All(members) => {
                let mut all = Satisfied::default();
                for member in members {
                    let satisfied = self.evaluate(member)?;
                    all.verified.extend(satisfied.verified);
                    all.extraction = all.extraction.or(satisfied.extraction);
                }
                Ok(all)
            }
            Requirement::Any(members) => self.any(members),
            Requirement::AllowMissing => match self.present() {
                (_, Some(refusal)) => Err(refusal),
                (verified, None) => Ok(verified.into()),
            },
            Requirement::AllowMissingOrFailed => match self.present() {
                (_, Some(waiting @ Refusal::Token(_, Failure::AwaitKeys(_)))) => Err(waiting),
                (verified, _) => Ok(verified.into()),
            },
            Requirement::ExtractOnly(extraction) => Ok(Satisfied {
                verified: ShortList::default(),
                extraction: Some(extraction),
            }),
        }
    }

    /// Returns the tokens of the first member that holds with a token. If there is none, the first
    /// member that holds without a token counts. As in `jwt_authn`, members that name no provider,
    /// such as `allow_missing`, are tried last: a request with a failed token must not pass just
    /// because a request without a token may pass (CVE-2021-21378).
    ///
    /// If any member names a provider, the members that name none forward no identity. Otherwise, a
    /// request could get an identity with only one of the two tokens that a `requires_all` needs,
    /// or with a token for another audience.
    fn any(&mut self, members: &'c [Requirement]) -> Outcome<'a, 'c> {
        let (lenient, strict): (Vec<_>, Vec<_>) =
            members.iter().partition(|member| !member.names_provider());
        let lends = strict.is_empty();
        let strict = strict.into_iter().map(|member| (member, true));
        let lenient = lenient.into_iter().map(|member| (member, lends));
        let mut worst = Refusal::Missing;
        // The first member that holds without a token. It is used only if no other member holds
        // with a token.
        let mut without_token = None;
        for (member, lends) in strict.chain(lenient) {
            match self.evaluate(member) {
                // This member may turn out to be the first member that holds. While it waits for
                // keys, a later member must not be used instead.
                waiting @ Err(Refusal::Token(_, Failure::AwaitKeys(_))) => return waiting,
                Err(refusal) if refusal.rank() > worst.rank() => worst = refusal,
                Err(_) => {}
                Ok(satisfied) if lends && !satisfied.verified.is_empty() => return Ok(satisfied),
                Ok(satisfied) => {
                    without_token.get_or_insert(Satisfied {
                        verified: ShortList::default(),
                        ..satisfied
                    });
                }
            }
        }
        without_token.ok_or(worst)
    }

    /// Verifies each credential with the provider that reads its location. Returns the verified
    /// tokens, and the refusal with the highest rank. A refusal does not count if another provider
    /// verified the same credential.
    fn present(&mut self) -> (ShortList<Verified<'a>>, Option<Refusal>) {
        let mut verified: ShortList<Verified<'a>> = ShortList::default();
        let mut refused = Vec::new();
        for Found {
            id,
            provider,
            credential,
        } in self.credentials.iter()
        {
            match credential {
                Err(error) => refused.push((None, Refusal::Credential(*error))),
                Ok(credential) => match self.verify_as_named(*id, provider, credential) {
                    Ok(token) => verified.push(token),
                    Err(refusal) => {
                        self.notes.refused(provider, refusal);
                        refused.push((Some(credential), refusal));
                    }
                },
            }
        }
        let is_unverified = |credential: Option<&Credential<'_>>| {
            verified
                .iter()
                .all(|token| Some(&token.credential) != credential)
        };
        let worst = refused
            .into_iter()
            .filter(|(credential, _)| is_unverified(*credential))
            .map(|(_, refusal)| refusal)
            .max_by_key(|refusal| refusal.rank());
        (verified, worst)
    }

    /// Verifies a token against the audiences that the rule requires for this provider, not against
    /// the provider's own audiences. Otherwise, the provider's audiences could admit a token that
    /// the rule excludes.
    fn verify_as_named(
        &mut self,
        id: ProviderId,
        provider: &Provider,
        credential: &Credential<'a>,
    ) -> Result<Verified<'a>, Refusal> {
        let mut worst = Refusal::Missing;
        for audiences in self.credentials.audiences(id) {
            match self.verify(id, provider, audiences, credential) {
                Err(refusal) if refusal.rank() > worst.rank() => worst = refusal,
                Err(_) => {}
                verified => return verified,
            }
        }
        Err(worst)
    }

    fn verify(
        &mut self,
        id: ProviderId,
        provider: &Provider,
        audiences: &Audiences,
        credential: &Credential<'a>,
    ) -> Result<Verified<'a>, Refusal> {
        let presented = (credential, self.credentials.token(credential));
        let found = self.credentials.take_found(id, credential);
        let own = (id, provider);
        token::verify(self.means, own, audiences, presented, found, self.notes)
            .map_err(|failure| Refusal::Token(id, failure))
    }
}

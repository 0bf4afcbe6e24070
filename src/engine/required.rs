//! Decides on requests that need tokens. Checks the tokens and the rights that they grant, and
//! determines what is forwarded to the upstream.

use super::{
    CacheUse, Decided, Engine,
    access::{Access, AccessRequirement},
    credentials::Credentials,
    evaluation::Evaluation,
    export, forward,
    notes::Notes,
    refusal::{No, Refusal},
    sanitise::Sanitised,
    token::Means,
    verified::{self, Satisfied, Verified},
};
use crate::{
    config::Provider,
    decision::{Decision, Permit, PermitReason, Reason},
    policy::{Authorization, RuleId, Shortfall},
    short_list::ShortList,
    time::UnixSeconds,
    verification::Circumstances,
};

impl Engine {
    /// Decides on a request that needs tokens. This is the full evaluation of the requirement.
    #[inline(never)]
    pub(super) fn apply(
        &self,
        required: AccessRequirement<'_>,
        sanitised: Sanitised<'_, '_>,
        circumstances: &Circumstances<'_>,
    ) -> Decided {
        let mut notes = Notes::default();
        let permit = self.evaluate(required, sanitised, circumstances, &mut notes);
        let Notes {
            failures,
            cache_use,
        } = notes;
        let decision = match permit {
            Ok(mut permit) => {
                // A failed token must not replace what a verified token has exported.
                let count = permit.exports.len();
                for failure in failures {
                    let mut exported = permit.exports.iter().take(count);
                    if exported.all(|own| own.key != failure.key) {
                        permit.exports.push(failure);
                    }
                }
                Decision::Permit(permit)
            }
            Err(no) => {
                let mut exports = Vec::new();
                if let No::HeaderValue(id) = no {
                    let provider = self.config.provider(id);
                    let failure = |own: &Provider| export::failure(own, Reason::HeaderValue);
                    exports.extend(provider.and_then(failure));
                }
                exports.extend(failures);
                let access = Access::Required(required);
                self.deny(no, access, exports, circumstances.resource)
            }
        };
        Decided {
            cache_use: match decision {
                // The request's tokens will be looked up again after the wait, so do not count this
                // lookup.
                Decision::AwaitKeys(_) => CacheUse::default(),
                _ => cache_use,
            },
            decision,
        }
    }

    /// Returns a permit if the request's tokens are valid and grant the required rights.
    fn evaluate(
        &self,
        required: AccessRequirement<'_>,
        sanitised: Sanitised<'_, '_>,
        circumstances: &Circumstances<'_>,
        notes: &mut Notes,
    ) -> Result<Permit, No> {
        let (config, requirement) = (&*self.config, required.requirement);
        let credentials = Credentials::find(config, &self.caches, requirement, sanitised, notes)?;
        let mut evaluation = Evaluation {
            means: Means {
                config,
                caches: &self.caches,
                restrictions: self.restrictions.as_ref(),
                circumstances,
                headers: &self.headers,
            },
            credentials: &credentials,
            notes,
        };
        let mut satisfied = evaluation.evaluate(requirement)?;
        let now = circumstances.now.seconds();
        let entitled = self.entitled(required, &satisfied.verified, now)?;
        satisfied.verified.move_to_front(entitled);
        self.forward(&credentials, &satisfied, required, sanitised)
    }

    /// Makes the permit for a request. The permit contains the header edits and filter-state
    /// entries that follow from the request's tokens. The first token must be the one that grants
    /// the rights.
    fn forward(
        &self,
        credentials: &Credentials<'_, '_>,
        satisfied: &Satisfied<'_, '_>,
        required: AccessRequirement<'_>,
        sanitised: Sanitised<'_, '_>,
    ) -> Result<Permit, No> {
        let verified = &satisfied.verified;
        let forwarded = match satisfied.extraction {
            Some(extraction) if verified.is_empty() => Ok(forward::unverified(
                &self.config,
                credentials,
                &self.headers,
                extraction,
                sanitised.removals,
            )),
            _ => forward::verified(&self.config, sanitised, verified, required),
        };
        let forwarded = forwarded.map_err(No::HeaderValue)?;
        let reason = match verified.is_empty() {
            true => PermitReason::Lenient,
            false => PermitReason::Verified,
        };
        let mut permit = Permit::new(reason, forwarded.edits);
        permit.provider = verified.first().map(|token| token.provider);
        permit.exports = forwarded.exports;
        permit.clears_route_cache = forwarded.clears_route_cache;
        Ok(permit)
    }

    /// Returns the index of the first verified token that grants all required rights. The rights of
    /// several tokens are not combined: the combination could amount to a right that nobody was
    /// given.
    fn entitled(
        &self,
        required: AccessRequirement<'_>,
        verified: &ShortList<Verified<'_>>,
        now: UnixSeconds,
    ) -> Result<usize, No> {
        if required.authorizations().next().is_none() {
            return Ok(0);
        }
        // A requirement can be satisfied without a token, but only a token can grant rights.
        let mut no = None;
        for (index, token) in verified.iter().enumerate() {
            match self.check_token(required, token, now) {
                Some(Ok(())) => return Ok(index),
                Some(Err(shortfall)) => {
                    no.get_or_insert(No::Short(token.provider, shortfall));
                }
                None => {}
            }
        }
        Err(no.unwrap_or(No::Refused(Refusal::Missing)))
    }

    /// Checks whether one token grants every right that the rules require. Returns `None` if the
    /// token has no claims, which is not expected.
    fn check_token(
        &self,
        required: AccessRequirement<'_>,
        token: &Verified<'_>,
        now: UnixSeconds,
    ) -> Option<Result<(), Shortfall>> {
        for (authorization, rule) in required.authorizations() {
            match self.check_rule(authorization, rule, token, now) {
                Some(Ok(())) => {}
                other => return other,
            }
        }
        Some(Ok(()))
    }

    /// Checks one token against one rule. The user's authentication is checked before the token's
    /// rights. If the rights were checked first and a token failed both checks, the client would
    /// have to send the user to the authorization server twice.
    fn check_rule(
        &self,
        authorization: &Authorization,
        rule: Option<RuleId>,
        token: &Verified<'_>,
        now: UnixSeconds,
    ) -> Option<Result<(), Shortfall>> {
        let provider = self.config.provider(token.provider)?;
        // The age of the user's authentication is checked even on a cache hit, because the age
        // grows with time.
        if let Some(required) = &authorization.authentication
            && !required.is_recent(token.cached.auth_time(), now, provider.clock_skew())
        {
            return Some(Err(authorization.step_up(required)));
        }
        if rule.is_some_and(|rule| token.cached.satisfies(rule)) {
            return Some(Ok(()));
        }
        let claims = token.claims()?;
        if let Some(required) = &authorization.authentication
            && !required.accepts_class(claims)
        {
            return Some(Err(authorization.step_up(required)));
        }
        let checked = authorization.check(&verified::grants(&self.config, provider, claims));
        if let (Ok(()), Some(rule)) = (&checked, rule) {
            token.cached.note_satisfied(rule);
        }
        Some(checked)
    }
}

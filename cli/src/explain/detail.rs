//! Describes what each check compared: what the token contains, and what the provider accepts. The
//! outcome of the check comes from the engine.

use core::time::Duration;

use serde_json::{Value, json};

use super::printable::printable;
use crate::trial::Reached;
use portcullis::{
    config::Provider,
    decision::Reason,
    engine::Engine,
    jose::{Claims, KeySet, UntrustedToken},
    keys::Keys,
    policy::{Audiences, ProviderId, Rule, WordSet},
    time::{UnixMillis, UnixSeconds},
    verification::{Check, Outcome, TokenTypes, Trust},
};

/// A token, and the settings of the provider that the token was checked against.
pub(super) struct Details<'a> {
    pub(super) provider: &'a Provider,
    pub(super) trust: &'a Trust,
    pub(super) audiences: &'a Audiences,
    /// The protected resources that the request reaches.
    pub(super) reached: &'a Reached<'a>,
    pub(super) token: &'a UntrustedToken<'a>,
    pub(super) keys: Option<&'a KeySet>,
    pub(super) now: UnixSeconds,
    /// The reason for the refusal, if the token is refused.
    pub(super) reason: Option<Reason>,
}

pub(super) const fn label(check: Check) -> &'static str {
    match check {
        Check::Form => "form",
        Check::Provider => "enabled",
        Check::Algorithm => "algorithm",
        Check::Issuer => "issuer",
        Check::Times => "times",
        Check::Audience => "audience",
        Check::TokenType => "type",
        Check::Subject => "subject",
        Check::Client => "client",
        Check::Revocation => "revocation",
        Check::Claims => "claims",
        Check::Confirmation => "confirmation",
        Check::Keys => "keys",
        Check::Key => "key",
        Check::Signature => "signature",
        Check::Expiry => "expiry",
    }
}

/// The keys that a provider has at the time of the decision.
pub(super) fn keys<'a>(
    engine: &'a Engine,
    (id, provider): (ProviderId, &'a Provider),
    now: UnixMillis,
) -> Option<&'a KeySet> {
    provider
        .local_keys()
        .or_else(|| match engine.keys().keys(id, now) {
            Some(Keys::Serving(keys, _)) => Some(keys),
            _ => None,
        })
}

impl Details<'_> {
    /// Describes what `check` compared.
    pub(super) fn of(&self, check: Check, outcome: Outcome) -> String {
        let (found, expected) = self.sides(check);
        match outcome {
            Outcome::Passed => found,
            Outcome::Failed if expected.is_empty() => found,
            Outcome::Failed => format!("{found}; {expected}"),
        }
    }

    /// Lists the audiences that the provider accepts for the request's protected resources.
    fn accepted_audiences(&self) -> String {
        let own: Vec<&str> = match self.audiences {
            Audiences::Any => Vec::new(),
            Audiences::AnyOf(own) => own.iter().map(String::as_str).collect(),
        };
        let (resource, elsewhere) = self.reached;
        let resources = || resource.iter().chain(elsewhere);
        if resources().next().is_none() {
            return match self.audiences {
                Audiences::Any => String::new(),
                Audiences::AnyOf(_) => accepted(own),
            };
        }
        let mut audiences = Vec::new();
        // If the request belongs to a resource, the resource's URL is accepted as an audience even
        // if the provider does not list it.
        if resource.is_some() || own.is_empty() {
            audiences.extend(resources().map(|own| own.url.identifier()));
        }
        let is_admitted =
            |audience: &&str| resources().any(|own| own.admits_audience(audience, |_| true));
        audiences.extend(own.iter().filter(|own| is_admitted(own)));
        audiences.sort_unstable();
        audiences.dedup();
        format!("for this resource, {}", accepted(audiences))
    }

    /// Returns what the token contains and what the provider accepts, in this order.
    fn sides(&self, check: Check) -> (String, String) {
        let claims = self.token.unverified_claims();
        let (provider, trust) = (self.provider, self.trust);
        let claim = |name: &str| named(name, claims.member(name));
        match check {
            Check::Form => Default::default(),
            Check::Provider => match trust.enabled {
                true => Default::default(),
                false => one("\"enabled\" is false"),
            },
            Check::Algorithm => {
                let accepted = trust.algorithms.iter().map(|own| own.name());
                (
                    self.token.header().algorithm().name().to_owned(),
                    format!("accepted: {}", accepted.collect::<Vec<_>>().join(", ")),
                )
            }
            Check::Issuer => (claim("iss"), accepted(trust.issuer.as_written())),
            Check::Times => self.times(claims),
            Check::Audience => (claim("aud"), self.accepted_audiences()),
            Check::TokenType => self.token_type(),
            Check::Subject => match (&trust.trust_domain, &trust.subjects) {
                (None, None) => one("any"),
                (Some(domain), _)
                    if !claims
                        .subject()
                        .is_some_and(|subject| domain.holds(subject)) =>
                {
                    let expected = format!("accepted: spiffe://{}/WORKLOAD", domain.as_str());
                    (claim("sub"), expected)
                }
                _ => (claim("sub"), "no entry of \"subjects\" matches".to_owned()),
            },
            Check::Client => self.client(claims),
            Check::Revocation => match self.reason {
                Some(Reason::Revoked) => one("\"revoked\" lists the token's jti, client or sub"),
                _ => one("not revoked"),
            },
            Check::Claims => self.claims(claims),
            Check::Confirmation => match claims.member("cnf") {
                None => one("bound to no key"),
                Some(_) => (
                    claim("cnf"),
                    "the token is bound to a key, and only a connection can prove that the client \
                     has this key"
                        .to_owned(),
                ),
            },
            Check::Keys => match self.keys {
                Some(keys) => (format!("{} usable", keys.keys().len()), String::new()),
                None => (
                    "none known".to_owned(),
                    format!("give the keys with --jwks {}=FILE", provider.name),
                ),
            },
            Check::Key => self.key(),
            Check::Signature => match self.reason {
                Some(Reason::BadSignature) => (
                    "does not verify".to_owned(),
                    "the token was changed, or was signed with another key".to_owned(),
                ),
                _ => one("verifies"),
            },
            Check::Expiry => {
                let Some(end) = claims.times().expiration else {
                    return one("no exp");
                };
                let tolerance = format!("tolerance {}", span(trust.times.clock_skew));
                (format!("exp {}", self.distance(end)), tolerance)
            }
        }
    }

    fn times(&self, claims: &Claims) -> (String, String) {
        let rules = self.trust.times;
        let times = [
            ("nbf", claims.times().not_before),
            ("iat", claims.times().issued_at),
            ("exp", claims.times().expiration),
        ];
        let found: Vec<String> = times
            .iter()
            .filter_map(|(name, time)| Some(format!("{name} {}", self.distance((*time)?))))
            .collect();
        let found = match found.is_empty() {
            true => "no times".to_owned(),
            false => found.join(", "),
        };
        if self.reason == Some(Reason::NotYetValid) {
            return (
                found,
                format!("not before now; tolerance {}", span(rules.clock_skew)),
            );
        }
        let mut bounds = Vec::new();
        if rules.require_expiration {
            bounds.push("exp is required".to_owned());
        }
        for (name, bound) in [
            ("max_lifetime", rules.max_lifetime),
            ("max_issued_lifetime", rules.max_issued_lifetime),
        ] {
            bounds.extend(bound.map(|bound| format!("{name} {}", span(bound))));
        }
        (found, bounds.join(", "))
    }

    fn token_type(&self) -> (String, String) {
        let found = self.token.header().typ();
        let found = found.map_or_else(
            || "no typ".to_owned(),
            |typ| named("typ", Some(&json!(typ))),
        );
        let expected = match &self.trust.token_types {
            TokenTypes::Any => String::new(),
            TokenTypes::OneOf { names, absent } => {
                let none = absent.then(String::new);
                accepted(names.iter().chain(&none))
            }
        };
        (found, expected)
    }

    fn client(&self, claims: &Claims) -> (String, String) {
        let paths = &self.trust.client_id_claims;
        let found: Vec<String> = paths
            .iter()
            .filter_map(|path| {
                let name: Vec<&str> = path.segments().collect();
                Some(named(&name.join("."), Some(claims.find(path)?)))
            })
            .collect();
        let found = match found.is_empty() {
            true => "no client".to_owned(),
            false => found.join(", "),
        };
        let expected = match self.trust.client_ids.is_empty() {
            true => "the claims name two different clients".to_owned(),
            false => accepted(self.trust.client_ids.iter()),
        };
        (found, expected)
    }

    fn claims(&self, claims: &Claims) -> (String, String) {
        if self.trust.require_claims.is_empty() {
            return one("none required");
        }
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for required in &self.trust.require_claims {
            let name: Vec<&str> = required.claim.segments().collect();
            let name = name.join(".");
            found.push(named(&name, claims.find(&required.claim)));
            expected.push(match &required.any_of {
                None => format!("{name} is required"),
                Some(values) => {
                    let values: Vec<_> = values.iter().map(Value::to_string).collect();
                    format!("{name}: {}", printable(&values.join(" or ")))
                }
            });
        }
        (
            found.join(", "),
            format!("accepted: {}", expected.join(", ")),
        )
    }

    fn key(&self) -> (String, String) {
        let header = self.token.header();
        let kid = |kid: Option<&str>| match kid {
            Some(kid) => format!("kid {}", printable(&json!(kid).to_string())),
            None => "no kid".to_owned(),
        };
        let own = self.keys.map(KeySet::keys).unwrap_or_default().iter();
        let own: Vec<String> = own
            .map(|key| {
                let alg = key.alg().map_or("any algorithm", |alg| alg.name());
                format!("{} ({alg})", kid(key.kid()))
            })
            .collect();
        (
            format!("{}, {}", kid(header.kid()), header.algorithm().name()),
            format!("the provider has: {}", own.join(", ")),
        )
    }

    fn distance(&self, time: UnixSeconds) -> String {
        let (then, now) = (time.as_i64(), self.now.as_i64());
        let away = span(Duration::from_secs(then.abs_diff(now)));
        match then.cmp(&now) {
            core::cmp::Ordering::Less => format!("{then} ({away} ago)"),
            core::cmp::Ordering::Equal => format!("{then} (now)"),
            core::cmp::Ordering::Greater => format!("{then} (in {away})"),
        }
    }
}

/// Describes what the rule's `authorize` requires but the token lacks: scopes, roles, a client or
/// claim values.
pub(super) fn rights(
    reason: Reason,
    rule: Option<&Rule>,
    provider: Option<&Provider>,
    token: &str,
) -> String {
    let (Some(rule), Some(provider)) = (rule.and_then(Rule::authorization), provider) else {
        return String::new();
    };
    let Ok(token) = UntrustedToken::parse(token) else {
        return String::new();
    };
    let claims = token.unverified_claims();
    let has = |paths: &[portcullis::jose::ClaimPath]| {
        let found = paths.iter().filter_map(|path| {
            let name: Vec<&str> = path.segments().collect();
            Some(named(&name.join("."), Some(claims.find(path)?)))
        });
        let found: Vec<String> = found.collect();
        match found.is_empty() {
            true => "none".to_owned(),
            false => found.join(", "),
        }
    };
    let words = |words: &[String]| words.join(" ");
    if reason == Reason::InsufficientScope {
        let asked = match &rule.scopes {
            Some(WordSet::AllOf(all)) => format!("all of {}", words(all)),
            Some(WordSet::AnyOf(any)) => format!("one of {}", words(any)),
            None => return String::new(),
        };
        let has = has(&provider.scope_claims);
        format!("scopes: the rule asks for {asked}; the token has {has}")
    } else if reason == Reason::InsufficientRole {
        let has = has(&provider.role_claims);
        format!(
            "roles: the rule asks for one of {}; the token has {has}",
            words(&rule.roles)
        )
    } else if reason == Reason::InsufficientClient {
        let has = provider.client_id(claims).unwrap_or("none");
        let asked = words(&rule.client_ids);
        format!(
            "clients: the rule asks for one of {asked}; the token's client is {}",
            printable(has)
        )
    } else if reason == Reason::InsufficientClaim {
        let paths: Vec<_> = rule.claims.iter().map(|(path, _)| path.clone()).collect();
        format!(
            "claims: the rule asks for other values; the token has {}",
            has(&paths)
        )
    } else {
        String::new()
    }
}

/// The result of `Details::sides` for a check that one string describes. The second string is
/// empty.
fn one(side: &str) -> (String, String) {
    (side.to_owned(), String::new())
}

fn named(name: &str, value: Option<&Value>) -> String {
    let name = printable(name);
    match value {
        Some(value) => format!("{name} {}", printable(&value.to_string())),
        None => format!("no {name}"),
    }
}

fn accepted<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> String {
    let values = values
        .into_iter()
        .map(|value| json!(value.as_ref()).to_string());
    format!(
        "accepted: {}",
        printable(&values.collect::<Vec<_>>().join(", "))
    )
}

/// A duration in its two largest units, such as `2 d 3 h`.
fn span(span: Duration) -> String {
    let mut rest = span.as_secs();
    let mut parts = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)] {
        let count = rest.div_euclid(length);
        rest = rest.rem_euclid(length);
        if count > 0 {
            parts.push(format!("{count} {unit}"));
        }
    }
    parts.truncate(2);
    match parts.is_empty() {
        true => "0 s".to_owned(),
        false => parts.join(" "),
    }
}

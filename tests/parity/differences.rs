//! The deliberate differences from `jwt_authn`.
//!
//! Each row of the table applies to certain requests and configurations, and describes how the
//! outcomes differ. `docs/jwt_authn.md` has the same table.

use serde_json::Value;

use crate::{
    comparison::{Atom, Forwarded},
    configurations::Configuration,
    places::{Dress, Place},
    plans::{Plan, Token},
    predicates::{
        has_audiences, is_encoded_condition, is_in_query, is_key_misused, is_lenient_within,
        is_loosely_written, is_not_verified, is_odd_credential, is_same_claim, is_same_query,
        is_unread_by_native, most_credentials,
    },
    provider::{Provider, Source},
    tokens::Fault,
};

/// A deliberate difference.
pub(crate) struct Row {
    pub(crate) id: &'static str,
    /// What `jwt_authn` does.
    pub(crate) native: &'static str,
    /// What the module does.
    pub(crate) ours: &'static str,
    pub(crate) reason: &'static str,
    /// Returns whether the row applies to a request.
    pub(crate) applies: fn(Case<'_>) -> bool,
    /// Returns whether an observed difference is of the kind that the row describes.
    pub(crate) is: fn(Case<'_>, &Atom) -> bool,
}

/// A planned request, and the configuration that it is sent to.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The configuration that both sides use.
    pub(crate) configuration: &'a Configuration,
    /// The planned request.
    pub(crate) plan: &'a Plan,
}

pub(crate) const TABLE: &[Row] = &[
    Row {
        id: "one-credential",
        native: "if a request has several tokens where a provider looks, all must verify, and the last one provides the claims; a Bearer token is also found next to `Basic` credentials",
        ours: "400",
        reason: "RFC 6750 section 2 and RFC 9110 section 11.6.2 allow one credential. If there are two, the upstream and the proxy may each use a different one",
        applies: |Case {
                      configuration,
                      plan,
                  }| most_credentials(configuration, plan) > 1,
        is: |_, atom| matches!(atom, Atom::Decision { ours: 400, .. }),
    },
    Row {
        id: "credential-syntax",
        native: "`Bearer `, in exactly this spelling, may be anywhere in `Authorization`, and everything after it is the token; a token in the query is percent-decoded",
        ours: "a token in `Authorization` or in the query must have the syntax of RFC 6750, but the case of the scheme does not matter; a malformed token gets 400; a credential with another scheme is ignored",
        reason: "RFC 9110 section 11.1 and RFC 6750 sections 2.1 and 3.1. Attackers use credentials that two parsers read differently",
        applies: |Case { plan, .. }| plan.tokens.iter().any(is_odd_credential),
        is: |case, atom| match atom {
            // The module finds and verifies a token that `jwt_authn` does not find. Or the rule
            // requires no token, and the module ignores a credential whose scheme is not `Bearer`.
            Atom::Decision {
                native: 401,
                ours: 200,
            } => case.plan.tokens.iter().any(is_unread_by_native),
            Atom::Decision {
                native: 200 | 401 | 403,
                ours,
            } => matches!(ours, 400 | 401),
            // `jwt_authn` finds a token that the module does not find.
            Atom::Forwarded(header) if header.native.len() > header.ours.len() => true,
            _ => atom.is_identity(),
        },
    },
    Row {
        id: "serialization",
        native: "empty segments of a token are skipped; padding and unused bits of base64 are ignored",
        ours: "401",
        reason: "RFC 7515 sections 2 and 7.1. A token that can be written in several ways evades deny-lists and caches",
        applies: |Case { plan, .. }| plan.tokens.iter().any(is_loosely_written),
        is: is_not_verified,
    },
    Row {
        id: "token-members",
        native: "`crit`, `b64`, `cty: JWT`, `cnf` and a `typ` that is not a string have no effect; an empty `kid` counts as no `kid`; a token with `exp: 0` never expires",
        ours: "`crit`, `b64`, `cty: JWT` and a `typ` that is not a string get 401, and so does `cnf`, unless the connection has the certificate that `cnf` names; an empty `kid` is a `kid` like any other; a token with `exp: 0` has expired",
        reason: "RFC 7515 section 4.1.11: a token with a critical member that is not understood is refused (Authlib accepted such a token: CVE-2025-59420). RFC 8705 section 3: if a token is bound to a certificate that the sender does not have, the token is stolen",
        applies: |Case { plan, .. }| {
            use Fault::{B64, Cnf, Crit, CtyJwt, EmptyKid, ExpZero, TypNumber};
            [B64, Cnf, Crit, CtyJwt, EmptyKid, ExpZero, TypNumber]
                .iter()
                .any(|fault| plan.has(*fault))
        },
        is: is_not_verified,
    },
    Row {
        id: "token-size",
        native: "a token may be as long as Envoy's limit for headers allows",
        ours: "a token may have at most `limits.token_bytes` (8192)",
        reason: "a stranger's request can only cause limited work; you can raise the limit",
        applies: |Case { plan, .. }| plan.has(Fault::Long),
        is: is_not_verified,
    },
    Row {
        id: "key-purpose",
        native: "`use` is ignored, fetched `oct` keys verify, a P-256 key verifies a token with `alg: RS256`, and if keys have no `kid` and no `alg`, the keys after an Ed25519 key are not tried",
        ours: "a key verifies only signatures of its own type, and only keys of the signature's type are tried; a fetched secret is never used",
        reason: "RFC 7517 section 4.2 and RFC 8725 sections 3.1 and 3.5. If a secret is published, everyone can sign with it",
        applies: |Case {
                      configuration,
                      plan,
                  }| {
            plan.tokens
                .iter()
                .any(|token| is_key_misused(configuration, token))
        },
        is: |case, atom| is_not_verified(case, atom) || atom.is_decision((401, 200)),
    },
    Row {
        id: "keys-unavailable",
        native: "401 when keys cannot be fetched",
        ours: "503 with `Retry-After`",
        reason: "the token may be good, and a client that gets 401 discards it",
        applies: |Case {
                      configuration,
                      plan,
                  }| {
            let is_absent = |token: &Token| {
                configuration.providers[token.provider].keys.source == Source::RemoteAbsent
            };
            plan.tokens.iter().any(is_absent)
        },
        is: |_, atom| atom.is_decision((401, 503)),
    },
    Row {
        id: "audience-status",
        native: "403 for a token that is meant for another audience",
        ours: "401 `invalid_token`",
        reason: "RFC 6750 section 3.1: the token is not valid here. 403 is for a valid token that grants too little",
        applies: |Case {
                      configuration,
                      plan,
                  }| has_audiences(configuration) && !plan.tokens.is_empty(),
        is: |_, atom| atom.is_decision((403, 401)),
    },
    Row {
        id: "allow-missing",
        native: "within `requires_all` or a nested group, `allow_missing` can hold although the request has a bad token, because it looks at only some of the tokens",
        ours: "`allow_missing` holds if the request has none of the rule's tokens. A token that is present must verify. The token's identity is passed on, unless a `requires_all` in the same group needs this token together with others",
        reason: "this is the documented meaning of `allow_missing`. A bad token must not pass because another one is missing (as in CVE-2021-21378)",
        applies: |Case {
                      configuration,
                      plan,
                  }| {
            let is_lenient_within = |rule: &Value| is_lenient_within(&rule["requires"]);
            let rules = configuration.rest["rules"].as_array();
            let all_good = (0..configuration.providers.len()).all(|index| {
                let is_good = |token: &Token| {
                    token.provider == index
                        && token.fault == Fault::None
                        && token.dress == Dress::Plain
                };
                plan.tokens.iter().any(is_good)
            });
            !plan.tokens.is_empty()
                && !all_good
                && rules.into_iter().flatten().any(is_lenient_within)
        },
        is: is_not_verified,
    },
    Row {
        id: "requires-all",
        native: "each requirement changes the request before the next one sees it: the first requirement removes a token that the second one also needs, and the second removes headers that the first one has set",
        ours: "all requirements see the request as the client sent it",
        reason: "the meaning of a requirement must not depend on the requirements before it",
        applies: |Case {
                      configuration,
                      plan,
                  }| {
            !plan.tokens.is_empty()
                && configuration.rest["rules"]
                    .to_string()
                    .contains("requires_all")
        },
        is: |_, atom| {
            atom.is_decision((401, 200))
                || atom.header().is_some_and(|header| header.native.is_empty())
        },
    },
    Row {
        id: "extract-only",
        native: "`extract_only_without_validation` removes a token that happens to verify, and then sets no header about the verification",
        ours: "`extract_only_without_validation` checks no signature: the token stays, with `x-jwt-signature-verified: false`",
        reason: "the field's name says that nothing is validated, and what an upstream learns about a token must not depend on whether the token would have verified",
        applies: |Case {
                      configuration,
                      plan,
                  }| {
            let rules = configuration.rest["rules"].to_string();
            !plan.tokens.is_empty() && rules.contains("extract_only_without_validation")
        },
        is: |_, atom| atom.is_identity(),
    },
    Row {
        id: "query",
        native: "conditions see the query undecoded; if a token is removed from the query, the other parameters are decoded, sorted and rewritten, and an encoded space becomes a literal space, which ends the request line too early",
        ours: "conditions see the query decoded, as the upstream does; the other parameters are not changed by a single byte",
        reason: "`?%73ecure=1` must not evade a rule on `secure`; a proxy must not change what it does not understand",
        applies: |Case {
                      configuration,
                      plan,
                  }| {
            is_in_query(plan) || is_encoded_condition(configuration, plan)
        },
        is: |case, atom| {
            let is_space = |token: &Token| matches!(token.dress, Dress::Behind | Dress::Followed);
            match atom {
                Atom::Forwarded(Forwarded { name, native, ours })
                    if name == ":path" && is_same_query(&native.concat(), &ours.concat()) =>
                {
                    true
                }
                _ if atom.is_decision((503, 200)) => case.plan.tokens.iter().any(is_space),
                _ => {
                    is_encoded_condition(case.configuration, case.plan)
                        && is_not_verified(case, atom)
                }
            }
        },
    },
    Row {
        id: "cookies",
        native: "a verified token stays in its cookie",
        ours: "a verified token is removed from its cookie, unless `forward: true` is set",
        reason: "a verified token is also removed from headers and from the query, because the upstream does not need the token and may leak it. `migrate` sets `forward` if the provider reads tokens only from cookies",
        applies: |Case {
                      configuration,
                      plan,
                  }| {
            plan.tokens.iter().any(|token| {
                let forwards = &configuration.providers[token.provider].json["forward"];
                matches!(token.place, Place::Cookie(_)) && *forwards != true
            })
        },
        is: |_, atom| {
            let header = atom.header().filter(|header| header.name == "cookie");
            header.is_some_and(|header| header.ours.concat().len() < header.native.concat().len())
        },
    },
    Row {
        id: "claim-values",
        native: "negative and fractional numbers are written with six decimal places (`-7.000000`), and the order of an object's members varies; spaces at either end of a value are lost, and a line break in a value makes the upstream's request fail",
        ours: "numbers are written as in JSON, and members in a fixed order; if a value cannot be in a header, the request gets 401, or the header is left out if no token is verified",
        reason: "numbers must not be rounded, and the header must be the same in each request; no claim must be able to add lines to a request",
        applies: |Case { configuration, .. }| {
            let makes_claims = |provider: &Provider| provider.json["claim_to_headers"].is_array();
            configuration.providers.iter().any(makes_claims)
        },
        is: |case, atom| match atom {
            Atom::Decision { native: 503, ours } => {
                matches!(ours, 200 | 401) && case.plan.has(Fault::LineBreak)
            }
            Atom::Decision { .. } => {
                atom.is_refusal(401)
                    && (case.plan.has(Fault::SpaceAtEnd) || case.plan.has(Fault::LineBreak))
            }
            Atom::Forwarded(header) => is_same_claim(&header.native, &header.ours),
        },
    },
    Row {
        id: "confusable-headers",
        native: "a header that is set or read is compared by its exact name only",
        ours: "`x_user` and `x.user` count as `x-user`, both for headers that are set and for headers that tokens are read from",
        reason: "CGI, WSGI and others turn all these names into one variable",
        applies: |Case {
                      configuration,
                      plan,
                  }| {
            let owned = configuration.owned_headers();
            plan.headers
                .iter()
                .any(|(name, _)| name.contains('_') && owned.contains(&name.replace('_', "-")))
        },
        is: |_, atom| {
            atom.header()
                .is_some_and(|header| header.name.contains('_'))
        },
    },
];

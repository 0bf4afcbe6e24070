//! Builds the header and the claims of a token that a provider accepts. A test then changes them.

use serde_json::{Map, Value, json};

use super::signer::kid;
use portcullis::{
    jose::{Algorithm, ClaimPath},
    policy::{Audiences, Pattern},
    verification::{Issuer, TokenTypes, Trust},
};

/// The lifetime of a token in seconds, unless the provider's limit is lower.
const LIFETIME: u64 = 300;

/// The subject of a token, unless the test sets one.
const SUBJECT: &str = "test-user";

/// The value that fills a claim or an issuer's placeholder if any value will do.
const ANY: &str = "test";

/// All algorithms, the fastest first.
const PREFERRED: [Algorithm; 13] = [
    Algorithm::Es256,
    Algorithm::EdDsa,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Rs384,
    Algorithm::Ps384,
    Algorithm::Rs512,
    Algorithm::Ps512,
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
];

/// The algorithm for the tokens of a provider.
pub(super) fn algorithm(trust: &Trust) -> Algorithm {
    let accepted = &trust.algorithms;
    let mut preferred = PREFERRED.into_iter();
    preferred
        .find(|algorithm| accepted.contains(algorithm))
        .unwrap_or(Algorithm::Es256)
}

/// A header that the provider accepts.
pub(super) fn header(trust: &Trust) -> Map<String, Value> {
    let algorithm = algorithm(trust);
    let mut header = Map::new();
    header.insert("alg".to_owned(), json!(algorithm.name()));
    header.insert("kid".to_owned(), json!(kid(algorithm)));
    let typ = match &trust.token_types {
        TokenTypes::Any => Some("at+jwt"),
        TokenTypes::OneOf { names, .. } if names.iter().any(|name| name == "at+jwt") => {
            Some("at+jwt")
        }
        TokenTypes::OneOf { names, .. } => names.first().map(String::as_str),
    };
    if let Some(typ) = typ {
        header.insert("typ".to_owned(), json!(typ));
    }
    header
}

/// The changes that a test makes to the claims.
pub(super) struct Wanted<'a> {
    /// Claims that replace the default ones; null removes a claim.
    pub(super) claims: &'a Map<String, Value>,
    /// Whether the token has expired.
    pub(super) is_expired: bool,
    /// The audiences that are accepted in the token. The token has the first one.
    pub(super) audiences: &'a Audiences,
}

/// Builds claims that the provider accepts, and applies the test's changes.
pub(super) fn claims(trust: &Trust, wanted: &Wanted<'_>, now: u64) -> Value {
    let mut claims = Map::new();
    // Some servers put the client's identifier into `sub`. `put` does not overwrite a claim, so the
    // client's identifier is set before the subject.
    put_client(&mut claims, trust);
    put(
        &mut claims,
        &ClaimPath::top_level("sub"),
        json!(subject(trust)),
    );
    claims.insert("jti".to_owned(), json!("test-token"));
    let audience = match wanted.audiences {
        Audiences::Any => None,
        Audiences::AnyOf(accepted) => accepted.first().cloned(),
    };
    claims.insert(
        "aud".to_owned(),
        json!(audience.unwrap_or_else(|| ANY.to_owned())),
    );
    times(&mut claims, trust, wanted.is_expired, now);
    for required in &trust.require_claims {
        let values = required.any_of.as_ref();
        let value = values.and_then(|values| values.first()).cloned();
        put(
            &mut claims,
            &required.claim,
            value.unwrap_or_else(|| json!(ANY)),
        );
    }
    overlay(&mut claims, wanted.claims);
    if !wanted.claims.contains_key("iss") {
        let issuer = issuer(&trust.issuer, &mut claims);
        claims.insert("iss".to_owned(), json!(issuer));
    }
    Value::Object(claims)
}

/// Sets the client's identifier in the first claim that may contain it. If the client itself issues
/// the token (RFC 7523 section 3), sets the identifier in every claim that may contain it, because
/// the module refuses a token in which these claims differ.
fn put_client(claims: &mut Map<String, Value>, trust: &Trust) {
    let paths = &trust.client_id_claims;
    let is_issuer = paths.contains(&ClaimPath::top_level("iss"));
    match (&trust.issuer, trust.client_ids.first(), paths.first()) {
        (Issuer::Exact(issuer), _, _) if is_issuer => {
            for path in paths {
                put(claims, path, json!(issuer));
            }
        }
        (_, Some(client), Some(path)) => put(claims, path, json!(client)),
        _ => {}
    }
}

/// Copies the members of `upper` into an object. A null value removes the member.
pub(super) fn overlay(members: &mut Map<String, Value>, upper: &Map<String, Value>) {
    for (name, value) in upper {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
}

fn subject(trust: &Trust) -> String {
    let Some(accepted) = &trust.subjects else {
        return match &trust.trust_domain {
            Some(domain) => format!("spiffe://{}/{SUBJECT}", domain.as_str()),
            None => SUBJECT.to_owned(),
        };
    };
    match accepted.pattern() {
        Pattern::Exact(text) => text.clone(),
        Pattern::Prefix(text) => format!("{text}{SUBJECT}"),
        Pattern::Suffix(text) => format!("{SUBJECT}{text}"),
        Pattern::Contains(text) => format!("{SUBJECT}{text}{SUBJECT}"),
        // No subject can be generated from a regular expression, so the test must set a subject
        // that matches.
        Pattern::Regex(_) => SUBJECT.to_owned(),
    }
}

fn times(claims: &mut Map<String, Value>, trust: &Trust, is_expired: bool, now: u64) {
    let rules = trust.times;
    let bounds = [rules.max_lifetime, rules.max_issued_lifetime];
    let bounds = bounds.into_iter().flatten().map(|bound| bound.as_secs());
    let lifetime = bounds.chain([LIFETIME]).min().unwrap_or(LIFETIME);
    let start = match is_expired {
        true => now
            .saturating_sub(lifetime)
            .saturating_sub(rules.clock_skew.as_secs()),
        false => now,
    };
    claims.insert("iat".to_owned(), json!(start));
    claims.insert("exp".to_owned(), json!(start.saturating_add(lifetime)));
}

/// Returns the issuer. If the issuer is a template, fills its placeholders with the values of
/// claims. If a placeholder names a claim that the token lacks, adds the claim.
fn issuer(issuer: &Issuer, claims: &mut Map<String, Value>) -> String {
    match issuer {
        Issuer::Any => "https://issuer.example.com".to_owned(),
        Issuer::Exact(issuer) => issuer.clone(),
        Issuer::Template(template) => {
            let mut literals = template.literals();
            let mut text = literals.next().unwrap_or_default().to_owned();
            for (claim, literal) in template.claims().zip(literals) {
                let value = claims.entry(claim.to_owned()).or_insert_with(|| json!(ANY));
                text.push_str(value.as_str().unwrap_or_default());
                text.push_str(literal);
            }
            text
        }
    }
}

/// Sets a claim, unless the token has it already.
fn put(claims: &mut Map<String, Value>, path: &ClaimPath, value: Value) {
    let segments: Vec<&str> = path.segments().collect();
    let Some((last, outer)) = segments.split_last() else {
        return;
    };
    let mut members = claims;
    for segment in outer {
        let inner = members
            .entry((*segment).to_owned())
            .or_insert_with(|| Value::Object(Map::new()));
        match inner {
            Value::Object(inner) => members = inner,
            _ => return,
        }
    }
    members.entry((*last).to_owned()).or_insert(value);
}

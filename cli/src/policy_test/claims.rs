//! Header and claims that satisfy a provider, for a test to change.

use serde_json::{Map, Value, json};

use super::signer::kid;
use portcullis::{
    config::Provider,
    jose::{Algorithm, ClaimPath},
    policy::{Audiences, Pattern},
    verification::{Issuer, TokenTypes},
};

/// How long a token lasts unless the provider wants less, in seconds.
const LIFETIME: u64 = 300;

/// Who a token is about, if a test does not say.
const SUBJECT: &str = "test-user";

/// A value of a placeholder or a claim that nobody has constrained.
const ANY: &str = "test";

/// Algorithms, the quickest first.
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

/// The algorithm that signs tokens of a provider.
pub(super) fn algorithm(provider: &Provider) -> Algorithm {
    let accepted = &provider.trust.algorithms;
    let mut preferred = PREFERRED.into_iter();
    preferred
        .find(|algorithm| accepted.contains(algorithm))
        .unwrap_or(Algorithm::Es256)
}

/// A header that satisfies a provider.
pub(super) fn header(provider: &Provider) -> Map<String, Value> {
    let algorithm = algorithm(provider);
    let mut header = Map::new();
    header.insert("alg".to_owned(), json!(algorithm.name()));
    header.insert("kid".to_owned(), json!(kid(algorithm)));
    let typ = match &provider.trust.token_types {
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

/// What a test says about a token's claims.
pub(super) struct Wanted<'a> {
    /// Laid over the others; null removes one.
    pub(super) claims: &'a Map<String, Value>,
    /// Whether it is past its end.
    pub(super) is_expired: bool,
    /// The audiences of the rule, if it has its own.
    pub(super) audiences: Option<&'a Audiences>,
}

/// Claims that satisfy a provider, with those of a test on top.
pub(super) fn claims(provider: &Provider, wanted: &Wanted<'_>, now: u64) -> Value {
    let trust = &provider.trust;
    let mut claims = Map::new();
    // Before the subject, which names the client of some servers.
    put_client(&mut claims, provider);
    put(
        &mut claims,
        &ClaimPath::top_level("sub"),
        json!(subject(provider)),
    );
    claims.insert("jti".to_owned(), json!("test-token"));
    let audiences = wanted.audiences.unwrap_or(&trust.audiences);
    let audience = match audiences {
        Audiences::Any => None,
        Audiences::AnyOf(accepted) => accepted.first().cloned(),
    };
    claims.insert(
        "aud".to_owned(),
        json!(audience.unwrap_or_else(|| ANY.to_owned())),
    );
    times(&mut claims, provider, wanted.is_expired, now);
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

/// The client's identifier, in the first claim that may hold it. Where the issuer is the client
/// (RFC 7523 section 3), it is in all of them, because two that differ are refused.
fn put_client(claims: &mut Map<String, Value>, provider: &Provider) {
    let trust = &provider.trust;
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

/// Lays members over others; null removes one.
pub(super) fn overlay(members: &mut Map<String, Value>, upper: &Map<String, Value>) {
    for (name, value) in upper {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
}

fn subject(provider: &Provider) -> String {
    let Some(accepted) = &provider.trust.subjects else {
        return SUBJECT.to_owned();
    };
    match accepted.pattern() {
        Pattern::Exact(text) => text.clone(),
        Pattern::Prefix(text) => format!("{text}{SUBJECT}"),
        Pattern::Suffix(text) => format!("{SUBJECT}{text}"),
        Pattern::Contains(text) => format!("{SUBJECT}{text}{SUBJECT}"),
        // What matches an expression is the test's to say.
        Pattern::Regex(_) => SUBJECT.to_owned(),
    }
}

fn times(claims: &mut Map<String, Value>, provider: &Provider, is_expired: bool, now: u64) {
    let rules = provider.trust.times;
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

/// The issuer, with the claims of its placeholders, which are added if they are absent.
fn issuer(issuer: &Issuer, claims: &mut Map<String, Value>) -> String {
    match issuer {
        Issuer::Any => "https://issuer.example.com".to_owned(),
        Issuer::Exact(issuer) => issuer.clone(),
        Issuer::Template(template) => {
            let mut text = template.head.clone();
            for (claim, literal) in &template.tail {
                let value = claims.entry(claim.clone()).or_insert_with(|| json!(ANY));
                text.push_str(value.as_str().unwrap_or_default());
                text.push_str(literal);
            }
            text
        }
    }
}

/// Sets a claim, unless it is there.
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

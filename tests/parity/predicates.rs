//! The conditions that the table of differences uses to select requests and outcomes.

use serde_json::Value;

use crate::{
    comparison::Atom,
    configurations::Configuration,
    differences::Case,
    places::{Dress, Place},
    plans::{Plan, Token},
    provider::{Provider, Source},
    tokens::Fault,
};

/// Returns whether the module did not accept the token. If so, the module refused the request, or
/// let it pass without an identity because the rule allows failed tokens.
pub(crate) fn is_not_verified(_: Case<'_>, atom: &Atom) -> bool {
    atom.is_refusal(401) || atom.is_identity()
}

/// Returns whether the requirement contains both a lenient member (`allow_missing` or
/// `allow_missing_or_failed`) and a combination (`requires_all` or nested groups).
pub(crate) fn is_lenient_within(requirement: &Value) -> bool {
    let text = requirement.to_string();
    let groups = text.matches("\"requirements\"").count();
    text.contains("\"allow_missing") && (groups > 1 || text.contains("requires_all"))
}

/// For each provider, counts the request's credentials in the places where that provider looks.
/// Returns the highest count.
pub(crate) fn most_credentials(configuration: &Configuration, plan: &Plan) -> usize {
    let count = |places: &[Place]| {
        let tokens = plan
            .tokens
            .iter()
            .filter(|token| places.iter().any(|place| place.shares(&token.place)))
            .count();
        let others = plan
            .headers
            .iter()
            .filter(|(name, value)| {
                name == "authorization" && !value.is_empty() && places.iter().any(Place::is_bearer)
            })
            .count();
        tokens + others
    };
    let providers = configuration.providers.iter();
    providers
        .map(|provider| count(&provider.places()))
        .max()
        .unwrap_or_default()
}

/// Returns whether a token is in a place that RFC 6750 defines, but is not written as RFC 6750
/// requires.
pub(crate) fn is_odd_credential(token: &Token) -> bool {
    let is_described = token.place.is_bearer() || matches!(token.place, Place::Param(_));
    is_described
        && (token.fault == Fault::Empty || !matches!(token.dress, Dress::Plain | Dress::Padded))
}

pub(crate) fn is_loosely_written(token: &Token) -> bool {
    use Fault::{
        DotBefore, DotBehind, DotsBetween, NotBase64, Padding, StandardBase64, TrailingBits,
    };
    matches!(
        token.fault,
        DotBefore | DotBehind | DotsBetween | Padding | NotBase64 | StandardBase64 | TrailingBits
    ) || matches!(token.dress, Dress::Padded | Dress::Followed)
}

/// Returns whether the module rejects a key of the token's provider that `jwt_authn` accepts. Such
/// keys are encryption keys and fetched symmetric keys. The same applies to the keys of a set in
/// which no key has both `kid` and `alg`, if the set has several keys or the token's `alg` does not
/// suit the key.
pub(crate) fn is_key_misused(configuration: &Configuration, token: &Token) -> bool {
    let keys = &configuration.providers[token.provider].keys;
    let Value::Array(jwks) = &keys.jwks["keys"] else {
        return false;
    };
    let is_fetched = keys.source != Source::Local;
    let is_unnamed = jwks
        .iter()
        .all(|jwk| jwk["alg"].is_null() || jwk["kid"].is_null());
    jwks.iter()
        .any(|jwk| jwk["use"] == "enc" || is_fetched && jwk["kty"] == "oct")
        || is_unnamed && (jwks.len() > 1 || token.fault == Fault::AlgUntrue)
}

pub(crate) fn has_audiences(configuration: &Configuration) -> bool {
    let lists = |provider: &Provider| provider.json["audiences"].is_array();
    configuration.providers.iter().any(lists)
        || configuration.rest["rules"]
            .to_string()
            .contains("provider_and_audiences")
}

/// Returns whether the token is written in such a way that `jwt_authn` might not find it.
pub(crate) fn is_unread_by_native(token: &Token) -> bool {
    matches!(
        token.dress,
        Dress::LowerCase | Dress::Behind | Dress::OtherSpace | Dress::Bare
    )
}

/// Returns whether a rule compares query parameters, and the request's path or query contains
/// percent-encoding.
pub(crate) fn is_encoded_condition(configuration: &Configuration, plan: &Plan) -> bool {
    let rules = configuration.rest["rules"].to_string();
    rules.contains("query_parameters") && plan.target.contains('%')
}

/// Returns whether two targets have the same path and the same parameters, in any order. Empty
/// parameters, as between the two `&` in `a&&b`, are ignored.
pub(crate) fn is_same_query(native: &str, ours: &str) -> bool {
    let read = |target: &str| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        pairs.sort();
        (path.to_owned(), pairs)
    };
    read(native) == read(ours)
}

pub(crate) fn is_in_query(plan: &Plan) -> bool {
    plan.tokens
        .iter()
        .any(|token| matches!(token.place, Place::Param(_)))
}

/// Returns whether the two values are equal as JSON. Equal numbers may be written differently. The
/// values may be encoded in base64.
pub(crate) fn is_same_claim(native: &[String], ours: &[String]) -> bool {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let value = |lines: &[String]| {
        let text = lines.concat();
        let json = STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes());
        serde_json::from_slice::<Value>(&json).ok()
    };
    match (value(native), value(ours)) {
        (Some(Value::Number(native)), Some(Value::Number(ours))) => {
            let (native, ours) = (native.as_f64().unwrap(), ours.as_f64().unwrap());
            (native - ours).abs() < 1e-6
        }
        (Some(native), Some(ours)) => native == ours,
        _ => false,
    }
}

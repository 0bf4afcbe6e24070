//! The client that a token was issued to.

use serde_json::Value;

use crate::{
    decision::Reason,
    jose::{ClaimPath, Claims},
};

/// The client identifier: the first claim of `places` that is present.
pub(super) fn identifier<'a>(places: &[ClaimPath], claims: &'a Claims) -> Option<&'a str> {
    let mut values = places.iter().filter_map(|claim| claims.find(claim));
    values.next().and_then(Value::as_str)
}

/// Checks the client identifier. An empty `accepted` accepts any client. A token that names two
/// clients is refused, because a service that reads the other claim would see another client.
pub(super) fn check(
    accepted: &[String],
    places: &[ClaimPath],
    claims: &Claims,
) -> Result<(), Reason> {
    let mut values = places.iter().filter_map(|claim| claims.find(claim));
    let is_accepted = |value: &Value| {
        accepted.is_empty()
            || accepted
                .iter()
                .any(|own| value.as_str() == Some(own.as_str()))
    };
    let holds = match values.next() {
        None => accepted.is_empty(),
        Some(first) => values.all(|other| other == first) && is_accepted(first),
    };
    if holds { Ok(()) } else { Err(Reason::Client) }
}

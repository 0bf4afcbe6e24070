//! The client that a token was issued to.

use serde_json::Value;

use crate::{
    decision::Reason,
    jose::{ClaimPath, Claims},
};

/// Returns the client identifier: the value of the first claim in `places` that is present.
pub(super) fn identifier<'a>(places: &[ClaimPath], claims: &'a Claims) -> Option<&'a str> {
    let mut values = places.iter().filter_map(|claim| claims.find(claim));
    values.next().and_then(Value::as_str)
}

/// Checks the client identifier. An empty `accepted` accepts any client. Refuses a token if two of
/// the claims in `places` name different clients. If such a token were accepted, Portcullis could
/// read one client from it, and a service behind Portcullis another.
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn parse(claims: &Value) -> Claims {
        Claims::parse(claims.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn every_claim_that_names_the_client_must_name_the_same_accepted_one() {
        let places = ["azp", "client_id"].map(ClaimPath::top_level);
        for (claims, if_any, if_listed) in [
            (json!({}), true, false),
            (json!({"azp": "web"}), true, true),
            (json!({"client_id": "web"}), true, true),
            (json!({"azp": "web", "client_id": "web"}), true, true),
            (json!({"azp": "web", "client_id": "app"}), false, false),
            (json!({"azp": "app", "client_id": "web"}), false, false),
            (json!({"azp": "app"}), true, false),
            (json!({"azp": ["web"]}), true, false),
        ] {
            let parsed = parse(&claims);
            for (accepted, expected) in [(vec![], if_any), (vec!["web".to_owned()], if_listed)] {
                let holds = check(&accepted, &places, &parsed).is_ok();
                assert_eq!(holds, expected, "{accepted:?} {claims}");
            }
        }
    }

    #[test]
    fn the_identifier_is_the_first_claim_that_is_present() {
        let places = ["azp", "client_id"].map(ClaimPath::top_level);
        let both = parse(&json!({"azp": "web", "client_id": "app"}));
        assert_eq!(identifier(&places, &both), Some("web"));
        let second = parse(&json!({"client_id": "app"}));
        assert_eq!(identifier(&places, &second), Some("app"));
        assert_eq!(identifier(&places, &parse(&json!({}))), None);
    }
}

//! Writes claims into request headers.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    config::{Config, Provider},
    decision::{HeaderEdit, Text},
    http::{HeaderName, white_space::trimmed},
    jose::Claims,
};

/// The headers that `provider` sets from verified claims; `None` if one of the claims cannot be
/// written into a header.
pub(super) fn claim_headers(
    config: &Config,
    provider: &Provider,
    claims: &Claims,
) -> Option<Box<[HeaderEdit]>> {
    headers_of(config, provider, claims).collect()
}

/// Yields a header for each configured claim that the token has. For a claim that cannot be written
/// into a header, the item is `None`.
pub(super) fn headers_of(
    config: &Config,
    provider: &Provider,
    claims: &Claims,
) -> impl Iterator<Item = Option<HeaderEdit>> {
    provider.claim_headers.iter().filter_map(move |own| {
        let value = claims.find(&own.claim).map(claim_text);
        let value = value.filter(|value| !value.is_empty())?;
        Some(header(&own.name, value, config))
    })
}

/// Returns a header with this value, or `None` if the value is too long or a receiver could misread
/// it. A line break would let the client add headers. Receivers strip spaces at both ends (RFC 9110
/// section 5.5), and some programs strip all Unicode white space. So a user name that begins or
/// ends with white space could become the name of another user.
pub(super) fn header(name: &HeaderName, value: String, config: &Config) -> Option<HeaderEdit> {
    fits_header(&value, config).then(|| HeaderEdit::Set(Text::Shared(name.shared()), value.into()))
}

pub(super) fn fits_header(value: &str, config: &Config) -> bool {
    value.len() <= config.limits.header_value_bytes
        && value.bytes().all(|byte| byte >= 0x20 && byte != 0x7f)
        && trimmed(value) == value
}

/// Formats a claim as `jwt_authn` does: strings unchanged, numbers and booleans as JSON, and all
/// other values as base64 of their JSON.
fn claim_text(claim: &Value) -> String {
    match claim {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => claim.to_string(),
        Value::Array(_) | Value::Object(_) => STANDARD.encode(claim.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn writes_claims_as_jwt_authn_does() {
        for (claim, expected) in [
            (json!("a b"), "a b"),
            (json!(7), "7"),
            (json!(1.5), "1.5"),
            (json!(true), "true"),
            (json!(null), ""),
            (json!(["a"]), "WyJhIl0="),
            (json!({"a": 1}), "eyJhIjoxfQ=="),
        ] {
            assert_eq!(claim_text(&claim), expected, "{claim}");
        }
    }

    #[test]
    fn refuses_values_that_would_add_or_change_a_header() {
        let name = HeaderName::parse("x").unwrap();
        let config = Config::parse(br#"{"limits":{"header_value_bytes":7}}"#).unwrap();
        for value in ["a\r\nx-admin: 1", "a\u{0}", "a\u{7f}", "a\tb", "too long"] {
            assert_eq!(header(&name, value.to_owned(), &config), None, "{value:?}");
        }
        assert!(header(&name, "\u{e9}".to_owned(), &config).is_some());
    }
}

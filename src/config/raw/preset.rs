//! What identity providers have in common with themselves: a provider's fields by its product.
//!
//! A preset writes the fields that the operator left out, before anything is read, so that it can
//! say nothing that an operator could not. It never weakens: what it does not know (issuer,
//! audiences, keys) stays required. Of `require_claims` it adds what is asked of claims that the
//! operator does not name: who asks for one claim more does not mean to let ID tokens in.

use serde_json::{Map, Value};

use super::object::choice;
use crate::json;

choice! {
    /// Whose tokens a provider's fields are made for where they are not written.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Preset {
        /// Auth0.
        Auth0 = "auth0",
        /// Amazon Cognito user pools.
        Cognito = "cognito",
        /// Microsoft Entra ID, access tokens of version 1.0.
        EntraV1 = "entra-v1",
        /// Microsoft Entra ID, access tokens of version 2.0.
        EntraV2 = "entra-v2",
        /// Nobody's in particular.
        Generic = "generic",
        /// Keycloak.
        Keycloak = "keycloak",
        /// Okta, custom authorization servers.
        Okta = "okta",
        /// PingFederate.
        PingFederate = "ping-federate",
        /// A client that signs assertions with its own key (RFC 7523).
        PrivateKeyJwt = "private-key-jwt",
        /// The profile of RFC 9068.
        Rfc9068 = "rfc9068",
    }
}

impl Preset {
    /// Its access tokens have no `aud`.
    pub const fn lacks_audience(self) -> bool {
        // Amazon Cognito, "Understanding the access token".
        matches!(self, Self::Cognito)
    }

    /// How the issuer ends, where that is known: with a slash or without.
    pub const fn issuer_ends_in_slash(self) -> Option<bool> {
        match self {
            // Auth0, "Validate access tokens"; Entra, "Access tokens: issuers".
            Self::Auth0 | Self::EntraV1 => Some(true),
            Self::Cognito | Self::EntraV2 | Self::Keycloak | Self::Okta => Some(false),
            Self::Generic | Self::PingFederate | Self::PrivateKeyJwt | Self::Rfc9068 => None,
        }
    }
}

/// A field's name, and what it is in JSON.
type Default = (&'static str, &'static str);

/// What is not listed is as it is without a preset; so all that `generic` is.
const PRESETS: &[(&str, &[Default])] = &[
    (
        "auth0",
        &[
            // Auth0, "Access token profiles": `azp`, or `client_id` in the profile of RFC 9068.
            ("client_id_claims", r#"["azp","client_id"]"#),
            // The same: `scope`, one text.
            ("scope_claims", r#"["scope"]"#),
            // Auth0, "Role-based access control": what the user may do, asked for by the client or
            // not. As scopes, they would let a client do what nobody allowed it to.
            ("role_claims", r#"["permissions"]"#),
            // "Access token profiles": `JWT`, or `at+jwt` in the profile of RFC 9068.
            ("token_types", r#"["JWT","at+jwt"]"#),
        ],
    ),
    (
        "cognito",
        &[
            // Amazon Cognito, "Understanding the access token": claims of its payload.
            ("client_id_claims", r#"["client_id"]"#),
            ("scope_claims", r#"["scope"]"#),
            ("role_claims", r#"["cognito:groups"]"#),
            // The same: ID tokens are of the same issuer, and say `id`.
            (
                "require_claims",
                r#"[{"claim":"token_use","any_of":["access"]}]"#,
            ),
            // The same: its header has `kid` and `alg` alone.
            ("token_types", r#"["","at+jwt"]"#),
        ],
    ),
    (
        "entra-v1",
        &[
            // Entra, "Access token claims reference": `iss`, `appid`, `scp`, `roles`. No ID token
            // has `appid`.
            ("issuer", r#""https://sts.windows.net/{tid}/""#),
            ("client_id_claims", r#"["appid"]"#),
            ("scope_claims", r#"["scp"]"#),
            ("role_claims", r#"["roles"]"#),
            ("require_claims", r#"[{"claim":"appid"}]"#),
            // "Access tokens", on validating the signing key's issuer.
            ("key_issuer", r#""match""#),
            // "Access token claims reference", header claims.
            ("token_types", r#"["JWT","at+jwt"]"#),
        ],
    ),
    (
        "entra-v2",
        &[
            // As in version 1.0, but for `iss`, and for `azp` in place of `appid`.
            (
                "issuer",
                r#""https://login.microsoftonline.com/{tid}/v2.0""#,
            ),
            ("client_id_claims", r#"["azp"]"#),
            ("scope_claims", r#"["scp"]"#),
            ("role_claims", r#"["roles"]"#),
            ("require_claims", r#"[{"claim":"azp"}]"#),
            ("key_issuer", r#""match""#),
            ("token_types", r#"["JWT","at+jwt"]"#),
        ],
    ),
    (
        "keycloak",
        &[
            // Keycloak, `AccessToken`: `azp`, and `client_id` beside it for service accounts.
            ("client_id_claims", r#"["azp","client_id"]"#),
            // The same: `scope`, one text.
            ("scope_claims", r#"["scope"]"#),
            // The same: the realm's roles. Those of a client stand in `resource_access` under its
            // name: whose count, the operator has to say.
            ("role_claims", r#"[["realm_access","roles"]]"#),
            // Keycloak, `TokenUtil`: the payload's `typ` tells access from ID tokens.
            ("require_claims", r#"[{"claim":"typ","any_of":["Bearer"]}]"#),
            // Keycloak 26.2, client attribute `access.token.header.type.rfc9068`.
            ("token_types", r#"["JWT","at+jwt"]"#),
        ],
    ),
    (
        "okta",
        &[
            // Okta, "OpenID Connect & OAuth 2.0 API", access token payload. No ID token has `cid`.
            ("client_id_claims", r#"["cid"]"#),
            ("scope_claims", r#"["scp"]"#),
            ("require_claims", r#"[{"claim":"cid"}]"#),
            // Okta, "Customize tokens with a groups claim".
            ("role_claims", r#"["groups"]"#),
            // Okta support: custom authorization servers write no `typ`. What the org's own
            // server writes (`application/okta-internal-at+jwt`) is for Okta alone.
            ("token_types", r#"["","at+jwt"]"#),
        ],
    ),
    (
        "ping-federate",
        &[
            // PingFederate, "Configure JSON token management": names of the claims, `scope` or, as
            // Zscaler's guide has it, `scp`.
            ("client_id_claims", r#"["client_id"]"#),
            ("scope_claims", r#"["scope","scp"]"#),
            // PingFederate, "JWKS endpoint": a key's `alg` need not be the token's.
            ("jwk_algorithm", r#""family""#),
            // "Type Header Value", empty unless the operator fills it in.
            ("token_types", r#"["","JWT","at+jwt"]"#),
        ],
    ),
    (
        "private-key-jwt",
        &[
            // RFC 7523 section 3: `iss` and `sub` are the client; two that differ are refused.
            ("client_id_claims", r#"["iss","sub"]"#),
            ("require_claims", r#"[{"claim":"sub"}]"#),
            // A client that signs for itself would grant itself what it likes.
            ("scope_claims", "[]"),
            ("role_claims", "[]"),
            // Zscaler's SDKs make assertions for ten minutes, without `iat`.
            ("max_lifetime", r#""600s""#),
            // Zscaler's help writes no `typ` (but `type`); RFC 7523bis section 4 has one.
            ("token_types", r#"["","JWT","client-authentication+jwt"]"#),
        ],
    ),
    (
        "rfc9068",
        &[
            // RFC 9068 section 2.2; `iss`, `aud` and `exp` are required without a preset.
            (
                "require_claims",
                r#"[{"claim":"sub"},{"claim":"client_id"},{"claim":"iat"},{"claim":"jti"}]"#,
            ),
            ("client_id_claims", r#"["client_id"]"#),
            // Section 2.2.3.
            ("scope_claims", r#"["scope"]"#),
            // Sections 2.1 and 4.
            ("token_types", r#"["at+jwt"]"#),
        ],
    ),
];

/// Fields that say the same or the opposite: one that is written leaves no room for a default of
/// the other.
const RIVALS: [(&str, &str); 3] = [
    ("issuer", "allow_any_issuer"),
    ("max_lifetime", "maxLifetime"),
    ("role_claims", "structured_scopes"),
];

/// Writes what the providers of `document` have left to their presets.
pub(in crate::config) fn fill_in(document: &mut Value) {
    let Some(Value::Object(providers)) = document.get_mut("providers") else {
        return;
    };
    for provider in providers.values_mut() {
        let Value::Object(provider) = provider else {
            continue;
        };
        let Some(Value::String(written)) = provider.get("preset") else {
            continue;
        };
        let Some((_, defaults)) = PRESETS.iter().find(|(name, _)| *name == written) else {
            continue;
        };
        for (field, text) in *defaults {
            if let Ok(value) = json::parse(text.as_bytes()) {
                fill_in_field(provider, field, value);
            }
        }
    }
}

fn fill_in_field(provider: &mut Map<String, Value>, field: &str, default: Value) {
    for (name, rival) in RIVALS {
        if name == field && is_written(provider, rival) {
            return;
        }
    }
    if !is_written(provider, field) {
        provider.insert(field.to_owned(), default);
    } else if field == "require_claims"
        && let Some(Value::Array(written)) = provider.get_mut(field)
        && let Value::Array(defaults) = default
        && !written.is_empty()
    {
        for default in defaults {
            let claim = default.get("claim");
            if !written.iter().any(|own| own.get("claim") == claim) {
                written.push(default);
            }
        }
    }
}

fn is_written(provider: &Map<String, Value>, field: &str) -> bool {
    provider.get(field).is_some_and(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    fn filled(provider: &Value) -> Value {
        let mut document = json!({ "providers": { "idp": provider } });
        fill_in(&mut document);
        document["providers"]["idp"].take()
    }

    #[test]
    fn every_default_is_json_and_written_once() {
        let mut names = Vec::new();
        for (name, defaults) in PRESETS {
            let filled = filled(&json!({ "preset": name }));
            for (field, text) in *defaults {
                let value: Value = serde_json::from_str(text).unwrap();
                assert_eq!(filled[field], value, "{name}.{field}");
            }
            let fields = filled.as_object().unwrap().len();
            assert_eq!(fields, defaults.len() + 1, "{name}: a field twice");
            names.push(*name);
        }
        assert!(names.is_sorted() && names.len() == 9);
    }

    #[test]
    fn what_is_written_stays() {
        let provider = json!({
            "preset": "rfc9068", "require_claims": [], "token_types": ["JWT"],
            "scope_claims": [], "client_id_claims": ["azp"],
        });
        assert_eq!(filled(&provider), provider);
        for provider in [
            json!({}),
            json!({ "preset": "generic" }),
            json!({ "preset": 1 }),
            json!([]),
        ] {
            assert_eq!(filled(&provider), provider);
        }
    }

    #[test]
    fn null_is_not_written() {
        let provider = filled(&json!({ "preset": "okta", "scope_claims": null }));
        assert_eq!(provider["scope_claims"], json!(["scp"]));
    }

    #[test]
    fn claims_that_the_operator_requires_stand_beside_the_presets() {
        let own = json!({ "claim": "tid", "any_of": ["t-1"] });
        let preset = json!({ "claim": "typ", "any_of": ["Bearer"] });
        for (written, expected) in [
            (json!([own]), json!([own, preset])),
            (json!([{ "claim": "typ" }]), json!([{ "claim": "typ" }])),
            (json!([]), json!([])),
            (json!("typ"), json!("typ")),
        ] {
            let provider = filled(&json!({ "preset": "keycloak", "require_claims": written }));
            assert_eq!(provider["require_claims"], expected);
        }
    }

    #[test]
    fn field_that_says_otherwise_leaves_no_room() {
        let open = filled(&json!({ "preset": "entra-v2", "allow_any_issuer": true }));
        assert_eq!(open.get("issuer"), None);
        let camel = filled(&json!({ "preset": "private-key-jwt", "maxLifetime": "60s" }));
        assert_eq!(camel.get("max_lifetime"), None);
        let scopes = filled(&json!({ "preset": "okta", "structured_scopes": {} }));
        assert_eq!(scopes.get("role_claims"), None);
    }
}

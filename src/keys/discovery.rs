//! Finds the address of a key set in the metadata of an authorization server (OpenID Connect
//! Discovery 1.0 section 4, RFC 8414 section 3).

use serde_json::Value;

use crate::{
    jose::IssuerTemplate,
    json,
    keys::{Discovery, Endpoint, FetchError},
};

/// The maximum length of a `jwks_uri`, in octets. The server chooses this URI, and it is written to
/// the log, the status page and the shared record. Without a limit, it could be as long as the
/// metadata. The longest URIs of real servers have a few hundred octets.
const MAX_JWKS_URI: usize = 2048;

/// Reads the endpoint of the key set from a metadata document.
///
/// # Errors
/// [`FetchError::Metadata`] if the document is not metadata, [`FetchError::Issuer`] if the document
/// belongs to another issuer, and [`FetchError::JwksUri`] if keys must not be fetched from the
/// `jwks_uri` in the document.
pub(super) fn jwks_endpoint(
    document: &[u8],
    discovery: &Discovery,
) -> Result<Endpoint, FetchError> {
    let metadata = json::parse_object(document).map_err(|_| FetchError::Metadata)?;
    let text = |name| metadata.get(name).and_then(Value::as_str);
    let (Some(issuer), Some(uri)) = (text("issuer"), text("jwks_uri")) else {
        return Err(FetchError::Metadata);
    };
    // Metadata of another issuer would make Portcullis trust that issuer's keys (RFC 8414 section
    // 3.3).
    if !names(&discovery.issuer, issuer) {
        return Err(FetchError::Issuer);
    }
    // The cluster comes from the configuration, so the document cannot make the proxy connect to
    // another server.
    let endpoint = Endpoint::parse(uri, &discovery.jwks_cluster)
        .filter(|_| uri.len() <= MAX_JWKS_URI)
        .ok_or(FetchError::JwksUri)?;
    // RFC 8414 section 2 requires TLS. Plain http is accepted only if the metadata itself is
    // fetched over plain http, as in a test setup.
    let mut metadata = discovery.metadata.iter();
    if endpoint.scheme == "https" || metadata.all(|place| place.scheme == "http") {
        Ok(endpoint)
    } else {
        Err(FetchError::JwksUri)
    }
}

/// Returns true if `found`, the issuer in the metadata, is the configured issuer. Where the
/// configured issuer has a placeholder, `found` may have `{tenantid}` instead. Microsoft Entra
/// writes `{tenantid}` in the metadata that all tenants share.
fn names(configured: &str, found: &str) -> bool {
    let templates = (
        IssuerTemplate::parse(configured),
        IssuerTemplate::parse(found),
    );
    let (Some(configured), Some(found)) = templates else {
        return false;
    };
    let mut placeholders = configured.claims().zip(found.claims());
    configured.literals().eq(found.literals())
        && placeholders.all(|(claim, placeholder)| [claim, "tenantid"].contains(&placeholder))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    fn discovery(issuer: &str) -> Discovery {
        let place = issuer.split('{').next().unwrap();
        Discovery {
            issuer: issuer.to_owned(),
            metadata: vec![Endpoint::parse(place, "idp").unwrap()],
            jwks_cluster: "keys".to_owned(),
        }
    }

    fn read(configured: &str, issuer: &str, jwks_uri: &str) -> Result<Endpoint, FetchError> {
        let document = json!({ "issuer": issuer, "jwks_uri": jwks_uri, "other": [] });
        jwks_endpoint(document.to_string().as_bytes(), &discovery(configured))
    }

    #[test]
    fn leads_to_the_key_set_through_the_configured_cluster() {
        let endpoint = read(
            "https://idp",
            "https://idp",
            "https://keys.example:8443/a?b=c",
        );
        let endpoint = endpoint.unwrap();
        assert_eq!(endpoint.cluster, "keys");
        assert_eq!(endpoint.authority, "keys.example:8443");
        assert_eq!(endpoint.path, "/a?b=c");
    }

    #[test]
    fn accepts_only_the_metadata_of_the_configured_issuer() {
        let entra = "https://login/{tid}/v2.0";
        for (configured, found, expected) in [
            ("https://idp", "https://idp", true),
            ("https://idp", "https://idp/", false),
            ("https://idp", "https://IDP", false),
            ("https://idp", "", false),
            ("https://idp/{tid}", "https://idp/", false),
            ("https://idp/", "https://idp/{tenantid}", false),
            (entra, "https://login/{tenantid}/v2.0", true),
            (entra, "https://login/{tid}/v2.0", true),
            (entra, "https://login/{x}/v2.0", false),
            (entra, "https://login/common/v2.0", false),
            (entra, "https://login/{tenantid}/v1.0", false),
            (entra, "https://login/{tenantid", false),
        ] {
            let keys = read(configured, found, "https://keys/");
            let expected = if expected {
                None
            } else {
                Some(FetchError::Issuer)
            };
            assert_eq!(keys.err(), expected, "{configured} {found}");
        }
    }

    #[test]
    fn refuses_other_documents_and_forbidden_key_addresses() {
        for document in [
            "",
            "[]",
            "{}",
            r#"{"issuer":"https://idp"}"#,
            r#"{"issuer":1,"jwks_uri":"https://k/"}"#,
            r#"{"issuer":"x","issuer":"https://idp","jwks_uri":"https://k/"}"#,
        ] {
            let refused = jwks_endpoint(document.as_bytes(), &discovery("https://idp"));
            assert_eq!(refused, Err(FetchError::Metadata), "{document}");
        }
        for uri in [
            "",
            "keys",
            "/keys",
            "http://idp/keys",
            "ftp://idp/",
            "https://u@idp/",
            "https://i\r\nx: y/",
        ] {
            assert_eq!(
                read("https://idp", "https://idp", uri),
                Err(FetchError::JwksUri),
                "{uri}"
            );
        }
        let refused = read("HTTPS://idp", "HTTPS://idp", "http://idp/keys");
        assert_eq!(refused, Err(FetchError::JwksUri));
        assert!(read("http://idp", "http://idp", "http://idp/keys").is_ok());
    }

    #[test]
    fn refuses_a_longer_key_address_than_could_be_logged() {
        for (length, expected) in [(2048, None), (2049, Some(FetchError::JwksUri))] {
            let uri = format!("{:a<length$}", "https://keys/");
            let keys = read("https://idp", "https://idp", &uri);
            assert_eq!(keys.err(), expected, "{length}");
        }
    }
}

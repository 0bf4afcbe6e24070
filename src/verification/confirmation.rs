//! Tokens that `cnf` binds to one client (RFC 7800, RFC 8705 section 3). Checks that no other
//! client uses such a token.

use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::{
    certificate_digest::CertificateDigest,
    decision::Reason,
    jose::{Claims, base64url},
};

/// Returns the digest of the certificate that a token is bound to, or `None` if the token is not
/// bound. Only the method `x5t#S256` is supported in `cnf`. A token with any other method in `cnf`
/// is refused: accepting a DPoP-bound token as a bearer token, for example, would undo the binding
/// (RFC 9449 section 7.2).
pub(super) fn certificate(claims: &Claims) -> Result<Option<CertificateDigest>, Reason> {
    let Some(confirmation) = claims.member("cnf") else {
        return Ok(None);
    };
    let digest = bound_digest(confirmation).ok_or(Reason::Confirmation)?;
    Ok(Some(digest))
}

/// Checks that the client has presented the certificate that the token is bound to. A token that is
/// not bound always passes.
pub(super) fn check(
    certificate: Option<CertificateDigest>,
    presented: &dyn Fn() -> Option<CertificateDigest>,
) -> Result<(), Reason> {
    let Some(bound) = certificate else {
        return Ok(());
    };
    let presented = presented().ok_or(Reason::Confirmation)?;
    if bool::from(bound.as_bytes().ct_eq(presented.as_bytes())) {
        Ok(())
    } else {
        Err(Reason::Confirmation)
    }
}

fn bound_digest(confirmation: &Value) -> Option<CertificateDigest> {
    let members = confirmation
        .as_object()
        .filter(|members| members.len() == 1)?;
    let digest = members.get("x5t#S256")?.as_str()?;
    let octets = base64url::decode(digest)?.try_into().ok()?;
    Some(CertificateDigest::new(octets))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn accepts_only_the_connections_own_certificate() {
        let ours = base64url::encode(&[7; 32]);
        for (cnf, with_certificate, without) in [
            (None, true, true),
            (Some(json!({"x5t#S256": ours})), true, false),
            (
                Some(json!({"x5t#S256": base64url::encode(&[8; 32])})),
                false,
                false,
            ),
            (
                Some(json!({"x5t#S256": base64url::encode(&[7; 31])})),
                false,
                false,
            ),
            (Some(json!({"x5t#S256": ours, "jkt": "x"})), false, false),
            (Some(json!({"jkt": "x"})), false, false),
            (Some(json!({})), false, false),
            (Some(json!("x")), false, false),
            (Some(json!(null)), false, false),
        ] {
            let claims = cnf.map_or(json!({}), |cnf| json!({"cnf": cnf}));
            let parsed = Claims::parse(claims.to_string().as_bytes()).unwrap();
            let checked = |presented| {
                certificate(&parsed)
                    .and_then(|bound| check(bound, &|| presented))
                    .is_ok()
            };
            let own = CertificateDigest::new([7; 32]);
            assert_eq!(checked(Some(own)), with_certificate, "{claims}");
            assert_eq!(checked(None), without, "{claims}");
        }
    }
}

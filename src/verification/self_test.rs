//! The self-test of an accelerator: good signatures, which it must accept, and forged ones, which it
//! must reject.
//!
//! If an accelerator lacks the verification function, or has a different function with the same
//! name, verification becomes slower but not less safe.

use crate::{
    jose::{Algorithm, CompactJws, Family, KeyOrigin, VerifyingKey, X509Signature},
    verification::Accelerator,
};

/// RFC 7515 appendix A.2.1.
pub(super) const RS256_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
/// RFC 7515 appendix A.2.1.
pub(super) const RS256_JWS: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
/// RFC 7515 appendix A.3.1.
pub(super) const ES256_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 7515 appendix A.3.1.
pub(super) const ES256_JWS: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// A JWS with the payload `{}`, signed with PS256. It was made for the self-test with the key of
/// RFC 7515 appendix A.2.1.
#[cfg(not(target_arch = "wasm32"))]
pub(super) const PS256_JWS: &str = "eyJhbGciOiJQUzI1NiJ9.e30.T21wqz6tzVyKegQ1ni0e5EMEI_M_CFjXWQ3SWSBroDKvKYBhCBBT4sEY2WiOkc6Zon7JSZiIcvn29k3FI9KjDMFho2EqDq7FaKyP40ugKuIaNV4TiPguKukUWE5VK-ZNSCUWN2TsU1z6xHdVZOLREp8Jm_plWrySkKoiT8GBfNgII0YIGOZoZp9-In7P7V_PPKl1QAW95vfhZietH3fCnUolkPbsQ0Thv2M4CfKhXz1Q_svuFOgjts5Kk-27WmLAP2_LUDvl4aQwMGfYQN6I3Q1Np8cNrXEkGge4xoyqq7mQ5xCWe9qSYf7Fqi5RyALsoxJr807TxUs-PrA_69x_iw";
/// RFC 7515 appendix A.4.1.
#[cfg(not(target_arch = "wasm32"))]
const ES512_KEY: &str = r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#;
/// RFC 7515 appendix A.4.1.
#[cfg(not(target_arch = "wasm32"))]
const ES512_JWS: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
/// RFC 8037 appendix A.2.
#[cfg(not(target_arch = "wasm32"))]
const EDDSA_KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 8037 appendix A.4.
#[cfg(not(target_arch = "wasm32"))]
const EDDSA_JWS: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

/// Good signatures for the self-test, at least one for each family of algorithms. ECDSA has two
/// signatures, because an accelerator may support only some curves.
pub(super) const TRIAL: &[(Algorithm, &str, &str)] = &[
    (Algorithm::Rs256, RS256_KEY, RS256_JWS),
    (Algorithm::Es256, ES256_KEY, ES256_JWS),
    // The following signatures are left out of the Wasm module, because the size of the module is
    // limited. A test of a proxy-wasm host does not need them: such hosts verify neither PS* nor
    // EdDSA, and treat all ECDSA curves alike.
    #[cfg(not(target_arch = "wasm32"))]
    (Algorithm::Ps256, RS256_KEY, PS256_JWS),
    #[cfg(not(target_arch = "wasm32"))]
    (Algorithm::Es512, ES512_KEY, ES512_JWS),
    #[cfg(not(target_arch = "wasm32"))]
    (Algorithm::EdDsa, EDDSA_KEY, EDDSA_JWS),
];

/// Why an accelerator is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitAccelerator {
    /// It accepts a forged signature.
    AcceptsForged(Algorithm),
    /// It rejects a good signature, or cannot decide.
    LacksAlgorithm(Algorithm),
}

/// Runs the self-test. For each algorithm in [`TRIAL`] that the accelerator claims to support, asks
/// the accelerator to verify a good signature and a forged one.
pub(super) fn run(accelerator: &dyn Accelerator) -> Result<(), UnfitAccelerator> {
    if trial(accelerator).next().is_none() {
        return Err(UnfitAccelerator::LacksAlgorithm(Algorithm::Rs256));
    }
    for &(algorithm, key, jws) in trial(accelerator) {
        let lacking = UnfitAccelerator::LacksAlgorithm(algorithm);
        let key = VerifyingKey::from_jwk_json(key.as_bytes(), KeyOrigin::Local);
        let (Ok(key), Ok(jws)) = (key, CompactJws::parse(jws)) else {
            return Err(lacking);
        };
        let good = jws.as_x509(&key).ok_or(lacking)?;
        if accelerator.verify(&good) != Ok(true) {
            return Err(lacking);
        }
        let forged = X509Signature {
            text: good.text.split_last().map_or(&[], |(_, rest)| rest),
            ..good
        };
        if accelerator.verify(&forged) == Ok(true) {
            return Err(UnfitAccelerator::AcceptsForged(algorithm));
        }
    }
    Ok(())
}

/// Returns true if the self-test asks this accelerator about an algorithm of `family`.
pub(super) fn covers(accelerator: &dyn Accelerator, family: Family) -> bool {
    trial(accelerator).any(|(tried, ..)| tried.family() == family)
}

/// Returns the self-test's signatures whose algorithms the accelerator claims to support.
fn trial(
    accelerator: &dyn Accelerator,
) -> impl Iterator<Item = &'static (Algorithm, &'static str, &'static str)> {
    let all = TRIAL.iter();
    all.filter(|(algorithm, ..)| accelerator.supports(algorithm.scheme()))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn has_good_signatures() {
        for &(algorithm, key, jws) in TRIAL {
            let key = VerifyingKey::from_jwk_json(key.as_bytes(), KeyOrigin::Local).unwrap();
            let jws = CompactJws::parse(jws).unwrap();
            assert!(jws.verify_with(&key), "{algorithm}");
            assert_eq!(jws.header().algorithm(), algorithm);
        }
    }
}

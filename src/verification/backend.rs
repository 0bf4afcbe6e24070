//! Chooses who verifies signatures: the host's accelerator, or Portcullis itself (the module).
//!
//! The host's implementation is native code, and is many times as fast as the module's
//! implementation. The module passes a key to the host only if the key is valid and fits the
//! algorithm. The host must pass a self-test with good and forged signatures before it is used. So
//! if a host lacks the verification function, or has a different function with the same name,
//! verification becomes slower but not less safe. If the host cannot decide, the module verifies
//! the signature.

use core::fmt;

use crate::jose::{Algorithm, CompactJws, KeyOrigin, UntrustedToken, VerifyingKey, X509Signature};
use crate::verification::Accelerator;

/// Who verifies signatures, as configured (`signature_backend`). The module always verifies
/// signatures whose algorithm the host does not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureBackend {
    /// The host if the host passes the self-test, otherwise the module.
    Auto,
    /// The host. If the host fails the self-test, the configuration is refused.
    Host,
    /// The module.
    Module,
}

/// RFC 7515 appendix A.2.1.
const RS256_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
/// RFC 7515 appendix A.2.1.
const RS256_JWS: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
/// RFC 7515 appendix A.3.1.
const ES256_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 7515 appendix A.3.1.
const ES256_JWS: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// A JWS with the payload `{}`, signed with PS256. It was made for the self-test with the key of
/// RFC 7515 appendix A.2.1.
#[cfg(not(target_arch = "wasm32"))]
const PS256_JWS: &str = "eyJhbGciOiJQUzI1NiJ9.e30.T21wqz6tzVyKegQ1ni0e5EMEI_M_CFjXWQ3SWSBroDKvKYBhCBBT4sEY2WiOkc6Zon7JSZiIcvn29k3FI9KjDMFho2EqDq7FaKyP40ugKuIaNV4TiPguKukUWE5VK-ZNSCUWN2TsU1z6xHdVZOLREp8Jm_plWrySkKoiT8GBfNgII0YIGOZoZp9-In7P7V_PPKl1QAW95vfhZietH3fCnUolkPbsQ0Thv2M4CfKhXz1Q_svuFOgjts5Kk-27WmLAP2_LUDvl4aQwMGfYQN6I3Q1Np8cNrXEkGge4xoyqq7mQ5xCWe9qSYf7Fqi5RyALsoxJr807TxUs-PrA_69x_iw";
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
const TRIAL: &[(Algorithm, &str, &str)] = &[
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

/// The choice between the host and the module, and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The host passed the self-test. It verifies signatures whose algorithm it supports. If the
    /// host cannot decide about a signature, the module verifies it.
    Host,
    /// The module verifies, because it is configured to do so.
    Module,
    /// The module verifies, because the host failed the self-test.
    ModuleInstead(UnfitHost),
}

/// Why a host is not used for signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitHost {
    /// The host accepts a forged signature.
    AcceptsForged(Algorithm),
    /// The host rejects a good signature, or cannot decide.
    LacksAlgorithm(Algorithm),
}

impl Backend {
    /// Chooses between the host and the module, based on the configuration and a self-test of the
    /// host.
    ///
    /// # Errors
    /// The host failed the self-test, and the configuration requires the host's implementation.
    pub fn choose(
        wanted: SignatureBackend,
        accelerator: &dyn Accelerator,
    ) -> Result<Self, UnfitHost> {
        if wanted == SignatureBackend::Module {
            return Ok(Self::Module);
        }
        match (try_host(accelerator), wanted) {
            (Ok(()), _) => Ok(Self::Host),
            (Err(unfit), SignatureBackend::Host) => Err(unfit),
            (Err(unfit), _) => Ok(Self::ModuleInstead(unfit)),
        }
    }
}

/// Returns true if a token's signature is valid under `key`. Asks the accelerator first, if there
/// is one.
pub(super) fn is_signed_by(
    token: &UntrustedToken<'_>,
    key: &VerifyingKey,
    accelerator: Option<&dyn Accelerator>,
) -> bool {
    let jws = token.jws();
    let algorithm = token.header().algorithm();
    accelerator
        .filter(|accelerator| is_trusted(*accelerator, algorithm))
        .and_then(|accelerator| accelerator.verify(&jws.as_x509(key)?).ok())
        .unwrap_or_else(|| jws.verify_with(key))
}

/// Returns true if an accelerator that passed the self-test may verify signatures with this
/// algorithm. The accelerator must claim to support the algorithm's scheme, and the self-test must
/// have covered the algorithm's family.
fn is_trusted(accelerator: &dyn Accelerator, algorithm: Algorithm) -> bool {
    let family = algorithm.family();
    accelerator.supports(algorithm.scheme())
        && trial(accelerator).any(|(tried, ..)| tried.family() == family)
}

/// Returns the self-test's signatures whose algorithms the accelerator claims to support.
fn trial(
    accelerator: &dyn Accelerator,
) -> impl Iterator<Item = &'static (Algorithm, &'static str, &'static str)> {
    let all = TRIAL.iter();
    all.filter(|(algorithm, ..)| accelerator.supports(algorithm.scheme()))
}

/// Runs the self-test. For each algorithm in [`TRIAL`] that the accelerator claims to support, asks
/// the accelerator to verify a good signature and a forged one.
fn try_host(accelerator: &dyn Accelerator) -> Result<(), UnfitHost> {
    if trial(accelerator).next().is_none() {
        return Err(UnfitHost::LacksAlgorithm(Algorithm::Rs256));
    }
    for &(algorithm, key, jws) in trial(accelerator) {
        let lacking = UnfitHost::LacksAlgorithm(algorithm);
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
            return Err(UnfitHost::AcceptsForged(algorithm));
        }
    }
    Ok(())
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => {
                f.write_str("by the proxy for RS* tokens, because the proxy passed the self-test")
            }
            Self::Module => f.write_str("by the module, because signature_backend is \"module\""),
            Self::ModuleInstead(unfit) => write!(f, "by the module, because {unfit}"),
        }
    }
}

impl fmt::Display for UnfitHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AcceptsForged(algorithm) => {
                write!(f, "the proxy accepts a forged {algorithm} signature")
            }
            Self::LacksAlgorithm(algorithm) => write!(
                f,
                "the proxy does not verify {algorithm}; allow proxy_call_foreign_function, or set \
                 signature_backend to \"module\""
            ),
        }
    }
}

impl std::error::Error for UnfitHost {}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use core::cell::Cell;

    use super::*;
    use crate::{
        jose::{Hash, Scheme},
        verification::CannotTell,
    };

    /// A fake host that supports RS* and ES256, and counts the calls to `verify`.
    struct Says<F>(F, Cell<u32>);

    impl<F> fmt::Debug for Says<F> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("Says")
        }
    }

    impl<F: Fn(&X509Signature<'_>) -> Result<bool, CannotTell>> Accelerator for Says<F> {
        fn supports(&self, scheme: Scheme) -> bool {
            matches!(scheme, Scheme::RsaPkcs1(_) | Scheme::Ecdsa(Hash::Sha256))
        }

        fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell> {
            self.1.set(self.1.get() + 1);
            (self.0)(signature)
        }
    }

    /// Returns true if the signature is the self-test's good signature for RS256 or for ES256.
    fn is_whole(signature: &X509Signature<'_>) -> bool {
        [RS256_JWS, ES256_JWS].iter().any(|jws| {
            jws.rsplit_once('.')
                .is_some_and(|(text, _)| text.as_bytes() == signature.text)
        })
    }

    fn is_rsa(signature: &X509Signature<'_>) -> bool {
        signature.public_key.der().len() > 200
    }

    fn chosen(
        wanted: SignatureBackend,
        says: impl Fn(&X509Signature<'_>) -> Result<bool, CannotTell>,
    ) -> (Result<Backend, UnfitHost>, u32) {
        let host = Says(says, Cell::new(0));
        (Backend::choose(wanted, &host), host.1.get())
    }

    #[test]
    fn self_test_has_good_signatures() {
        for &(algorithm, key, jws) in TRIAL {
            let key = VerifyingKey::from_jwk_json(key.as_bytes(), KeyOrigin::Local).unwrap();
            let jws = CompactJws::parse(jws).unwrap();
            assert!(jws.verify_with(&key), "{algorithm}");
            assert_eq!(jws.header().algorithm(), algorithm);
        }
    }

    #[test]
    fn an_accelerator_is_asked_only_about_what_it_claims_and_the_self_test_covers() {
        use Algorithm::{Es256, Es384, Es512, Hs256, Ps512, Rs512};
        let host = Says(|_: &X509Signature<'_>| Ok(true), Cell::new(0));
        let all = Parsing::default();
        let is_native = cfg!(not(target_arch = "wasm32"));
        for (algorithm, by_host, by_all) in [
            (Rs512, true, true),
            (Es256, true, true),
            (Es384, false, true),
            (Es512, false, true),
            (Ps512, false, is_native),
            (Hs256, false, false),
        ] {
            assert_eq!(is_trusted(&host, algorithm), by_host, "{algorithm}");
            assert_eq!(is_trusted(&all, algorithm), by_all, "{algorithm}");
        }
    }

    #[test]
    fn an_accelerator_that_claims_nothing_is_unfit() {
        #[derive(Debug)]
        struct Nothing;
        impl Accelerator for Nothing {
            fn supports(&self, _scheme: Scheme) -> bool {
                false
            }
            fn verify(&self, _signature: &X509Signature<'_>) -> Result<bool, CannotTell> {
                Ok(true)
            }
        }
        let unfit = UnfitHost::LacksAlgorithm(Algorithm::Rs256);
        let chosen = |wanted| Backend::choose(wanted, &Nothing);
        assert_eq!(chosen(SignatureBackend::Host), Err(unfit));
        assert_eq!(
            chosen(SignatureBackend::Auto),
            Ok(Backend::ModuleInstead(unfit))
        );
    }

    #[test]
    fn fit_host_is_chosen_unless_the_module_is_configured() {
        let can = |signature: &X509Signature<'_>| Ok(is_whole(signature));
        for wanted in [SignatureBackend::Auto, SignatureBackend::Host] {
            assert_eq!(chosen(wanted, can), (Ok(Backend::Host), 4));
        }
        let never_asked = (Ok(Backend::Module), 0);
        assert_eq!(chosen(SignatureBackend::Module, can), never_asked);
    }

    #[test]
    fn unfit_host_is_refused_or_replaced() {
        type Answer = fn(&X509Signature<'_>) -> Result<bool, CannotTell>;
        use Algorithm::{Es256, Rs256};
        use UnfitHost::{AcceptsForged, LacksAlgorithm};
        for (says, unfit) in [
            (
                (|_: &X509Signature<'_>| Ok(true)) as Answer,
                AcceptsForged(Rs256),
            ),
            (|_| Ok(false), LacksAlgorithm(Rs256)),
            (|_| Err(CannotTell), LacksAlgorithm(Rs256)),
            (|it| Ok(is_rsa(it) && is_whole(it)), LacksAlgorithm(Es256)),
            (|it| Ok(!is_rsa(it) || is_whole(it)), AcceptsForged(Es256)),
        ] {
            assert_eq!(chosen(SignatureBackend::Host, says).0, Err(unfit));
            let (instead, _) = chosen(SignatureBackend::Auto, says);
            assert_eq!(instead, Ok(Backend::ModuleInstead(unfit)));
        }
    }

    /// An accelerator that supports all schemes, and stores a prepared form of each key.
    #[derive(Debug, Default)]
    struct Parsing {
        parsed: Cell<u32>,
        asked: Cell<u32>,
        accepts_forged: Option<Scheme>,
    }

    impl Accelerator for Parsing {
        fn supports(&self, _scheme: Scheme) -> bool {
            true
        }

        fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell> {
            self.asked.set(self.asked.get() + 1);
            let key = signature.public_key.prepared(|der| {
                self.parsed.set(self.parsed.get() + 1);
                Some(der.len())
            });
            key.ok_or(CannotTell)?;
            let is_whole = TRIAL.iter().any(|(_, _, jws)| {
                let text = jws.rsplit_once('.').map(|(text, _)| text.as_bytes());
                text == Some(signature.text)
            });
            Ok(is_whole || self.accepts_forged == Some(signature.scheme))
        }
    }

    #[test]
    fn self_test_covers_every_family_that_an_accelerator_claims() {
        let all = Parsing::default();
        assert_eq!(
            Backend::choose(SignatureBackend::Host, &all),
            Ok(Backend::Host)
        );
        let asked = usize::try_from(all.asked.get()).unwrap();
        assert_eq!(asked, 2 * TRIAL.len());
        for &(algorithm, ..) in TRIAL {
            let forging = Parsing {
                accepts_forged: Some(algorithm.scheme()),
                ..Parsing::default()
            };
            assert_eq!(
                Backend::choose(SignatureBackend::Host, &forging),
                Err(UnfitHost::AcceptsForged(algorithm))
            );
        }
    }

    #[test]
    fn accelerator_parses_a_key_once_for_all_tokens() {
        for &(algorithm, key, jws) in TRIAL {
            let Ok(token) = UntrustedToken::parse(jws) else {
                // The payloads of the RFCs' examples for these algorithms are not JSON.
                assert!(matches!(algorithm, Algorithm::EdDsa | Algorithm::Es512));
                continue;
            };
            let accelerator = Parsing::default();
            let key = VerifyingKey::from_jwk_json(key.as_bytes(), KeyOrigin::Local).unwrap();
            for key in [&key, &key, &key.clone()] {
                assert!(is_signed_by(&token, key, Some(&accelerator)));
            }
            let (parsed, asked) = (accelerator.parsed.get(), accelerator.asked.get());
            assert_eq!((parsed, asked), (1, 3), "{algorithm}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn accelerator_is_not_asked_about_schemes_that_it_does_not_claim() {
        let host = Says(|_: &X509Signature<'_>| Ok(false), Cell::new(0));
        let key = VerifyingKey::from_jwk_json(RS256_KEY.as_bytes(), KeyOrigin::Local).unwrap();
        let token = UntrustedToken::parse(PS256_JWS).unwrap();
        assert!(is_signed_by(&token, &key, Some(&host)));
        assert_eq!(host.1.get(), 0);
    }

    #[test]
    fn module_verifies_if_the_host_cannot_tell() {
        let token = UntrustedToken::parse(ES256_JWS).unwrap();
        let key = VerifyingKey::from_jwk_json(ES256_KEY.as_bytes(), KeyOrigin::Local).unwrap();
        for (answer, expected) in [
            (Err(CannotTell), true),
            (Ok(true), true),
            (Ok(false), false),
        ] {
            let host = Says(move |_: &X509Signature<'_>| answer, Cell::new(0));
            assert_eq!(is_signed_by(&token, &key, Some(&host)), expected);
            assert_eq!(host.1.get(), 1);
        }
        assert!(is_signed_by(&token, &key, None));
    }
}

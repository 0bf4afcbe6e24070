//! Who verifies RS* and ES* signatures: the host, where it proves that it can, or this module.
//!
//! A host's arithmetic is compiled for the machine and many times as fast as the module's. It is asked
//! only about keys that were admitted here, by algorithms that fit them, and about signatures that
//! could be good. Before it is asked at all, it has to accept good signatures and not to accept forged
//! ones: a host without the function, or with one that only looks the same, costs time, not safety.
//! Where it cannot tell, the module does.

use core::fmt;

use crate::jose::{Algorithm, CompactJws, KeyOrigin, UntrustedToken, VerifyingKey, X509Signature};
use crate::verification::Accelerator;

/// Who verifies RS* and ES* signatures; all others the module does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureBackend {
    /// The host where it can, else the module.
    Auto,
    /// The host; where it cannot, the configuration is refused.
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

/// Who verifies RS* and ES* signatures, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The host, which passed the trial; the module where the host cannot tell.
    Host,
    /// The module, since the configuration says so.
    Module,
    /// The module, since the host did not pass.
    ModuleInstead(UnfitHost),
}

/// Why a host is not asked about signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitHost {
    /// It accepts a forged signature.
    AcceptsForged(Algorithm),
    /// It does not accept a good signature, or does not answer.
    LacksAlgorithm(Algorithm),
}

impl Backend {
    /// Who is to verify, as the operator wishes and the host is able to.
    ///
    /// # Errors
    /// When only the host will do, and it will not.
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

/// Whether `key` has signed a token, by the host's arithmetic where there is a host to ask.
pub(super) fn is_signed_by(
    token: &UntrustedToken<'_>,
    key: &VerifyingKey,
    accelerator: Option<&dyn Accelerator>,
) -> bool {
    let jws = token.jws();
    accelerator
        .and_then(|accelerator| accelerator.verify(&jws.as_x509(key)?).ok())
        .unwrap_or_else(|| jws.verify_with(key))
}

/// One good and one forged signature of each family.
fn try_host(accelerator: &dyn Accelerator) -> Result<(), UnfitHost> {
    for (algorithm, key, jws) in [
        (Algorithm::Rs256, RS256_KEY, RS256_JWS),
        (Algorithm::Es256, ES256_KEY, ES256_JWS),
    ] {
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
            Self::Host => f.write_str("by the proxy (RS*, ES*), which passed the self-test"),
            Self::Module => f.write_str("by the module, as signature_backend says"),
            Self::ModuleInstead(unfit) => write!(f, "by the module, since {unfit}"),
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
    use crate::verification::CannotTell;

    /// A host that says something of each signature, and how often it was asked.
    struct Says<F>(F, Cell<u32>);

    impl<F> fmt::Debug for Says<F> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("Says")
        }
    }

    impl<F: Fn(&X509Signature<'_>) -> Result<bool, CannotTell>> Accelerator for Says<F> {
        fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell> {
            self.1.set(self.1.get() + 1);
            (self.0)(signature)
        }
    }

    /// Right about the signatures of the trial.
    fn is_whole(signature: &X509Signature<'_>) -> bool {
        [RS256_JWS, ES256_JWS].iter().any(|jws| {
            jws.rsplit_once('.')
                .is_some_and(|(text, _)| text.as_bytes() == signature.text)
        })
    }

    fn is_rsa(signature: &X509Signature<'_>) -> bool {
        signature.public_key.len() > 200
    }

    fn chosen(
        wanted: SignatureBackend,
        says: impl Fn(&X509Signature<'_>) -> Result<bool, CannotTell>,
    ) -> (Result<Backend, UnfitHost>, u32) {
        let host = Says(says, Cell::new(0));
        (Backend::choose(wanted, &host), host.1.get())
    }

    #[test]
    fn trial_is_made_of_good_signatures() {
        for (key, jws) in [(RS256_KEY, RS256_JWS), (ES256_KEY, ES256_JWS)] {
            let key = VerifyingKey::from_jwk_json(key.as_bytes(), KeyOrigin::Local).unwrap();
            assert!(CompactJws::parse(jws).unwrap().verify_with(&key), "{jws}");
        }
    }

    #[test]
    fn host_that_can_is_chosen_unless_the_module_is_wanted() {
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

    #[test]
    fn module_verifies_where_the_host_does_not_tell() {
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

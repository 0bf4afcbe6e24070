//! Chooses who verifies signatures: the host's accelerator, or Portcullis itself (the module).
//!
//! An accelerator is native code, and is many times as fast as the WebAssembly module. The module
//! passes a key to the accelerator only if the key is valid and fits the algorithm. The accelerator
//! must pass the [self-test](super::self_test) before it is used. If it cannot decide, the module
//! verifies the signature.

use super::self_test::{self, UnfitAccelerator};
use crate::{
    jose::{Algorithm, UntrustedToken, VerifyingKey},
    verification::Accelerator,
};

/// Who verifies signatures, as configured (`signature_backend`). The module always verifies
/// signatures whose algorithm the accelerator does not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureBackend {
    /// The accelerator if it passes the self-test, otherwise the module.
    Auto,
    /// The host's accelerator. If it fails the self-test, the configuration is refused.
    Host,
    /// The module.
    Module,
}

/// The choice between the accelerator and the module, and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The accelerator passed the self-test. It verifies signatures whose algorithm it supports. If
    /// it cannot decide about a signature, the module verifies the signature.
    Accelerator,
    /// The module verifies, because it is configured to do so.
    Module,
    /// The module verifies, because the accelerator failed the self-test.
    ModuleInstead(UnfitAccelerator),
}

impl Backend {
    /// Chooses between the accelerator and the module, based on the configuration and a self-test
    /// of the accelerator.
    ///
    /// # Errors
    /// The accelerator failed the self-test, and the configuration requires an accelerator.
    pub fn choose(
        wanted: SignatureBackend,
        accelerator: &dyn Accelerator,
    ) -> Result<Self, UnfitAccelerator> {
        if wanted == SignatureBackend::Module {
            return Ok(Self::Module);
        }
        match (self_test::run(accelerator), wanted) {
            (Ok(()), _) => Ok(Self::Accelerator),
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
    accelerator.supports(algorithm.scheme()) && self_test::covers(accelerator, family)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use core::{cell::Cell, fmt};

    use super::*;
    use crate::{
        jose::{Hash, KeyOrigin, Scheme, X509Signature},
        verification::{
            CannotTell,
            self_test::{ES256_JWS, ES256_KEY, RS256_JWS, TRIAL},
        },
    };

    /// A fake accelerator that supports RS* and ES256, and counts the calls to `verify`.
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
    ) -> (Result<Backend, UnfitAccelerator>, u32) {
        let accelerator = Says(says, Cell::new(0));
        (Backend::choose(wanted, &accelerator), accelerator.1.get())
    }

    #[test]
    fn an_accelerator_is_asked_only_about_what_it_claims_and_the_self_test_covers() {
        use Algorithm::{Es256, Es384, Es512, Hs256, Ps512, Rs512};
        let accelerator = Says(|_: &X509Signature<'_>| Ok(true), Cell::new(0));
        let all = Parsing::default();
        let is_native = cfg!(not(target_arch = "wasm32"));
        for (algorithm, by_this, by_all) in [
            (Rs512, true, true),
            (Es256, true, true),
            (Es384, false, true),
            (Es512, false, true),
            (Ps512, false, is_native),
            (Hs256, false, false),
        ] {
            assert_eq!(is_trusted(&accelerator, algorithm), by_this, "{algorithm}");
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
        let unfit = UnfitAccelerator::LacksAlgorithm(Algorithm::Rs256);
        let chosen = |wanted| Backend::choose(wanted, &Nothing);
        assert_eq!(chosen(SignatureBackend::Host), Err(unfit));
        assert_eq!(
            chosen(SignatureBackend::Auto),
            Ok(Backend::ModuleInstead(unfit))
        );
    }

    #[test]
    fn a_fit_accelerator_is_chosen_unless_the_module_is_configured() {
        let can = |signature: &X509Signature<'_>| Ok(is_whole(signature));
        for wanted in [SignatureBackend::Auto, SignatureBackend::Host] {
            assert_eq!(chosen(wanted, can), (Ok(Backend::Accelerator), 4));
        }
        let never_asked = (Ok(Backend::Module), 0);
        assert_eq!(chosen(SignatureBackend::Module, can), never_asked);
    }

    #[test]
    fn an_unfit_accelerator_is_refused_or_replaced() {
        type Answer = fn(&X509Signature<'_>) -> Result<bool, CannotTell>;
        use Algorithm::{Es256, Rs256};
        use UnfitAccelerator::{AcceptsForged, LacksAlgorithm};
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
            Ok(Backend::Accelerator)
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
                Err(UnfitAccelerator::AcceptsForged(algorithm))
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
        use crate::verification::self_test::{PS256_JWS, RS256_KEY};
        let accelerator = Says(|_: &X509Signature<'_>| Ok(false), Cell::new(0));
        let key = VerifyingKey::from_jwk_json(RS256_KEY.as_bytes(), KeyOrigin::Local).unwrap();
        let token = UntrustedToken::parse(PS256_JWS).unwrap();
        assert!(is_signed_by(&token, &key, Some(&accelerator)));
        assert_eq!(accelerator.1.get(), 0);
    }

    #[test]
    fn module_verifies_if_the_accelerator_cannot_tell() {
        let token = UntrustedToken::parse(ES256_JWS).unwrap();
        let key = VerifyingKey::from_jwk_json(ES256_KEY.as_bytes(), KeyOrigin::Local).unwrap();
        for (answer, expected) in [
            (Err(CannotTell), true),
            (Ok(true), true),
            (Ok(false), false),
        ] {
            let accelerator = Says(move |_: &X509Signature<'_>| answer, Cell::new(0));
            assert_eq!(is_signed_by(&token, &key, Some(&accelerator)), expected);
            assert_eq!(accelerator.1.get(), 1);
        }
        assert!(is_signed_by(&token, &key, None));
    }
}

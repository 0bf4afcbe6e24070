//! Chooses whether the proxy or the module verifies signatures.

use portcullis::{
    config::Config,
    gate::LogLevel,
    verification::{Backend, UnfitAccelerator},
};

use crate::{abi, proxy::Proxy};

/// Chooses the proxy's cryptography, if the configuration allows this and the proxy passes the
/// self-test. Otherwise chooses the module's.
///
/// # Errors
/// If the configuration requires the proxy's cryptography and it cannot be used. The error states
/// the reason.
pub(super) fn choose(config: &Config) -> Result<Backend, String> {
    let backend = Backend::choose(config.signature_backend, &Proxy);
    backend.map_err(|unfit| format!("signature_backend: {}", defect(unfit)))
}

/// Logs who verifies signatures.
pub(super) fn report(backend: Backend) {
    let line = format!("signatures are verified {}", describe(backend));
    abi::log(LogLevel::Info, &line);
}

fn describe(backend: Backend) -> String {
    match backend {
        Backend::Accelerator => {
            "by the proxy for RS* tokens, because the proxy passed the self-test".to_owned()
        }
        Backend::Module => "by the module, because signature_backend is \"module\"".to_owned(),
        Backend::ModuleInstead(unfit) => format!("by the module, because {}", defect(unfit)),
    }
}

fn defect(unfit: UnfitAccelerator) -> String {
    match unfit {
        UnfitAccelerator::AcceptsForged(algorithm) => {
            format!("the proxy accepts a forged {algorithm} signature")
        }
        UnfitAccelerator::LacksAlgorithm(algorithm) => format!(
            "the proxy does not verify {algorithm}; allow proxy_call_foreign_function, or set \
             signature_backend to \"module\""
        ),
    }
}

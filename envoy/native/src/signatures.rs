//! Chooses whether AWS-LC or the core verifies signatures.

use std::sync::Mutex;

use portcullis::{
    config::Config,
    engine::Engine,
    gate::LogLevel,
    verification::{Backend, UnfitAccelerator},
};

#[cfg(feature = "aws-lc")]
use crate::aws_lc::AwsLc;
use crate::{locks::lock, log::write_log};

/// Chooses AWS-LC, if the configuration allows AWS-LC and AWS-LC passes the self-test. Otherwise
/// chooses the core.
///
/// # Errors
/// If the configuration requires AWS-LC and AWS-LC cannot be used. The error states the reason.
#[cfg(feature = "aws-lc")]
pub(super) fn choose(config: &Config) -> Result<Backend, String> {
    Backend::choose(config.signature_backend, &AwsLc).map_err(|unfit| {
        let defect = defect(unfit);
        format!(
            "signature_backend: {defect}; set the field to \"module\", and please report the defect"
        )
    })
}

/// Rejects the configuration if it requires AWS-LC. This library was built without AWS-LC.
///
/// # Errors
/// If the configuration requires AWS-LC. The error states the reason.
#[cfg(not(feature = "aws-lc"))]
pub(super) fn choose(config: &Config) -> Result<Backend, String> {
    use portcullis::verification::SignatureBackend;
    match config.signature_backend {
        SignatureBackend::Host => Err(format!(
            "signature_backend: {BUILT_WITHOUT}; set the field to \"auto\" or \"module\""
        )),
        SignatureBackend::Auto | SignatureBackend::Module => Ok(Backend::Module),
    }
}

/// Gives a worker's engine the backend that was chosen when the configuration was loaded. If each
/// worker chose a backend itself, the worker's first request would wait for the self-test.
#[cfg(feature = "aws-lc")]
pub(super) fn follow(engine: &mut Engine, backend: Backend) {
    engine.use_backend(backend, Box::new(AwsLc));
}

/// Does nothing, because without AWS-LC the core verifies all signatures.
#[cfg(not(feature = "aws-lc"))]
pub(super) fn follow(_engine: &mut Engine, _backend: Backend) {}

/// Logs which backend verifies signatures. Every configuration chooses a backend, but the process
/// logs the same choice only once.
pub(super) fn report(backend: Backend) {
    static REPORTED: Mutex<Vec<Backend>> = Mutex::new(Vec::new());
    let mut reported = lock(&REPORTED);
    if !reported.contains(&backend) {
        reported.push(backend);
        let (level, choice) = describe(backend);
        let line = format!("signatures are verified by {choice}");
        write_log(level, &line);
    }
}

const BUILT_WITHOUT: &str = "this library was built without AWS-LC";

fn describe(backend: Backend) -> (LogLevel, String) {
    match backend {
        Backend::Accelerator => {
            let choice = "AWS-LC (RS*, PS*), which passed the self-test, and by Portcullis itself \
                          (ES*, EdDSA, HS*)";
            (LogLevel::Info, choice.to_owned())
        }
        Backend::Module if cfg!(feature = "aws-lc") => (
            LogLevel::Info,
            "Portcullis itself, because signature_backend is \"module\"".to_owned(),
        ),
        Backend::Module => (
            LogLevel::Info,
            format!("Portcullis itself: {BUILT_WITHOUT}"),
        ),
        Backend::ModuleInstead(unfit) => {
            let defect = defect(unfit);
            let choice = format!("Portcullis itself, because {defect}; please report this defect");
            (LogLevel::Warn, choice)
        }
    }
}

fn defect(unfit: UnfitAccelerator) -> String {
    match unfit {
        UnfitAccelerator::AcceptsForged(algorithm) => {
            format!("AWS-LC accepts a forged {algorithm} signature")
        }
        UnfitAccelerator::LacksAlgorithm(algorithm) => {
            format!("AWS-LC does not verify {algorithm}")
        }
    }
}

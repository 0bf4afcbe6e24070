//! Code that the tests share: drivers for the scenarios, scripted servers, signers.
//!
//! - [`fake_host::FakeHost`] runs the module natively in a fake proxy. This driver is fast,
//!   deterministic and easy to debug.
//! - [`envoy::Envoy`] runs the proxy-wasm module in the real Envoy over loopback sockets.
//! - [`envoy::NativeEnvoy`] runs the dynamic module in the real Envoy.
//!
//! A scenario is a function with a type parameter for its [`driver::Driver`]. [`on_every_driver!`]
//! turns a scenario into one test for each driver.

#[cfg(not(target_arch = "wasm32"))]
pub mod authorization_server;
#[cfg(not(target_arch = "wasm32"))]
pub mod crowd;
#[cfg(not(target_arch = "wasm32"))]
pub mod driver;
pub mod engine;
#[cfg(not(target_arch = "wasm32"))]
pub mod envoy;
pub mod examples;
#[cfg(not(target_arch = "wasm32"))]
pub mod fake_host;
pub mod folders;
#[cfg(not(target_arch = "wasm32"))]
pub mod http;
#[cfg(not(target_arch = "wasm32"))]
pub mod http2;
pub mod identity_providers;
#[cfg(not(target_arch = "wasm32"))]
pub mod load;
pub mod objects;
pub mod random;
#[cfg(not(target_arch = "wasm32"))]
pub mod server;
pub mod signer;
pub mod times;
#[cfg(not(target_arch = "wasm32"))]
pub mod tls;
#[cfg(not(target_arch = "wasm32"))]
pub mod upstream;
#[cfg(not(target_arch = "wasm32"))]
pub mod workers;
pub mod x509;

/// Turns each scenario into one test for each driver: `in_process::…`, `in_envoy::…` and
/// `in_native::…`.
///
/// A scenario is `fn name<D: Driver>()`. If Envoy or the module is missing, the tests that need it
/// print what is missing and pass. In CI, these tests fail. If `in_envoy PATH;` precedes the
/// scenarios, Envoy runs the module at that path, and there are no `in_native` tests.
#[macro_export]
macro_rules! on_every_driver {
    ($($scenario:ident),+ $(,)?) => {
        $crate::on_every_driver!(in_envoy $crate::envoy::module(); $($scenario),+);
        mod in_native {
            $(#[test] fn $scenario() {
                if $crate::envoy::is_installed(&$crate::envoy::library()) {
                    super::$scenario::<$crate::envoy::NativeEnvoy>();
                }
            })+
        }
    };
    (in_envoy $module:expr; $($scenario:ident),+ $(,)?) => {
        mod in_process {
            $(#[test] fn $scenario() {
                super::$scenario::<$crate::fake_host::FakeHost>();
            })+
        }
        mod in_envoy {
            $(#[test] fn $scenario() {
                if $crate::envoy::is_installed(&$module) {
                    super::$scenario::<$crate::envoy::Envoy>();
                }
            })+
        }
    };
}

/// Turns each scenario into a test in the fake host and a test in Envoy with the proxy-wasm module.
/// This macro is for scenarios that depend on host features that the dynamic module cannot use.
#[macro_export]
macro_rules! on_wasm_hosts {
    ($($scenario:ident),+ $(,)?) => {
        mod of_wasm {
            $crate::on_every_driver!(in_envoy $crate::envoy::module(); $($scenario),+);
            $(use super::$scenario;)+
        }
    };
}

/// Turns each scenario into two tests in Envoy, one with the proxy-wasm module and one with the
/// dynamic module. This macro is for scenarios that need features of Envoy that the fake host does
/// not have.
#[macro_export]
macro_rules! on_both_builds {
    ($($scenario:ident),+ $(,)?) => {
        mod on_builds {
            mod in_envoy {
                $(#[test] fn $scenario() {
                    if $crate::envoy::is_installed(&$crate::envoy::module()) {
                        super::$scenario::<$crate::envoy::Envoy>();
                    }
                })+
            }
            mod in_native {
                $(#[test] fn $scenario() {
                    if $crate::envoy::is_installed(&$crate::envoy::library()) {
                        super::$scenario::<$crate::envoy::NativeEnvoy>();
                    }
                })+
            }
            $(use super::$scenario;)+
        }
    };
}

/// Turns each scenario into a test that runs only in Envoy with the proxy-wasm module.
#[macro_export]
macro_rules! in_envoy {
    ($($scenario:ident),+ $(,)?) => {
        mod in_envoy_alone {
            $(#[test] fn $scenario() {
                if $crate::envoy::is_installed(&$crate::envoy::module()) {
                    super::$scenario();
                }
            })+
        }
    };
}

/// Turns each scenario into a test that runs only in Envoy with the dynamic module.
#[macro_export]
macro_rules! in_native {
    ($($scenario:ident),+ $(,)?) => {
        mod in_native {
            $(#[test] fn $scenario() {
                if $crate::envoy::is_installed(&$crate::envoy::library()) {
                    super::$scenario();
                }
            })+
        }
    };
}
